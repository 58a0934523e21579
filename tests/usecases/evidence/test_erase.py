import json

import pytest

from builders import (
    ALICE,
    BOB,
    FIRST_ID,
    THREAD,
    deleted,
    edited,
    listed,
    listed_deleted,
    listed_edited,
    received,
    thread_created,
    thread_event,
    who,
)
from fakes.archive_store import MemoryArchiveStore
from fakes.unprocessed_events import MemoryUnprocessedEvents
from shared.adapters.storage.archive_folder import FolderArchive
from shared.domain import layout
from shared.domain.archive.manifest import encode_manifest
from shared.domain.errors import IntegrityError
from shared.domain.json_line import encode, pretty
from shared.domain.log.work import Work
from shared.ports.archive_store import Immutable
from shared.usecases.evidence.erase import Erase, Refused
from shared.usecases.evidence.erase_plan import Choice
from shared.usecases.evidence.holds import Holds, NoSuchHold
from shared.usecases.evidence.unreached import FindUnreached
from shared.verifier import verify as standalone
from verifying import verify, write
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


def eraser(world, archive=None):
    archive = archive or world.archive
    return Erase(
        archive=archive,
        ledger=archive,
        log=world.log,
        leases=world.leases,
        clock=world.clock,
    )


async def erase(world, archive=None, **choice):
    use, chosen = eraser(world, archive), Choice(**choice)
    changed = 0
    async for plan in use.plan(chosen, pytest.fail):
        changed += await use(plan, chosen, by="Dana", reason="request 12")
    return changed


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
    salts = [
        version["salt"] for version in world.transcript()["messages"][1]["versions"]
    ]
    manifests = [world.file("manifest.json", number) for number in (1, 2)]
    assert SECRET in all_bytes(world)
    assert b"my secret" in all_bytes(world)

    changed = await erase(
        world, messages=frozenset([MESSAGE, str(FIRST_ID + 2)]), threads=(THREAD,)
    )

    assert changed
    assert SECRET not in all_bytes(world)
    assert not any(salt.encode() in all_bytes(world) for salt in salts)
    assert [world.file("manifest.json", number) for number in (1, 2)] == manifests
    erased = []
    _, failures = await verify(world.archive, erased=erased)
    assert failures == []
    assert [len(one.versions) for one in erased] == [3, 3]
    assert erased[0].orders[0].by == "Dana"


async def test_what_is_erased_still_says_that_it_was_there():
    world = await two_revisions()
    before = world.transcript(2)["messages"]

    await erase(world, messages=frozenset([MESSAGE]), threads=(THREAD,))

    after = world.transcript(2)["messages"]
    assert [one["id"] for one in after] == [one["id"] for one in before]
    (gone,) = (one for one in after if one["id"] == MESSAGE)
    (was,) = (one for one in before if one["id"] == MESSAGE)
    assert [one["commitment"] for one in gone["versions"]] == [
        one["commitment"] for one in was["versions"]
    ]
    assert [one["erased"] for one in gone["versions"]] == [True, True, False]
    assert gone["outcome"] == was["outcome"]
    assert all(
        one["content"] is None and one["extra"] == {} for one in gone["versions"][:2]
    )
    others = [one for one in after if one["id"] != MESSAGE]
    assert others == [one for one in before if one["id"] != MESSAGE]


async def test_a_participant_loses_their_messages_and_their_name():
    world = await two_revisions()

    await erase(world, participant=BOB)

    assert b"Bobby" not in all_bytes(world)
    assert b"from Bob" not in all_bytes(world)
    assert SECRET in all_bytes(world)
    (bob,) = (one for one in world.transcript(2)["participants"] if one["id"] == BOB)
    assert (bob["display_name"], bob["extra"]) == ("", {})
    assert (await verify(world.archive))[1] == []


async def test_the_salt_of_a_page_goes_with_one_of_its_messages():
    world = await two_revisions()
    page_salts = {
        line["salt"]
        for line in map(json.loads, world.file("listing.jsonl", 1).splitlines())
        if line["kind"] == "messages"
    }

    await erase(world, messages=frozenset([str(FIRST_ID + 2)]))

    assert not any(
        salt.encode() in world.file("listing.jsonl", 1) for salt in page_salts
    )


async def test_planning_changes_nothing():
    world = await two_revisions()
    before = dict(world.archive.files)

    (plan,) = [
        one async for one in eraser(world).plan(Choice(participant=ALICE), pytest.fail)
    ]

    assert world.archive.files == before
    assert (len(plan.messages), plan.revisions, plan.names) == (3, (1, 2), True)
    assert plan.versions == 4


async def test_planning_changes_nothing_of_an_unfinished_erasure_either():
    world = await two_revisions()
    with pytest.raises(Crash):
        await erase(world, DyingArchive(world.archive, 3), participant=ALICE)
    before = dict(world.archive.files)

    (plan,) = [
        one async for one in eraser(world).plan(Choice(participant=ALICE), pytest.fail)
    ]

    assert plan.messages
    assert world.archive.files == before


