import asyncio
import json
import threading
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import (
    ALICE,
    BOB,
    THREAD,
    deleted,
    edited,
    listed,
    listed_edited,
    received,
    thread_created,
    who,
)
from shared.domain import layout
from shared.domain.errors import IntegrityError, Transient
from shared.domain.evidence.seals import seal_file
from shared.domain.log.commitment import sha256
from shared.domain.log.coverage import uncovered
from shared.formats import ARCHIVED
from shared.formats.registry import streamed
from shared.ports.leases import LeaseHeld
from shared.usecases.archive import collect, finalize, listing, load
from shared.usecases.evidence import beside, thread_archive
from shared.usecases.evidence.thread_archive import read_thread
from verifying import verify
from world import World


@pytest.fixture
def world():
    return World()


async def test_log_and_listing_become_one_revision(world):
    await world.receive(thread_created(), received())
    world.chat.shows(THREAD, ALICE, listed(), listed(1, "unseen"))

    finalized = await world.finalize(THREAD)

    assert finalized.written
    assert finalized.visibility == "full"
    assert finalized.outcomes["matched"] == 1
    assert finalized.outcomes["backfilled"] == 1
    names = {path.rsplit("/", 1)[-1] for path in world.archive.files}
    assert names == {
        "events.jsonl", "listing.jsonl", "transcript.json", "messages.csv",
        "history.csv", "reconciliation.json", "manifest.json", "thread.json", "000001.jsonl",
            "README.txt",
    }  # fmt: skip


async def test_a_thread_that_is_older_than_its_log_is_read_as_who_speaks_in_it(world):
    await world.receive(received())
    world.chat.shows(THREAD, ALICE, listed(-9, "before there was a log"), listed())

    finalized = await world.finalize(THREAD)

    assert world.chat.asked == [(THREAD, ALICE)]
    assert finalized.outcomes["backfilled"] == 1


async def test_the_manifest_seals_every_rendered_file(world):
    await world.receive(thread_created(), received())

    await world.finalize(THREAD)

    thread = await read_thread(world.archive, THREAD)
    salts = thread.chain.salts()
    for file in thread.newest.files:
        data = world.file(file.name)
        assert file == seal_file(file.name, file.renderer, salts, data)
    assert [file.renderer for file in thread.newest.files] == [
        "csv 2",
        "csv 2",
        "reconciliation 2",
        "json 1",
    ]
    assert verify(world.archive) == []


async def test_events_are_archived_as_they_came(world):
    events = thread_created(), received(), edited()
    await world.receive(*events)

    await world.finalize(THREAD)

    lines = world.lines("events")
    assert [json.loads(line.content) for line in lines] == list(events)
    (segment,) = world.log.blobs.values()
    salts = [json.loads(line)["salt"] for line in segment.data.splitlines()]
    assert [line.salt.hex() for line in lines] == salts


async def test_a_record_that_was_appended_twice_is_one_line_and_no_news(world):
    await world.receive(received())
    (segment,) = world.log.blobs.values()
    whole = segment.data
    segment.data += whole
    await world.finalize(THREAD)
    segment.data += whole

    assert not (await world.finalize(THREAD)).written

    assert len(world.lines("events")) == 1
    world.clock.pass_time(days=2)
    await world.sweep()
    assert world.queued() == []


async def test_the_marker_and_the_ledger_follow_the_manifest(world):
    await world.receive(received())

    await world.finalize(THREAD)

    thread = await world.log.thread(THREAD)
    assert list(thread.markers) == [1]
    assert not (await world.finalize(THREAD)).written
    (line,) = world.ledger_lines()
    assert line["thread_key"] == world.manifest()["thread_key"]
    assert line["manifest"] == sha256(world.file("manifest.json"))


async def test_every_revision_is_announced_at_least_once(world):
    await world.receive(received())
    mark = world.log.mark

    async def die(*_):
        raise Crash

    world.log.mark = die
    with pytest.raises(Crash):
        await world.finalize(THREAD)
    world.log.mark = mark
    await world.finalize(THREAD)

    assert [one.revision for one in world.announcer.told] == [1, 1]
    assert world.announcer.told[0].path + "/manifest.json" in world.archive.files


async def test_a_second_look_without_news_writes_nothing(world):
    await world.receive(received())
    await world.finalize(THREAD)
    before = dict(world.archive.files)
    asked = len(world.chat.asked)

    finalized = await world.finalize(THREAD)

    assert (finalized.revision, finalized.written) == (1, False)
    assert world.archive.files == before
    assert len(world.chat.asked) == asked
    assert len(world.ledger_lines()) == 1


