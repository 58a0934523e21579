"""Tokens are asked for users of the own resource, and deleted threads are found."""

import pytest

from serving import served
from shared.ports.chat_service import ReaderRefused

ELSEWHERE = "8:acs:22222222-2222-2222-2222-222222222222_x"


async def test_no_token_is_asked_for_a_user_of_another_resource(tmp_path, monkeypatch):
    async with served(tmp_path) as here:
        thread, (alice,) = here.thread("Alice")
        asked = []
        get_token = here.tokens.client.get_token

        async def counted(user, *args, **options):
            asked.append(user.properties["id"])
            return await get_token(user, *args, **options)

        monkeypatch.setattr(here.tokens.client, "get_token", counted)
        await here.product.list_thread(thread.id, alice.id)

        with pytest.raises(ReaderRefused, match="no user of this resource"):
            await here.product.list_thread(thread.id, ELSEWHERE)

    assert asked == [alice.id]


async def test_before_our_own_resource_is_known_everybody_is_asked_for(tmp_path):
    async with served(tmp_path) as here:
        thread, (alice,) = here.thread("Alice")

        with pytest.raises(ReaderRefused, match="no token for this user"):
            await here.product.list_thread(thread.id, ELSEWHERE)

        assert (await here.product.list_thread(thread.id, alice.id)).pages


async def test_a_deleted_thread_is_found_as_one(tmp_path):
    async with served(tmp_path) as here:
        thread, (alice,) = here.thread("Alice")
        kept, _ = here.thread("Bob")
        kept.members[alice.id] = alice
        thread.deleted_ms = thread.created_ms + 5_000

        found = {
            one.id: one.deleted_on
            for one in (await here.finder.threads_of(alice.id)).threads
        }

    assert found[kept.id] == ""
    assert found[thread.id].startswith("20")
