"""The compiler's checks, with a stand-in for the compiler: what it says is believed."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INFRA = ROOT / "infra"
SETS = sorted((INFRA / "checks").glob("*.bicepparam"))
BICEP = """
import json, os, pathlib, sys
said = json.loads(os.environ["SAID"])
verb, *rest = sys.argv[1:]
if verb == "--version":
    print("Bicep CLI version " + said["version"] + " (abc)")
if verb in said["fails"]:
    sys.exit(f"Error BCP057: {verb} of {rest[0]}")
if verb == "format":
    print(pathlib.Path(rest[0]).read_text() + said["unformatted"], end="")
if verb == "snapshot":
    pathlib.Path(rest[0]).with_suffix(".snapshot.json").write_text(
        json.dumps({"predictedResources": said["resources"], "diagnostics": said["diagnostics"]})
    )
"""
FINE = {
    "version": "0.49.2", "fails": [], "unformatted": "", "resources": [{}, {}],
    "diagnostics": [],
}  # fmt: skip


def check(folder, *, compiler=True, **said):
    if compiler:
        bicep = folder / "bicep"
        bicep.write_text(f"#!{sys.executable} -IS\n{BICEP}")
        bicep.chmod(0o755)
    return subprocess.run(
        [sys.executable, INFRA / "check.py"],
        env={"PATH": str(folder), "SAID": json.dumps(FINE | said)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_a_compiler_it_says_what_was_not_checked(tmp_path):
    done = check(tmp_path, compiler=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert "no compiler on the PATH" in done.stdout


def test_what_the_compiler_likes_passes(tmp_path):
    done = check(tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "Bicep CLI version 0.49.2 (abc)",
        *(f"  checks/{file.name}: 2 resources" for file in SETS),
    ]
    assert not [*INFRA.rglob("*.snapshot.json")]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"fails": ["build"]}, "main.bicep does not compile"),
        ({"fails": ["build"]}, "events.bicep does not compile"),
        ({"fails": ["lint"]}, "chat.bicep breaks a rule of bicepconfig.json"),
        ({"fails": ["format"]}, "chat.bicep cannot be formatted"),
        ({"fails": ["snapshot"]}, "checks/everything.bicepparam cannot be evaluated"),
        ({"unformatted": "x"}, "bicep format infra/checks/defaults.bicepparam"),
        ({"diagnostics": ["too long a name"]}, "too long a name"),
        ({"resources": []}, "deploys nothing"),
    ],
)
def test_what_it_does_not_like_fails(tmp_path, said, words):
    done = check(tmp_path, **said)

    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_another_compiler_is_heard_and_does_not_decide(tmp_path):
    done = check(tmp_path, version="0.50.1", fails=["lint"])

    assert done.returncode == 0
    assert "breaks a rule" in done.stderr
    assert "another compiler than 0.49.2" in done.stdout


def test_the_workflow_installs_the_compiler_that_counts():
    told = (INFRA / "check.py").read_text()
    version = re.search(r'^VERSION = "(.*)"$', told, re.MULTILINE)[1]
    workflow = (ROOT / ".github" / "workflows" / "check.yml").read_text()

    assert f"az bicep install --version v{version}\n" in workflow
    assert f"bicep --version | grep -F {version}\n" in workflow


@pytest.mark.parametrize("file", SETS, ids=lambda file: file.stem)
def test_a_parameter_set_sets_parameters_that_there_are(file):
    main = (INFRA / "main.bicep").read_text()
    declared = dict(re.findall(r"^param (\w+) \w+( = .*)?$", main, re.MULTILINE))
    given = re.findall(r"^param (\w+) = ", file.read_text(), re.MULTILINE)

    assert file.read_text().startswith("using '../main.bicep'\n")
    assert set(given) <= set(declared)
    assert {name for name, default in declared.items() if not default} <= set(given)


def test_there_are_three_sets():
    assert [file.stem for file in SETS] == ["defaults", "everything", "sweep-only"]


def test_every_rule_of_the_linter_is_an_error_or_says_why_not():
    lines = (INFRA / "bicepconfig.json").read_text().splitlines()
    told = "\n".join(line for line in lines if not line.lstrip().startswith("//"))
    rules = json.loads(told)["analyzers"]["core"]["rules"]

    for name, rule in rules.items():
        if rule["level"] != "error":
            (at,) = (at for at, line in enumerate(lines) if f'"{name}"' in line)
            assert lines[at - 1].lstrip().startswith("// "), name
    assert rules["no-unnecessary-dependson"]["level"] == "error"