async def test_a_revision_holds_what_is_new_and_tells_all(world):
    await world.receive(thread_created(), received())
    world.chat.shows(THREAD, ALICE, listed())
    await world.finalize(THREAD)
    await world.receive(edited())
    world.chat.shows(THREAD, ALICE, listed_edited())

    await world.finalize(THREAD)

    assert [line.facts["change"] for line in world.lines("events", 2)] == ["edited"]
    (message,) = world.transcript(2)["messages"]
    assert [version["kind"] for version in message["versions"]] == [
        "received",
        "edited",
    ]
    assert world.manifest(2)["previous"] == {
        "revision": 1,
        "manifest": sha256(world.file("manifest.json")),
    }
    assert verify(world.archive) == []


async def test_a_pruned_log_loses_nothing(world):
    await world.receive(received(0))
    await world.finalize(THREAD)
    world.log.blobs.clear()
    await world.receive(received(1))
    world.log.age(created_on=world.clock() + timedelta(days=1))

    await world.finalize(THREAD)

    assert world.transcript(2)["message_count"] == 2


async def test_a_record_that_arrives_meanwhile_is_in_the_next_revision(world):  # P6
    await world.receive(thread_created(), received(0))
    world.chat.shows(THREAD, ALICE, listed(0))
    list_thread = world.chat.list_thread

    async def list_while_somebody_writes(*asked):
        await world.receive(received(1))
        return await list_thread(*asked)

    world.chat.list_thread = list_while_somebody_writes
    await world.finalize(THREAD)
    world.chat.list_thread = list_thread
    finalized = await world.finalize(THREAD)

    assert world.transcript(1)["message_count"] == 1
    assert (finalized.revision, world.transcript(2)["message_count"]) == (2, 2)


async def test_a_record_that_arrives_while_its_thread_is_published_is_due(world):  # P6
    await world.receive(received(0))
    append = world.ledger.blobs.append

    async def append_while_somebody_writes(number, line):
        await world.receive(received(1))
        return await append(number, line)

    world.ledger.blobs.append = append_while_somebody_writes
    await world.finalize(THREAD)
    world.ledger.blobs.append = append
    world.clock.pass_time(days=2)
    await world.sweep()

    assert world.queued() == [THREAD]
    assert (await world.finalize(THREAD)).revision == 2


async def test_a_segment_that_was_restored_after_pruning_is_nothing_new(world):
    await world.receive(received(0))
    await world.finalize(THREAD)
    pruned = dict(world.log.blobs)
    world.log.blobs.clear()
    await world.receive(received(1) | {"eventTime": "2026-11-23T12:00:00Z"})
    await world.finalize(THREAD)

    world.log.blobs |= pruned

    assert not (await world.finalize(THREAD)).written


async def test_a_segment_without_its_last_newline_hides_no_record(world):  # P6
    await world.receive(received(0))
    await world.receive(received(1) | {"eventTime": "2026-11-23T12:00:00Z"})
    first, _ = world.log.blobs.values()
    first.data = first.data.removesuffix(b"\n")

    await world.finalize(THREAD)

    assert world.transcript()["message_count"] == 2


async def test_no_reader_is_said_and_not_hidden(world):  # P8
    await world.receive(thread_created(), received())

    finalized = await world.finalize(THREAD)

    assert finalized.visibility == "events_only"
    assert finalized.outcomes["unverifiable"] == 1
    assert "403" in world.transcript()["listing"]["reason"]
    (outcome,) = world.lines("listing")
    refused = json.loads(outcome.content)["refused"]
    assert [one["reader"] for one in refused] == [ALICE, BOB]
    assert world.manifest()["grade"] == "may_be_incomplete"
    assert world.manifest()["grade_reason"] == "events_only"


async def test_the_configured_archiver_is_asked_first():
    world = World(readers=["8:acs:r_archiver"])
    world.chat.shows(THREAD, "8:acs:r_archiver", listed())
    await world.receive(thread_created(), received())

    await world.finalize(THREAD)

    assert world.chat.asked == [(THREAD, "8:acs:r_archiver")]


async def test_of_partial_views_the_longest_is_kept(world):
    await world.receive(thread_created(), received())
    world.chat.shows(THREAD, ALICE, since="2026-11-22T11:00:00Z")
    world.chat.shows(THREAD, BOB, listed(), since="2026-11-22T10:00:00Z")

    await world.finalize(THREAD)

    view = world.transcript()["listing"]
    assert (view["visibility"], view["reader"]) == ("partial", BOB)
    assert view["since"] == "2026-11-22T10:00:00Z"


