"""The folder of an export: files are whole or not there, and none is outside of it."""

import os
import stat

import pytest

from shared.adapters.storage.export_folder import FolderOfExport
from shared.domain.errors import IntegrityError, Transient
from shared.ports.archive_store import AlreadyExists, Immutable

PATH = "thread=a/messages.csv"


@pytest.fixture
def folder(tmp_path):
    return FolderOfExport(tmp_path / "deep" / "out")


async def parts(*data, error=None):
    for part in data:
        yield part
    if error:
        raise error


def files(folder):
    return {
        str(path.relative_to(folder.root)): path.read_bytes()
        for path in folder.root.rglob("*")
        if path.is_file()
    }


async def test_a_file_is_replaced_and_is_the_users_alone(folder):
    await folder.create(PATH, parts(b"a", b"b"))
    os.chmod(folder.root / PATH, 0o644)  # noqa: PTH101
    await folder.replace(PATH, parts(b"c", b"d"))
    await folder.replace("new", b"e")

    assert files(folder) == {PATH: b"cd", "new": b"e"}
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.root.rglob("*")}
    assert modes == {0o700, 0o600}


async def test_a_file_that_is_there_is_not_created(folder):
    await folder.create(PATH, b"a")

    with pytest.raises(AlreadyExists):
        await folder.create(PATH, b"b")

    assert files(folder) == {PATH: b"a"}


@pytest.mark.parametrize("error", [IntegrityError("x"), KeyboardInterrupt()])
async def test_what_fails_half_way_leaves_the_file_as_it_was(folder, error):
    await folder.create(PATH, b"a")

    with pytest.raises(type(error)):
        await folder.replace(PATH, parts(b"half", error=error))
    with pytest.raises(type(error)):
        await folder.create("new", parts(b"half", error=error))

    assert files(folder) == {PATH: b"a"}


async def test_only_a_plain_file_is_there(folder):
    await folder.create(PATH, b"a")
    (folder.root / "folder").mkdir()
    (folder.root / "link").symlink_to("nowhere")
    (folder.root / "to a file").symlink_to(PATH)

    assert await folder.holds(PATH)
    for path in ("folder", "link", "to a file", "none", "thread=a", f"{PATH}/x"):
        assert not await folder.holds(path)


async def test_a_file_that_was_begun_is_not_there(folder):
    written = []

    async def watched():
        yield b"half"
        written.append(await folder.holds(PATH))

    await folder.create(PATH, watched())

    assert written == [False]
    assert await folder.holds(PATH)


async def test_nothing_is_written_through_a_link_that_leads_out(folder, tmp_path):
    outside = tmp_path / "archive"
    outside.mkdir()
    (outside / "messages.csv").write_bytes(b"evidence")
    (folder.root / "thread=a").symlink_to(outside)

    for write in (folder.create, folder.replace):
        for path in (PATH, "thread=a/new.csv"):
            with pytest.raises(Immutable, match="a link leads out of"):
                await write(path, b"x")

    assert {p.name: p.read_bytes() for p in outside.iterdir()} == {
        "messages.csv": b"evidence"
    }


async def test_a_file_that_is_a_link_is_replaced_and_not_what_it_leads_to(
    folder, tmp_path
):
    (tmp_path / "other").write_bytes(b"other")
    (folder.root / "m").symlink_to(tmp_path / "other")

    await folder.replace("m", b"new")

    assert (folder.root / "m").read_bytes() == b"new"
    assert (tmp_path / "other").read_bytes() == b"other"


async def test_a_folder_in_the_place_of_a_file_is_left(folder):
    await folder.create(f"{PATH}/x", b"a")

    with pytest.raises(Transient):
        await folder.replace(PATH, b"b")

    assert files(folder) == {f"{PATH}/x": b"a"}
