"""A backfill finds every thread, stops at nothing, and goes on where it was."""

import asyncio
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import ALICE, BOB, listed
from fakes.archive_store import MemoryArchiveStore
from fakes.thread_finder import MemoryThreadFinder
from shared.domain.errors import Transient
from shared.domain.inventory.facts import ThreadState, UserState
from shared.ports.chat_service import ReaderRefused
from shared.usecases.inventory.archivers import ArchiveHere, PutOnQueue
from shared.usecases.inventory.backfill import Backfill, Scope, Seeds
from shared.usecases.inventory.runs import BackfillRun
from world import World

CAROL = "8:acs:resource_carol"
TEAMS = "8:orgid:somebody"
FROM_FILE = "users.txt"


class Inventory:
    """A service with threads, and a run over it that can be begun again and again."""

    def __init__(self, threads):
        self.world = World()
        self.control = MemoryArchiveStore()
        self.finder = MemoryThreadFinder()
        for thread, members in threads.items():
            self.finder.members[thread] = members
            for one in members:
                others = [who for who in members if who != one]
                self.world.chat.shows(thread, one, listed(), others=others)

    async def run(
        self,
        *users,
        name="all",
        threads=(),
        queue=False,
        stop_after=None,
        dry=False,
        **options,
    ):
        stop = asyncio.Event()
        told = []

        def watch(line, inventory):
            told.append(line)
            if stop_after is not None and len(told) >= stop_after:
                stop.set()

        run = BackfillRun(name=name, log=self.control, files=self.control, watch=watch)
        await run.load()
        archiver = (
            PutOnQueue(
                queue=self.world.queue,
                sweep_log=self.world.sweep_log,
                clock=self.world.clock,
                by="backfill",
            )
            if queue
            else ArchiveHere(finalize=self.world.finalize)
        )
        backfill = Backfill(
            run=run,
            finder=self.finder,
            archiver=None if dry else archiver,
            clock=self.world.clock,
            stop=stop,
            **options,
        )
        seeds = Seeds(users=[(one, FROM_FILE) for one in users], threads=threads)
        await asyncio.wait_for(backfill(seeds), 20)
        return run.inventory

    @property
    def archived(self):
        return {
            thread
            for thread in self.finder.members
            if any(
                path.endswith("manifest.json")
                for path in self.world.archive.files
                if path.startswith(f"thread={thread}/")
            )
        }


@pytest.fixture
def inventory():
    return Inventory({"one": [ALICE], "two": [ALICE, BOB], "three": [BOB, CAROL]})


async def test_every_thread_of_every_user_is_archived(inventory):
    found = await inventory.run(ALICE, BOB)

    assert inventory.archived == {"one", "two", "three"}
    assert +found.thread_states == {ThreadState.ARCHIVED: 3}
    assert found.ended_on


async def test_without_following_only_the_named_users_are_asked(inventory):
    await inventory.run(ALICE)

    assert inventory.archived == {"one", "two"}
    assert inventory.finder.asked == [ALICE]


@pytest.mark.parametrize("queue", [False, True])
async def test_following_reaches_everybody_once(inventory, queue):
    found = await inventory.run(ALICE, follow=True, queue=queue)

    assert set(found.threads) == {"one", "two", "three"}
    assert queue or inventory.archived == set(found.threads)
    assert sorted(inventory.finder.asked) == sorted([ALICE, BOB, CAROL])


async def test_following_asks_nobody_who_has_no_token(inventory):
    inventory.finder.members["two"].append(TEAMS)

    found = await inventory.run(ALICE, follow=True, queue=True)

    assert TEAMS not in found.users
    assert not found.has_failed_discovery


async def test_queued_threads_name_who_may_read_them(inventory):
    found = await inventory.run(ALICE, queue=True)

    works = {work.thread_id: work for work, _ in inventory.world.queue.messages}
    assert set(works) == {"one", "two"}
    assert works["one"].readers == (ALICE,)
    assert works["one"].relist
    assert +found.thread_states == {ThreadState.QUEUED: 2}


async def test_threads_can_be_named_without_any_user(inventory):
    await inventory.run(threads=[("three", CAROL)])

    assert inventory.archived == {"three"}


async def test_a_thread_that_nobody_may_read_is_unreachable_and_said(inventory):
    found = await inventory.run(ALICE, threads=[("lost", "")])

    lost = found.threads["lost"]
    assert lost.state is ThreadState.UNREACHABLE
    assert "no reader" in lost.reason
    assert inventory.archived == {"one", "two"}


@pytest.mark.parametrize("concurrency", [1, 8])
async def test_a_thread_whose_first_reader_is_gone_is_read_as_the_next(
    inventory, concurrency
):
    inventory.finder.refused.add(CAROL)
    for thread, reader in list(inventory.world.chat.pages):
        if reader == CAROL:
            del inventory.world.chat.pages[thread, reader]

    found = await inventory.run(
        BOB, threads=[("three", CAROL)], concurrency=concurrency
    )

    assert found.threads["three"].state is ThreadState.ARCHIVED
    assert inventory.archived == {"two", "three"}


