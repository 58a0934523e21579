"""An import makes each message once, whatever ends it and whatever Graph does."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from builders import (
    ALICE,
    BOB,
    FIRST_ID,
    THREAD,
    Clock,
    listed,
    received,
    thread_created,
    thread_event,
    who,
)
from fakes.archive_store import MemoryArchiveStore
from local.graph.rules import Broken, Graph, as_time
from shared.domain.errors import Transient
from shared.domain.imports import ChatLine, ChatStep, ImportState, ImportStatus
from shared.formats.part import EntraIdentity, Options
from shared.ports.teams_chats import (
    ChatState,
    Collision,
    InDoubt,
    Refused,
    TargetChat,
    TargetMessage,
)
from shared.usecases.evidence.archive_input import ArchiveInput
from shared.usecases.evidence.erase import Erase, Unfinished
from shared.usecases.evidence.erase_input import EraseInput
from shared.usecases.evidence.erase_plan import Choice
from shared.usecases.evidence.holds import Holds
from shared.usecases.reading.find import Find, Selection
from shared.usecases.teams.complete_import import accept_failed, complete_thread
from shared.usecases.teams.import_log import ImportLog, keep_ledger, state_kept
from shared.usecases.teams.reconcile_import import reconcile_thread
from shared.usecases.teams.run_import import RunImport
from shared.usecases.teams.work import plan_all
from world import World

APP = "an app"
ANN, BEN = (
    "aaaaaaaa-0000-0000-0000-000000000001",
    "aaaaaaaa-0000-0000-0000-000000000002",
)
MAP = Options(
    identities={
        ALICE: EntraIdentity(id=ANN, display_name="Ann"),
        BOB: EntraIdentity(id=BEN, display_name="Ben"),
    }
)
BY_BOB = {"senderCommunicationIdentifier": who(BOB), "senderDisplayName": "Bob"}


class Killed(BaseException):
    """A process that ends at this moment."""


class Chats:
    """The port, over the rules themselves; `step` is called around what is done."""

    def __init__(self, graph, step=lambda: None):
        self.graph, self.step = graph, step
        self.lose = set()
        self.asked = Counter()
        self.is_blind, self.blind_for = False, 0

    def done(self, call, name):
        self.step()
        self.asked[name] += 1
        try:
            result = call()
        except Broken as broken:
            kind = Collision if broken.status == 409 else Refused
            raise kind(f"{broken.status} {broken.code}") from None
        self.step()
        if (name, self.asked[name]) in self.lose:
            raise InDoubt("nothing")
        return result

    async def create(self, body):
        return self.done(lambda: self.graph.create(body), "create")["id"]

    async def chats_of(self, member):
        return [
            TargetChat(
                id=chat.id, topic=chat.topic, created_on="",
                members=frozenset(chat.members),
            )
            for chat in self.graph.chats.values()
            if member.lower() in chat.members
        ]  # fmt: skip

    async def state(self, chat_id):
        chat = self.graph.chat(chat_id).json
        return ChatState(
            mode=chat["migrationMode"] or "", created_on=chat["createdDateTime"]
        )

    async def start(self, chat_id, since):
        body = {"conversationCreationDateTime": since}
        self.done(lambda: self.graph.start(chat_id, APP, body), "start")

    async def post(self, chat_id, body):
        await asyncio.sleep(0)
        return self.done(lambda: self.graph.post(chat_id, APP, body), "post")["id"]

    async def newest_until(self, chat_id, time):
        self.blind_for -= 1
        is_blind = self.is_blind or self.blind_for >= 0
        there = [] if is_blind else self.all(chat_id)
        return [message for message in there if message.created_on <= time]

    async def messages(self, chat_id):
        for message in self.all(chat_id):
            yield message

    def all(self, chat_id):
        return [
            TargetMessage(
                id=item["id"],
                created_on=item["createdDateTime"],
                author=item["from"]["user"]["id"] if item["from"] else "",
            )
            for item in self.graph.messages(chat_id, "")
        ]

    async def complete(self, chat_id):
        self.done(lambda: self.graph.complete(chat_id, APP), "complete")


class MortalLog:
    def __init__(self, inner, step):
        self.inner, self.step = inner, step

    async def append(self, stem, data):
        self.step()
        await self.inner.append(stem, data)
        self.step()


class Life:
    def __init__(self, steps):
        self.left = steps

    def __call__(self):
        self.left -= 1
        if self.left == 0:
            raise Killed


async def source(world=None):
    """Four messages of two people, two of them of one millisecond."""
    world = world or World(readers=(ALICE,))
    people = [
        {"displayName": "Alice", "participantCommunicationIdentifier": who(ALICE)},
        {"displayName": "Bob", "participantCommunicationIdentifier": who(BOB)},
    ]
    await world.receive(
        thread_created(participants=people),
        received(0, "hello"), received(1, "hi", **BY_BOB), received(2, "bye"),
    )  # fmt: skip
    world.chat.shows(
        THREAD, ALICE, listed(0, "hello"),
        listed(1, "hi", senderCommunicationIdentifier=who(BOB), senderDisplayName="Bob"),
        listed(2, "bye"), others=(BOB,),
    )  # fmt: skip
    await world.finalize(THREAD)
    return world


class Migration:
    """One import over a world and a tenant."""

    def __init__(self, world):
        self.world, self.graph = world, Graph()
        self.control = MemoryArchiveStore()
        self.options = MAP

    async def log(self, step=lambda: None):
        log = ImportLog(
            name="teams", log=MortalLog(self.control, step), files=self.control
        )
        await log.load(await self.kept().read("imports"))
        return log

    def kept(self):
        world = self.world
        return ArchiveInput(
            archive=world.archive, ledger=world.ledger, leases=world.leases,
            draw=world.salts,
        )  # fmt: skip

    async def planned(self, log, **more):
        find = Find(
            archive=self.world.archive, on_bytes=lambda _: None, on_failure=pytest.fail
        )
        chosen = find(Selection())
        plans = plan_all(
            self.world.archive,
            chosen,
            self.options,
            log,
            on_failure=pytest.fail,
            **more,
        )
        return [plan async for plan in plans]

    async def run(self, chats=None, step=lambda: None, **more):
        log = await self.log(step)
        use = RunImport(
            chats=chats or Chats(self.graph, step),
            log=log,
            archive=self.world.archive,
            clock=Clock(),
            waits=(0, 0),
        )
        for thread in await self.planned(log, **more):
            await use(thread)
        return log.state

    async def reconcile(self):
        log = await self.log()
        chats = Chats(self.graph)
        return [
            await reconcile_thread(
                thread, log.state.thread(thread.transcript.thread_id), chats
            )
            for thread in await self.planned(log)
        ]

    @property
    def said(self):
        return [
            (item["from"]["user"]["id"], item["body"]["content"])
            for chat in self.graph.chats.values()
            for at, item in sorted(chat.messages.items())
            if item["from"]
        ]


MESSAGE_IS_NEXT = 15
"""The step after which a message is about to be sent, which is in the log."""
WANTED = [(ANN, "hello"), (BEN, "hi"), (ANN, "bye")]


@pytest.fixture
async def migration():
    return Migration(await source())


def statuses(state):
    return Counter(
        line.status
        for thread in state.threads.values()
        for line in thread.messages.values()
    )


async def test_every_message_is_imported_in_its_order(migration):
    state = await migration.run()

    assert migration.said == WANTED
    (chat,) = migration.graph.chats.values()
    assert (chat.mode, set(chat.members)) == ("inProgress", {ANN, BEN})
    assert statuses(state) == {ImportStatus.IMPORTED: 3}
    (found,) = await migration.reconcile()
    assert (found.problems, found.in_chat) == ([], 3)


async def test_a_second_run_sends_nothing(migration):
    await migration.run()
    chats = Chats(migration.graph)
    await migration.run(chats)

    assert not chats.asked
    assert migration.said == WANTED


@pytest.mark.parametrize("steps", range(1, 40))
async def test_a_kill_anywhere_makes_no_message_twice_and_loses_none(migration, steps):
    """Before and after each request and each line of the log."""
    is_killed = False
    try:
        await migration.run(step=Life(steps))
    except Killed:
        is_killed = True

    state = await migration.run()

    assert migration.said == WANTED
    assert len(migration.graph.chats) == 1
    assert statuses(state) == {ImportStatus.IMPORTED: 3}
    assert (await migration.reconcile())[0].problems == []
    assert is_killed == (steps <= 30)


@pytest.mark.parametrize("steps", range(1, 26, 3))
async def test_several_kills_in_a_row_do_no_harm(migration, steps):
    for more in range(4):
        try:
            await migration.run(step=Life(steps + more))
        except Killed:
            continue
    await migration.run()

    assert migration.said == WANTED
    assert len(migration.graph.chats) == 1


@pytest.mark.parametrize(
    "lost",
    [{("create", 1)}, {("start", 1)}, {("post", 1)}, {("post", 2), ("post", 3)},
     {("create", 1), ("start", 1), ("post", 1), ("post", 3)}],
)  # fmt: skip
async def test_an_answer_that_is_lost_is_looked_for(migration, lost):
    chats = Chats(migration.graph)
    chats.lose = lost
    await migration.run(chats)

    assert migration.said == WANTED
    assert len(migration.graph.chats) == 1


async def test_a_message_that_cannot_be_seen_yet_is_not_sent_again(migration):
    """Its answer was lost, and the service shows it only later."""
    chats = Chats(migration.graph)
    chats.lose, chats.is_blind = {("post", 1)}, True

    with pytest.raises(Transient, match="does not say"):
        await migration.run(chats)

    assert migration.said == WANTED[:1]
    await migration.run()
    assert migration.said == WANTED


class WithStrangers(Graph):
    """Somebody else's messages stand in every new chat, at some milliseconds."""

    times = ()

    def create(self, body):
        made = super().create(body)
        for at in self.times:
            self.chats[made["id"]].messages[at] = {
                "id": str(at),
                "createdDateTime": as_time(at),
                "from": {"user": {"id": "somebody"}},
                "body": {"content": "?"},
            }
        return made


