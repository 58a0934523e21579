"""An estate with everything that there can be, over two years.

Retention policies of several lengths; threads that were deleted, lost with their users,
left by everybody, without topic, without a message, longer than a page, or of meetings;
people who were removed, who joined late, whose identity is gone, who are in no thread,
who share a name with another; participants who are no users of the resource; one who is
in so many threads that listing them takes pages.

A thread's number decides what it has, so that a small estate has some of each too.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from local.chat_service.estate import MOST_MESSAGES, hide_beginning, talk
from local.chat_service.model import Member, Thread, World, now_ms
from local.chat_service.truth import (
    ARCHIVED,
    DAY_MS,
    DELETED,
    PARTIAL,
    UNREACHABLE,
    Truth,
    thread_truth,
)
from local.chat_service.wire import initiated_by, member_json

GONE, IDLE = 0.03, 0.03
"""Shares of users whose identity was deleted, and who are in no thread."""
FEWEST_USERS, FEWEST_THREADS = 10, 30
LOST, HIDDEN, DESERTED = 0.01, 0.02, 0.01
"""Shares of threads that nobody can read, that show only their end, that all left."""
REMOVED, EMPTY, MEETING = 0.02, 0.01, 0.03
"""Shares of threads that were deleted, that have no message, that are of meetings."""
POLICIES = (30, 45, 60, 90)
DUE_SOON = 2
"""Days until a thread that is due soon is deleted."""
YOUNGEST, OLDEST = 15, 700
"""Days since threads were created."""
LONGEST_PAUSE_MS = 3_600_000
LONG = 250
"""Lines of the longest thread: more than a page."""
NAMESAKE = "Sam Miller"
GUESTS = (
    "4:+1555010{number:04}",
    "8:orgid:00000000-0000-4000-8000-{number:012}",
    "8:teamsvisitor:{number:032x}",
)


@dataclass(slots=True)
class Past:
    """A clock that goes on by itself from the time that it was last set to."""

    chance: random.Random
    time: int = 0

    def __call__(self) -> int:
        self.time += self.chance.randrange(1, LONGEST_PAUSE_MS)
        return self.time


@dataclass(slots=True)
class Seeding:
    """An estate in the making."""

    world: World
    chance: random.Random
    past: Past
    truth: Truth
    people: list[str] = field(default_factory=list)
    """The users who are in threads. The first is in very many of them; the next two
    have the same name."""

    def members(self, number: int, *, meeting: bool) -> list[Member]:
        """Return who begins a thread; in a meeting there is always a guest."""
        busy, *others = self.people
        few = self.chance.sample(others, 3)
        if number % 10 == 0:
            few[1] = busy
        if meeting or number % 5 == 1:
            few.append(self.chance.choice(self.truth.guests))
        return [self.member(who) for who in few]

    def member(self, who: str) -> Member:
        return Member(who, self.truth.names[who])

    def begin(self, number: int, members: list[Member], *, meeting: bool) -> Thread:
        """Return a new thread of these members, at some time in the past."""
        age, days = age_and_policy(number, self.chance)
        self.past.time = now_ms() - age * DAY_MS
        self.world.last_ms = 0
        topic = "" if number % 9 == 4 else f"Case {self.chance.randrange(10_000)}"
        kind = "meeting" if meeting else "acsV1"
        thread = self.world.create_thread(topic, members[0].id, kind=kind)
        if days:
            thread.retention_policy = {
                "kind": "threadCreationDate",
                "deleteThreadAfterDays": days,
            }
        thread.members = {member.id: member for member in members}
        return thread

    def live(self, number: int, thread: Thread) -> None:
        """Let people talk, join and leave."""
        members = list(thread.members.values())
        by = members[0].id
        self.world.add_message(
            thread, "topicUpdated", {"topic": thread.topic} | initiated_by(by)
        )
        lines = self.chance.randrange(1, MOST_MESSAGES)
        talk(self.world, self.chance, thread, members, lines)
        if number % 8 == 6:
            self.world.add_acs_image(
                thread, members[1], "chart.png", self.chance.randbytes(200)
            )
        if number % 7 == 3:
            self.join(thread, by)
        if number % 6 == 2:  # every other time, who created the thread
            self.leave(number, thread, members[0 if number % 12 == 2 else 2])

    def join(self, thread: Thread, by: str) -> None:
        """Have somebody join who sees only what is said from then on."""
        strangers = [who for who in self.people if who not in thread.members]
        late = self.member(self.chance.choice(strangers))
        self.change(thread, "participantAdded", [late], by)
        late.share_history_ms = self.world.last_ms
        thread.members[late.id] = late
        talk(self.world, self.chance, thread, [late], 1)

    def leave(self, number: int, thread: Thread, member: Member) -> None:
        """Remove a member; every third time it is one whose identity is gone."""
        if number % 18 == 2:
            member = self.member(self.chance.choice(self.truth.gone))
            thread.members[member.id] = member
            talk(self.world, self.chance, thread, [member], 2)
        by = next(each.id for each in thread.present() if each is not member)
        removed = self.change(thread, "participantRemoved", [member], by)
        member.left_ms = removed
        others = thread.present()
        talk(self.world, self.chance, thread, others, 1)

    def desert(self, thread: Thread) -> None:
        """Have everybody removed at once, as when an application closes a case."""
        members = thread.present()
        removed = self.change(thread, "participantRemoved", members, members[0].id)
        for member in members:
            member.left_ms = removed

    def change(
        self, thread: Thread, type_: str, members: Sequence[Member], by: str
    ) -> int:
        people = [member_json(member) for member in members]
        content = {"participants": people} | initiated_by(by)
        return self.world.add_message(thread, type_, content).version

    def talk_long(self) -> Thread:
        """Return a thread of many messages, two namesakes, and images of both kinds."""
        members = [self.member(who) for who in self.people[:3]]
        thread = self.begin(0, members, meeting=False)
        talk(self.world, self.chance, thread, members, LONG)
        for add in (self.world.add_image, self.world.add_acs_image):
            add(thread, members[1], "photo.png", self.chance.randbytes(200))
        return thread


def age_and_policy(number: int, chance: random.Random) -> tuple[int, int]:
    """Return how many days ago a thread was created, and how long it is kept."""
    if number % 4 != 1:
        return chance.randrange(YOUNGEST, OLDEST), 0
    days = POLICIES[number // 4 % len(POLICIES)]
    is_due_soon = number // 16 % 2 == 0
    return (days - DUE_SOON if is_due_soon else YOUNGEST), days


def can_vary(users: int, threads: int) -> bool:
    """Return whether an estate is big enough to have some of everything."""
    return users >= FEWEST_USERS and threads >= FEWEST_THREADS


def seed_varied_estate(
    world: World, *, users: int, threads: int, seed: int = 1
) -> Truth:
    """Fill a world; return the truth. A seed determines everything except ids."""
    chance = random.Random(seed)
    estate = Seeding(world, chance, Past(chance), begin_truth(world, users))
    truth = estate.truth
    idle = at_least(users, IDLE)
    estate.people = truth.living[: len(truth.living) - idle]
    world.clock = estate.past
    for number, fate in enumerate(fates(threads)):
        truth.threads.append(thread_truth(*made(estate, number, fate)))
    world.clock, world.last_ms = now_ms, 0
    world.identities.difference_update(truth.gone)
    return truth


def begin_truth(world: World, users: int) -> Truth:
    """Return new users with their names, and guests."""
    truth = Truth(users=[world.new_identity() for _ in range(users)])
    truth.gone = truth.users[users - at_least(users, GONE) :]
    truth.guests = [
        kind.format(number=number) for number in range(1, 6) for kind in GUESTS
    ]
    truth.names = {
        who: f"Person {number}"
        for number, who in enumerate((*truth.users, *truth.guests))
    }
    truth.names |= dict.fromkeys(truth.users[1:3], NAMESAKE)
    return truth


def at_least(all_of_them: int, share: float) -> int:
    """Return a share as a number: two at least, so that there are some."""
    return max(2, round(all_of_them * share))


def fates(threads: int) -> Iterator[str]:
    """Yield what becomes of each thread; most just go on."""
    yield "long"
    left = threads - 1
    for fate, share in (
        ("lost", LOST),
        ("hidden", HIDDEN),
        ("deserted", DESERTED),
        ("removed", REMOVED),
        ("empty", EMPTY),
        ("meeting", MEETING),
    ):
        count = at_least(threads, share)
        left -= count
        yield from [fate] * count
    yield from ["ordinary"] * left


def made(estate: Seeding, number: int, fate: str) -> tuple[Thread, str]:
    """Return a thread with its fate, and its status in a backfill."""
    if fate == "long":
        return estate.talk_long(), ARCHIVED
    is_meeting = fate == "meeting"
    members = estate.members(number, meeting=is_meeting)
    if fate == "lost":
        members = [estate.member(who) for who in estate.truth.gone[:3]]
    thread = estate.begin(number, members, meeting=is_meeting)
    if fate == "empty":
        return thread, ARCHIVED
    if fate in ("lost", "hidden", "deserted"):
        talk(estate.world, estate.chance, thread, members, 4)
    else:
        estate.live(number, thread)
    if fate == "hidden":
        hide_beginning(thread)
        return thread, PARTIAL
    if fate == "deserted":
        estate.desert(thread)
        return thread, PARTIAL
    if fate == "removed":
        thread.deleted_ms = estate.world.tick()
        return thread, DELETED
    return thread, UNREACHABLE if fate == "lost" else ARCHIVED
