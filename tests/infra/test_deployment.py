"""A deployment with stand-ins for uv, for az and for the app: it succeeds, or says why not."""

import ast
import fnmatch
import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from shared.bootstrap.app import lock_digest

ROOT = Path(__file__).parents[2]
INFRA = ROOT / "infra"
FUNCTIONS = (
    "archive_chat_event",
    "archive_queued_event",
    "finalize_thread",
    "sweep_inactive_threads",
)
DEPLOYED = {
    "AZURE_SUBSCRIPTION_ID": "sub-a", "AZURE_RESOURCE_GROUP": "rg-a",
    "AZURE_FUNCTION_NAME": "func-a", "AZURE_FUNCTION_ID": "/id/func-a",
    "ACS_RESOURCE_GROUP": "rg-chat", "EVENT_TOPIC_NAME": "evgt-a",
    "STORAGE_ID": "/id/st", "DELIVER_EVENTS_BY": "direct", "APP_IS_REACHABLE": "yes",
}  # fmt: skip
OF_AZD = {"AZURE_SUBSCRIPTION_ID"}
"""What azd has in the environment besides the outputs."""

UV = """
import json, os, pathlib, sys
arguments = sys.argv[1:]
with open(os.environ["CALLS"], "a") as calls:
    calls.write("uv " + " ".join(arguments) + chr(10))
site = pathlib.Path(arguments[arguments.index("--target") + 1])
wheels = json.loads(os.environ["WHEELS"])
if wheels is None:
    sys.exit("error: no wheel of orjson for this Python")
for name, tags in wheels.items():
    folder = site / f"{name}.dist-info"
    folder.mkdir(parents=True)
    (folder / "WHEEL").write_text("".join(f"Tag: {tag}" + chr(10) for tag in tags))
"""
AZ = """
import json, os, sys
with open(os.environ["CALLS"], "a+") as calls:
    calls.write("az " + " ".join(sys.argv[1:]) + chr(10))
    calls.seek(0)
    asked = calls.read().count("az functionapp function list")
azure = json.loads(os.environ["AZURE"])
said = " ".join(sys.argv[1:])
if said.startswith("account show"):
    refused = "--subscription" in said and not azure["sees_subscription"]
    sys.exit(not azure["signed_in"] or refused)
if said.startswith("functionapp function list"):
    if azure["error"]:
        sys.exit(azure["error"])
    there = azure["functions"] if asked > azure["indexed_after"] else []
    listed = [{"name": "func-a/" + name} for name in there]
    sys.stderr.write(azure["warning"])
    sys.stdout.buffer.write(azure["printed"].replace("LIST", json.dumps(listed)).encode())
if said.startswith("deployment group create") and not azure["subscribes"]:
    sys.exit("Destination endpoint not found")
"""
AZURE = {
    "signed_in": True,
    "sees_subscription": True,
    "functions": FUNCTIONS,
    "indexed_after": 0,
    "error": "",
    "warning": "",
    "printed": "LIST",
    "subscribes": True,
}
WHEELS = {
    "orjson-3": [
        "cp313-cp313-manylinux_2_17_x86_64",
        "cp313-cp313-manylinux2014_x86_64",
    ],
    "cryptography-46": ["cp311-abi3-manylinux_2_28_x86_64"],
    "azure_identity-1": ["py3-none-any"],
    "isodate-0": ["py2-none-any", "py3-none-any"],
}
IN_NO_TIME = (
    "import runpy, sys, time; time.sleep = lambda seconds: None; "
    "runpy.run_path(sys.argv[1], run_name='__main__')"
)