async def test_a_user_who_was_refused_is_asked_again_by_the_next_run(inventory):
    inventory.finder.refused.add(ALICE)
    await inventory.run(ALICE)
    inventory.finder.refused.clear()

    found = await inventory.run(ALICE)

    assert not found.has_failed_discovery
    assert inventory.archived == {"one", "two"}


async def test_who_has_a_thread_that_cannot_be_read_is_no_success(inventory):
    inventory.finder.unreadable[ALICE] = 2

    found = await inventory.run(ALICE)

    assert inventory.archived == {"one", "two"}
    assert found.users[ALICE].state is UserState.FAILED
    assert found.users[ALICE].reason == "2 listed threads could not be read"


async def test_a_failed_login_is_never_an_empty_estate(inventory):
    inventory.finder.refused.add(ALICE)
    inventory.finder.failing.add(BOB)

    found = await inventory.run(ALICE, BOB, CAROL, TEAMS)

    assert found.has_failed_discovery
    assert found.users[ALICE].state is UserState.REFUSED
    assert found.users[BOB].state is UserState.FAILED
    assert found.users[TEAMS].state is UserState.OUTSIDE
    assert inventory.archived == {"three"}


async def test_what_failed_is_tried_again_by_the_next_run(inventory):
    inventory.finder.failing.add(BOB)
    inventory.world.chat.fails = Transient("throttled")
    failed = await inventory.run(ALICE, BOB)
    assert failed.threads["one"].state is ThreadState.FAILED

    inventory.finder.failing.clear()
    inventory.world.chat.fails = None
    found = await inventory.run()

    assert inventory.archived == {"one", "two", "three"}
    assert not found.has_failed_discovery


async def test_a_run_that_came_to_its_end_has_nothing_left_to_do(inventory):
    await inventory.run(ALICE, BOB)
    asked, read = len(inventory.finder.asked), len(inventory.world.chat.asked)

    await inventory.run(ALICE, BOB)

    assert (len(inventory.finder.asked), len(inventory.world.chat.asked)) == (
        asked,
        read,
    )


async def test_runs_of_two_names_do_not_disturb_each_other(inventory):
    await inventory.run(ALICE, name="first")

    found = await inventory.run(BOB, name="second")

    assert set(found.users) == {BOB}
    assert sorted(inventory.control.files) == [
        "runs/first/state.jsonl",
        "runs/second/state.jsonl",
    ]


async def test_since_last_archives_what_was_said_since_and_what_is_new(inventory):
    await inventory.run(ALICE, BOB)
    inventory.world.clock.pass_time(hours=1)
    inventory.finder.last["two"] = "2026-11-22T12:30:00Z"
    inventory.finder.members["four"] = [BOB]
    inventory.world.chat.shows("two", ALICE, listed(), listed(1, "since"))
    inventory.world.chat.shows("four", BOB, listed())
    read = len(inventory.world.chat.asked)

    await inventory.run(scope=Scope.SINCE_LAST)

    asked = {thread for thread, _ in inventory.world.chat.asked[read:]}
    assert asked == {"two", "four"}
    assert len(inventory.world.file("manifest.json", 2, "two")) > 0


async def test_since_last_sees_a_message_half_a_second_after_the_last(inventory):
    inventory.world.clock.pass_time(hours=24)
    inventory.finder.last["two"] = "2026-11-22T12:00:00Z"
    await inventory.run(ALICE, BOB)
    inventory.finder.last["two"] = "2026-11-22T12:00:00.5Z"
    read = len(inventory.world.chat.asked)

    await inventory.run(scope=Scope.SINCE_LAST)

    assert {thread for thread, _ in inventory.world.chat.asked[read:]} == {"two"}


async def test_asking_again_writes_no_revision_where_nothing_is_new(inventory):
    await inventory.run(ALICE, BOB)
    before = dict(inventory.world.archive.files)

    await inventory.run(scope=Scope.ALL)

    assert inventory.world.archive.files == before
    assert len(inventory.world.chat.asked) == 6


async def test_a_dry_run_finds_and_archives_nothing(inventory):
    found = await inventory.run(ALICE, dry=True, follow=True)

    assert set(found.threads) == {"one", "two", "three"}
    assert +found.thread_states == {ThreadState.FOUND: 3}
    assert inventory.world.archive.files == {}


async def test_a_dry_run_is_not_in_vain(inventory):
    await inventory.run(ALICE, BOB, dry=True)
    asked = len(inventory.finder.asked)

    await inventory.run()

    assert inventory.archived == {"one", "two", "three"}
    assert len(inventory.finder.asked) == asked


