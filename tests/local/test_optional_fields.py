"""Fields that an answer of the service may lack, and threads that were deleted."""

import pytest
from azure.core.exceptions import ResourceNotFoundError

from local.chat_service.variant import API_VERSIONS, NEW, OMITTABLE, Variant
from serving import served


async def threads_of(here, user, version=NEW):
    status, body = await here.caller(user.id).request("GET", "/chat/threads", version)
    assert status == 200
    return body["value"]


@pytest.mark.parametrize("version", API_VERSIONS)
async def test_a_deleted_thread_stays_in_lists_and_cannot_be_read(tmp_path, version):
    async with served(tmp_path) as here:
        thread, (alice, bob) = here.thread("Alice", "Bob")
        async with here.caller(alice.id).client() as client:
            await client.delete_chat_thread(thread.id)

        (item,) = await threads_of(here, bob, version)
        async with here.caller(bob.id).client(api_version=version) as client:
            (listed,) = [one async for one in client.list_chat_threads()]
        async with here.caller(bob.id).thread(thread.id, api_version=version) as client:
            with pytest.raises(ResourceNotFoundError):
                await client.get_properties()
            with pytest.raises(ResourceNotFoundError):
                [one async for one in client.list_messages()]

    assert set(item) == {"id", "topic", "deletedOn"}
    assert listed.id == thread.id
    assert int(listed.deleted_on.timestamp()) == thread.deleted_ms // 1000


async def test_a_service_may_forget_deleted_threads(tmp_path):
    async with served(tmp_path, variant=Variant(lists_deleted=False)) as here:
        thread, (alice,) = here.thread("Alice")
        thread.deleted_ms = here.service.world.tick()

        assert await threads_of(here, alice) == []


async def test_a_strangers_deleted_thread_is_not_listed(tmp_path):
    async with served(tmp_path) as here:
        thread, _ = here.thread("Alice")
        thread.deleted_ms = here.service.world.tick()

        _, (mallory,) = here.thread("Mallory")

        assert thread.id not in {one["id"] for one in await threads_of(here, mallory)}


async def test_an_item_has_the_fields_that_its_thread_has(tmp_path):
    async with served(tmp_path) as here:
        thread, (alice,) = here.thread("Alice", topic="")

        (before,) = await threads_of(here, alice)
        here.say(thread, alice, "x")
        (after,) = await threads_of(here, alice)

    assert set(before) == {"id"}
    assert set(after) == {"id", "lastMessageReceivedOn"}


async def fields_of(here, thread, caller):
    """Return the fields of all that a reader is told of a thread."""
    path = f"/chat/threads/{thread.id}"
    bodies = [
        (await caller.request("GET", part, NEW))[1]
        for part in ("/chat/threads", f"{path}/participants", f"{path}/messages")
    ]
    return {
        name
        for body in bodies
        for item in body["value"]
        for part in (item, *item.get("content", {}).get("participants", ()))
        for name in part
    }


@pytest.mark.parametrize("name", sorted(OMITTABLE))
async def test_a_service_may_leave_an_optional_field_out(tmp_path, name):
    async with served(tmp_path, variant=Variant(omits=frozenset([name]))) as here:
        thread, (alice,) = here.thread("Alice")
        here.say(thread, alice, "x")
        caller = here.caller(alice.id)

        fields = await fields_of(here, thread, caller)
        _, body = await caller.request("GET", f"/chat/threads/{thread.id}", NEW)
        async with caller.thread(thread.id) as client:
            people = [one async for one in client.list_participants()]
            messages = [one async for one in client.list_messages()]

    assert fields & OMITTABLE == OMITTABLE - {name}
    assert body["topic"] == "T"  # only the items of a list may lack it
    assert len(people) == 1
    assert len(messages) == 2
