"""Finalizing a long thread asks for what is new only, and now and then for all."""

from datetime import timedelta

import pytest

from builders import (
    ALICE,
    BOB,
    THREAD,
    listed,
    listed_edited,
    received,
    thread_created,
    thread_event,
)
from shared.usecases.evidence.erase import Erase
from shared.usecases.evidence.erase_plan import Choice
from shared.usecases.evidence.holds import Holds
from verifying import verify
from world import World, finalizer

DAY = 24 * 3_600_000


class Chat:
    """A thread at the service and in the log, newest change first."""

    def __init__(self, world, reader=ALICE):
        self.world, self.reader = world, reader
        self.items = []
        self.shown = {}

    async def say(self, *numbers, is_told=True):
        for number in numbers:
            self.items.insert(0, listed(number))
        if is_told:
            await self.world.receive(*map(received, numbers))
        self.show()

    def show(self, **how):
        self.shown = how or self.shown
        self.world.chat.shows(THREAD, self.reader, *self.items, **self.shown)

    async def finalize(self, **how):
        """Finalize; return what came of it and how many pages it took."""
        before = self.world.chat.pages_asked
        finalized = await self.world.finalize(THREAD, **how)
        return finalized, self.world.chat.pages_asked - before


@pytest.fixture
async def chat():
    """A thread of 20 messages, in pages of 5, which was listed whole."""
    world = World(readers=(ALICE,))
    world.chat.page_size = 5
    chat = Chat(world)
    await world.receive(thread_created())
    await chat.say(*range(20))
    finalized, pages = await chat.finalize()
    assert (finalized.visibility, pages) == ("full", 4)
    world.clock.pass_time(days=1)
    return chat


def due(world):
    markers = world.log.whole_pass_due
    return markers[max(markers)]


async def test_fifty_new_messages_of_two_thousand_take_two_pages():
    world = World(readers=(ALICE,))
    chat = Chat(world)
    await world.receive(thread_created())
    await chat.say(*range(1950))
    await chat.finalize()
    world.clock.pass_time(days=1)
    await chat.say(*range(DAY - 50, DAY))

    finalized, pages = await chat.finalize()

    assert (finalized.visibility, pages) == ("snapshot", 2)
    assert finalized.outcomes["matched"] == 2000
    assert world.manifest(2)["grade"] == "complete"
    assert due(world) == world.clock() + timedelta(days=6)


async def test_a_snapshot_says_so_and_both_verifiers_are_content(chat):
    await chat.say(DAY)

    finalized, pages = await chat.finalize()

    assert (finalized.visibility, pages) == ("snapshot", 2)
    assert chat.world.transcript(2)["listing"] == {
        "visibility": "snapshot", "reader": ALICE, "since": "", "reason": "",
        "api_version": "2025-03-15", "refused_version": "", "no_receipts": "",
    }  # fmt: skip
    outcomes = [
        line.facts["outcome"]
        for line in chat.world.lines("listing", 2)
        if "outcome" in line.facts
    ]
    assert outcomes == ["snapshot"]
    assert verify(chat.world.archive) == []


async def test_what_no_event_told_since_the_last_listing_is_found(chat):
    await chat.say(*range(DAY, DAY + 5), is_told=False)
    chat.items.insert(0, listed_edited(0, after=DAY))
    chat.items.remove(listed(0))
    await chat.say(*range(DAY + 5, DAY + 12))

    finalized, pages = await chat.finalize()

    assert pages == 4
    assert finalized.outcomes["backfilled"] == 5
    assert finalized.outcomes["version_gap"] == 1


async def test_a_short_thread_is_always_listed_whole(chat):
    chat.world.chat.page_size = 200
    await chat.say(DAY)

    finalized, pages = await chat.finalize()

    assert (finalized.visibility, pages) == ("full", 1)
    assert due(chat.world) is None


async def test_a_known_version_that_looks_different_now_stops_a_snapshot(chat):
    chat.items = [{**item, "senderDisplayName": "Renamed"} for item in chat.items]
    await chat.say(DAY)

    finalized, pages = await chat.finalize()

    assert (finalized.visibility, pages) == ("snapshot", 2)


async def test_after_a_while_a_thread_is_listed_whole_again(chat):
    await chat.say(DAY)
    await chat.finalize()
    chat.world.clock.pass_time(days=6)
    await chat.say(7 * DAY)

    finalized, pages = await chat.finalize()

    assert (finalized.visibility, pages) == ("full", 5)
    assert due(chat.world) is None


async def test_an_open_thread_is_not_listed_whole_though_that_is_due(chat):
    chat.world.clock.pass_time(days=20)
    await chat.say(21 * DAY)

    finalized, pages = await chat.finalize(is_open=True)

    assert (finalized.visibility, pages) == ("snapshot", 2)
    assert due(chat.world) == chat.world.clock() - timedelta(days=14)


