"""The poison queue as files, on Azurite: what looks changes nothing, what takes ends."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from azure.storage.queue.aio import QueueClient

from builders import received
from shared.adapters.storage import poisoned_events
from shared.adapters.storage.poisoned_events import (
    AT_ONCE,
    ExpiringEvents,
    PoisonedEvents,
)

pytestmark = pytest.mark.azurite
BASE64 = base64.b64encode(b"{}").decode()


@pytest.fixture
async def plain(running_azurite, fresh_name):
    """Return a client that sends messages as they are given."""
    async with QueueClient.from_connection_string(
        running_azurite.connection_string, fresh_name
    ) as queue:
        yield queue


async def send(queue, *texts):
    await queue.create_queue()
    for text in texts:
        await queue.send_message(text)


async def read(events, *, remove=False):
    found = []
    async for file in events.files():
        content = b"".join([part async for part in events.stream(file)])
        assert len(content) == file.size
        found.append(content)
        if remove:
            assert await events.remove(file)
    return found


@pytest.mark.parametrize(
    ("text", "content"),
    [
        (BASE64, b"{}"),
        (f"{BASE64[:2]}\n{BASE64[2:]}\n", b"{}"),
        ('{"plain": "größer <&>"}', '{"plain": "größer <&>"}'.encode()),
        (base64.b64encode(b"\xff").decode(), b"\xff"),
        ("not base64 at all", b"not base64 at all"),
    ],
)
async def test_a_message_is_base64_or_plain(plain, text, content):
    await send(plain, text)

    assert await read(PoisonedEvents(plain, takes=True)) == [content]


async def test_looking_changes_nothing_and_sees_the_first_ones_only(plain):
    await send(plain, *(str(number) for number in range(AT_ONCE + 3)))

    looking = PoisonedEvents(plain, takes=False)
    first, second = await read(looking), await read(looking)

    assert first == second
    assert len(first) == AT_ONCE
    (message,) = await plain.peek_messages()
    assert message.dequeue_count == 0


async def test_taking_goes_on_to_the_last_message_and_leaves_nothing(plain):
    texts = [f"n {number}" for number in range(2 * AT_ONCE + 3)]
    await send(plain, *texts)

    found = await read(PoisonedEvents(plain, takes=True), remove=True)

    assert sorted(found) == sorted(text.encode() for text in texts)
    assert await plain.peek_messages() == []


async def test_what_is_taken_and_not_removed_comes_back(plain):
    await send(plain, "one")
    taken = PoisonedEvents(plain, takes=True)
    assert await read(taken) == [b"one"]

    assert await read(PoisonedEvents(plain, takes=True)) == []  # hidden, not gone
    assert (await plain.get_queue_properties()).approximate_message_count == 1


async def test_a_message_that_somebody_else_took_is_left_to_them(plain):
    await send(plain, "one")
    taken = PoisonedEvents(plain, takes=True)
    async for file in taken.files():
        changed = await plain.update_message(
            file.path, pop_receipt=file.etag, visibility_timeout=600
        )

        assert await taken.remove(file) is False

        await plain.delete_message(file.path, changed.pop_receipt)
        assert await taken.remove(file) is False


async def test_a_queue_that_does_not_exist_is_empty(plain):
    for takes in (True, False):
        events = PoisonedEvents(plain, takes=takes)
        assert await read(events) == []
        assert await events.is_protected() is False


async def test_as_event_grid_writes_it_an_event_is_base64(queue):
    await send(queue, str(received()))

    assert await read(PoisonedEvents(queue, takes=False)) == [str(received()).encode()]


def expiring(queue, *, days=3, ahead=0):
    return ExpiringEvents(
        queue,
        within=timedelta(days=days),
        clock=lambda: datetime.now(UTC) + timedelta(days=ahead),
    )


async def test_what_a_queue_would_lose_is_taken_and_the_rest_stays(plain):
    await send(plain, *(f"host {number}" for number in range(AT_ONCE + 2)))
    await plain.send_message("for ever", time_to_live=-1)

    assert await read(expiring(plain), remove=True) == []  # a week is long
    taken = await read(expiring(plain, ahead=5), remove=True)

    assert sorted(taken) == sorted(
        f"host {number}".encode() for number in range(AT_ONCE + 2)
    )
    (left,) = await plain.peek_messages(AT_ONCE)
    assert left.content == "for ever"


async def test_what_expires_soon_is_found_behind_younger_messages(plain):
    await send(plain, *(f"young {number}" for number in range(AT_ONCE + 8)))
    await plain.send_message("old", time_to_live=2 * 24 * 3600)

    assert await read(expiring(plain), remove=True) == [b"old"]
    seen = [one async for one in plain.receive_messages(max_messages=100)]
    assert len(seen) == AT_ONCE + 8


async def test_what_somebody_else_took_meanwhile_is_left_to_them(plain):
    await send(plain, *(f"young {number}" for number in range(AT_ONCE)))
    events = expiring(plain)
    assert await events.take() == ()
    held = events.others[0]
    await plain.update_message(held, visibility_timeout=60)

    await events.give_back()

    assert len(await plain.peek_messages(AT_ONCE)) == AT_ONCE - 1


async def test_looking_for_what_expires_takes_nothing_that_does_not(plain):
    await send(plain, "one")

    assert await read(expiring(plain)) == []

    (message,) = await plain.peek_messages()
    assert message.dequeue_count == 0


async def test_a_long_queue_is_looked_through_in_turns(plain, monkeypatch):
    monkeypatch.setattr(poisoned_events, "MOST_TAKEN", AT_ONCE)
    await send(plain)
    for number in range(AT_ONCE * 2):
        await plain.send_message(f"young {number}", time_to_live=-1)
    await plain.send_message("old")

    looks = [await read(expiring(plain, ahead=5), remove=True) for _ in range(3)]

    assert looks == [[], [], [b"old"]]
    assert (await plain.get_queue_properties()).approximate_message_count == AT_ONCE * 2
