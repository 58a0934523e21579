"""A thread has one key, drawn once, whoever draws it."""

import asyncio

import pytest

from builders import THREAD, Salts
from fakes.archive_store import MemoryArchiveStore
from shared.domain.errors import IntegrityError, Transient
from shared.domain.evidence.thread_file import ThreadFile, decode_thread_file
from shared.domain.layout import thread_folder
from shared.usecases.evidence.thread_key import thread_key

PATH = thread_folder(THREAD) + "thread.json"


async def test_a_key_is_drawn_once(any_store):
    draw = Salts()
    key = await thread_key(any_store.archive, THREAD, draw)

    assert await thread_key(any_store.archive, THREAD, draw) == key
    assert draw.given == 1
    stored = decode_thread_file(await any_store.archive.read(PATH))
    assert stored == ThreadFile(thread_id=THREAD, thread_key=key)


async def test_of_several_that_draw_at_once_all_take_the_first(store):
    draw = Salts()
    keys = await asyncio.gather(
        *(thread_key(store.archive, THREAD, draw) for _ in range(8))
    )

    assert len(set(keys)) == 1


async def test_two_threads_have_two_keys(store):
    draw = Salts()

    assert await thread_key(store.archive, "19:a", draw) != await thread_key(
        store.archive, "19:b", draw
    )


@pytest.mark.parametrize(
    "data",
    [b"", b"{}\n", b"\xff", ThreadFile(thread_id="19:b", thread_key="ab" * 16).stored],
)
async def test_a_broken_file_is_an_alarm_and_stays(data):
    archive = MemoryArchiveStore()
    archive.files[PATH] = data

    with pytest.raises(IntegrityError, match=r"thread\.json"):
        await thread_key(archive, THREAD, Salts())
    assert archive.files == {PATH: data}


async def test_an_id_that_no_file_can_hold_is_said():
    with pytest.raises(IntegrityError, match="cannot be archived"):
        await thread_key(MemoryArchiveStore(), "19:\ud800", Salts())


async def test_an_archive_that_cannot_be_reached_draws_no_key():
    archive, draw = MemoryArchiveStore(), Salts()

    async def unreachable(path):
        raise Transient(path)

    archive.read = unreachable
    with pytest.raises(Transient):
        await thread_key(archive, THREAD, draw)
    assert draw.given == 0