class Picky(Graph):
    """It refuses a message while `refuses` is set."""

    refuses = True

    def post(self, chat_id, app, body):
        if self.refuses and "hi" in body["body"]["content"]:
            raise Broken(400, "BadRequest")
        return super().post(chat_id, app, body)


class Forgetful(Graph):
    """It refuses the second request for a message, and no other."""

    def post(self, chat_id, app, body):
        self.asked += 1
        if self.asked == 2:
            raise Broken(400, "BadRequest")
        return super().post(chat_id, app, body)

    asked = 0


@pytest.mark.parametrize("late", range(6))
async def test_a_message_that_is_shown_late_is_waited_for(migration, late):
    """However often it was looked for in vain."""
    chats = Chats(migration.graph)
    chats.lose, chats.blind_for = {("post", 1)}, late

    try:
        await migration.run(chats)
    except Transient:
        await migration.run()
    assert migration.said == WANTED


async def test_a_millisecond_that_is_taken_is_given_up_and_both_times_are_kept(
    migration,
):
    (thread,) = await migration.planned(await migration.log())
    first = thread.plan.effective[thread.plan.posts[0].message_id]
    migration.graph = WithStrangers()
    migration.graph.times = (first, first + 1)

    state = await migration.run()

    (moved,) = (
        line for line in state.thread(THREAD).messages.values() if line.attempts > 1
    )
    assert (moved.attempts, moved.effective) == (3, as_time(first + 2))
    assert moved.original.startswith(as_time(first)[:19])
    assert statuses(state) == {ImportStatus.IMPORTED: 3}
    (found,) = await migration.reconcile()
    assert found.problems == ["2 in the chat that the ledger does not know"]


