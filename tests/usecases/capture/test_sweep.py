import json
from dataclasses import replace
from datetime import timedelta

import pytest

from builders import THREAD, received
from ledgers import new_line
from shared.domain import layout
from shared.domain.errors import Transient
from shared.domain.evidence.ledger import blob_path
from shared.domain.log.coverage import cover
from shared.ports.archive_store import Immutable
from shared.usecases.inventory.sweep_log import BeganLine, QueuedLine, decode_line
from verifying import verify
from world import World


@pytest.fixture
def world():
    return World()


async def test_only_quiet_threads_are_queued(world):
    await world.ingest(json.dumps(received(threadId="quiet")))
    world.clock.pass_time(hours=24)
    await world.ingest(json.dumps(received(threadId="busy")))

    swept = await world.sweep()

    assert world.queued() == ["quiet"]
    assert (swept.threads, swept.queued) == (2, 1)


async def test_a_finalized_thread_is_not_queued_again_until_it_wakes(world):
    await world.ingest(json.dumps(received()))
    world.clock.pass_time(hours=24)
    await world.finalize(THREAD)
    await world.sweep()
    assert world.queued() == []

    await world.ingest(json.dumps(received(1)))
    world.clock.pass_time(hours=24)
    await world.sweep()

    assert world.queued() == [THREAD]


async def test_quarantine_is_no_thread(world):
    await world.ingest("garbage")
    world.clock.pass_time(days=9)

    assert (await world.sweep()).threads == 0


async def test_one_thread_in_trouble_does_not_stop_the_others(world):
    for name in ("a", "b", "c"):
        await world.ingest(json.dumps(received(threadId=name)))
    await world.finalize("b")
    (path,) = (path for path in world.log.blobs if path.startswith("thread=b/"))
    world.log.blobs[path].data = b""
    world.clock.pass_time(days=2)

    swept = await world.sweep()

    assert world.queued() == ["a", "c"]
    assert len(swept.failures) == 1
    assert "shrink" in swept.failures[0]


async def test_a_folder_of_no_thread_is_named_and_stops_nothing(world):
    await world.receive(received())
    await world.log.append("thread=%FF/2026-11-22", b"x\n")
    await world.log.append("thread=%1B/2026-11-22", b"x\n")
    world.archive.files["ledger/2026-13-45.jsonl"] = b"x"
    world.clock.pass_time(days=2)

    swept = await world.sweep()

    assert THREAD in world.queued()
    assert swept.failures == ["log: 'thread=%FF/' is no thread's folder"]


async def test_the_ledger_is_closed_when_its_day_is_over_and_its_head_is_said(world):
    await world.ledger.append(new_line())
    assert (await world.sweep()).newest_closed is None
    world.clock.pass_time(days=1)

    closing, later = await world.sweep(), await world.sweep()

    assert (closing.closed_blobs, later.closed_blobs) == (1, 0)
    assert closing.newest_closed == later.newest_closed
    head = await world.ledger.head("x")
    assert (closing.newest_closed.lines, head.size) == (1, 2)


async def test_what_another_writer_closed_is_said_too(world):
    await world.ledger.append(new_line())
    world.clock.pass_time(days=1)
    await world.ledger.append(new_line())

    swept = await world.sweep()

    assert (swept.closed_blobs, swept.newest_closed.blob) == (0, 1)


async def test_a_ledger_that_is_wrong_is_a_failure_and_stops_nothing_else(world):
    await world.receive(received())
    await world.ledger.append(new_line())
    world.archive.files[blob_path(1)] += b"{}\n"
    world.clock.pass_time(days=2)

    swept = await world.sweep()

    assert swept.queued == swept.closed_blobs == 1
    (failure,) = swept.failures
    assert failure.startswith("ledger: ledger/000001.jsonl, line 2: ")


async def test_a_ledger_that_cannot_be_reached_is_a_failure_like_any_other(world):
    async def unreachable():
        raise Transient("no route")

    world.ledger.blobs.list = unreachable

    assert (await world.sweep()).failures == ["ledger: no route"]


async def test_what_is_archived_and_old_is_pruned(world):
    await world.ingest(json.dumps(received()))
    await world.finalize(THREAD)
    world.clock.pass_time(days=30)

    swept = await world.sweep()

    assert swept.pruned_segments == 1
    assert world.log.blobs == {}
    assert world.log.markers == {}