STAYED = "8:acs:r_stayed"


@pytest.mark.parametrize(
    "names",
    [
        {"senderCommunicationIdentifier": who(STAYED)},
        {
            "type": "participantRemoved",
            "content": {"initiatorCommunicationIdentifier": who(STAYED)},
        },
        {
            "type": "participantAdded",
            "content": {"participants": [{"communicationIdentifier": who(STAYED)}]},
        },
    ],
    ids=["who wrote", "who removed somebody", "who was added"],
)
async def test_who_has_left_leads_to_one_who_is_still_there(world, names):
    world.chat.shows(THREAD, ALICE, listed(0) | names, listed(5, "by Alice"))
    world.chat.leaves(THREAD, ALICE)
    world.chat.shows(THREAD, STAYED, listed(0) | names, listed(9, "since then"))

    finalized = await world.finalize(THREAD, readers=(ALICE,), relist=True)

    view = world.transcript()["listing"]
    assert (view["visibility"], view["reader"]) == ("full", STAYED)
    assert finalized.visibility == "full"


async def test_who_has_left_is_the_reader_where_nobody_is_there(world):
    teams = who("8:orgid:somebody")
    world.chat.shows(THREAD, ALICE, listed(0, senderCommunicationIdentifier=teams))
    world.chat.leaves(THREAD, ALICE)

    await world.finalize(THREAD, readers=(ALICE,), relist=True)

    view = world.transcript()["listing"]
    assert (view["visibility"], view["reader"]) == ("partial", ALICE)
    assert view["reason"] == "the reader has left the thread"
    assert world.chat.asked == [(THREAD, ALICE)]


LONGER = {"since": "2026-11-22T10:00:00Z"}
SHORTER = {"since": "2026-11-22T11:00:00Z"}
UNKNOWN_PART = {"settled": False}


@pytest.mark.parametrize(
    ("first", "then", "kept"),
    [
        (LONGER, SHORTER, ALICE),
        (SHORTER, LONGER, BOB),
        (LONGER, LONGER, ALICE),
        (LONGER, UNKNOWN_PART, ALICE),
        (UNKNOWN_PART, SHORTER, BOB),
        (UNKNOWN_PART, UNKNOWN_PART, ALICE),
    ],
)
async def test_a_longer_listing_is_kept_whoever_was_asked_first(first, then, kept):
    world = World(readers=[ALICE, BOB])
    world.chat.shows(THREAD, ALICE, listed(), **first)
    world.chat.shows(THREAD, BOB, listed(), **then)

    await world.finalize(THREAD)

    assert world.chat.asked == [(THREAD, ALICE), (THREAD, BOB)]
    assert world.transcript()["listing"]["reader"] == kept


async def test_a_thread_without_a_log_is_archived_from_its_listing():
    world = World(readers=[ALICE])
    world.chat.shows(THREAD, ALICE, listed())

    finalized = await world.finalize(THREAD)

    assert finalized.outcomes["backfilled"] == 1


async def test_a_thread_of_which_nothing_is_known_is_an_alarm(world):
    with pytest.raises(IntegrityError, match="nothing is known"):
        await world.finalize("19:never-heard-of@thread.v2")

    assert world.archive.files == {}


async def test_a_user_who_is_known_to_be_in_a_thread_reads_it(world):
    world.chat.shows(THREAD, BOB, listed())

    finalized = await world.finalize(THREAD, readers=[BOB])

    assert finalized.visibility == "full"
    assert finalized.people == (BOB,)


async def test_a_listing_tells_of_a_better_reader(world):
    world.chat.shows(
        THREAD, BOB, listed(), since="2026-11-22T10:00:00Z", others=[ALICE]
    )
    world.chat.shows(THREAD, ALICE, listed())

    finalized = await world.finalize(THREAD, readers=[BOB])

    assert finalized.visibility == "full"
    assert world.chat.asked == [(THREAD, BOB), (THREAD, ALICE)]


async def test_asking_again_finds_what_no_event_told(world):
    world.chat.shows(THREAD, ALICE, listed())
    await world.finalize(THREAD, readers=[ALICE])
    world.chat.shows(THREAD, ALICE, listed(), listed(1, "since"))

    assert not (await world.finalize(THREAD, readers=[ALICE])).written
    finalized = await world.finalize(THREAD, readers=[ALICE], relist=True)

    assert (finalized.revision, finalized.written) == (2, True)
    assert world.reconciliation(2)["counts"]["messages"] == 2