async def test_what_is_refused_has_failed_and_forbids_to_complete(migration):
    migration.graph = Picky()
    state = await migration.run()
    assert statuses(state) == {ImportStatus.IMPORTED: 2, ImportStatus.FAILED: 1}
    (found,) = await migration.reconcile()
    assert any(problem.startswith("failed: ") for problem in found.problems)

    again = await migration.run()
    assert statuses(again)[ImportStatus.FAILED] == 1
    log = await migration.log()
    count = await accept_failed(
        log.state.thread(THREAD), log, by="Dana", reason="case 7"
    )
    assert count == 1
    (found,) = await migration.reconcile()
    assert found.problems == []
    assert (await migration.run()).thread(THREAD).open == []


async def test_what_failed_is_sent_again_on_request(migration):
    migration.graph = Picky()
    await migration.run()
    migration.graph.refuses = False
    state = await migration.run(retry=True)

    assert statuses(state) == {ImportStatus.IMPORTED: 3}
    assert migration.said == WANTED


async def test_a_chat_is_completed_and_what_comes_later_goes_into_a_session_more(
    migration,
):
    await migration.run()
    log = await migration.log()
    known = log.state.thread(THREAD)
    await complete_thread(known, Chats(migration.graph), log, Clock())
    assert known.step is ChatStep.COMPLETED
    await complete_thread(known, Chats(migration.graph), log, Clock())

    world = migration.world
    await world.receive(received(3, "one more"))
    await world.finalize(THREAD)
    await migration.run()
    assert migration.said == [*WANTED, (ANN, "one more")]
    (found,) = await migration.reconcile()
    assert (found.step, found.problems) == ("started", [])


