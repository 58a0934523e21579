"""Histories of the real use cases in memory: a service, people, clocks, accidents.

Steps have the names and arguments of those in `evidence_histories`, and some more. The
storage's clock only goes on; the writer's is off by days at times. Two processes write,
each with its own view of the ledger, and either is killed before any of its writes.
"""

import asyncio
import contextlib
import random
from collections import defaultdict
from datetime import datetime, timedelta

from builders import ALICE, Clock
from evidence_histories import STEPS, THREADS
from shared.domain import layout
from shared.domain.errors import Transient, Unreachable
from shared.domain.evidence.orders import decode_orders
from shared.ports.leases import LeaseHeld
from shared.ports.ledger_blobs import BlobClosed
from shared.usecases.evidence.erase import Erase, Refused
from shared.usecases.evidence.erase_plan import Choice
from shared.usecases.evidence.holds import Holds
from shared.usecases.evidence.ledger import Ledger
from shared.usecases.evidence.superseded import remove_all_superseded
from shared.usecases.evidence.thread_archive import orders_path
from world import World
from world_model import Model, Ordered
from world_people import People, Service

MORE_STEPS = (
    *STEPS, "other_event", "leave", "tear", "release", "sweep", "kill", "kill", "erase_by_plan", "turn_day", "together",
    "show_system", "show_odd",
)  # fmt: skip
KILLED_IN = ("finalize", "sweep", "erase_message", "erase_person", "erase_topic")
OUTWARD = {
    "archive": ("create", "replace", "remove"),
    "blobs": ("create", "append", "append_first", "seal"),
    "log": ("prune", "mark", "unmark"),
}
"""What a process writes, and before which of it one may be killed."""


READ = {
    "archive": ("read",),
    "blobs": ("list",),
    "log": ("append", "read", "thread", "quarantine"),
}
ALLOWED = (Refused, LeaseHeld, Transient)
"""What one of several that are at work at once may raise."""


class Killed(BaseException):
    """The process was killed; nothing of it may catch this."""


class Random:
    """Salts that are drawn by chance, so that none looks like anything else."""

    def __init__(self, seed):
        self.chance = random.Random(seed)

    def __call__(self):
        return self.chance.randbytes(16)


async def refuse_to_seal(_number):
    return False


