"""What an erasure reaches beyond the lines: each test here stands for a fault once found."""

import json
from datetime import timedelta

import pytest

from builders import ALICE, BOB, FIRST_ID, THREAD, Clock, edited, listed, received, who
from evidence_verifiers import failures
from shared.domain import layout
from shared.domain.log import coverage
from shared.usecases.evidence.erase import Erase
from shared.usecases.evidence.erase_plan import Choice
from shared.usecases.evidence.holds import Holds
from shared.usecases.evidence.thread_archive import orders_path
from world import World

SECRET = "my secret"
MESSAGE = frozenset([str(FIRST_ID)])
BY_BOB = {"senderCommunicationIdentifier": who(BOB), "senderDisplayName": "Bob"}
DAY = 86_400_000


def eraser(world):
    async def finalize(thread_id, lease):
        await world.finalize.under_lease(thread_id, lease)

    return Erase(
        archive=world.archive,
        ledger=world.ledger,
        holds=Holds(archive=world.archive, ledger=world.ledger, draw=world.salts),
        log=world.log,
        leases=world.leases,
        draw=world.salts,
        finalize=finalize,
    )


async def plans(world, **choice):
    use = eraser(world)
    return [plan async for plan in use.plan(Choice(**choice), pytest.fail)]


async def erase(world, thread=THREAD, **choice):
    world.clock.pass_time(minutes=1)
    world.storage.pass_time(minutes=1 if world.storage is not world.clock else 0)
    return await eraser(world)(thread, Choice(**choice), by="dpo", reason="request 12")


def in_log(world, text=SECRET):
    return [
        path for path, blob in world.log.blobs.items() if text.encode() in blob.data
    ]


def in_archive(world, text=SECRET):
    return [path for path, data in world.archive.files.items() if text.encode() in data]


def on(day, event):
    """Return an event of a later day; its segment is that day's."""
    event["eventTime"] = f"2026-11-{22 + day}T12:00:00Z"
    return event


async def quarantined(world, text=SECRET):
    await world.ingest(json.dumps(received(0, text, version="none")))


async def next_sweep(world):
    world.clock.pass_time(days=1)
    swept = await world.new_sweep(log_keep=timedelta(days=900))()
    assert swept.failures == []
    return swept


async def test_quarantine_that_came_after_all_was_archived_is_archived_and_erased():
    world = World()
    await world.receive(received(0))
    await world.finalize(THREAD)
    await quarantined(world)

    done = await erase(world, messages=MESSAGE)

    assert done.left == []
    assert (in_log(world), in_archive(world)) == ([], [])
    assert failures(world.archive.files) == []


async def test_quarantine_of_a_writer_whose_clock_is_behind_leaves_with_the_sweep():
    storage = Clock()
    world = World(storage=storage, clock=Clock(storage() - timedelta(days=9)))
    await world.receive(received(0))
    await world.finalize(THREAD)
    await erase(world, messages=MESSAGE)
    await quarantined(world)  # as it says, before the order
    assert in_log(world)

    world.clock.pass_time(days=1)
    swept = await next_sweep(world)
    assert world.queued() == [THREAD], swept  # it has to be archived first
    await world.finalize(THREAD)
    await next_sweep(world)

    assert (in_log(world), in_archive(world)) == ([], [])
    assert failures(world.archive.files) == []


@pytest.mark.parametrize("number", ["0000", "0009"])
async def test_what_stands_in_no_revision_goes_with_attempts_that_died(number):
    world = World()
    await world.receive(received(0, SECRET))
    await world.finalize(THREAD)
    folder = layout.thread_folder(THREAD)
    world.archive.files[f"{folder}rev={number}/page.html"] = SECRET.encode()

    await erase(world, messages=MESSAGE)

    assert in_archive(world) == []
    assert failures(world.archive.files) == []