async def test_a_completion_whose_answer_is_lost_is_seen(migration):
    await migration.run()
    chats = Chats(migration.graph)
    chats.lose = {("complete", 1)}
    log = await migration.log()
    await complete_thread(log.state.thread(THREAD), chats, log, Clock())

    assert chats.asked["complete"] == 1
    assert log.state.thread(THREAD).step is ChatStep.COMPLETED


async def test_the_ledger_is_kept_in_the_archive_and_enough_to_go_on(migration):
    await migration.run()
    log = await migration.log()
    assert await keep_ledger(migration.kept(), log) == 4
    assert await keep_ledger(migration.kept(), log) == 0

    migration.control = MemoryArchiveStore()
    chats = Chats(migration.graph)
    state = await migration.run(chats)
    assert not chats.asked
    assert statuses(state) == {ImportStatus.IMPORTED: 3}


async def test_who_is_not_mapped_stays_in_the_archive(migration):
    migration.options = replace(MAP, identities={ALICE: MAP.identities[ALICE]})
    state = await migration.run()

    assert migration.said == []
    assert migration.graph.chats == {}
    lines = state.thread(THREAD).messages.values()
    assert Counter(line.reason for line in lines) == {"chat_refused": 2, "unmapped": 1}
    assert statuses(state) == {ImportStatus.ARCHIVED: 3}
    (found,) = await migration.reconcile()
    assert found.problems == []


async def test_reconciling_names_what_is_other_in_the_chat(migration):
    await migration.run()
    (chat,) = migration.graph.chats.values()
    first, second, *_ = [
        at for at, item in sorted(chat.messages.items()) if item["from"]
    ]
    gone = chat.messages.pop(first)
    chat.messages[second]["from"]["user"]["id"] = "somebody"
    (found,) = await migration.reconcile()

    assert any(problem.startswith("not in the chat: ") for problem in found.problems)
    assert any("another author" in problem for problem in found.problems)
    chat.messages[first + 5] = {**gone, "createdDateTime": "2026-11-22T12:00:07.000Z"}
    (found,) = await migration.reconcile()
    assert any("another time" in problem for problem in found.problems)


async def test_a_damaged_line_of_the_log_is_counted_and_hides_nothing(migration):
    await migration.run()
    (path,) = migration.control.files
    data = migration.control.files[path]
    state = ImportState.of([*data.split(b"\n"), b'{"kind":"chat"', b"[]"])
    assert state.unreadable == 2
    assert statuses(state) == {ImportStatus.IMPORTED: 3}


async def test_a_message_that_may_have_arrived_is_found_whatever_the_map_says_since(
    migration,
):
    """It was sent as Ann; by a new map Alice is somebody else."""
    chats = Chats(migration.graph)
    chats.lose, chats.is_blind = {("post", 1)}, True
    with pytest.raises(Transient):
        await migration.run(chats)
    other = EntraIdentity(id="aaaaaaaa-0000-0000-0000-000000000009", display_name="Al")
    migration.options = replace(MAP, identities={**MAP.identities, ALICE: other})
    state = await migration.run()

    assert [text for _, text in migration.said] == ["hello", "hi", "bye"]
    assert statuses(state) == {ImportStatus.IMPORTED: 3}


@pytest.mark.parametrize("arrives", [True, False])
async def test_a_message_in_doubt_that_is_not_to_be_sent_any_more_has_its_end(
    migration, arrives
):
    """Killed between asking and hearing; since then somebody left it out."""
    chats = Chats(migration.graph)
    if arrives:
        chats.lose, chats.is_blind = {("post", 1)}, True
        with pytest.raises(Transient):
            await migration.run(chats)
    else:
        with pytest.raises(Killed):  # the line is durable, and nothing was asked
            await migration.run(step=Life(MESSAGE_IS_NEXT))
        assert migration.said == []
    migration.options = replace(
        MAP, identities={BOB: MAP.identities[BOB]}, archive_only=frozenset([ALICE])
    )
    state = await migration.run()

    assert state.thread(THREAD).open == []
    assert statuses(state)[ImportStatus.IMPORTED] == arrives + 1
    assert migration.said == [*WANTED[:arrives], WANTED[1]]