async def test_an_old_thread_that_was_never_archived_is_queued_and_no_failure(world):
    await world.receive(received())
    world.clock.pass_time(days=40)

    swept = await world.sweep()

    assert (swept.queued, swept.pruned_segments, swept.failures) == (1, 0, [])
    world.clock.pass_time(minutes=15)
    again = await world.sweep()
    assert (again.waiting, again.pruned_segments, again.failures) == (1, 0, [])


async def test_a_thread_that_is_not_due_is_not_pruned_without_an_archive(world):
    await world.receive(received())
    world.clock.pass_time(hours=20)

    swept = await world.new_sweep(log_keep=timedelta(hours=1))()

    assert (swept.queued, swept.pruned_segments, swept.failures) == (0, 0, [])


@pytest.mark.parametrize("kept", [0, 30])
async def test_a_thread_that_is_pruned_again_and_again_does_not_rest(world, kept):
    sweep = world.new_sweep(
        log_keep=timedelta(minutes=1), keep_superseded=timedelta(days=kept)
    )
    sweep = replace(sweep, quiet_for=timedelta(minutes=1))
    for number in range(5):
        event = received(number) | {"eventTime": "2026-11-20T12:00:00Z"}
        await world.receive(event)
        world.clock.pass_time(minutes=2)
        assert (await sweep()).queued == 1
        ((work, _),) = world.queue.messages
        world.queue.messages.clear()
        await world.handle_work(work, tries=1)
        world.clock.pass_time(minutes=2)
        await sweep()
        assert world.log.blobs == {}
        assert bool(world.log.markers) is (bool(kept) and number > 0)


RENDERED = ("transcript.json", "messages.csv", "history.csv", "reconciliation.json")


def rendered(world, revision):
    folder = layout.revision_path(THREAD, revision, "")
    return [name for name in RENDERED if folder + name in world.archive.files]


async def revise(world, count):
    for number in range(count):
        await world.receive(received(number))
        await world.finalize(THREAD)
        world.clock.pass_time(minutes=1)


async def test_at_most_two_sets_of_renderings_stand(world):
    await revise(world, 4)

    assert [len(rendered(world, number)) for number in (1, 2, 3, 4)] == [0, 0, 4, 4]
    assert verify(world.archive) == []


async def test_the_sweep_removes_what_is_superseded_in_time_and_nothing_else(world):
    await revise(world, 2)
    world.clock.pass_time(days=29)
    await world.sweep()
    assert len(rendered(world, 1)) == 4
    before = dict(world.archive.files)

    world.clock.pass_time(days=1)
    await world.sweep()

    assert (len(rendered(world, 1)), len(rendered(world, 2))) == (0, 4)
    gone = {
        path.rpartition("/")[2] for path in before.keys() - world.archive.files.keys()
    }
    assert gone == set(RENDERED)
    assert verify(world.archive) == []
    assert (await world.log.thread(THREAD)).superseded == 0
    assert not (await world.finalize(THREAD)).written


async def test_nothing_superseded_goes_where_the_newest_is_not_rendered(world):
    await revise(world, 2)
    for name in rendered(world, 2):
        del world.archive.files[layout.revision_path(THREAD, 2, name)]
    world.clock.pass_time(days=40)

    swept = await world.sweep()

    assert "has no rendered file" in swept.failures[0]
    assert len(rendered(world, 1)) == 4


async def test_what_the_storage_does_not_give_up_stays(world, monkeypatch):
    async def forbidden(path):
        raise Immutable("a policy forbids it")

    await revise(world, 2)
    monkeypatch.setattr(world.archive, "remove", forbidden)

    await revise(world, 3)
    world.clock.pass_time(days=40)
    swept = await world.sweep()

    assert swept.failures == []
    assert (await world.log.thread(THREAD)).superseded
    assert verify(world.archive) == []


async def test_what_is_not_yet_old_stays(world):
    await world.ingest(json.dumps(received()))
    await world.finalize(THREAD)
    world.clock.pass_time(days=29)

    assert (await world.sweep()).pruned_segments == 0


async def test_nothing_is_removed_that_no_verified_archive_holds(world):  # P7
    await world.ingest(json.dumps(received()))
    await world.finalize(THREAD)
    (manifest,) = (p for p in world.archive.files if p.endswith("manifest.json"))
    del world.archive.files[manifest]
    world.clock.pass_time(days=30)

    swept = await world.sweep()

    assert swept.pruned_segments == 0
    assert len(swept.failures) == 1
    assert world.log.blobs


