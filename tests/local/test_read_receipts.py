"""Read receipts, through the real SDK."""

import pytest
from azure.core.exceptions import HttpResponseError

from local.chat_service.model import Member
from local.chat_service.variant import NEW
from serving import served


@pytest.fixture
async def here(tmp_path):
    async with served(tmp_path) as running:
        yield running


async def read(here, thread, member, message):
    async with here.caller(member.id).thread(thread.id) as client:
        await client.send_read_receipt(message.id)


async def receipts(here, thread, member, **options):
    async with here.caller(member.id).thread(thread.id) as client:
        listed = client.list_read_receipts(**options)
        return [
            (receipt.sender.raw_id, receipt.chat_message_id, receipt.read_on)
            async for receipt in listed
        ]


async def test_each_person_has_one_receipt_for_how_far_they_have_read(here):
    thread, (alice, bob) = here.thread("Alice", "Bob")
    first, second = (here.say(thread, alice, text) for text in "ab")

    await read(here, thread, bob, first)
    await read(here, thread, alice, second)
    await read(here, thread, bob, second)
    await read(here, thread, bob, first)

    listed = await receipts(here, thread, alice)
    assert {(user, message) for user, message, _ in listed} == {
        (bob.id, second.id),
        (alice.id, second.id),
    }
    assert len(listed) == 2
    assert all(
        read_on.timestamp() * 1000 > first.created_ms - 1000 for *_, read_on in listed
    )


async def test_receipts_come_in_pages(here):
    thread, people = here.thread(*map(str, range(5)))
    message = here.say(thread, people[0], "x")
    for person in people:
        await read(here, thread, person, message)

    everything = await receipts(here, thread, people[0], results_per_page=2)
    rest = await receipts(here, thread, people[0], results_per_page=2, skip=3)
    caller = here.caller(people[0].id)
    path = f"/chat/threads/{thread.id}/readReceipts"
    _, body = await caller.request("GET", path, NEW)

    assert [user for user, *_ in everything] == [person.id for person in people]
    assert rest == everything[3:]
    assert set(body) == {"value"}
    assert set(body["value"][0]) == {
        "senderCommunicationIdentifier", "chatMessageId", "readOn",
    }  # fmt: skip
    assert body["value"][0]["senderCommunicationIdentifier"]["kind"]


@pytest.mark.parametrize(("size", "has"), [(20, True), (21, False)])
async def test_a_thread_of_more_than_twenty_has_none(here, size, has):
    thread, (alice, *_) = here.thread(*map(str, range(size)))
    await read(here, thread, alice, here.say(thread, alice, "x"))

    assert bool(await receipts(here, thread, alice)) is has


async def test_who_has_left_reads_nothing_more(here):
    thread, (alice, bob) = here.thread("Alice", "Bob")
    message = here.say(thread, alice, "x")
    bob.left_ms = here.service.world.tick()

    for call in (receipts(here, thread, bob), read(here, thread, bob, message)):
        with pytest.raises(HttpResponseError) as raised:
            await call
        assert raised.value.status_code == 403


async def test_a_message_that_is_not_there_cannot_be_read(here):
    thread, (alice,) = here.thread("Alice")
    other, _ = here.thread("Bob")

    with pytest.raises(HttpResponseError) as raised:
        await read(here, thread, alice, here.say(other, Member("8:acs:x"), "x"))

    assert raised.value.status_code == 404