async def test_a_refusal_after_an_answer_that_was_lost_makes_no_second_message(
    migration,
):
    """The message arrived; asked again, Graph refuses, and it cannot be seen yet."""
    migration.graph = Forgetful()
    chats = Chats(migration.graph)
    chats.lose, chats.blind_for = {("post", 1)}, 2
    state = await migration.run(chats)
    assert statuses(state)[ImportStatus.FAILED] == 1

    state = await migration.run(retry=True)
    assert migration.said == WANTED
    assert statuses(state) == {ImportStatus.IMPORTED: 3}


async def test_another_message_of_the_same_author_is_never_taken_for_this_one(
    migration,
):
    await migration.run()
    log = await migration.log()
    one, other = [line for line in log.state.thread(THREAD).messages.values()
                  if line.sent_as == ANN]  # fmt: skip
    # As where it was moved onto a millisecond that another one has taken since.
    await log.record(replace(other, status=ImportStatus.SENDING, target_id="",
                             effective=one.effective))  # fmt: skip
    (chat,) = migration.graph.chats.values()
    chat.messages = {
        at: item for at, item in chat.messages.items() if item["id"] != other.target_id
    }
    state = await migration.run()

    assert sorted(migration.said) == sorted(WANTED)
    assert statuses(state) == {ImportStatus.IMPORTED: 3}
    targets = [line.target_id for line in state.thread(THREAD).messages.values()]
    assert len({*targets}) == 3


async def test_two_messages_that_are_one_in_the_chat_are_told(migration):
    await migration.run()
    log = await migration.log()
    one, other, *_ = log.state.thread(THREAD).messages.values()
    await log.record(replace(other, target_id=one.target_id))
    (found,) = await migration.reconcile()
    assert "the ledger has two messages where the chat has one" in found.problems


async def test_what_people_say_in_a_completed_chat_is_no_obstacle_later(migration):
    await migration.run()
    log = await migration.log()
    await complete_thread(
        log.state.thread(THREAD), Chats(migration.graph), log, Clock()
    )
    (chat,) = migration.graph.chats.values()
    at = migration.graph.now()
    chat.messages[at] = {
        "id": "typed",
        "createdDateTime": as_time(at),
        "from": {"user": {"id": BEN}},
        "body": {"content": "typed in Teams"},
    }
    await migration.world.receive(received(3, "one more"))
    await migration.world.finalize(THREAD)
    await migration.run()
    (found,) = await migration.reconcile()

    assert (found.step, found.problems) == ("started", [])
    assert found.notes == ["1 said in the chat since it was completed"]


async def test_a_second_session_is_kept_as_begun(
    migration,
):
    await migration.run()
    log = await migration.log()
    known = log.state.thread(THREAD)
    await keep_ledger(migration.kept(), log)
    await complete_thread(known, Chats(migration.graph), log, Clock())
    await keep_ledger(migration.kept(), log)
    await log.record(ChatLine(thread_id=THREAD, step=ChatStep.STARTED,
                              chat_id=known.chat_id, on=known.created_on))  # fmt: skip
    await keep_ledger(migration.kept(), log)

    kept = state_kept(await migration.kept().read("imports"), "teams")
    assert kept.thread(THREAD).step is ChatStep.STARTED


@pytest.mark.parametrize("is_killed", [False, True])
async def test_a_chat_that_is_shown_late_is_waited_for(migration, is_killed):
    chats = Chats(migration.graph)
    if is_killed:
        create = chats.create

        async def then_die(body):
            await create(body)
            chats.create = create
            raise Killed

        chats.create = then_die
    else:
        chats.lose = {("create", 1)}
    shown, looked = chats.chats_of, []

    async def late(member):
        looked.append(member)
        return await shown(member) if len(looked) > 2 else []

    chats.chats_of = late
    if is_killed:
        with pytest.raises(Killed):
            await migration.run(chats)
    await migration.run(chats)
    assert len(migration.graph.chats) == 1


async def test_who_was_erased_does_not_come_back_into_the_kept_ledger(migration):
    await migration.run()
    log = await migration.log()
    await keep_ledger(migration.kept(), log)
    world = migration.world
    erase = EraseInput(
        archive=world.archive, ledger=world.ledger,
        holds=Holds(archive=world.archive, ledger=world.ledger, draw=world.salts),
        leases=world.leases, draw=world.salts,
    )  # fmt: skip
    assert await erase(BOB, by="Dana", reason="case 9") == 1
    await keep_ledger(migration.kept(), await migration.log())

    there = await migration.kept().read("imports")
    kept = state_kept(there, "teams")
    assert statuses(kept) == {ImportStatus.IMPORTED: 3}
    said = str([each.value for each in there.values("imports")])
    assert BOB not in said
    assert BEN not in said
    assert await keep_ledger(migration.kept(), await migration.log()) == 0


