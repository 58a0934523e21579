import asyncio
import time

import pytest
from aiohttp import web

from local.chat_service import messages
from local.chat_service.rest import ChatService
from local.chat_service.wire import message_json
from serving import served
from shared.adapters.chat import service as chat_service
from shared.domain.errors import Transient
from shared.domain.thread.listing import PageKind, Visibility, items
from shared.domain.thread.visibility import judge_listing
from shared.ports.chat_service import ReaderRefused


def messages_of(listing):
    return [
        item
        for page in listing.pages
        if page.kind is PageKind.MESSAGES
        for item in items(page)
    ]


def texts(listing):
    return [
        one["content"]["message"]
        for one in messages_of(listing)
        if one["type"] == "text"
    ]


async def test_a_thread_is_listed_with_every_page_as_received(tmp_path):
    async with served(tmp_path) as here:
        thread, (alice, _) = here.thread("Alice", "Bob")
        for number in range(450):
            here.say(thread, alice, f"text {number} ✓")

        listing = await here.product.list_thread(thread.id, alice.id)

    kinds = [page.kind for page in listing.pages]
    assert kinds.count(PageKind.MESSAGES) == 3
    assert kinds[0] is PageKind.PROPERTIES
    assert kinds[-2:] == [PageKind.PARTICIPANTS, PageKind.RECEIPTS]
    assert texts(listing) == [f"text {number} ✓" for number in reversed(range(450))]
    assert "nextLink" in listing.pages[1].body
    view = judge_listing(listing.pages, reader=alice.id, settled=listing.settled)
    assert view.visibility is Visibility.FULL


async def test_a_snapshot_ends_with_the_first_page_that_is_known(tmp_path):
    def is_known(page):
        return "text 100" in page.body

    async with served(tmp_path) as here:
        thread, (alice, _) = here.thread("Alice", "Bob")
        for number in range(450):
            here.say(thread, alice, f"text {number}")

        listing = await here.product.list_thread(thread.id, alice.id, is_known)
        whole = await here.product.list_thread(thread.id, alice.id, lambda _: False)
        last = await here.product.list_thread(
            thread.id, alice.id, lambda page: "nextLink" not in page.body
        )

    kinds = [page.kind for page in listing.pages]
    assert kinds == [
        PageKind.PROPERTIES,
        PageKind.MESSAGES,
        PageKind.MESSAGES,
        PageKind.PARTICIPANTS,
        PageKind.RECEIPTS,
    ]
    assert (listing.is_whole, listing.settled) == (False, True)
    assert whole.is_whole
    assert len(whole.pages) == 6
    assert last == whole


async def test_fields_that_no_model_knows_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(
        messages,
        "message_json",
        lambda m: message_json(m) | {"policyViolation": {"a": 1}},
    )
    async with served(tmp_path) as here:
        thread, (alice,) = here.thread("Alice")
        here.say(thread, alice, "x")

        listing = await here.product.list_thread(thread.id, alice.id)

    assert messages_of(listing)[0]["policyViolation"] == {"a": 1}


async def test_a_stranger_is_refused(tmp_path):
    async with served(tmp_path) as here:
        thread, _ = here.thread("Alice")
        _, (mallory,) = here.thread("Mallory")

        with pytest.raises(ReaderRefused) as raised:
            await here.product.list_thread(thread.id, mallory.id)

    assert raised.value.status == 403


async def test_a_deleted_thread_is_refused(tmp_path):
    async with served(tmp_path) as here:
        thread, (alice,) = here.thread("Alice")
        thread.deleted_ms = 1

        with pytest.raises(ReaderRefused) as raised:
            await here.product.list_thread(thread.id, alice.id)

    assert raised.value.status == 404


async def test_a_user_of_another_resource_has_no_token(tmp_path):
    async with served(tmp_path) as here:
        thread, _ = here.thread("Alice")

        with pytest.raises(ReaderRefused, match="no token"):
            await here.product.list_thread(thread.id, "8:acs:other-resource_x")


async def test_a_wrong_key_is_our_trouble_and_not_an_empty_estate(tmp_path):
    async with served(tmp_path) as here:
        thread, (alice,) = here.thread("Alice")
        here.service.tokens.access_key = "d3Jvbmc="

        with pytest.raises(Transient, match="our credential"):
            await here.product.list_thread(thread.id, alice.id)


async def test_who_has_left_still_reads_what_was_said_before(tmp_path):
    async with served(tmp_path) as here:
        thread, (alice, bob) = here.thread("Alice", "Bob")
        here.say(thread, alice, "before")
        bob.left_ms = here.service.world.tick()
        here.say(thread, alice, "after")

        listing = await here.product.list_thread(thread.id, bob.id)

    assert texts(listing) == ["before"]
    view = judge_listing(listing.pages, reader=bob.id, settled=listing.settled)
    assert view.visibility is Visibility.PARTIAL


async def test_throttling_is_waited_out(tmp_path):
    async with served(tmp_path, throttle=0.5, retry_after=0.05) as here:
        thread, (alice,) = here.thread("Alice")
        here.say(thread, alice, "x")

        listing = await here.product.list_thread(thread.id, alice.id)

    assert texts(listing) == ["x"]