class Deployment:
    """A copy of what the hooks read, and a PATH with the stand-ins alone."""

    def __init__(self, folder):
        self.project = folder / "project"
        hooks = self.project / "infra" / "hooks"
        shutil.copytree(INFRA / "hooks", hooks, ignore=shutil.ignore_patterns(".venv"))
        for name in ("function.bicep", "events.bicep"):
            shutil.copy(INFRA / name, hooks.parent / name)
        shutil.copy(ROOT / "requirements.txt", self.project)
        self.site = self.project / ".python_packages" / "lib" / "site-packages"
        self.commands = folder / "bin"
        self.commands.mkdir()
        az = self.commands / "az"
        az.write_text(f"#!{sys.executable} -IS\n{AZ}")
        az.chmod(0o755)
        self.modules = folder / "modules"
        (self.modules / "uv").mkdir(parents=True)
        (self.modules / "uv" / "__main__.py").write_text(UV)
        self.calls = folder / "calls"
        self.calls.touch()

    def run(self, hook, *, azure=None, wheels=WHEELS, env=None):
        return subprocess.run(
            [sys.executable, "-c", IN_NO_TIME, f"infra/hooks/{hook}.py"],
            cwd=self.project,
            env={
                "PATH": str(self.commands),
                "PYTHONPATH": str(self.modules),
                "CALLS": str(self.calls),
                "AZURE": json.dumps(AZURE | (azure or {})),
                "WHEELS": json.dumps(wheels),
                **(DEPLOYED if env is None else env),
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def asked(self, what):
        return [call for call in self.calls.read_text().splitlines() if what in call]


@pytest.fixture
def deployment(tmp_path):
    return Deployment(tmp_path)


def refused(done, *said):
    """Check that a hook failed with one sentence or two, and no traceback."""
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    for words in said:
        assert words in done.stderr
    return True


def test_a_deployment_succeeds_once_and_again(deployment):
    for _ in range(2):
        packed, deployed = deployment.run("prepackage"), deployment.run("postdeploy")

        assert (packed.returncode, packed.stderr) == (0, "")
        assert packed.stdout == "Packed 4 packages for Python 3.13 on Linux.\n"
        assert (deployed.returncode, deployed.stderr) == (0, "")
        assert deployed.stdout.splitlines() == [
            "func-a has its 4 functions.",
            "Subscribed func-a to the events of evgt-a.",
        ]


def test_packages_are_those_of_the_lock_for_the_apps_python(deployment):
    deployment.run("prepackage")

    (call,) = deployment.asked("uv pip install")
    python = re.search(r"version: '(3\.\d+)'", (INFRA / "function.bicep").read_text())[
        1
    ]
    assert f"--python-version {python} --python-platform x86_64-manylinux" in call
    assert "--require-hashes --only-binary :all:" in call
    assert f"--requirements {deployment.project / 'requirements.txt'}" in call


def test_what_is_deployed_knows_its_lock_though_it_has_none(deployment):
    lock = deployment.project / "requirements.txt"
    here = lock_digest(deployment.project)
    deployment.run("prepackage")
    lock.unlink()

    assert lock_digest(deployment.project) == here
    assert here == hashlib.sha256((ROOT / "requirements.txt").read_bytes()).hexdigest()
    (deployment.project / ".python_packages" / "lock.sha256").unlink()
    assert lock_digest(deployment.project) == ""


def test_packages_of_an_earlier_deployment_are_gone(deployment):
    (deployment.site / "old.dist-info").mkdir(parents=True)

    deployment.run("prepackage")

    assert not (deployment.site / "old.dist-info").exists()


@pytest.mark.parametrize(
    "tag",
    [
        "cp311-cp311-manylinux_2_17_x86_64",
        "cp314-cp314-manylinux_2_17_x86_64",
        "cp314-abi3-manylinux_2_28_x86_64",
        "cp313-cp313-macosx_11_0_arm64",
        "cp313-cp313-manylinux_2_17_aarch64",
        "cp313-cp313-musllinux_1_2_x86_64",
        "cp313-cp313-win_amd64",
        "py2-none-any",
    ],
)
def test_a_package_for_something_else_is_no_deployment(deployment, tag):
    done = deployment.run("prepackage", wheels=WHEELS | {"orjson-3": [tag]})

    assert refused(done, "The app runs on Python 3.13 on Linux", f"orjson-3 ({tag})")
    assert not deployment.site.exists()


def test_a_lock_that_does_not_fit_is_no_deployment(deployment):
    done = deployment.run("prepackage", wheels=None)

    assert refused(done, "could not be installed for Python 3.13", "make lock")
    assert "no wheel of orjson" in done.stderr


def test_an_app_without_packages_is_no_deployment(deployment):
    assert refused(deployment.run("prepackage", wheels={}), "Nothing was installed")


def test_without_uv_the_hook_says_how_to_have_it(deployment):
    shutil.rmtree(deployment.modules)

    done = deployment.run("prepackage")

    assert refused(done, "pip install --requirement infra/hooks/requirements.txt")


def test_the_hook_waits_for_the_functions_and_subscribes_once(deployment):
    done = deployment.run("postdeploy", azure={"indexed_after": 3})

    assert done.returncode == 0
    assert len(deployment.asked("function list")) == 4
    (subscribing,) = deployment.asked("deployment group create")
    assert "--resource-group rg-chat" in subscribing
    assert "--subscription sub-a" in subscribing
    assert (
        f"--template-file {deployment.project / 'infra' / 'events.bicep'}"
        in subscribing
    )
    assert subscribing.endswith(
        "topicName=evgt-a functionAppId=/id/func-a storageId=/id/st eventDelivery=direct"
    )


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_missing_function_is_named(deployment, name):
    others = [other for other in FUNCTIONS if other != name]

    done = deployment.run("postdeploy", azure={"functions": others})

    assert refused(done, f"func-a was deployed without {name}, so", "azd deploy")
    assert 10 <= len(deployment.asked("function list")) <= 60
    assert not deployment.asked("deployment group create")


def test_an_app_without_any_function_is_no_success_where_there_are_no_events(
    deployment,
):
    done = deployment.run(
        "postdeploy", azure={"functions": []}, env=DEPLOYED | {"EVENT_TOPIC_NAME": ""}
    )

    assert refused(done, *FUNCTIONS)


def test_without_events_nothing_is_subscribed(deployment):
    done = deployment.run("postdeploy", env=DEPLOYED | {"EVENT_TOPIC_NAME": ""})

    assert done.returncode == 0
    assert "No events" in done.stdout
    assert not deployment.asked("deployment group create")


def test_a_refused_subscription_is_no_success(deployment):
    done = deployment.run("postdeploy", azure={"subscribes": False})

    assert refused(
        done, "Destination endpoint not found", "events of evgt-a was refused",
        "azd hooks run postdeploy",
    )  # fmt: skip
    assert "Subscribed" not in done.stdout


def test_a_missing_az_is_no_success(deployment):
    (deployment.commands / "az").unlink()

    done = deployment.run("postdeploy")

    assert refused(
        done, "The Azure CLI (az) is not installed", "azd hooks run postdeploy"
    )
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("azure", "said"),
    [
        ({"signed_in": False}, "az is not signed in: run az login"),
        ({"sees_subscription": False}, "may not see the subscription sub-a"),
        ({"error": "AADSTS70043: please run az login"}, "not signed in any more"),
        (
            {"error": "ERROR: Forbidden"},
            "could not be asked for its functions: ERROR: Forb",
        ),
    ],
)
def test_whoever_may_not_is_told_why(deployment, azure, said):
    assert refused(deployment.run("postdeploy", azure=azure), said)
    assert not deployment.asked("deployment group create")


@pytest.mark.parametrize(
    ("printed", "warning"),
    [
        ("\ufeffLIST", ""),
        ("An update of az is there.\nLIST\n", ""),
        ("LIST", "WARNING: run az login to see more subscriptions\n"),
    ],
)
def test_a_list_with_something_around_it_is_read(deployment, printed, warning):
    done = deployment.run("postdeploy", azure={"printed": printed, "warning": warning})

    assert done.returncode == 0
    assert "func-a has its 4 functions." in done.stdout


@pytest.mark.parametrize(
    "printed", ["", "null", "7", "[null, 7]", '[{"id": "x"}]', '{"a": [', "[[]]"]
)
def test_what_is_no_list_of_functions_has_none(deployment, printed):
    done = deployment.run("postdeploy", azure={"printed": printed})

    assert refused(done, *FUNCTIONS)


@pytest.mark.parametrize(
    "error",
    [
        "AADSTS50076: you must use multi-factor authentication",
        "(AuthorizationFailed) the client may not list functions",
        "(ResourceNotFound) The Resource func-a was not found",
    ],
)
def test_a_closed_app_is_no_reason_for_what_is_not_the_network(deployment, error):
    closed = DEPLOYED | {"APP_IS_REACHABLE": "no"}

    done = deployment.run("postdeploy", azure={"error": error}, env=closed)

    assert refused(done, error)
    assert not deployment.asked("deployment group create")


def test_a_closed_app_is_subscribed_all_the_same(deployment):
    closed = DEPLOYED | {"APP_IS_REACHABLE": "no", "DELIVER_EVENTS_BY": "queue"}

    done = deployment.run("postdeploy", azure={"error": "Ip Forbidden"}, env=closed)

    assert done.returncode == 0
    assert "was not asked for its functions (Ip Forbidden)" in done.stdout
    assert len(deployment.asked("function list")) == 1
    assert deployment.asked("eventDelivery=queue")


@pytest.mark.parametrize("name", sorted({*DEPLOYED} - OF_AZD - {"EVENT_TOPIC_NAME"}))
def test_what_the_deployment_did_not_tell_is_named(deployment, name):
    if name == "APP_IS_REACHABLE":
        done = deployment.run("postdeploy", env={**DEPLOYED, name: ""})
        assert done.returncode == 0
        return

    done = deployment.run("postdeploy", env={**DEPLOYED, name: ""})

    assert refused(done, f"{name} is not set", "azd provision")


def test_the_hook_reads_what_the_deployment_tells():
    main = (INFRA / "main.bicep").read_text()
    hook = (INFRA / "hooks" / "postdeploy.py").read_text()
    outputs = set(re.findall(r"^output (\w+) ", main, re.MULTILINE))
    read = set(re.findall(r"[\"']([A-Z]+_[A-Z_]+)[\"']", hook))
    wanted = re.findall(
        r"^param (\w+) string$", (INFRA / "events.bicep").read_text(), re.MULTILINE
    )

    assert read <= outputs | OF_AZD
    assert read == {*DEPLOYED}
    assert set(re.findall(r'f"(\w+)=\{', hook)) == set(wanted)


def test_azd_runs_the_hooks_that_there_are():
    project = (ROOT / "azure.yaml").read_text()
    hooks = re.findall(
        r"^( *)(\w+):\n\s+run: \./(\S+)\n\s+kind: python$", project, re.MULTILINE
    )

    assert [(len(indent), name) for indent, name, _ in hooks] == [
        (6, "prepackage"), (2, "postdeploy"),
    ]  # fmt: skip
    for _, name, run in hooks:
        assert run == f"infra/hooks/{name}.py"
        assert (ROOT / run).is_file()
    service = re.search(r"^  (\w+):\n    project: \.", project, re.MULTILINE)[1]
    assert f"'azd-service-name': '{service}'" in (INFRA / "function.bicep").read_text()
    assert "    remoteBuild: false\n" in project
    assert re.search(
        r'^requiredVersions:\n(?:  #.*\n)*  azd: ">= 1\.24\.2"$', project, re.MULTILINE
    )


def test_a_hook_needs_nothing_but_python():
    for hook in (INFRA / "hooks").glob("*.py"):
        tree = ast.parse(hook.read_text(), feature_version=(3, 9))
        modules = {
            alias.name.partition(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.Import)
            for alias in node.names
        } | {
            node.module.partition(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
        }
        assert modules <= set(sys.stdlib_module_names), hook


def test_azd_installs_for_the_hooks_what_they_need_and_not_the_project():
    lines = (INFRA / "hooks" / "requirements.txt").read_text().splitlines()

    named = [line.split("==")[0] for line in lines if re.match(r"\w", line)]
    assert named == ["uv"]
    assert sum("--hash=sha256:" in line for line in lines) > 1


def test_what_is_deployed_is_the_app_and_its_packages():
    patterns = [
        line
        for line in (ROOT / ".funcignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    tracked = subprocess.run(
        ["git", "-C", ROOT, "ls-files"], capture_output=True, text=True, check=True
    ).stdout.splitlines()

    def is_ignored(path):
        parts = path.split("/")
        for pattern in patterns:
            name = pattern.strip("/")
            prefixes = ["/".join(parts[: end + 1]) for end in range(len(parts))]
            found = prefixes if pattern.startswith("/") else parts
            if any(
                fnmatch.fnmatchcase(part, name) and part.count("/") == name.count("/")
                for part in found
            ):
                return True
        return False

    deployed = [path for path in tracked if not is_ignored(path)]
    assert {path.split("/")[0] for path in deployed} == {
        "function_app.py", "host.json", "shared", "LICENSE",
    }  # fmt: skip
    assert not [path for path in deployed if path.startswith("shared/cli/")]
    for package in (
        "docs/__init__.py",
        "tests/x.py",
        "azure/local/y.py",
        "z/infra/w.so",
    ):
        assert not is_ignored(f".python_packages/lib/site-packages/{package}")
