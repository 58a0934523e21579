"""By Windows' rules: what is in the repository, and what the archiver writes."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import THREAD
from product_archives import product
from shared.domain.layout import thread_folder
from windows_names import collisions, refusal

ROOT = Path(__file__).parents[2]
HOSTILE = ("CON", "nul.txt", "a.", "a ", "a:b|c?", "..", "\x00\x1f", "19:ü@thread.v2")


def tracked():
    done = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    )
    return done.stdout.decode("utf-8").split("\0")[:-1]


@pytest.mark.parametrize(
    "path", ["aux", "x/NUL.txt", "com1/y", "a:b", "x/a./b", "a ", "x?", "n" * 220]
)
def test_the_rules_know_what_windows_refuses(path):
    assert refusal(path)


def test_the_rules_take_what_windows_takes():
    assert [refusal(path) for path in (thread_folder(THREAD)[:-1], "console")] == [
        "",
        "",
    ]
    assert collisions(["a/B", "a/c", "A/b"]) == ["A/b"]


def test_windows_takes_every_file_of_the_repository():
    assert [path for path in tracked() if refusal(path)] == []


def test_no_files_of_the_repository_differ_by_case_only():
    assert collisions(tracked()) == []


@pytest.mark.parametrize("name", ["small", "erased", "later"])
def test_windows_takes_every_file_of_an_archive(name):
    files = [f"demo-archive/archive/{path}" for path in product(name).files]

    assert any("/attachments/" in path for path in files)
    assert [path for path in files if refusal(path)] == []
    assert collisions(files) == []


@pytest.mark.parametrize("thread_id", HOSTILE)
def test_windows_takes_the_folder_of_a_hostile_thread(thread_id):
    assert refusal(thread_folder(thread_id)[:-1]) == ""


@given(st.text(max_size=15))
def test_windows_takes_the_folder_of_any_thread(thread_id):
    assert refusal(thread_folder(thread_id)[:-1]) == ""
