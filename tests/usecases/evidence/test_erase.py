import asyncio
import json
from datetime import timedelta

import pytest
from erasing import erase, eraser, plans

from builders import (
    ALICE,
    BOB,
    FIRST_ID,
    NOON,
    THREAD,
    deleted,
    edited,
    listed,
    listed_deleted,
    listed_edited,
    received,
    thread_created,
    thread_event,
    to_log,
    who,
)
from evidence_verifiers import reasons
from fakes.archive_store import MemoryArchiveStore
from fakes.unprocessed_events import MemoryUnprocessedEvents
from shared.domain import layout
from shared.domain.errors import IntegrityError, Transient
from shared.domain.evidence.orders import decode_orders
from shared.domain.log.work import Work
from shared.ports.archive_store import Immutable
from shared.usecases.evidence.erase import Refused, Unfinished
from shared.usecases.evidence.erase_plan import Choice
from shared.usecases.evidence.holds import Holds, NoSuchHold
from shared.usecases.evidence.ledger import Ledger
from shared.usecases.evidence.thread_archive import orders_path
from shared.usecases.evidence.unreached import FindUnreached
from verifying import in_memory, verify
from world import World

MESSAGE = str(FIRST_ID)
SECRET = b"my secret"
BY_BOB = {"senderCommunicationIdentifier": who(BOB), "senderDisplayName": "Bobby"}
SYSTEM = listed(
    -10,
    type="participantAdded",
    senderCommunicationIdentifier=None,
    content={
        "participants": [{"communicationIdentifier": who(BOB), "displayName": "Bobby"}]
    },
)


async def two_revisions():
    """The secret is Alice's; Bob speaks too, is named, and edits."""
    world = World()
    await world.receive(
        thread_created(
            participants=[
                {
                    "displayName": "Alice",
                    "participantCommunicationIdentifier": who(ALICE),
                },
                {
                    "displayName": "Bobby",
                    "participantCommunicationIdentifier": who(BOB),
                    "metadata": {"a": "b"},
                },
            ]
        ),
        received(0, "my secret", metadata={"k": "my secret"}, subject="my secret"),
        received(0, "my secret", level="", recipientCommunicationIdentifier=who(BOB)),
        edited(0, "my secret, again"),
        received(1, "from Bob", **BY_BOB),
    )
    world.chat.shows(
        THREAD,
        ALICE,
        listed_edited(0, "my secret, again"),
        listed(1, "from Bob", **BY_BOB),
        listed(2, "my secret, listed only"),
        SYSTEM,
    )
    await world.finalize(THREAD)
    world.clock.pass_time(hours=1)
    await world.receive(deleted(0), received(3, "the rest"))
    world.chat.shows(
        THREAD,
        ALICE,
        listed_deleted(0),
        listed(1, "from Bob", **BY_BOB),
        listed(2, "my secret, listed only"),
        SYSTEM,
    )
    await world.finalize(THREAD)
    return world


def all_bytes(world):
    stored = [
        *world.archive.files.values(),
        *(blob.data for blob in world.log.blobs.values()),
    ]
    return b"".join(stored)


async def test_an_erased_message_is_gone_from_everywhere_and_all_still_verifies():
    world = await two_revisions()
    ids = {MESSAGE, str(FIRST_ID + 2)}
    lines = [
        line
        for number in (1, 2)
        for name in ("events", "listing")
        for line in world.lines(name, number)
    ]
    salts = [line.salt.hex() for line in lines if line.facts.get("message") in ids]
    manifests = [world.file("manifest.json", number) for number in (1, 2)]
    assert SECRET in all_bytes(world)

    changed = await erase(world, messages=frozenset(ids), threads=(THREAD,))

    assert changed
    assert SECRET not in all_bytes(world)
    assert salts
    assert not any(salt.encode() in all_bytes(world) for salt in salts)
    assert [world.file("manifest.json", number) for number in (1, 2)] == manifests
    assert verify(world.archive) == []
    (order,) = orders(world)
    assert (order.who, order.why, order.revision) == ("Dana", "request 12", 2)
    assert set(order.ids) == ids


def orders(world):
    return decode_orders(world.archive.files[orders_path(THREAD)])