async def test_quarantine_of_a_thread_without_an_erasure_stays():
    world = World()
    await world.receive(received(0))
    await quarantined(world)
    await world.finalize(THREAD)

    await next_sweep(world)

    assert in_log(world)


async def test_a_plan_counts_what_only_the_log_has():
    world = World()
    await world.receive(received(0))
    await world.finalize(THREAD)
    await world.receive(received(1, SECRET, **BY_BOB))

    (plan,) = await plans(world, participant=BOB)
    assert (plan.lines, len(plan.messages)) == (1, 1)
    await erase(world, participant=BOB)

    assert (in_log(world), in_archive(world)) == ([], [])


async def test_nobodys_erasure_takes_nothing_not_even_what_is_unreadable():
    world = World()
    await world.receive(received(0))
    await quarantined(world)
    await world.finalize(THREAD)

    assert await plans(world, participant="8:acs:nobody") == []
    await erase(world, participant="8:acs:nobody")

    assert orders_path(THREAD) not in world.archive.files
    assert in_archive(world)


class Crash(BaseException):
    pass


async def died_before_pruning(world, monkeypatch, **choice):
    async def die(*_):
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(world.log, "prune", die)
        with pytest.raises(Crash):
            await erase(world, **choice)
    world.leases.holders.clear()


async def test_the_finalizer_goes_on_with_an_erasure_that_died_before_pruning(
    monkeypatch,
):
    world = World()
    await world.receive(received(0, SECRET), on(1, received(DAY)))
    await world.finalize(THREAD)
    await died_before_pruning(world, monkeypatch, messages=MESSAGE)
    await world.receive(on(1, received(DAY + 1)))

    await world.finalize(THREAD)

    assert (in_log(world), in_archive(world)) == ([], [])
    assert failures(world.archive.files) == []


async def test_a_marker_goes_before_the_segments_whose_length_it_tells(monkeypatch):
    world = World()
    await world.receive(received(0, SECRET), on(1, received(DAY)))
    await world.finalize(THREAD)
    assert world.log.markers

    await died_before_pruning(world, monkeypatch, messages=MESSAGE)

    assert covered(world) == {}


def covered(world):
    return {
        name: cover.erased
        for packed in world.log.markers.values()
        for name, cover in coverage.from_metadata(packed).items()
    }


async def test_no_marker_tells_the_length_of_a_segment_that_went_with_the_sweep():
    world = World()
    await world.receive(received(0, SECRET), on(1, received(DAY)))
    await world.finalize(THREAD)
    await erase(world, messages=MESSAGE)
    await world.receive(received(0, SECRET))
    await world.finalize(THREAD)
    assert covered(world) == {"2026-11-22.jsonl": True, "2026-11-23.jsonl": False}

    world.clock.pass_time(days=1)
    swept = await next_sweep(world)

    assert swept.pruned_segments == 1
    assert covered(world) == {}
    await world.finalize(THREAD)
    assert covered(world) == {"2026-11-23.jsonl": False}


async def test_no_marker_tells_the_length_of_a_segment_that_was_gone_by_then():
    world = World()
    await world.receive(received(0, SECRET), on(3, received(3 * DAY)))
    await world.finalize(THREAD)
    world.clock.pass_time(days=3)
    del world.log.blobs[
        layout.segment_path(f"{layout.thread_folder(THREAD)}2026-11-22", 0)
    ]
    assert len(covered(world)) == 2

    await erase(world, messages=MESSAGE)

    assert covered(world) == {}


async def test_a_segment_with_an_erased_record_stays_known_as_that():
    """Also after a finalization that read only what was new behind the record."""
    world = World()
    await world.receive(received(0, SECRET))
    await world.finalize(THREAD)
    await erase(world, messages=MESSAGE)
    await world.receive(received(0, SECRET))
    await world.finalize(THREAD)
    await world.receive(received(1))
    await world.finalize(THREAD)
    assert in_log(world)

    await next_sweep(world)

    assert in_log(world) == []
    assert failures(world.archive.files) == []