async def test_a_deleted_thread_is_listed_whole(chat):
    await chat.say(DAY)
    gone = thread_event(
        "ChatThreadDeleted", deletedByCommunicationIdentifier={"rawId": BOB}
    )
    await chat.world.receive(gone)

    finalized, pages = await chat.finalize()

    assert (finalized.visibility, pages) == ("full", 5)


async def test_a_thread_that_was_never_listed_whole_is(chat):
    world = World()
    world.chat.page_size = 5
    await world.receive(thread_created(), received(0))
    await world.finalize(THREAD)  # nobody can read it
    late = Chat(world)
    await late.say(*range(1, 8))

    finalized, pages = await late.finalize()

    assert (finalized.visibility, pages) == ("full", 2)


async def test_without_the_setting_every_listing_is_whole(chat):
    chat.world.finalize = finalizer(
        chat.world, readers=(ALICE,), whole_pass_every=timedelta()
    )
    await chat.say(DAY)

    assert (await chat.finalize(is_open=True))[1] == 5


async def test_a_snapshot_after_a_partial_pass_is_as_partial(chat):
    since = "2026-11-22T12:00:00Z"
    chat.show(since=since)
    chat.world.clock.pass_time(days=8)
    await chat.say(9 * DAY)
    assert (await chat.finalize())[0].visibility == "partial"
    await chat.say(9 * DAY + 1)

    finalized, pages = await chat.finalize()

    assert (finalized.visibility, pages) == ("snapshot", 2)
    manifest = chat.world.manifest(3)
    assert manifest["grade_reason"] == "listing_snapshot"
    assert chat.world.transcript(3)["listing"]["since"]
    assert verify(chat.world.archive) == []


async def test_a_whole_pass_that_finds_nothing_new_renews_the_marker_only(chat):
    await chat.say(DAY)
    await chat.finalize()
    before = dict(chat.world.archive.files)
    marked_on = (await chat.world.log.thread(THREAD)).marked_on
    chat.world.clock.pass_time(days=6)

    finalized, pages = await chat.finalize(relist=True)

    assert (finalized.written, finalized.revision, pages) == (False, 2, 5)
    assert chat.world.archive.files == before
    assert due(chat.world) is None
    thread = await chat.world.log.thread(THREAD)
    assert thread.marked_on > marked_on
    assert not (await chat.finalize())[0].written


async def test_a_message_that_a_snapshot_lacks_is_judged_by_the_next_whole_pass(chat):
    await chat.world.receive(received(DAY))

    first, _ = await chat.finalize()
    second, _ = await chat.finalize(relist=True)

    assert first.outcomes["unverifiable"] == 1
    assert (second.written, second.outcomes["missing_at_recheck"]) == (True, 1)
    assert due(chat.world) is None


async def test_a_run_that_died_before_the_marker_still_says_when_a_pass_is_due(chat):
    await chat.say(DAY)
    await chat.finalize()
    expected = due(chat.world)
    await chat.world.log.unmark(THREAD, 2)

    finalized, pages = await chat.finalize()

    assert (finalized.written, pages) == (False, 0)
    assert due(chat.world) == expected


async def test_a_whole_pass_that_died_before_the_marker_is_made_again_and_ends(chat):
    await chat.say(DAY)
    await chat.finalize()
    chat.world.clock.pass_time(days=6)
    await chat.say(DAY + 1, is_told=False)
    assert (await chat.finalize(relist=True))[0].written
    await chat.world.log.unmark(THREAD, 3)

    finalized, _ = await chat.finalize(relist=True)

    assert not finalized.written
    assert due(chat.world) is None
    assert len(chat.world.announcer.told) == 4


async def test_what_was_erased_is_known_and_a_pass_that_is_due_stays_due(chat):
    world = chat.world
    await chat.say(DAY)
    await chat.finalize()
    expected = due(world)
    use = Erase(
        archive=world.archive,
        ledger=world.ledger,
        holds=Holds(archive=world.archive, ledger=world.ledger, draw=world.salts),
        log=world.log,
        leases=world.leases,
        draw=world.salts,
    )
    page = Choice(participant=ALICE)
    async for plan in use.plan(page, pytest.fail):
        await use(plan.thread_id, page, by="Dana", reason="request 12")
    assert due(world) == expected
    world.clock.pass_time(hours=1)
    chat.show()
    await world.receive(received(DAY + 1))

    finalized, pages = await chat.finalize()

    assert (finalized.visibility, pages) == ("snapshot", 1)
    assert due(world) == expected
    assert verify(world.archive) == []