@pytest.mark.parametrize(
    "now_seen",
    [[listed()], []],
    ids=["the same", "nothing, being refused"],
)
async def test_asking_again_writes_nothing_where_nothing_is_new(world, now_seen):
    world.chat.shows(THREAD, ALICE, listed())
    await world.finalize(THREAD, readers=[ALICE])
    before = dict(world.archive.files)
    if not now_seen:
        world.chat.pages.clear()

    finalized = await world.finalize(THREAD, readers=[ALICE], relist=True)

    assert (finalized.revision, finalized.written) == (1, False)
    assert world.archive.files == before


async def test_a_listing_that_tells_of_another_participant_is_news(world):
    world.chat.shows(THREAD, ALICE, listed())
    await world.finalize(THREAD, readers=[ALICE])
    world.chat.shows(THREAD, ALICE, listed(), others=[BOB])

    finalized = await world.finalize(THREAD, relist=True)

    assert (finalized.written, finalized.people) == (True, (ALICE, BOB))


async def test_a_listing_that_tells_more_of_a_known_version_is_news(world):
    since = "2026-11-22T10:00:00Z"
    world.chat.shows(THREAD, ALICE, listed(), since=since)
    await world.finalize(THREAD, readers=[ALICE])
    more = listed(content={"message": "hello", "topic": "T"})
    world.chat.shows(THREAD, ALICE, more, since=since)

    assert (await world.finalize(THREAD, relist=True)).written


async def test_a_listing_that_shows_less_than_the_last_is_no_news(world):
    await world.receive(thread_created(), received())
    world.chat.shows(THREAD, ALICE)
    first = await world.finalize(THREAD)
    world.chat.pages.clear()

    assert first.outcomes["missing_at_recheck"] == 1
    assert not (await world.finalize(THREAD, relist=True)).written


async def test_a_thread_that_nobody_could_read_is_checked_once_somebody_can(world):
    await world.receive(thread_created(), received())
    first = await world.finalize(THREAD)
    world.chat.shows(THREAD, ALICE, listed())

    second = await world.finalize(THREAD, relist=True)

    assert first.outcomes["unverifiable"] == 1
    assert (second.revision, second.outcomes["matched"]) == (2, 1)


async def test_a_service_in_trouble_leaves_the_archive_as_it_was(world):
    await world.receive(thread_created(), received())
    world.chat.fails = Transient("throttled")

    with pytest.raises(Transient):
        await world.finalize(THREAD)

    assert world.archive.files == {}
    assert world.leases.holders == {}


async def test_a_thread_that_somebody_else_finalizes_is_left_to_them(world):
    await world.receive(received())

    async with world.leases.hold(layout.lease_path(THREAD)):
        with pytest.raises(LeaseHeld):
            await world.finalize(THREAD)

    assert world.archive.files == {}


async def test_without_the_lease_there_is_no_manifest(world):
    await world.receive(received())
    create = world.archive.create

    async def create_and_lose_the_lease(path, data):
        world.leases.holders.clear()
        await create(path, data)

    world.archive.create = create_and_lose_the_lease
    with pytest.raises(Transient, match="lease"):
        await world.finalize(THREAD)

    assert not any(path.endswith("manifest.json") for path in world.archive.files)


async def test_files_that_do_not_read_back_get_no_manifest(world):  # P4
    await world.receive(received())
    create = world.archive.create

    async def create_badly(path, data):
        whole = data
        if not isinstance(data, bytes):
            whole = b"".join([block async for block in data])
        await create(path, whole.replace(b"hello", b"hallo"))

    world.archive.create = create_badly
    with pytest.raises(IntegrityError, match="read back"):
        await world.finalize(THREAD)

    assert not any(path.endswith("manifest.json") for path in world.archive.files)


async def test_a_tampered_revision_is_not_built_upon(world):
    await world.receive(received(0))
    await world.finalize(THREAD)
    path = layout.revision_path(THREAD, 1, "events.jsonl")
    world.archive.files[path] = world.archive.files[path].replace(b"hello", b"hallo")
    await world.receive(received(1))

    with pytest.raises(IntegrityError, match="not what its manifest says"):
        await world.finalize(THREAD)


class Crash(BaseException):
    """The process dies here."""


