import asyncio

import pytest

from builders import THREAD
from shared.domain.errors import IntegrityError
from shared.domain.layout import revision_path
from shared.ports.archive_store import AlreadyExists, Shelf


def path(revision, name="manifest.json"):
    return revision_path(THREAD, revision, name)


async def test_an_empty_shelf_has_no_revisions(archive):
    assert await archive.shelf(THREAD) == Shelf(newest=0, last_used=0)


async def test_a_revision_exists_once_its_manifest_does(archive):  # P4
    await archive.create(path(1), b"{}")
    await archive.create(path(2, "events.jsonl"), b"")

    assert await archive.shelf(THREAD) == Shelf(newest=1, last_used=2)


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