async def test_what_is_erased_still_says_that_it_was_there():
    world = await two_revisions()
    before = world.transcript(2)["messages"]

    await erase(world, messages=frozenset([MESSAGE]), threads=(THREAD,))

    after = world.transcript(2)["messages"]
    assert [one["id"] for one in after] == [one["id"] for one in before]
    (gone,) = (one for one in after if one["id"] == MESSAGE)
    (was,) = (one for one in before if one["id"] == MESSAGE)
    for name in ("commitment", "lines", "version", "kind", "on", "by"):
        assert [one[name] for one in gone["versions"]] == [
            one[name] for one in was["versions"]
        ]
    assert [one["erased"] for one in gone["versions"]] == [True, True, True]
    assert gone["outcome"] == was["outcome"]
    assert gone["sender"]["id"] == was["sender"]["id"]
    assert all(
        one["content"] is None and one["extra"] == {} for one in gone["versions"]
    )
    others = [one for one in after if one["id"] != MESSAGE]
    assert others == [one for one in before if one["id"] != MESSAGE]


async def test_the_renderings_of_older_revisions_go_and_the_newest_is_rendered_anew():
    world = await two_revisions()

    await erase(world, messages=frozenset([MESSAGE]))

    names = sorted(
        path.rpartition("/")[2] for path in world.archive.files if "rev=0001" in path
    )
    assert names == ["events.jsonl", "listing.jsonl", "manifest.json"]
    assert "erased" in world.file("transcript.json", 2).decode()


async def test_a_participant_loses_their_messages_and_their_name():
    world = await two_revisions()

    await erase(world, participant=BOB)

    assert b"Bobby" not in all_bytes(world)
    assert b"from Bob" not in all_bytes(world)
    assert SECRET in all_bytes(world)
    (bob,) = (one for one in world.transcript(2)["participants"] if one["id"] == BOB)
    assert (bob["display_name"], bob["extra"]) == ("", {})
    assert verify(world.archive) == []


async def test_a_topic_is_erased_from_everywhere():
    world = await two_revisions()
    assert b"A topic" in all_bytes(world)

    await erase(world, topic=True, threads=(THREAD,))

    assert b"A topic" not in all_bytes(world)
    assert world.transcript(2)["topic"] == ""
    assert [(one["topic"], one["erased"]) for one in world.transcript(2)["topics"]] == [
        (None, True)
    ]
    assert SECRET in all_bytes(world)
    assert verify(world.archive) == []


async def test_a_system_message_is_confirmed_after_its_topic_was_erased_too():
    world = World()
    told = listed(
        -10,
        type="topicUpdated",
        senderCommunicationIdentifier=None,
        content={
            "topic": "A topic",
            "initiatorCommunicationIdentifier": who(ALICE),
        },
    )
    world.chat.shows(THREAD, ALICE, told)
    await world.receive(thread_created(properties={"topic": "A topic"}))
    await world.finalize(THREAD)
    before = world.reconciliation()["outcomes"]
    assert before["matched"] == 1

    await erase(world, topic=True, threads=(THREAD,))

    assert b"A topic" not in all_bytes(world)
    assert world.reconciliation()["outcomes"] == before
    assert verify(world.archive) == []


async def test_planning_changes_nothing():
    world = await two_revisions()
    before = dict(world.archive.files)

    (plan,) = await plans(world, participant=ALICE)

    assert world.archive.files == before
    assert (len(plan.messages), plan.revision, plan.refused) == (3, 2, "")


async def test_a_plan_counts_the_messages_whose_sender_nobody_knows():
    world = await two_revisions()
    (plan,) = await plans(world, participant=ALICE)
    assert plan.senderless == 0
    nobody = {"senderDisplayName": "", "senderCommunicationIdentifier": None}
    await world.receive(received(7, "a", **nobody), received(8, "b", **nobody))
    await world.receive(edited(8, "c"))
    await world.finalize(THREAD)

    (plan,) = await plans(world, participant=ALICE)

    assert plan.senderless == 1
    (plan,) = await plans(world, messages=frozenset([MESSAGE]))
    assert plan.senderless == 0


async def test_nothing_to_erase_is_no_plan():
    world = await two_revisions()

    assert await plans(world, participant="8:acs:nobody") == []


async def test_erasing_twice_changes_nothing_more():
    world = await two_revisions()
    await erase(world, participant=ALICE)
    once = dict(world.archive.files)

    (plan,) = await plans(world, participant=ALICE)

    assert plan.is_done
    assert await erase(world, participant=ALICE) == 0
    assert world.archive.files == once


async def test_two_erasures_one_after_the_other_verify():
    world = await two_revisions()

    await erase(world, messages=frozenset([MESSAGE]))
    await erase(world, participant=BOB)

    assert verify(world.archive) == []
    assert [order.number for order in orders(world)] == [1, 2]