async def test_nothing_to_erase_is_no_plan():
    world = await two_revisions()

    assert [
        one
        async for one in eraser(world).plan(
            Choice(participant="8:acs:nobody"), pytest.fail
        )
    ] == []


async def test_erasing_twice_changes_nothing_more():
    world = await two_revisions()
    await erase(world, participant=ALICE)
    once = dict(world.archive.files)

    assert await erase(world, participant=ALICE) == 0
    assert world.archive.files == once


async def test_two_erasures_one_after_the_other_verify():
    world = await two_revisions()

    await erase(world, messages=frozenset([MESSAGE]))
    await erase(world, participant=BOB)

    erased = []
    _, failures = await verify(world.archive, erased=erased)
    assert failures == []
    assert [len(one.orders) for one in erased] == [2, 2]


async def test_what_was_erased_does_not_come_back_with_the_next_revision():
    world = await two_revisions()
    await erase(world, messages=frozenset([MESSAGE]))
    await erase(world, participant=BOB)
    await world.receive(
        received(0, "my secret"),
        edited(0, "my secret, late", after=600),
        received(4, "new"),
        received(6, "a word of Bob's since", **BY_BOB),
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
    assert (await verify(world.archive))[1] == []


class Crash(BaseException):
    pass


class DyingArchive(MemoryArchiveStore):
    def __init__(self, archive, steps):
        super().__init__()
        self.files = archive.files
        self.steps = steps

    def step(self):
        if not self.steps:
            raise Crash
        self.steps -= 1

    async def replace(self, path, data):
        self.step()
        await super().replace(path, data)

    async def append(self, stem, line):
        await super().append(stem, line)
        self.step()


@pytest.mark.parametrize("steps", range(16))
async def test_an_erasure_that_died_anywhere_is_finished_by_the_next_one(steps):
    world = await two_revisions()
    try:
        await erase(world, DyingArchive(world.archive, steps), participant=ALICE)
    except Crash:
        world.leases.holders.clear()

    await erase(world, participant=ALICE)

    assert SECRET not in all_bytes(world)
    assert (await verify(world.archive))[1] == []


async def test_an_unfinished_erasure_is_told_by_verify():
    world = await two_revisions()
    with pytest.raises(Crash):
        await erase(world, DyingArchive(world.archive, 3), participant=ALICE)

    _, failures = await verify(world.archive)

    assert any("run erase again" in one for one in failures)


@pytest.mark.parametrize("hold", [{"thread_id": THREAD}, {"participant": ALICE}])
async def test_a_hold_forbids_it_until_it_is_released(hold):
    world = await two_revisions()
    holds = Holds(archive=world.archive, ledger=world.archive, clock=world.clock)
    made = await holds.add(**hold, reason="case 7", by="Legal")
    before = dict(world.archive.files)

    with pytest.raises(Refused, match="case 7"):
        await erase(world, messages=frozenset([MESSAGE]))
    assert world.archive.files == before

    await holds.release(made.id, reason="closed", by="Legal")
    assert (await holds.active()).holds == {}
    assert await erase(world, messages=frozenset([MESSAGE]))
    assert (await verify(world.archive))[1] == []


async def test_a_hold_that_is_not_there_cannot_be_released():
    world = World()
    holds = Holds(archive=world.archive, ledger=world.archive, clock=world.clock)

    with pytest.raises(NoSuchHold):
        await holds.release("x", reason="r", by="b")


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


async def test_a_plan_says_what_has_to_be_finalized_first():
    world = await two_revisions()
    await world.receive(received(9))

    (plan,) = [
        one async for one in eraser(world).plan(Choice(participant=ALICE), pytest.fail)
    ]

    assert "no archive has yet" in plan.refused


@pytest.mark.parametrize("moment", ["planned", "listed"])
async def test_a_record_that_comes_while_erasing_stays_in_the_log(  # P7
    moment, monkeypatch
):
    world = await two_revisions()
    use, chosen = eraser(world), Choice(participant=ALICE)
    (plan,) = [one async for one in use.plan(chosen, pytest.fail)]
    list_thread = world.log.thread

    async def list_then_receive(thread_id):
        thread = await list_thread(thread_id)
        await world.receive(received(9, "came late"))
        return thread

    if moment == "planned":
        await world.receive(received(9, "came late"))
    else:
        monkeypatch.setattr(world.log, "thread", list_then_receive)
    with pytest.raises(Refused, match="new records"):
        await use(plan, chosen, by="Dana", reason="request 12")

    assert any(b"came late" in blob.data for blob in world.log.blobs.values())
    assert world.log.markers


async def test_the_log_stays_where_the_archive_did_not_read_back(monkeypatch):  # P7
    world = await two_revisions()
    log = dict(world.log.blobs)
    replace = world.archive.replace

    async def replace_badly(path, data):
        await replace(path, data[:-9] if path.endswith("events.jsonl") else data)

    monkeypatch.setattr(world.archive, "replace", replace_badly)
    with pytest.raises(IntegrityError, match="not what its manifest says"):
        await erase(world, participant=ALICE)

    assert world.log.blobs == log


async def test_nothing_is_erased_where_the_manifest_would_not_verify_any_more():
    world = await two_revisions()
    path = layout.revision_path(THREAD, 2, "manifest.json")
    content = world.manifest(2)["content"]
    content["counts"]["messages"] += 1
    world.archive.files[path] = encode_manifest(
        content, archived_on=world.clock(), archiver_version="1"
    )
    before = world.file("events.jsonl", 2)

    with pytest.raises(IntegrityError, match="nothing erased"):
        await erase(world, participant=ALICE)

    assert world.file("events.jsonl", 2) == before


async def test_an_erasure_whose_end_cannot_be_reached_stops():
    world = await two_revisions()
    with pytest.raises(Crash):
        await erase(world, DyingArchive(world.archive, 2), participant=ALICE)
    world.leases.holders.clear()
    path = layout.revision_path(THREAD, 1, "erasures.json")
    value = json.loads(world.archive.files[path])
    (file,) = [one for one in value["files"] if one["name"] == "transcript.json"]
    file["sha256"] = "00" * 32
    world.archive.files[path] = encode(pretty(value))
    before = world.file("transcript.json")

    with pytest.raises(IntegrityError, match="cannot be brought"):
        await erase(world, participant=ALICE)

    assert world.file("transcript.json") == before


@pytest.mark.parametrize("steps", range(16))
async def test_an_erasure_that_died_is_finished_though_another_came_between(steps):
    world = await two_revisions()
    try:
        await erase(world, DyingArchive(world.archive, steps), participant=ALICE)
    except Crash:
        world.leases.holders.clear()

    await erase(world, participant=BOB)
    await erase(world, participant=ALICE)

    assert SECRET not in all_bytes(world)
    assert b"from Bob" not in all_bytes(world)
    assert (await verify(world.archive))[1] == []


async def test_an_erasure_is_recorded_after_the_days_that_are_closed():
    world = await two_revisions()
    world.clock.pass_time(days=1, hours=3)
    await world.close_ledger()
    world.clock.pass_time(days=-1)  # as on a machine whose clock is behind

    await erase(world, participant=ALICE)

    assert (await verify(world.archive))[1] == []


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
    holds = Holds(archive=world.archive, ledger=world.archive, clock=world.clock)
    await holds.add(participant=nobody, reason="case 7", by="Legal")

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

    with pytest.raises(IntegrityError):
        await erase(world, participant=ALICE)


async def test_torn_lines_and_quarantine_of_the_thread_go_too():
    world = World()
    await world.receive(thread_created(), received(0, "my secret"))
    for path, blob in world.log.blobs.items():
        if path.startswith("thread="):
            blob.data += b'{"schema":1,"event":{"data":{"messageBody":"my secr'
    await world.ingest(json.dumps(received(0, "my secret", version="none")))
    assert b"my secr" in await world.log.quarantined(THREAD)
    await world.finalize(THREAD)
    assert world.manifest()["content"]["counts"]["quarantined_records"] == 1

    await erase(world, messages=frozenset([MESSAGE]))

    assert b"my secr" not in all_bytes(world)
    assert (await verify(world.archive))[1] == []
    world.clock.pass_time(minutes=1)
    await world.receive(received(1))
    await world.finalize(THREAD)
    assert world.manifest(2)["content"]["counts"]["quarantined_records"] == 1
    assert (await verify(world.archive))[1] == []


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

    assert (await verify(world.archive))[1] == []


async def test_both_verifiers_agree_on_an_erased_archive_and_on_what_is_done_to_it(
    tmp_path,
):
    world = await two_revisions()
    whole = dict(world.archive.files)
    await erase(world, messages=frozenset([MESSAGE]))
    await erase(world, participant=BOB)
    gone = dict(world.archive.files)
    erasures = [path for path in gone if path.endswith("erasures.json")]
    events = [path for path in gone if path.endswith("events.jsonl")]
    cases = {
        "erased": (gone, True),
        "unerased": (
            {
                path: whole.get(path, data) if "ledger" not in path else data
                for path, data in gone.items()
                if path not in erasures
            },
            False,
        ),
        "without its record": (
            {path: data for path, data in gone.items() if path not in erasures[:1]},
            False,
        ),
        "record changed": (
            gone
            | {erasures[0]: gone[erasures[0]].replace(b"request 12", b"request 13")},
            False,
        ),
        "content back": (gone | {events[0]: whole[events[0]]}, False),
        "ledger cut": (
            {
                path: whole.get(path, data) if "ledger" in path else data
                for path, data in gone.items()
            },
            False,
        ),
    }

    for name, (files, holds) in cases.items():
        write(tmp_path / name, files)
        _, failures = await verify(FolderArchive(tmp_path / name))
        assert (not failures) is holds, name
        assert (standalone.main(str(tmp_path / name)) == 0) is holds, name


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
    assert (await verify(world.archive))[1] == []
    world.clock.pass_time(minutes=1)
    await world.receive(received(1))
    assert (await world.finalize(THREAD)).revision == 3
    assert (await verify(world.archive))[1] == []


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
