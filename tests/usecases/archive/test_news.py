"""A thread that is again as it was is news, though each line of it is known."""

import pytest

from builders import ALICE, BOB, THREAD, listed, received, thread_created
from verifying import verify
from world import World

SIXTY = {"kind": "threadCreationDate", "deleteThreadAfterDays": 60}


@pytest.fixture
async def world():
    world = World()
    await world.receive(thread_created(), received())
    return world


async def look(world, *, others=(BOB,), **properties):
    world.chat.shows(THREAD, ALICE, listed(), others=others, properties=properties)
    world.clock.pass_time(days=8)
    return await world.finalize(THREAD, relist=True)


@pytest.mark.parametrize(
    ("field", "first", "second"),
    [
        ("topic", "A", "B"),
        ("metadata", {"legal": "hold"}, {}),
        ("retention_policy", SIXTY, {"kind": "none"}),
    ],
)
async def test_properties_that_come_back_are_news(world, field, first, second):
    name = {"retention_policy": "retentionPolicy"}.get(field, field)
    for value in (first, second, first):
        finalized = await look(world, **{name: value})

        assert finalized.written
        assert world.transcript(finalized.revision)[field] == value

    assert not (await look(world, **{name: first})).written
    assert verify(world.archive) == []


async def test_who_left_without_an_event_is_gone_and_back_again(world):
    for others in ((BOB,), (), (BOB,)):
        finalized = await look(world, others=others)

        assert finalized.written
        people = world.transcript(finalized.revision)["participants"]
        present = {person["id"]: person["present"] for person in people}
        assert present[BOB] is bool(others)


async def test_a_listing_that_shows_less_is_none(world):
    await look(world, topic="A")
    world.chat.pages.clear()
    world.clock.pass_time(days=8)

    assert not (await world.finalize(THREAD, relist=True)).written
