"""An estate of years: users and threads as they stand, with everything that goes wrong.

The truth about it is kept beside it, so that a backfill's report can be compared.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from local.chat_service.model import Member, Message, Thread, World, identifier

GONE = 0.01
"""Share of users whose identity was deleted: no token exists for them any more."""
LOST, PARTIAL = 0.005, 0.01
"""Shares of threads that nobody can read any more, or only from later on."""
PICTURED = 0.02
"""Share of messages that an image follows on."""
MOST_MESSAGES = 6


@dataclass(slots=True, kw_only=True)
class Truth:
    """What an estate really holds."""

    users: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    full: list[str] = field(default_factory=list)
    partial: list[str] = field(default_factory=list)
    lost: dict[str, str] = field(default_factory=dict)
    """Threads that nobody can read, each with a user who was in it once."""
    messages: int = 0
    """Messages that somebody can still read, those of the service itself included."""
    images: int = 0
    """Of them, those with an image."""
    edited: int = 0
    deleted: int = 0

    @property
    def living(self) -> list[str]:
        return [one for one in self.users if one not in set(self.gone)]


def seed_estate(world: World, *, users: int, threads: int, seed: int = 1) -> Truth:
    """Fill a world; the same seed gives the same shape, ids aside."""
    chance = random.Random(seed)
    truth = Truth(users=[world.new_identity() for _ in range(users)])
    truth.gone = chance.sample(truth.users, max(1, round(users * GONE)))
    living = truth.living
    lost, partial = max(1, round(threads * LOST)), max(1, round(threads * PARTIAL))
    for number in range(threads):
        people = living
        if number < lost:
            people = truth.gone
        thread = seed_thread(world, chance, chance.sample(people, min(len(people), 3)))
        if number < lost:
            truth.lost[thread.id] = next(iter(thread.members))
            continue
        if number < lost + partial:
            hide_beginning(thread)
            truth.partial.append(thread.id)
        else:
            truth.full.append(thread.id)
        count(truth, thread)
    world.identities.difference_update(truth.gone)
    return truth


def seed_thread(world: World, chance: random.Random, users: Sequence[str]) -> Thread:
    """Make one thread in which these users have talked."""
    thread = world.create_thread(f"Case {chance.randrange(10_000)}", users[0])
    members = [Member(one, f"Person {index}") for index, one in enumerate(users)]
    thread.members = {one.id: one for one in members}
    by = {"initiatorCommunicationIdentifier": identifier(users[0])}
    world.add_message(thread, "topicUpdated", {"topic": thread.topic} | by)
    for number in range(chance.randrange(1, MOST_MESSAGES)):
        sender = chance.choice(members)
        message = world.add_message(
            thread,
            "text",
            {"message": f"About {thread.topic}, line {number}: we are looking at it."},
            sender=sender,
            sender_name=sender.display_name,
        )
        if chance.random() < PICTURED:
            world.add_image(thread, sender, "photo.png", chance.randbytes(200))
        fate = chance.random()
        if fate < 0.1:
            message.content = {"message": "Corrected."}
            message.edited_ms = world.touch(thread, message)
        elif fate < 0.15:
            message.deleted_ms = world.touch(thread, message)
    return thread


def hide_beginning(thread: Thread) -> None:
    """Let everybody see the thread, an hour old by now, only from its end on."""
    thread.created_ms -= 3_600_000
    newest = max(message.created_ms for message in thread.messages.values())
    for member in thread.members.values():
        member.share_history_ms = newest


def count(truth: Truth, thread: Thread) -> None:
    member = next(iter(thread.members.values()))
    visible: Iterable[Message] = thread.visible_to(member)
    for one in visible:
        truth.messages += 1
        truth.images += "attachments" in one.content
        truth.edited += bool(one.edited_ms) and not one.deleted_ms
        truth.deleted += bool(one.deleted_ms)