async def test_what_was_erased_does_not_come_back_with_the_next_revision():
    world = await two_revisions()
    await erase(world, messages=frozenset([MESSAGE]))
    await erase(world, participant=BOB)
    await world.receive(
        received(0, "my secret"),
        edited(0, "my secret, late", after=600),
        received(4, "new"),
        received(
            7_200_000,
            "a word of Bob's since",
            **BY_BOB | {"senderDisplayName": "Robert"},
        ),
    )
    world.chat.shows(
        THREAD,
        ALICE,
        listed_edited(0, "my secret, again"),
        listed(1, "from Bob", **BY_BOB),
        SYSTEM,
    )

    await world.finalize(THREAD)

    new = b"".join(
        data for path, data in world.archive.files.items() if "rev=0003" in path
    )
    assert SECRET not in new.replace(b"my secret, listed only", b"")
    assert b"from Bob" not in new
    assert b"Bobby" not in new
    assert b"a word of Bob's since" in new
    assert verify(world.archive) == []


class Crash(BaseException):
    pass


def dying(world, steps):
    """Return the archive of a world whose process dies at one of its writes."""
    archive = DyingArchive(world.archive, steps)
    world.ledger.blobs.append = archive.dying(world.ledger.blobs.append)
    for name in ("prune", "unmark"):
        setattr(world.log, name, archive.dying(getattr(world.log, name)))
    return archive


def revived(world):
    """Take the death out of a world again, and let its leases run out."""
    for owner, names in (
        (world.ledger.blobs, ["append"]),
        (world.log, ["prune", "unmark"]),
    ):
        for name in names:
            owner.__dict__.pop(name, None)
    world.leases.holders.clear()


class DyingArchive(MemoryArchiveStore):
    def __init__(self, archive, steps):
        super().__init__()
        self.files = archive.files
        self.steps = steps

    def step(self):
        if not self.steps:
            raise Crash
        self.steps -= 1

    def dying(self, call):
        async def die(*arguments):
            self.step()
            return await call(*arguments)

        return die

    async def replace(self, path, data):
        self.step()
        await super().replace(path, data)

    async def remove(self, path):
        self.step()
        await super().remove(path)


async def died(world, steps, **choice):
    """Erase, and die at a write; return whether it died."""
    archive = dying(world, steps)
    try:
        await erase(world, archive=archive, **choice)
    except Crash:
        return True
    finally:
        revived(world)
    return False


@pytest.mark.parametrize("steps", range(27))
async def test_an_erasure_that_died_anywhere_is_finished_by_the_next_one(steps):
    world = await two_revisions()
    was_killed = await died(world, steps, participant=ALICE)
    assert was_killed is (steps < 21)

    await erase(world, participant=ALICE)

    assert SECRET not in all_bytes(world)
    assert verify(world.archive) == []
    assert len(orders(world)) == 1


@pytest.mark.parametrize("steps", range(21))
async def test_an_erasure_that_died_is_finished_or_withdrawn_by_the_finalizer(steps):
    world = await two_revisions()
    await died(world, steps, participant=ALICE)
    world.clock.pass_time(hours=1)
    await world.receive(received(7, "since then"))

    await world.finalize(THREAD)

    assert verify(world.archive) == []
    is_ordered = orders_path(THREAD) in world.archive.files
    assert is_ordered is (steps > 1)
    world.clock.pass_time(days=1)
    await world.new_sweep(log_keep=timedelta(days=900))()
    assert (SECRET not in all_bytes(world)) is is_ordered


class Full(MemoryArchiveStore):
    """A disk that is full after some writes."""

    async def replace(self, path, data):
        self.left -= 1
        if self.left < 0:
            raise Transient("No space left on device")
        await super().replace(path, data)


@pytest.mark.parametrize(("writes", "is_begun"), [(0, False), (1, True), (3, True)])
async def test_an_erasure_that_stops_says_whether_it_has_begun(writes, is_begun):
    world = await two_revisions()
    full = Full()
    full.files, full.left = world.archive.files, writes

    with pytest.raises(Unfinished if is_begun else Transient, match="No space") as said:
        await erase(world, archive=full, participant=ALICE)

    assert ("has begun" in str(said.value)) is is_begun
    assert await erase(world, participant=ALICE) > 0
    assert SECRET not in all_bytes(world)
    assert verify(world.archive) == []


