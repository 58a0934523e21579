"""One thread that is odd stops nothing else, and no text of an error goes further."""

import asyncio
import json
import traceback

import pytest

from builders import NOON, THREAD, received, thread_event
from shared.domain.errors import Transient
from shared.domain.inventory.facts import ThreadState
from shared.domain.inventory.state import Thread
from shared.domain.log.work import Work
from shared.usecases.capture.handle_work import TRIES
from shared.usecases.capture.sweep import MOST_NAMED, Sweep, Swept
from shared.usecases.inventory.archivers import ArchiveHere
from shared.usecases.inventory.sweep_log import FailedLine, decode_line, encode_line
from world import World

SECRET = "what somebody said"
OTHER = "19:other@thread.v2"


async def test_an_error_that_nobody_foresaw_stops_no_sweep(monkeypatch):
    world, why_due = World(), Sweep.why_due

    def odd(self, thread, now):
        if thread.thread_id == THREAD:
            raise KeyError(SECRET)
        return why_due(self, thread, now)

    monkeypatch.setattr(Sweep, "why_due", odd)
    for thread in (THREAD, OTHER):
        await world.receive(received(threadId=thread))
    world.clock.pass_time(days=2)

    swept = await world.sweep()

    assert [work.thread_id for work, _ in world.queue.messages] == [OTHER]
    (failure,) = swept.failures
    assert failure.startswith(f"{THREAD}: unexpected KeyError")
    assert SECRET not in failure


async def test_an_error_that_nobody_foresaw_stops_no_backfill():
    async def finalize(*arguments, **options):
        raise KeyError(SECRET)

    done = await ArchiveHere(finalize=finalize)(Thread(THREAD))

    assert done.state is ThreadState.FAILED
    assert "unexpected KeyError" in done.reason
    assert SECRET not in done.reason


async def test_a_failure_that_cannot_be_recorded_carries_no_other_text(
    monkeypatch,
):  # P9
    world = World()

    async def finalize(*arguments, **options):
        raise KeyError(SECRET)

    async def refuse(*arguments):
        raise Transient("append: gave up")

    monkeypatch.setattr(type(world.handle_work), "handle", finalize)
    monkeypatch.setattr(type(world.sweep_log), "record", refuse)

    with pytest.raises(Transient) as raised:
        await world.handle_work(Work(thread_id=THREAD, reason="x"), tries=TRIES)

    assert SECRET not in "".join(traceback.format_exception(raised.value))


def test_thousands_of_failures_make_a_short_text():
    swept = Swept(failures=[f"19:{number}: no" for number in range(5000)])

    lines = swept.summary.splitlines()
    assert len(lines) == MOST_NAMED + 2
    assert lines[-1] == f"and {5000 - MOST_NAMED} more"


def test_a_line_of_the_last_year_of_all_is_none():
    line = encode_line(FailedLine(on=NOON, thread_id="19:a", failures=1, reason="no"))

    assert decode_line(line) is not None
    assert decode_line(line.replace(b"2026-", b"9999-")) is None


async def test_copies_of_a_deletion_that_come_together_queue_their_thread_once(
    monkeypatch,
):
    world = World()
    ingest = world.ingest_that_settles()
    put = world.queue.put

    async def slowly(work, **options):
        await asyncio.sleep(0)
        await put(work, **options)

    monkeypatch.setattr(world.queue, "put", slowly)
    event = json.dumps(thread_event("ChatThreadDeleted"))

    await asyncio.gather(
        *(ingest(event) for _ in range(20)), ingest(f"[{event},{event}]")
    )

    assert len(world.queue.messages) == 1
