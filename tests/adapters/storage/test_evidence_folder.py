"""Whoever packs an archive decides what stands in it: only plain files are read."""

import os

import pytest

from shared.adapters.storage.evidence_folder import FolderEvidence
from shared.domain.errors import Transient


def read(files, path):
    return b"".join(files.chunks(path))


def test_files_are_named_and_read(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c").write_bytes(b"x" * 3_000_000)
    files = FolderEvidence(tmp_path)

    assert files.names() == ["a/b/c"]
    assert read(files, "a/b/c") == b"x" * 3_000_000
    assert max(map(len, files.chunks("a/b/c"))) <= 1024 * 1024


def test_links_and_devices_are_named_and_never_read(tmp_path):
    (tmp_path / "outside").write_bytes(b"secret")
    root = tmp_path / "archive"
    root.mkdir()
    (root / "link").symlink_to(tmp_path / "outside")
    (root / "folder").symlink_to(tmp_path)
    (root / "gone").symlink_to(tmp_path / "nowhere")
    os.mkfifo(root / "pipe")
    files = FolderEvidence(root)

    assert files.names() == ["folder", "gone", "link", "pipe"]
    for name in files.names():
        with pytest.raises(OSError, match=r"(?i)link|device|levels|no such"):
            read(files, name)


def test_what_becomes_a_link_or_a_pipe_meanwhile_is_not_read(tmp_path):
    (tmp_path / "outside").write_bytes(b"secret")
    root = tmp_path / "archive"
    root.mkdir()
    for name in ("link", "pipe", "gone"):
        (root / name).write_bytes(b"plain")
    files = FolderEvidence(root)
    files.names()
    for name in ("link", "pipe", "gone"):
        (root / name).unlink()
    (root / "link").symlink_to(tmp_path / "outside")
    os.mkfifo(root / "pipe")

    for name in ("link", "pipe", "gone"):
        with pytest.raises(OSError, match=r"(?i)link|device|levels|no such"):
            read(files, name)


def test_a_folder_that_is_not_there_is_not_reached(tmp_path):
    with pytest.raises(Transient):
        FolderEvidence(tmp_path / "nowhere").names()