async def test_what_a_later_run_finishes_is_counted():
    whole, stopped = await two_revisions(), await two_revisions()
    count = await erase(whole, participant=ALICE)
    full = Full()
    full.files, full.left = stopped.archive.files, 1
    with pytest.raises(Unfinished):
        await erase(stopped, archive=full, participant=ALICE)

    assert 0 < await erase(stopped, participant=ALICE) <= count


async def test_an_order_whose_line_landed_in_spite_of_an_error_has_begun(monkeypatch):
    world = await two_revisions()
    append = Ledger.append

    async def landed(ledger, line):
        await append(ledger, line)
        raise Transient("no answer")

    monkeypatch.setattr(Ledger, "append", landed)

    with pytest.raises(Unfinished, match="no answer"):
        await erase(world, participant=ALICE)


async def test_a_hold_on_more_after_an_erasure_was_finished_is_a_refusal():
    world = await two_revisions()
    assert await died(world, 6, messages=frozenset([MESSAGE]))
    holds = Holds(archive=world.archive, ledger=world.ledger, draw=world.salts)
    await holds.add(participant=BOB, why="case 7", who="Legal")

    with pytest.raises(Refused, match="case 7"):
        await erase(world, participant=BOB)


async def test_an_unfinished_erasure_is_told_by_both_verifiers():
    world = await two_revisions()
    assert await died(world, 6, participant=ALICE)

    assert "an erasure is not finished" in reasons(world.archive.files)


@pytest.mark.parametrize("hold", [{"thread_id": THREAD}, {"participant": ALICE}])
async def test_a_hold_forbids_it_until_it_is_released(hold):
    world = await two_revisions()
    holds = Holds(archive=world.archive, ledger=world.ledger, draw=world.salts)
    made = await holds.add(**hold, why="case 7", who="Legal")
    before = dict(world.archive.files)

    with pytest.raises(Refused, match="case 7"):
        await erase(world, messages=frozenset([MESSAGE]))
    assert world.archive.files == before

    await holds.release(made.id, why="closed", who="Legal")
    assert (await holds.active()).holds == {}
    assert await erase(world, messages=frozenset([MESSAGE]))
    assert verify(world.archive) == []


async def test_a_hold_that_is_not_there_cannot_be_released():
    world = World()
    holds = Holds(archive=world.archive, ledger=world.ledger, draw=world.salts)

    with pytest.raises(NoSuchHold):
        await holds.release("x", why="r", who="b")


async def test_a_policy_of_the_storage_forbids_it_before_anything_is_written():
    world = await two_revisions()
    world.archive.immutable = True
    before = dict(world.archive.files)

    with pytest.raises(Immutable):
        await erase(world, participant=ALICE)

    assert world.archive.files == before


async def test_what_no_archive_holds_yet_has_to_be_finalized_first():
    world = await two_revisions()
    await world.receive(received(9))

    with pytest.raises(Refused, match="finalize"):
        await erase(world, participant=ALICE)


async def test_what_no_archive_holds_yet_is_finalized_first_where_that_can_be():
    world = await two_revisions()
    await world.receive(received(9, "my secret, new"))

    async def finalize(thread_id, lease):
        await world.finalize.under_lease(thread_id, lease)

    use, choice = eraser(world, finalize=finalize), Choice(participant=ALICE)
    await use(THREAD, choice, by="Dana", reason="request 12")

    assert SECRET not in all_bytes(world)
    assert orders(world)[0].revision == 3
    assert verify(world.archive) == []


async def test_a_record_that_comes_while_erasing_stays_in_the_log(monkeypatch):  # P7
    world = await two_revisions()
    use, chosen = eraser(world), Choice(participant=ALICE)
    prune = world.log.prune

    async def receive_then_prune(segment):
        await world.receive(received(9, "came late"))
        return await prune(segment)

    monkeypatch.setattr(world.log, "prune", receive_then_prune)
    done = await use(THREAD, chosen, by="Dana", reason="request 12")

    assert any(b"came late" in blob.data for blob in world.log.blobs.values())
    assert "the sweep removes it" in done.left[0]
    assert SECRET not in b"".join(world.archive.files.values())
    monkeypatch.undo()
    await world.finalize(THREAD)
    world.clock.pass_time(days=1)
    await world.new_sweep(log_keep=timedelta(days=900))()
    assert SECRET not in all_bytes(world)
    assert verify(world.archive) == []
    assert len(world.transcript(3)["messages"]) == 6


