"""An estate as it grows over years: users and threads, with what usually goes wrong.

Its true numbers are returned with it, so that a backfill's report can be compared.
`varied_estate` has an estate with everything that there can be.
"""

import random
from collections.abc import Sequence

from local.chat_service.identifiers import identifier
from local.chat_service.model import Member, Thread, World
from local.chat_service.truth import (
    ARCHIVED,
    PARTIAL,
    UNREACHABLE,
    Truth,
    thread_truth,
)

GONE = 0.01
"""Share of users whose identity was deleted, so that no token can be minted."""
LOST, HIDDEN = 0.005, 0.01
"""Shares of threads that nobody can read any more, or only their end."""
PICTURED = 0.02
"""Share of messages that are followed by an image."""
MOST_MESSAGES = 6


def seed_estate(world: World, *, users: int, threads: int, seed: int = 1) -> Truth:
    """Fill a world; return the truth. A seed determines everything except ids."""
    chance = random.Random(seed)
    truth = Truth(users=[world.new_identity() for _ in range(users)])
    truth.gone = chance.sample(truth.users, max(1, round(users * GONE)))
    living = truth.living
    lost, hidden = max(1, round(threads * LOST)), max(1, round(threads * HIDDEN))
    for number in range(threads):
        people, status = living, ARCHIVED
        if number < lost:
            people, status = truth.gone, UNREACHABLE
        thread = seed_thread(world, chance, chance.sample(people, min(len(people), 3)))
        if lost <= number < lost + hidden:
            hide_beginning(thread)
            status = PARTIAL
        truth.threads.append(thread_truth(thread, status))
    world.identities.difference_update(truth.gone)
    return truth


def seed_thread(world: World, chance: random.Random, users: Sequence[str]) -> Thread:
    """Return a new thread with messages of these users."""
    thread = world.create_thread(f"Case {chance.randrange(10_000)}", users[0])
    members = [Member(user, f"Person {index}") for index, user in enumerate(users)]
    thread.members = {member.id: member for member in members}
    by = {"initiatorCommunicationIdentifier": identifier(users[0])}
    world.add_message(thread, "topicUpdated", {"topic": thread.topic} | by)
    talk(world, chance, thread, members, chance.randrange(1, MOST_MESSAGES))
    return thread


def talk(
    world: World,
    chance: random.Random,
    thread: Thread,
    members: Sequence[Member],
    lines: int,
) -> None:
    """Have the members say so many lines; some are edited, deleted, or have images."""
    for number in range(lines):
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


def hide_beginning(thread: Thread) -> None:
    """Make the thread an hour old, and let everybody see only its newest message."""
    thread.created_ms -= 3_600_000
    newest = max(message.created_ms for message in thread.messages.values())
    for member in thread.members.values():
        member.share_history_ms = newest
