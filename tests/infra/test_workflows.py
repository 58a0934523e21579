"""Workflows may do little, with actions that nobody can change unseen."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_every_action_is_pinned_by_its_digest(file):
    used = re.findall(r"uses: (.*)", file.read_text())

    assert used
    for action in used:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+(\.\d+)*", action), action


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_a_job_may_do_what_it_says_and_nothing_else(file):
    workflow = file.read_text()
    jobs = re.split(
        r"^  (?=[\w-]+:\n)", workflow.split("\njobs:\n")[1], flags=re.MULTILINE
    )

    assert "\npermissions: {}\n" in workflow
    for job in jobs[1:]:
        assert "\n    permissions:\n" in job
        assert "\n    timeout-minutes: " in job
        assert job.count("persist-credentials: false") == job.count("actions/checkout@")


def test_one_version_of_an_action_is_used_everywhere():
    used = {
        tuple(action.split("@", 1))
        for file in WORKFLOWS
        for action in re.findall(r"uses: (\S+)", file.read_text())
    }

    assert len({name for name, _ in used}) == len(used)


def test_the_tests_run_on_every_python_that_is_promised():
    project = (ROOT / "pyproject.toml").read_text()
    oldest, beyond = re.search(
        r'^requires-python = ">=3\.(\d+),<3\.(\d+)"$', project, re.MULTILINE
    ).groups()
    workflow = (ROOT / ".github" / "workflows" / "check.yml").read_text()
    tried = re.search(r"^ +python: \[(.*)\]$", workflow, re.MULTILINE)[1]

    assert re.findall(r'"3\.(\d+)"', tried) == [
        str(minor) for minor in range(int(oldest), int(beyond))
    ]


def test_everything_that_is_installed_is_watched():
    watched = re.findall(
        r"package-ecosystem: (\S+)\n    directory: (\S+)\n",
        (ROOT / ".github" / "dependabot.yml").read_text(),
    )
    workflow = (ROOT / ".github" / "workflows" / "check.yml").read_text()

    assert sorted(watched) == [
        ("github-actions", "/"), ("npm", "/local/azurite"), ("npm", "/local/browser"), ("pip", "/"),
        ("pip", "/infra/hooks"),
    ]  # fmt: skip
    for lock in ("requirements.txt", "infra/hooks/requirements.txt"):
        assert re.search(rf"pip-audit==[\d.]+ --requirement {lock} ", workflow)
    assert "npm audit --prefix local/azurite " in workflow
    assert "npm audit --prefix local/browser " in workflow