async def test_state_that_cannot_be_kept_ends_the_run(inventory, monkeypatch):
    append = inventory.control.append

    async def fail_later(stem, line):
        if b'"found"' in line:
            raise Transient("no storage")
        await append(stem, line)

    monkeypatch.setattr(inventory.control, "append", fail_later)

    with pytest.raises(Transient, match="no storage"):
        await inventory.run(ALICE, BOB)


async def test_the_readers_of_many_threads_take_turns():
    threads = {f"a{n}": [ALICE] for n in range(3)} | {f"b{n}": [BOB] for n in range(3)}
    inventory = Inventory(threads)

    await inventory.run(ALICE, BOB, dry=True)
    await inventory.run(concurrency=1)

    readers = [reader for _, reader in inventory.world.chat.asked]
    assert readers == [ALICE, BOB] * 3


@settings(max_examples=40, deadline=None)
@given(
    stops=st.lists(st.integers(2, 12), max_size=4),
    follow=st.booleans(),
    concurrency=st.sampled_from([1, 2, 8]),
)
def test_a_run_that_is_stopped_again_and_again_ends_like_one_that_is_not(
    stops, follow, concurrency
):
    threads = {
        "one": [ALICE], "two": [ALICE, BOB], "three": [BOB, CAROL], "four": [CAROL]
    }  # fmt: skip
    users = (ALICE,) if follow else (ALICE, BOB, CAROL)
    options = {"follow": follow, "concurrency": concurrency}

    async def go():
        inventory = Inventory(threads)
        for stop in stops:
            await inventory.run(*users, stop_after=stop, **options)
        return inventory, await inventory.run(*users, **options)

    inventory, found = asyncio.run(go())

    assert found.ended_on
    assert +found.thread_states == {ThreadState.ARCHIVED: 4}
    assert inventory.archived == set(found.threads)


async def test_what_the_service_deletes_first_is_archived_first(inventory):
    for number in range(20):
        inventory.finder.members[f"t{number:02}"] = [ALICE]
        inventory.world.chat.shows(f"t{number:02}", ALICE, listed())
    inventory.finder.due["t15"] = "2026-12-24T00:00:00Z"
    inventory.finder.due["t19"] = "2026-12-01T00:00:00Z"
    inventory.finder.due["three"] = "2026-12-09T00:00:00Z"

    found = await inventory.run(ALICE, BOB, concurrency=1)

    keys = {
        json.loads(data)["thread_key"]: json.loads(data)["thread_id"]
        for path, data in inventory.world.archive.files.items()
        if path.endswith("thread.json")
    }
    order = [
        keys[json.loads(line)["thread_key"]]
        for line in inventory.world.archive.files["ledger/000001.jsonl"].splitlines()
        if json.loads(line)["kind"] == "revision"
    ]
    assert len(order) == 23
    assert order[:3] == ["t19", "three", "t15"]
    assert found.threads["three"].deletion_due_on == "2026-12-09T00:00:00Z"


async def test_what_a_file_named_with_its_reader_is_archived_first_all_the_same(
    inventory,
):
    names = [f"t{number:02}" for number in range(20)]
    for name in names:
        inventory.finder.members[name] = [ALICE]
        inventory.finder.last[name] = "2026-11-22T12:00:00Z"
        inventory.world.chat.shows(name, ALICE, listed())
    inventory.finder.due["t19"] = "2026-12-01T00:00:00Z"
    of_a_chat_log = [(name, ALICE) for name in names]

    found = await inventory.run(ALICE, threads=of_a_chat_log, concurrency=1)

    assert found.threads["t19"].deletion_due_on == "2026-12-01T00:00:00Z"
    assert inventory.finder.looked.count("t19") == 1
    ledger = inventory.world.archive.files["ledger/000001.jsonl"].splitlines()
    kinds = [json.loads(line) for line in ledger]
    keys = [line["thread_key"] for line in kinds if line["kind"] == "revision"]
    t19 = next(
        json.loads(data)["thread_key"]
        for path, data in inventory.world.archive.files.items()
        if path == "thread=t19/thread.json"
    )
    assert keys[0] == t19


async def test_what_is_deleted_first_is_known_by_a_run_that_goes_on(inventory):
    inventory.finder.due["two"] = "2026-12-01T00:00:00Z"
    found = await inventory.run(ALICE, dry=True)
    assert found.threads["two"].deletion_due_on
    looked = list(inventory.finder.looked)

    await inventory.run(ALICE, concurrency=1)

    assert inventory.finder.looked == looked == ["one", "two"]


async def test_a_deletion_that_nobody_tells_of_keeps_no_thread_from_being_archived(
    inventory,
):
    async def refuse(thread_id, reader):
        raise ReaderRefused(403, "this reader has left")

    inventory.finder.deletion_due = refuse
    await inventory.run(ALICE, BOB)

    assert inventory.archived == {"one", "two", "three"}


async def test_of_a_deleted_thread_nobody_asks_when_it_will_be(inventory):
    inventory.finder.deleted["two"] = "2026-11-01T00:00:00Z"
    await inventory.run(ALICE)

    assert inventory.finder.looked == ["one"]