def erasing(world):
    return Erase(
        archive=world.archive, ledger=world.ledger, log=None, leases=world.leases,
        holds=Holds(archive=world.archive, ledger=world.ledger, draw=world.salts),
        draw=world.salts,
    )  # fmt: skip


async def test_what_is_erased_while_a_thread_is_imported_is_not_sent(migration):
    """The thread was read, and one message sent, when somebody had another erased."""
    first = Chats(migration.graph)
    post = first.post

    async def then_erase(chat_id, body):
        made = await post(chat_id, body)
        if first.asked["post"] == 1:
            scope = Choice(participant=BOB)
            await erasing(migration.world)(THREAD, scope, by="Dana", reason="case 9")
        return made

    first.post = then_erase
    with pytest.raises(Transient, match="erased meanwhile"):
        await migration.run(first)
    assert migration.said == WANTED[:1]

    state = await migration.run()
    assert migration.said == [WANTED[0], WANTED[2]]
    assert state.thread(THREAD).open == []


async def test_who_lost_the_import_to_another_process_sends_nothing_more(migration):
    class Lost:
        async def confirm(self):
            if migration.said:
                raise Transient("the lease was lost")

    log = await migration.log()
    log.lease = Lost()
    use = RunImport(
        chats=Chats(migration.graph), log=log, archive=migration.world.archive,
        clock=Clock(),
    )  # fmt: skip
    (thread,) = await migration.planned(log)
    with pytest.raises(Transient, match="lost"):
        await use(thread)
    assert migration.said == WANTED[:1]


async def test_a_thread_that_cannot_be_read_any_more_stops_no_other(migration):
    """It was chosen, and then something of it was damaged."""
    (chosen,) = await migration.planned(await migration.log())
    archive = migration.world.archive
    path = next(path for path in archive.files if path.endswith("events.jsonl"))
    archive.files[path] = b"{"

    async def both():
        yield chosen.transcript

    failures = []
    log = await migration.log()
    plans = plan_all(archive, both(), MAP, log, on_failure=failures.append)
    assert [plan async for plan in plans] == []
    (failure,) = failures
    assert failure.startswith(THREAD)


def left(person):
    return thread_event(
        "ChatThreadParticipantRemoved", id=f"left-{person}",
        time="2026-11-22T13:00:00Z", version=FIRST_ID + 100,
        participantRemoved={"participantCommunicationIdentifier": who(person)},
        removedByCommunicationIdentifier=who(ALICE),
    )  # fmt: skip


async def test_what_comes_after_everybody_has_left_goes_into_the_chat_that_is_there(
    migration,
):
    """At the end people leave the thread; what they said last is not lost for it."""
    await migration.run()
    world = migration.world
    await world.receive(received(3, "the last word"), left(ALICE), left(BOB))
    world.chat.shows(
        THREAD, ALICE, listed(0, "hello"),
        listed(1, "hi", senderCommunicationIdentifier=who(BOB)), listed(2, "bye"),
        listed(3, "the last word"), others=(),
    )  # fmt: skip
    await world.finalize(THREAD)
    (thread,) = await migration.planned(await migration.log())
    assert (len(thread.plan.members), thread.refusals) == (1, [])
    await migration.run()
    assert migration.said == [*WANTED, (ANN, "the last word")]
    assert (await migration.reconcile())[0].problems == []


async def test_what_an_erasure_that_died_has_to_take_is_not_sent(
    migration, monkeypatch
):
    """Its order is written and recorded; its lines are still there."""
    archive = migration.world.archive
    replace_file = archive.replace

    async def only_orders(path, data):
        if not path.endswith("erasures.json"):
            raise Transient("the storage is gone")
        await replace_file(path, data)

    with monkeypatch.context() as patched:
        patched.setattr(archive, "replace", only_orders)
        with pytest.raises(Unfinished):
            await erasing(migration.world)(
                THREAD, Choice(participant=BOB), by="Dana", reason="case 9"
            )
    state = await migration.run()

    assert migration.said == [WANTED[0], WANTED[2]]
    assert statuses(state)[ImportStatus.EXCLUDED] == 1