async def test_a_thread_that_is_due_loses_what_was_erased_all_the_same():
    world = World()
    await world.receive(received(0, SECRET), received(1))
    await world.finalize(THREAD)
    await erase(world, messages=MESSAGE)
    await world.receive(received(0, SECRET))
    await world.finalize(THREAD)
    world.clock.pass_time(days=1)
    await world.receive(on(1, received(DAY)))
    world.clock.pass_time(days=1)

    assert (await next_sweep(world)).queued == 1

    assert in_log(world) == []
    await world.finalize(THREAD)
    assert failures(world.archive.files) == []


@pytest.mark.parametrize("is_torn_later", [False, True])
async def test_a_torn_line_leaves_the_log_whatever_the_order_names(is_torn_later):
    """Nobody can tell what it holds; here the order names lines of the listing only."""
    world = World(readers=(ALICE,))
    world.chat.shows(THREAD, ALICE, listed(0, "listed only"))
    await world.receive(received(1))

    def tear():
        for blob in world.log.blobs.values():
            blob.data += b'{"schema":1,"received_on":"' + SECRET.encode()

    if not is_torn_later:
        tear()
    await world.finalize(THREAD)
    await erase(world, messages=MESSAGE)
    if is_torn_later:
        await world.receive(received(2))
        tear()
        await world.finalize(THREAD)

    await next_sweep(world)

    assert (in_log(world), in_archive(world)) == ([], [])
    assert failures(world.archive.files) == []


async def test_renderings_that_an_order_vouches_for_stay_as_long_as_others():
    world = World()
    await world.receive(received(0, SECRET), received(1))
    await world.finalize(THREAD)
    await erase(world, messages=MESSAGE)
    await world.receive(received(2))
    await world.finalize(THREAD)
    before = dict(world.archive.files)

    assert not (await world.finalize(THREAD)).written

    assert layout.revision_path(THREAD, 1, "transcript.json") in before
    assert world.archive.files == before
    assert failures(world.archive.files) == []


async def test_an_erased_item_is_not_written_again_with_every_pass():
    world = World(readers=(ALICE,))
    world.chat.shows(THREAD, ALICE, listed(0, SECRET), listed(1))
    await world.finalize(THREAD)
    await erase(world, messages=MESSAGE)
    for number in (2, 3):
        world.chat.shows(THREAD, ALICE, listed(0, SECRET), listed(1), listed(number))
        await world.finalize(THREAD, relist=True)

    items = [
        line.facts["message"]
        for number in (1, 2, 3)
        for line in world.lines("listing", number)
        if line.facts["kind"] == "message"
    ]
    assert items == [str(FIRST_ID + number) for number in range(4)]
    assert failures(world.archive.files) == []


async def test_an_erased_participant_is_not_written_again_with_every_pass():
    world = World(readers=(ALICE,))
    await world.receive(received(0))
    world.chat.shows(THREAD, ALICE, listed(0), others=[BOB])
    await world.finalize(THREAD)
    await erase(world, participant=BOB)

    written = []
    for number in (2, 3):
        world.clock.pass_time(days=8)
        await world.receive(received(number))
        await world.finalize(THREAD, relist=True)
        lines = world.lines("listing", number)
        written += [line for line in lines if BOB in line.facts.get("people", ())]

    assert written == []
    assert failures(world.archive.files) == []


async def test_an_edit_that_comes_late_is_erased_from_the_start_and_leaves_the_log():
    world = World()
    await world.receive(received(0, SECRET), received(1))
    await world.finalize(THREAD)
    await erase(world, messages=MESSAGE)
    await world.receive(edited(0, SECRET, after=900))
    await world.finalize(THREAD)
    assert in_log(world)  # somebody may be appending to today's segment

    await next_sweep(world)

    assert (in_log(world), in_archive(world)) == ([], [])
    assert failures(world.archive.files) == []