def dying(world, after):
    """Let the world die at its n-th step that reaches outside."""
    steps = iter(range(10_000))

    def wrap(owner, name):
        method = getattr(owner, name)

        async def step(*args, **kwargs):
            if next(steps) == after:
                raise Crash
            result = await method(*args, **kwargs)
            if next(steps) == after:
                raise Crash
            return result

        setattr(owner, name, step)

    for name in ("thread", "read", "mark"):
        wrap(world.log, name)
    for name in ("read", "create"):
        wrap(world.archive, name)
    for name in ("create", "append"):
        wrap(world.ledger.blobs, name)
    wrap(world.chat, "list_thread")


@pytest.mark.parametrize("step", range(0, 60, 2))
async def test_a_crash_at_any_step_loses_nothing_and_leaves_no_half_revision(step):
    world = World()
    await world.receive(
        thread_created(), received(0), received(1), edited(1), deleted(0)
    )
    world.chat.shows(THREAD, ALICE, listed_edited(1))
    plain = {
        name: getattr(owner, name)
        for owner, names in (
            (world.log, ("thread", "mark")),
            (world.archive, ("create",)),
            (world.chat, ("list_thread",)),
        )
        for name in names
    }
    blobs = world.ledger.blobs.create, world.ledger.blobs.append
    reads = world.log.read, world.archive.read
    dying(world, step)
    try:
        await world.finalize(THREAD)
    except Crash:
        world.leases.holders.clear()  # they run out by themselves
    world.log.thread, world.log.mark = plain["thread"], plain["mark"]
    world.archive.create = plain["create"]
    world.ledger.blobs.create, world.ledger.blobs.append = blobs
    world.chat.list_thread = plain["list_thread"]
    world.log.read, world.archive.read = reads
    await world.receive(received(2))

    finalized = await world.finalize(THREAD)

    transcript = world.transcript(finalized.revision)
    assert transcript["message_count"] == 3
    manifests = [p for p in world.archive.files if p.endswith("manifest.json")]
    in_ledger = {line["manifest"] for line in world.ledger_lines()}
    assert in_ledger == {sha256(world.archive.files[path]) for path in manifests}
    assert verify(world.archive) == []


@given(st.lists(st.sampled_from(["take", "finalize", "prune"]), max_size=12))
def test_nothing_is_lost_between_two_revisions(steps):
    world = World()
    taken = 0

    async def live():
        nonlocal taken
        for step in [*steps, "finalize"]:
            world.clock.pass_time(seconds=1)
            if step == "take":
                await world.receive(received(taken))
                taken += 1
            elif step == "finalize" and taken:
                await world.finalize(THREAD)
            else:
                await prune_covered(world)

    asyncio.run(live())

    if taken:
        newest = max(
            layout.revision_number(path)
            for path in world.archive.files
            if path.endswith("manifest.json")
        )
        assert world.transcript(newest)["message_count"] == taken


async def prune_covered(world):
    thread = await world.log.thread(THREAD)
    if thread.markers and not uncovered(thread.segments, thread.covers):
        for segment in thread.segments:
            await world.log.prune(segment)


async def test_a_long_thread_is_read_and_written_beside_the_loop_to_the_same_bytes(
    monkeypatch,
):
    short, long = World(formats=ARCHIVED), World(formats=ARCHIVED)
    threads: set[int] = set()

    def noting(function):
        def noted(*arguments, **named):
            threads.add(threading.get_ident())
            return function(*arguments, **named)

        return noted

    def noting_each(*arguments):
        for name, parts in streamed(*arguments):
            threads.add(threading.get_ident())
            yield name, map(noting(bytes), parts)

    for name in ("transcript_of", "with_attachments", "read_events"):
        monkeypatch.setattr(collect, name, noting(getattr(collect, name)))
    monkeypatch.setattr(finalize, "has_news", noting(finalize.has_news))
    monkeypatch.setattr(
        thread_archive, "add_revision", noting(thread_archive.add_revision)
    )
    monkeypatch.setattr(load, "read_records", noting(load.read_records))
    for name in ("thread_events", "read_listings", "participants", "ListingLines"):
        monkeypatch.setattr(listing, name, noting(getattr(listing, name)))
    monkeypatch.setattr(finalize, "streamed", noting_each)
    for world in (short, long):
        world.chat.shows(THREAD, ALICE, listed())
        await world.receive(thread_created(), received(), edited())
    await short.finalize(THREAD)
    await short.finalize(THREAD, relist=True)
    assert threads == {threading.get_ident()}

    threads.clear()
    monkeypatch.setattr(beside, "MUCH_BYTES", 1)
    await long.finalize(THREAD)
    await long.finalize(THREAD, relist=True)

    assert threads
    assert threading.get_ident() not in threads
    assert long.archive.files == short.archive.files