class WorldHistory(People):
    """An archiver with the steps that happen to it."""

    def __init__(
        self, seed, formats=("json", "rsmf"), *, seals=True, most_blocks=50_000
    ):
        """`seals` is False for a storage that does not seal the ledger's blobs."""
        self.chance = random.Random(seed)
        self.storage, self.skew = Clock(), timedelta()
        self.world = World(
            readers=(ALICE,),
            formats=formats,
            storage=self.storage,
            clock=self.writer_clock,
            salts=Random(seed),
        )
        self.world.blobs.most_blocks = most_blocks
        self.seals = seals
        if not seals:
            self.world.blobs.seal = refuse_to_seal
        self.model = Model()
        self.messages = defaultdict(list)
        self.services = defaultdict(Service)
        self.delivered = defaultdict(list)
        self.holds = []
        self.fuse, self.repeats, self.turn = None, False, 0
        self.killed, self.is_recovering = None, False
        self.in_flight, self.was_stopped, self.is_shared = None, False, False
        self.writes = self.erasures = self.kills = self.refusals = 0
        self.processes = [self.world.ledger, self.new_ledger()]
        for owner, names in OUTWARD.items():
            part = getattr(self.world, owner)
            for name in names:
                setattr(part, name, self.watched(name, getattr(part, name)))
            for name in (*names, *READ[owner]):
                setattr(part, name, self.in_turns(getattr(part, name)))

    def writer_clock(self):
        return self.storage() + self.skew

    def new_ledger(self):
        return Ledger(blobs=self.world.blobs, clock=self.writer_clock)

    def watched(self, name, write):
        async def call(*arguments):
            if self.fuse is not None:
                self.fuse -= 1
                if self.fuse < 0:
                    self.in_flight = (name, arguments)
                    raise Killed
            self.writes += 1
            if name == "append" and self.repeats:
                self.repeats = False
                await write(*arguments)
            return await write(*arguments)

        return call

    def in_turns(self, call):
        """Let others have their turn before and after a call, while they are there."""

        async def yielding(*arguments):
            await self.let_others()
            answer = await call(*arguments)
            await self.let_others()
            return answer

        return yielding

    async def let_others(self):
        for _ in range(self.chance.randrange(4) if self.is_shared else 0):
            await asyncio.sleep(0)

    def process(self):
        """Return the ledger of the process whose turn it is."""
        self.turn += 1
        return self.processes[self.turn % 2]

    def restart(self):
        """Begin the process anew that was killed; its leases run out."""
        self.fuse = None
        self.world.leases.holders.clear()
        self.processes[self.turn % 2] = self.new_ledger()

    async def step(self, name, *arguments):
        self.storage.pass_time(seconds=7)
        await getattr(self, name)(*arguments)

    # What the archiver does

    async def finalize(self, thread, number=0, *_):
        self.set_pages(thread)
        run = self.world.new_finalizer(self.process())
        try:
            done = await run(thread, relist=number % 2 == 1, is_open=number % 4 == 2)
        except Unreachable:
            return
        self.model.archived |= self.model.of(thread, "log", "quarantine")
        is_whole = done.visibility in ("full", "partial")
        if done.written and is_whole:
            self.model.archived |= set(self.services[thread].shown.values())

    async def sweep(self, _thread=None, number=0, *_):
        """Sweep, then finalize what was queued."""
        days = 900 if number % 2 else 2
        swept = await self.world.new_sweep(log_keep=timedelta(days=days))()
        assert swept.failures == [], swept.failures
        queued, self.world.queue.messages = self.world.queue.messages, []
        for work, _ in queued:
            await self.finalize(work.thread_id)

    async def turn_day(self, *_):
        """Archive all there is, and sweep on the next day by a clock that is right."""
        for thread in THREADS:
            if self.model.of(thread):
                await self.finalize(thread)
        self.storage.pass_time(days=1)
        skew, self.skew = self.skew, timedelta()
        if self.was_stopped:
            await self.sweep(number=1)  # it goes on where the one before was stopped
        await self.sweep(number=1)
        self.skew = skew

    async def remove_superseded(self, thread, *_):
        if any("manifest" in path for path in self.paths(thread)):
            await remove_all_superseded(self.world.archive, thread)

    def paths(self, thread):
        folder = layout.thread_folder(thread)
        return [path for path in self.world.archive.files if path.startswith(folder)]

    async def repeat_append(self, *_):
        self.repeats = True

    async def pass_time(self, _thread, number, *_):
        self.storage.pass_time(hours=11 * number + 1)

    async def lose_clock(self, _thread, number, *_):
        self.skew = timedelta(days=(-9, 0, 0, 400)[number % 4])

    # Holds and erasures

    def use(self):
        """Return the use case of the process whose turn it is."""
        ledger = self.process()
        run = self.world.new_finalizer(ledger)

        async def finalize(thread_id, lease):
            await run.under_lease(thread_id, lease)

        return Erase(
            archive=self.world.archive,
            ledger=ledger,
            holds=self.all_holds(ledger),
            log=self.world.log,
            leases=self.world.leases,
            draw=self.world.salts,
            finalize=finalize,
        )

    def all_holds(self, ledger):
        return Holds(archive=self.world.archive, ledger=ledger, draw=self.world.salts)

    async def hold(self, thread, number, person, _text):
        on = [{"thread_id": thread}, {"participant": person}][number % 2 :]
        choice = {
            name: value for part in on[: 1 + number % 3] for name, value in part.items()
        }
        made = await self.all_holds(self.process()).add(**choice, why="case", who="L")
        self.holds.append((made.id, choice))

    async def release(self, *_):
        if self.holds:
            made, _ = self.holds.pop(0)
            await self.all_holds(self.process()).release(made, why="over", who="L")

    async def erase_message(self, thread, number, person, text):
        said = self.pick(thread, number, person, text)
        await self.erase(thread, messages=frozenset([said.id]))

    async def erase_person(self, thread, _number, person, _text):
        await self.erase(thread, participant=person)

    async def erase_topic(self, thread, *_):
        await self.erase(thread, topic=True)

    async def erase_by_plan(self, _thread, _number, person, _text):
        """Erase a person in every thread, as the command does."""
        before = {thread: self.known_by_then(thread) for thread in THREADS}
        choice, use = Choice(participant=person), self.use()
        plans = [plan async for plan in use.plan(choice, self.no_failure)]
        if any(plan.refused for plan in plans):
            self.refusals += 1
            assert self.holds
            return
        refused = self.refusals
        for plan in plans:
            await self.erase(plan.thread_id, participant=person)
        # What was archived first may have brought something that is on hold.
        for thread in THREADS if self.refusals == refused else ():
            if self.is_archived(thread) and not self.is_held(
                thread, choice, before[thread]
            ):
                assert not self.model.would_take(
                    str(choice.scope), set(choice.ids), before[thread]
                ), "the plan left something out"

    def no_failure(self, text):
        raise AssertionError(text)

    def is_archived(self, thread):
        return any("manifest" in path for path in self.paths(thread))

    def known_by_then(self, thread):
        """Return the occurrences that an order takes whatever their time is."""
        logged = self.model.of(thread, "log", "quarantine")
        return frozenset(logged | self.model.archived & self.model.of(thread))

    async def erase(self, thread, **what):
        if not self.is_archived(thread):
            return
        choice, known = Choice(**what), self.known_by_then(thread)
        scope, ids = str(choice.scope), frozenset(choice.ids)
        takes = self.model.would_take(scope, ids, known)
        is_held = self.is_held(thread, choice, known)
        self.set_pages(thread)
        try:
            done = await self.use()(thread, choice, by="dpo", reason="a request")
        except Refused:
            self.refusals += 1
            assert self.holds, "nothing is on hold"
            self.model.archived |= known
            self.note_orders(thread, known)
            return
        is_new = self.note_orders(thread, known)
        assert done.left == [], done.left
        assert not (is_new and is_held) or self.is_recovering, "an order under a hold"
        assert is_new or not takes, "there was something to erase"
        self.model.archived |= known

    def note_orders(self, thread, known):
        """Note the orders that are new; return whether there are any."""
        data = self.world.archive.files.get(orders_path(thread))
        orders = decode_orders(data) if data else ()
        noted = self.model.orders.setdefault(thread, [])
        new = orders[len(noted) :]
        for order in new:
            self.erasures += 1
            noted.append(
                Ordered(
                    scope=str(order.scope),
                    ids=frozenset(order.ids),
                    when=datetime.fromisoformat(order.when),
                    before=known,
                )
            )
        return bool(new)

    def is_held(self, thread, choice, known):
        """Return whether a hold covers something that would be taken."""
        scope, ids = str(choice.scope), set(choice.ids)
        taken = self.model.taken(scope, ids, known)
        for _, held in self.holds:
            if held.get("thread_id", thread) != thread:
                continue
            person = held.get("participant", "")
            for number in taken:
                if not person or self.model.concerns(self.model.said[number], person):
                    return True
        return False

    async def kill(self, thread, number, person, text):
        """Kill a process before a write; the next run goes on where it was."""
        known = self.known_by_then(thread)
        doing = self.chance.choice(KILLED_IN)
        self.fuse = self.chance.randrange(self.chance.randrange(1, 25))
        try:
            await getattr(self, doing)(thread, number, person, text)
        except Killed:
            self.kills += 1
            self.was_stopped |= doing == "sweep"
            self.killed = (doing, thread, number, person, text, known)
        else:
            self.killed = None
        self.restart()

    async def together(self, thread, number, person, text):
        """Let an eraser, two finalizers, a sweep and people do things at once.

        Nobody can tell whether what is said meanwhile was before an order.
        """
        if not self.is_archived(thread):
            return
        known, before = self.known_by_then(thread), len(self.model.said)
        self.set_pages(thread)
        # None of them may be new: its id would be that of what is said meanwhile.
        ids = [said.id for said in self.messages[thread]] or ["1"]
        choice = self.chance.choice(
            (
                Choice(messages=frozenset([ids[number % len(ids)]])),
                Choice(participant=person),
                Choice(topic=True),
            )
        )
        runs = [
            self.use()(thread, choice, by="dpo", reason="at once"),
            self.world.new_finalizer(self.process())(thread, relist=number % 2 == 1),
            self.world.new_finalizer(self.process())(thread),
            self.world.new_sweep(
                log_keep=timedelta(days=2 * number),
                keep_superseded=timedelta(days=number % 2),
            )(),
            self.say(thread, number, person, text),
            self.repeat_event(thread, number),
            self.quarantine(thread, number, person, text),
        ]
        self.chance.shuffle(runs)
        self.is_shared = True
        answers = await asyncio.gather(*runs, return_exceptions=True)
        self.is_shared = False
        for answer in answers:
            if isinstance(answer, BaseException) and not isinstance(answer, ALLOWED):
                raise answer
        self.model.unsure |= set(range(before, len(self.model.said)))
        self.world.queue.messages.clear()
        await self.finalize(thread)
        self.note_orders(thread, known)

    async def recover(self):
        """Let the next run go on, whichever it is."""
        doing, thread, number, person, text, known = self.killed
        self.killed = None
        if self.chance.random() < 0.3:
            await self.land()
        self.is_recovering = True
        # An order that was killed before its line is taken out.
        if self.seals and self.chance.random() < 0.3:
            await self.hold(thread, number, person, text)
        again = self.chance.choice((doing, doing, "finalize", "erase_person"))
        await getattr(self, again)(thread, number, person, text)
        self.note_orders(thread, known)
        self.is_recovering = False
        await self.land()

    async def land(self):
        """Let an append land that was on its way when its process was killed."""
        (name, arguments), self.in_flight = self.in_flight or ("", ()), None
        if name in ("append", "append_first"):
            with contextlib.suppress(BlobClosed):
                await getattr(self.world.blobs, name)(*arguments)