async def test_the_log_stays_where_the_archive_lacks_a_record(monkeypatch):  # P7
    world = await two_revisions()
    log = dict(world.log.blobs)
    (segment,) = world.log.blobs.values()
    segment.data += to_log(received(9, "only in the log"), salts=99)
    use = eraser(world, finalize=lambda *_: asyncio.sleep(0))

    done = await use(THREAD, Choice(participant=ALICE), by="Dana", reason="r")

    assert world.log.blobs == log
    assert done.left


async def test_an_order_is_dated_by_the_storage_and_not_by_the_writer():
    world = await two_revisions()
    blobs = world.ledger.blobs

    async def now():
        return NOON + timedelta(days=3)

    blobs.now = now

    await erase(world, participant=ALICE)

    assert orders(world)[0].when.startswith("2026-11-25T12:00")


async def test_a_hold_on_somebody_forbids_that_their_name_goes():
    world = await two_revisions()
    nobody = "8:acs:11111111-1111-1111-1111-111111111111_silent"
    silent = {
        "displayName": "Silent",
        "participantCommunicationIdentifier": who(nobody),
    }
    await world.receive(
        thread_event("ChatThreadParticipantAdded", participantAdded=silent)
    )
    await world.finalize(THREAD)
    holds = Holds(archive=world.archive, ledger=world.ledger, draw=world.salts)
    await holds.add(participant=nobody, why="case 7", who="Legal")

    with pytest.raises(Refused, match="case 7"):
        await erase(world, participant=nobody)


async def test_a_thread_that_is_being_finalized_is_left_alone():
    world = await two_revisions()

    async with world.leases.hold(layout.lease_path(THREAD)):
        with pytest.raises(Refused, match="again"):
            await erase(world, participant=ALICE)


async def test_a_broken_archive_is_not_erased_from():
    world = await two_revisions()
    path = layout.revision_path(THREAD, 1, "events.jsonl")
    world.archive.files[path] += b"x"
    use = eraser(world)
    failures = []

    assert [p async for p in use.plan(Choice(participant=ALICE), failures.append)] == []
    assert "holds what is no line" in failures[0]
    with pytest.raises(IntegrityError):
        await use(THREAD, Choice(participant=ALICE), by="Dana", reason="r")


async def test_torn_lines_and_quarantine_of_the_thread_go_too():
    world = World()
    await world.receive(thread_created(), received(0, "my secret"))
    for path, blob in world.log.blobs.items():
        if path.startswith("thread="):
            blob.data += b'{"schema":1,"event":{"data":{"messageBody":"my secr'
    await world.ingest(json.dumps(received(0, "my secret", version="none")))
    assert b"my secr" in b"".join(
        blob.data for path, blob in world.log.blobs.items() if "quarantine" in path
    )
    await world.finalize(THREAD)
    counts = world.reconciliation()["counts"]
    assert (counts["quarantined_records"], counts["unreadable_records"]) == (1, 1)

    await erase(world, messages=frozenset([MESSAGE]))

    assert b"my secr" not in all_bytes(world)
    assert verify(world.archive) == []
    world.clock.pass_time(minutes=1)
    await world.receive(received(1))
    await world.finalize(THREAD)
    counts = world.reconciliation(2)["counts"]
    assert (counts["quarantined_records"], counts["unreadable_records"]) == (1, 1)
    assert verify(world.archive) == []


async def test_two_quarantined_events_an_erasure_and_a_new_revision_verify():
    world = World()
    await world.receive(thread_created(), received(0, "my secret"))
    for version in ("none", "neither"):
        await world.ingest(json.dumps(received(0, "my secret", version=version)))
    await world.finalize(THREAD)

    await erase(world, messages=frozenset([MESSAGE]))
    await world.receive(received(1))
    await world.finalize(THREAD)

    assert SECRET not in all_bytes(world)
    assert verify(world.archive) == []


@pytest.mark.parametrize(
    ("of_one", "of_the_other"),
    [
        ({"senderDisplayName": "Z"}, {"composeTime": "2026-11-22T12:00:00.5Z"}),
        ({"senderCommunicationIdentifier": who(BOB)}, {}),
    ],
)
async def test_copies_that_disagree_in_content_keep_their_facts_when_it_goes(
    of_one, of_the_other
):
    world = World()
    await world.receive(
        received(0, "a my secret", **of_one),
        received(0, "z my secret", **of_the_other),
        thread_event("ChatThreadCreated"),
    )
    await world.finalize(THREAD)

    await erase(world, messages=frozenset([MESSAGE]))

    assert verify(world.archive) == []


