import asyncio

import pytest

from builders import THREAD
from shared.domain.errors import IntegrityError
from shared.domain.layout import revision_path
from shared.ports.archive_store import AlreadyExists
from shared.usecases.evidence.revisions import Revisions, revisions_of


def path(revision, name="manifest.json"):
    return revision_path(THREAD, revision, name)


async def test_an_unknown_thread_has_no_revisions(archive):
    found = await revisions_of(archive, THREAD)

    assert found == Revisions(finished=(), last_used=0)
    assert found.newest == 0


async def test_a_revision_exists_once_its_manifest_does(archive):  # P4
    await archive.create(path(1), b"{}")
    await archive.create(path(2, "events.jsonl"), b"")

    found = await revisions_of(archive, THREAD)
    assert (found.finished, found.newest, found.last_used) == ((1,), 1, 2)


async def test_a_file_comes_back_as_it_was_written(archive):
    data = bytes(range(256)) * 5000

    await archive.create(path(1, "events.jsonl"), data)

    assert await archive.read(path(1, "events.jsonl")) == data


async def test_an_empty_file_is_a_file(archive):
    await archive.create(path(1, "events.jsonl"), b"")

    assert await archive.read(path(1, "events.jsonl")) == b""


async def test_a_file_is_never_overwritten(archive):
    await archive.create(path(1), b"first")

    with pytest.raises(AlreadyExists):
        await archive.create(path(1), b"second")

    assert await archive.read(path(1)) == b"first"


async def test_of_many_writers_one_wins(archive):
    results = await asyncio.gather(
        *(archive.create(path(1), bytes([one])) for one in range(10)),
        return_exceptions=True,
    )

    assert results.count(None) == 1
    assert all(isinstance(one, AlreadyExists) for one in results if one)


async def test_a_missing_file_is_an_alarm(archive):
    with pytest.raises(IntegrityError):
        await archive.read(path(1))


async def in_turn(parts):
    for part in parts:
        yield part


async def walked(archive, prefix=""):
    return [file.path async for file in archive.walk(prefix)]


async def test_a_walk_gives_every_file_folder_by_folder_in_order(archive):
    paths = [
        "ledger/2026-11-22.jsonl",
        path(1),
        path(1, "events.jsonl"),
        path(2, "a"),
        "thread=z/rev=0001/x",
    ]
    for one in paths:
        await archive.create(one, b"x")

    assert await walked(archive) == sorted(paths)
    assert await walked(archive, "ledger/") == paths[:1]
    assert await walked(archive, path(1, "")) == sorted(paths[1:3])
    assert await walked(archive, "nothing/") == []
    assert [file.size async for file in archive.walk(path(1))] == [1]


async def test_the_folders_at_the_top_come_without_their_files(archive):
    paths = ("ledger/1", path(1), path(2, "a"), "thread=z/rev=0001/x", "README.txt")
    for name in paths:
        await archive.create(name, b"x")

    assert [name async for name in archive.folders()] == sorted(
        {name.partition("/")[0] for name in paths} - {"README.txt"}
    )
    assert [name async for name in archive.folders("thread=")] == [
        path(1).partition("/")[0],
        "thread=z",
    ]
    assert [name async for name in archive.folders("nothing")] == []


@pytest.mark.parametrize("kib", [24 * 1024, 16 * 1024])
async def test_a_file_comes_in_parts_or_only_its_end(archive, kib):
    data = bytes(range(256)) * (4 * kib)
    await archive.create(path(1), data)

    assert b"".join([part async for part in archive.stream(path(1))]) == data
    assert await archive.tail(path(1), 10) == data[-10:]
    assert await archive.tail(path(1), len(data) + 10) == data


@pytest.mark.parametrize("start", [0, 1, 9, 10])
async def test_a_file_comes_from_where_it_is_wanted(archive, start):
    await archive.create(path(1), b"0123456789")

    parts = [part async for part in archive.stream(path(1), start)]

    assert b"".join(parts) == b"0123456789"[start:]


async def test_the_end_of_an_empty_file_is_empty(archive):
    await archive.create(path(1), b"")

    assert await archive.tail(path(1), 10) == b""


async def test_the_end_of_a_missing_file_is_an_alarm(archive):
    with pytest.raises(IntegrityError):
        await archive.tail(path(1), 10)


async def test_only_erasing_writes_a_file_again(archive):
    await archive.create(path(1), b"first")
    await archive.check_erasable()

    await archive.replace(path(1), b"second")

    assert await archive.read(path(1)) == b"second"


@pytest.mark.parametrize("count", [0, 3, 300])
async def test_a_file_can_be_written_in_parts(archive, count):
    part = bytes(range(256)) * 200
    await archive.create(path(1, "events.jsonl"), b"x")

    await archive.create(path(1), in_turn([part] * count))

    assert await archive.read(path(1)) == part * count
    with pytest.raises(AlreadyExists):
        await archive.create(path(1), in_turn([part] * 300))


@pytest.mark.parametrize(
    "archive", ["memory", "azurite", "folder", "fsspec-file"], indirect=True
)
@pytest.mark.parametrize("count", [1, 300])
async def test_a_file_whose_parts_end_in_an_error_is_not_there(archive, count):
    async def parts():
        for _ in range(count):
            yield bytes(50_000)
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        await archive.create(path(1), parts())

    assert await walked(archive) == []
    await archive.create(path(1), in_turn([bytes(50_000)] * count))
    assert await archive.read(path(1)) == bytes(50_000) * count


async def test_what_is_removed_is_gone_and_may_be_removed_again(archive):
    await archive.create(path(1, "events.jsonl"), b"1")
    await archive.create(path(2, "events.jsonl"), b"2")

    for _ in range(2):
        await archive.remove(path(2, "events.jsonl"))

    assert [file.path async for file in archive.walk()] == [path(1, "events.jsonl")]
    await archive.create(path(2, "events.jsonl"), b"3")
    assert await archive.read(path(2, "events.jsonl")) == b"3"
