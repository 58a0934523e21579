"""An estate as it grows over years: users and threads, with everything that goes wrong.

Its true numbers are returned with it, so that a backfill's report can be compared.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from local.chat_service.identifiers import identifier
from local.chat_service.model import Member, Message, Thread, World

GONE = 0.01
"""Share of users whose identity was deleted, so that no token can be minted."""
LOST, PARTIAL = 0.005, 0.01
"""Shares of threads that nobody can read any more, or only their end."""
PICTURED = 0.02
"""Share of messages that are followed by an image."""
MOST_MESSAGES = 6


@dataclass(slots=True, kw_only=True)
class Truth:
    """What an estate really contains."""

    users: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    full: list[str] = field(default_factory=list)
    partial: list[str] = field(default_factory=list)
    lost: dict[str, str] = field(default_factory=dict)
    """Threads that nobody can read, each with a former participant."""
    messages: int = 0
    """Messages that somebody can still read, including system messages."""
    images: int = 0
    """Those of them with an image."""
    edited: int = 0
    deleted: int = 0

    @property
    def living(self) -> list[str]:
        return [user for user in self.users if user not in set(self.gone)]


def seed_estate(world: World, *, users: int, threads: int, seed: int = 1) -> Truth:
    """Fill a world; return the truth. A seed determines everything except ids."""
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
    """Return a new thread with messages of these users."""
    thread = world.create_thread(f"Case {chance.randrange(10_000)}", users[0])
    members = [Member(user, f"Person {index}") for index, user in enumerate(users)]
    thread.members = {member.id: member for member in members}
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
    """Make the thread an hour old, and let everybody see only its newest message."""
    thread.created_ms -= 3_600_000
    newest = max(message.created_ms for message in thread.messages.values())
    for member in thread.members.values():
        member.share_history_ms = newest


def count(truth: Truth, thread: Thread) -> None:
    member = next(iter(thread.members.values()))
    visible: Iterable[Message] = thread.visible_to(member)
    for message in visible:
        truth.messages += 1
        truth.images += "attachments" in message.content
        truth.edited += bool(message.edited_ms) and not message.deleted_ms
        truth.deleted += bool(message.deleted_ms)