async def test_both_verifiers_agree_on_what_is_done_to_an_erased_archive():
    world = await two_revisions()
    whole = dict(world.archive.files)
    await erase(world, messages=frozenset([MESSAGE]))
    await erase(world, participant=BOB)
    gone = dict(world.archive.files)
    record = orders_path(THREAD)
    events = layout.revision_path(THREAD, 1, "events.jsonl")
    ledger = "ledger/000001.jsonl"
    cases = {
        "unerased": {
            path: data if path == ledger else whole.get(path, data)
            for path, data in gone.items()
            if path != record
        },
        "without its record": {p: data for p, data in gone.items() if p != record},
        "record changed": gone
        | {record: gone[record].replace(b"request 12", b"request 13")},
        "content back": gone | {events: whole[events]},
        "ledger cut": gone | {ledger: whole[ledger]},
    }

    assert verify(in_memory(gone)) == []
    for name, files in cases.items():
        assert verify(in_memory(files)), name


async def test_attempts_that_died_go_with_what_they_hold():
    world = World()
    await world.receive(thread_created(), received(0, "my secret"))
    create = world.archive.create

    async def die_at_the_manifest(path, data):
        if path.endswith("manifest.json"):
            raise IntegrityError("killed")
        await create(path, data)

    world.archive.create = die_at_the_manifest
    with pytest.raises(IntegrityError):
        await world.finalize(THREAD)
    world.archive.create = create
    await world.finalize(THREAD)
    assert SECRET in world.file("events.jsonl", 1)

    await erase(world, messages=frozenset([MESSAGE]))

    assert SECRET not in all_bytes(world)
    assert not [path for path in world.archive.files if "rev=0001" in path]
    assert verify(world.archive) == []
    world.clock.pass_time(minutes=1)
    await world.receive(received(1))
    assert (await world.finalize(THREAD)).revision == 3
    assert verify(world.archive) == []


async def unreached(world, **options):
    find = FindUnreached(archive=world.archive, log=world.log, **options)
    choice = Choice(participant=ALICE)
    return [(one.text, one.is_thread) async for one in find(choice)]


async def test_what_an_erasure_does_not_reach_is_named():
    world = await two_revisions()
    assert await unreached(world) == []
    await world.receive(received(threadId="19:only-a-log"))
    world.archive.files[layout.revision_path("19:torn", 1, "events.jsonl")] = SECRET
    quarantine = {"quarantine/2026-11-22.jsonl": b"x", "quarantine/thread=a/b": b"x"}

    found = await unreached(
        world,
        quarantine=MemoryUnprocessedEvents(quarantine),
        dead_letters=MemoryUnprocessedEvents({"a": b"x", "b": b"x"}),
        queues={"chat-events": world.queue, "chat-events-poison": world.poison},
    )

    assert [
        (text.partition(":only")[0].partition(";")[0], is_thread)
        for text, is_thread in found
    ] == [
        ("19:torn: the archive holds only an attempt that died", True),
        ("19", True),
        ("1 file of quarantine without a thread", False),
        ("2 files of dead letters", False),
    ]
    assert "19:only-a-log: only a log so far" in found[1][0]
    await world.queue.put(Work(thread_id=THREAD))
    queued = await unreached(world, queues={"chat-events": world.queue})
    assert ("1 message on the queue chat-events", False) in queued


async def test_the_state_of_backfills_and_imports_is_named():
    world, control = await two_revisions(), MemoryArchiveStore()
    for path in ("runs/first/state.jsonl", "runs/first/state.001.jsonl",
                 "imports/teams/state.jsonl", "leases/runs/first"):  # fmt: skip
        control.files[path] = ALICE.encode()

    found = await unreached(world, control=control)

    assert [(text.partition(":")[0], is_thread) for text, is_thread in found] == [
        ("the state of backfill first", False),
        ("the state of import teams", False),
    ]


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (7, ["what soft delete keeps of files that are erased now, until 2026-11-29"]),
        (0, []),
        (None, ["soft delete, if the account has it: this identity may not see"]),
    ],
)
async def test_what_soft_delete_can_bring_back_is_named(days, said):
    async def kept():
        return None if days is None else timedelta(days=days)

    world = await two_revisions()

    found = await unreached(world, soft_deleted_for=kept, clock=lambda: NOON)

    assert [(text.partition(" for how long")[0], other) for text, other in found] == [
        (text, False) for text in said
    ]