async def test_throttling_without_end_is_raised_at_the_deadline(tmp_path):
    async with served(tmp_path, throttle=1.0, retry_after=30, list_within=0.5) as here:
        thread, (alice,) = here.thread("Alice")

        with pytest.raises(Transient, match="waited longer"):
            await here.product.list_thread(thread.id, alice.id)


async def test_a_long_thread_takes_as_long_as_its_pages_come(tmp_path, monkeypatch):
    answer = ChatService.list_messages

    async def slowly(self, request):
        await asyncio.sleep(0.5)
        return await answer(self, request)

    monkeypatch.setattr(ChatService, "list_messages", slowly)
    monkeypatch.setattr(chat_service, "PAGE_SIZE", 1)
    async with served(tmp_path, list_within=2) as here:
        thread, (alice,) = here.thread("Alice")
        for number in range(6):
            here.say(thread, alice, str(number))
        began = asyncio.get_running_loop().time()

        listing = await here.product.list_thread(thread.id, alice.id)

        assert asyncio.get_running_loop().time() - began > 2
    assert texts(listing) == list("543210")
    assert listing.settled


async def test_one_page_that_does_not_come_ends_it(tmp_path, monkeypatch):
    answer, asked = ChatService.list_messages, []

    async def third_never(self, request):
        asked.append(request)
        if len(asked) == 3:
            await asyncio.sleep(60)
        return await answer(self, request)

    monkeypatch.setattr(ChatService, "list_messages", third_never)
    monkeypatch.setattr(chat_service, "PAGE_SIZE", 1)
    async with served(tmp_path, list_within=1) as here:
        thread, (alice,) = here.thread("Alice")
        for number in range(4):
            here.say(thread, alice, str(number))

        with pytest.raises(Transient, match="waited longer than 0:00:01"):
            await here.product.list_thread(thread.id, alice.id)
    assert len(asked) == 3


async def test_a_service_out_of_reach_is_transient(tmp_path):
    async with served(tmp_path, list_within=5) as here:
        here.product.chat_clients.endpoint = "https://127.0.0.1:1"
        thread, (alice,) = here.thread("Alice")

        with pytest.raises(Transient):
            await here.product.list_thread(thread.id, alice.id)


async def test_an_answer_that_cannot_be_read_is_said(tmp_path, monkeypatch):
    async def nonsense(self, request):
        return web.Response(text="{not json", content_type="application/json")

    monkeypatch.setattr(ChatService, "list_messages", nonsense)
    async with served(tmp_path) as here:
        thread, (alice,) = here.thread("Alice")

        with pytest.raises(ReaderRefused, match="cannot be read"):
            await here.product.list_thread(thread.id, alice.id)


async def test_a_reader_of_many_threads_needs_one_token(tmp_path, monkeypatch):
    issued = []
    issue = ChatService.issue

    def count(self, user, *details):
        issued.append(user)
        return issue(self, user, *details)

    monkeypatch.setattr(ChatService, "issue", count)
    async with served(tmp_path) as here:
        thread, (alice,) = here.thread("Alice")

        await here.product.list_thread(thread.id, alice.id)
        await here.product.list_thread(thread.id, alice.id)

    assert issued == [alice.id]


async def test_a_token_that_was_revoked_is_replaced_by_the_next_try(tmp_path):
    async with served(tmp_path) as here:
        thread, (alice,) = here.thread("Alice")
        await here.product.list_thread(thread.id, alice.id)
        here.service.tokens.revoked_before[alice.id] = time.time() + 0.5

        with pytest.raises(Transient, match="a token that it issued"):
            await here.product.list_thread(thread.id, alice.id)
        here.service.tokens.revoked_before.clear()

        assert (await here.product.list_thread(thread.id, alice.id)).pages


def after_each_page(monkeypatch, act):
    """Let something happen in the thread after a page was answered."""
    list_messages = ChatService.list_messages

    async def list_and_act(self, request):
        answer = await list_messages(self, request)
        act(self.world)
        return answer

    monkeypatch.setattr(ChatService, "list_messages", list_and_act)
    monkeypatch.setattr(chat_service, "PAGE_SIZE", 3)


async def test_an_edit_that_moves_a_message_over_a_page_border_is_seen(
    tmp_path, monkeypatch
):
    """The listing runs by change: an edit between two pages hides its message."""
    to_edit = []

    def edit_once(world):
        while to_edit:
            thread, message = to_edit.pop()
            message.content = {"message": "edited"}
            message.edited_ms = world.touch(thread, message)

    after_each_page(monkeypatch, edit_once)
    async with served(tmp_path) as here:
        thread, (alice,) = here.thread("Alice")
        sent = [here.say(thread, alice, str(number)) for number in range(9)]
        to_edit.append((thread, sent[0]))

        listing = await here.product.list_thread(thread.id, alice.id)

    assert listing.settled
    assert sorted(texts(listing)) == sorted(["edited", *map(str, range(1, 9))])


async def test_a_thread_that_never_holds_still_is_not_called_settled(
    tmp_path, monkeypatch
):
    def touch_the_oldest(world):
        (thread,) = world.threads.values()
        world.touch(thread, next(iter(thread.messages.values())))

    after_each_page(monkeypatch, touch_the_oldest)
    async with served(tmp_path) as here:
        thread, (alice,) = here.thread("Alice")
        for number in range(5):
            here.say(thread, alice, str(number))

        listing = await here.product.list_thread(thread.id, alice.id)

    assert not listing.settled
