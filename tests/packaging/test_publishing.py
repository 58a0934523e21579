"""Publishing: by a tag alone, by nobody's password, with what was tested."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ON_A_TAG = "if: github.event_name == 'push' && github.ref_type == 'tag'"


def jobs():
    text = (ROOT / ".github/workflows/publish.yml").read_text("utf-8")
    named = re.split(
        r"^  ([\w-]+):\n", text.partition("\njobs:\n")[2], flags=re.MULTILINE
    )
    return dict(zip(named[1::2], named[2::2], strict=True))


def permissions(job):
    (block,) = re.findall(
        r"^    permissions:\n((?:      .*\n)+)", job, flags=re.MULTILINE
    )
    return {line.strip() for line in block.splitlines()}


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_every_action_is_pinned_by_its_commit(file):
    text = file.read_text("utf-8")
    used = re.findall(r"uses: (.*)", text)

    assert used
    for action in used:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v[\d.]+", action), action
    assert re.findall(r"^permissions: (.*)$", text, flags=re.MULTILINE) == ["{}"]


def test_only_a_tag_publishes():
    for name, job in jobs().items():
        if name.startswith("publish-"):
            assert ON_A_TAG in job
            assert "environment: " in job
            assert "needs: [package, image]" in job
        else:
            assert permissions(job) == {"contents: read"}


def test_publishing_needs_no_secret():
    assert permissions(jobs()["publish-package"]) == {
        "id-token: write",
        "attestations: write",
    }
    assert permissions(jobs()["publish-image"]) == {
        "id-token: write",
        "attestations: write",
        "packages: write",
    }
    assert "secrets." not in "".join(jobs().values())


def test_no_script_is_written_by_who_names_a_branch():
    for file in WORKFLOWS:
        for script in re.findall(r"run: (.*(?:\n {10,}.*)*)", file.read_text("utf-8")):
            assert "${{" not in script


def test_what_is_published_is_attested():
    for name in ("publish-package", "publish-image"):
        job = jobs()[name]

        assert "actions/attest-build-provenance@" in job
        assert "actions/download-artifact@" in job  # what the other jobs tried
        assert "actions/checkout@" not in job
