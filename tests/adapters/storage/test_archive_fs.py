"""What a file system of fsspec does beyond the contract: appends, and its failures."""

import asyncio
import errno
import os
import uuid

import fsspec
import pytest

from shared.adapters.storage.archive_folder import FolderArchive
from shared.adapters.storage.archive_fs import FsspecArchive
from shared.domain.errors import Transient
from shared.ports.archive_store import AlreadyExists, Immutable

STEM = "runs/x/state"


@pytest.fixture(params=["file", "memory", "folder"])
def archive(request, tmp_path):
    if request.param == "folder":
        return lambda: FolderArchive(tmp_path)
    root = str(tmp_path) if request.param == "file" else f"/{uuid.uuid4()}"
    return lambda: FsspecArchive(fsspec.filesystem(request.param), root)


async def lines_of(archive):
    parts = [await archive.read(file.path) async for file in archive.walk(STEM)]
    return sorted(b"".join(parts).splitlines())


async def test_every_line_that_is_appended_is_kept(archive):
    lines = [f"line {number:02}".encode() for number in range(20)]
    first = archive()
    await asyncio.gather(*(first.append(STEM, line + b"\n") for line in lines[:10]))
    second = archive()  # a later run, which has to find where the first one ended
    for line in lines[10:]:
        await second.append(STEM, line + b"\n")

    assert await lines_of(archive()) == lines


async def test_a_torn_line_of_a_folder_tears_no_other(tmp_path):
    (tmp_path / "runs" / "x").mkdir(parents=True)
    (tmp_path / f"{STEM}.jsonl").write_bytes(b'{"torn')

    await FolderArchive(tmp_path).append(STEM, b"whole\n")

    assert (tmp_path / f"{STEM}.jsonl").read_bytes() == b'{"torn\nwhole\n'


async def test_a_share_without_hard_links_keeps_what_is_there(tmp_path, monkeypatch):
    def refuse(*paths):
        raise OSError(errno.EPERM, "not permitted")

    monkeypatch.setattr(os, "link", refuse)
    archive = FolderArchive(tmp_path)
    await archive.create("a/b", b"first")

    with pytest.raises(AlreadyExists):
        await archive.create("a/b", b"second")

    assert await archive.read("a/b") == b"first"
    assert [file.path async for file in archive.walk()] == ["a/b"]


@pytest.mark.parametrize(
    ("error", "raised"),
    [(PermissionError(), Immutable), (OSError("no route"), Transient)],
)
async def test_what_a_file_system_raises_is_said_as_the_port_has_it(
    monkeypatch, error, raised
):
    files = fsspec.filesystem("memory")

    def fail(*args, **options):
        raise error

    monkeypatch.setattr(files, "cat_file", fail)

    with pytest.raises(raised, match="read x"):
        await FsspecArchive(files, "/x").read("x")