async def test_a_lying_marker_removes_nothing(world):  # P7
    await world.ingest(json.dumps(received()))
    await world.finalize(THREAD)
    await world.ingest(json.dumps(received(1)))
    thread = await world.log.thread(THREAD)
    await world.log.mark(THREAD, 2, cover(thread.segments))
    world.clock.pass_time(days=30)

    swept = await world.sweep()

    assert swept.pruned_segments == 0
    assert "no revision holds" in swept.failures[0]


async def test_a_segment_that_changed_since_the_listing_stays(world, monkeypatch):  # P7
    await world.receive(received())
    await world.finalize(THREAD)
    world.clock.pass_time(days=30)
    list_threads = world.log.threads

    async def list_while_somebody_writes():
        async for thread in list_threads():
            await world.receive(received(1))  # into the segment that was just listed
            yield thread

    monkeypatch.setattr(world.log, "threads", list_while_somebody_writes)
    swept = await world.sweep()

    assert (swept.pruned_segments, swept.failures) == (0, [])
    (segment,) = world.log.blobs.values()
    assert segment.data.count(b"\n") == 2
    assert world.log.markers


async def test_todays_segment_stays_even_where_the_log_is_kept_for_minutes(world):
    await world.receive(received())
    await world.finalize(THREAD)
    sweep = world.new_sweep(log_keep=timedelta(minutes=10))

    world.clock.pass_time(hours=1)
    today = await sweep()
    world.clock.pass_time(days=1)
    tomorrow = await sweep()

    assert (today.pruned_segments, tomorrow.pruned_segments) == (0, 1)


async def test_a_late_event_after_pruning_is_archived_beside_the_pruned(world):
    await world.ingest(json.dumps(received(0, "x" * 999)))
    await world.finalize(THREAD)
    world.clock.pass_time(days=30)
    await world.sweep()

    await world.ingest(json.dumps(received(1)))
    world.clock.pass_time(days=1)
    await world.sweep()
    finalized = await world.finalize(THREAD)

    assert world.queued() == [THREAD]
    assert (finalized.revision, sum(finalized.outcomes.values())) == (2, 2)


async def test_a_segment_that_a_late_event_created_again_is_not_pruned(world):  # P7
    await world.receive(received())
    await world.finalize(THREAD)
    world.log.blobs.clear()
    world.clock.pass_time(days=1)
    await world.receive(received())  # of the same size and name, but not archived
    thread = await world.log.thread(THREAD)
    await world.log.mark(THREAD, 2, cover(thread.segments))
    world.clock.pass_time(days=30)

    swept = await world.sweep()

    assert swept.pruned_segments == 0
    assert "no revision holds" in swept.failures[0]
    assert world.log.blobs


async def test_log_keep_of_zero_prunes_nothing(world):
    await world.ingest(json.dumps(received()))
    await world.finalize(THREAD)
    world.clock.pass_time(days=999)
    keep_all = world.new_sweep(log_keep=timedelta())

    assert (await keep_all()).pruned_segments == 0


async def test_every_sweep_leaves_its_lines_in_the_sweep_log(world):
    await world.receive(received())
    world.clock.pass_time(hours=25)
    await world.sweep()
    await world.sweep()

    (path,) = world.control.files
    lines = [decode_line(line) for line in world.control.files[path].splitlines()]
    assert path == f"sweeps/{world.clock().date()}.jsonl"
    began, queued, first, again, second = lines
    assert began == again == BeganLine(on=world.clock())
    assert queued == QueuedLine(on=world.clock(), by="sweep", thread_ids=(THREAD,))
    assert (first.queued, second.queued) == (1, 0)
    assert first.failures == 0


async def test_a_sweep_log_that_cannot_be_written_fails_the_sweep_and_loses_nothing(
    world, monkeypatch
):
    async def fail(stem, line):
        raise Transient("no storage")

    monkeypatch.setattr(world.control, "append", fail)
    await world.receive(received())
    world.clock.pass_time(hours=25)

    swept = await world.sweep()

    assert swept.queued == 1
    assert set(swept.failures) == {"sweep log: no storage"}


@pytest.mark.parametrize("queue", ["poison", "events_poison"])
async def test_a_poison_queue_that_cannot_be_measured_fails_the_sweep(
    world, monkeypatch, queue
):
    async def fail():
        raise Transient("no queue")

    monkeypatch.setattr(getattr(world, queue), "depth", fail)

    assert (await world.sweep()).failures == ["poison queue: no queue"]
