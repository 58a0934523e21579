"""An odd item is kept as received: it hides nothing else, and stops nobody."""

import json

import pytest
from aiohttp import web

from local.chat_service.rest import ChatService
from serving import served
from shared.domain.thread.listing import PageKind
from shared.ports.chat_service import ReaderRefused

WHO = {"rawId": "8:acs:x_1", "communicationUser": {"id": "8:acs:x_1"}}
MESSAGE = {
    "id": "1790000000000",
    "type": "text",
    "sequenceId": "1",
    "version": "1790000000000",
    "content": {"message": "hi"},
    "createdOn": "2026-11-22T12:00:00Z",
    "senderCommunicationIdentifier": WHO,
}
RECEIPT = {
    "senderCommunicationIdentifier": WHO,
    "chatMessageId": "1790000000000",
    "readOn": "2026-11-22T12:00:00Z",
}
PERSON = {"communicationIdentifier": WHO, "shareHistoryTime": "1970-01-01T00:00:00Z"}
KINDS = {
    "list_messages": PageKind.MESSAGES,
    "list_participants": PageKind.PARTICIPANTS,
    "list_receipts": PageKind.RECEIPTS,
    "get_thread": PageKind.PROPERTIES,
}


def items(*values):
    return json.dumps({"value": values})


def answering(monkeypatch, name, body, status=200):
    """Let the service answer a request like this, whoever asks."""

    async def answer(self, request):
        return web.Response(text=body, content_type="application/json", status=status)

    monkeypatch.setattr(ChatService, name, answer)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        *(
            ("list_messages", items(MESSAGE, odd))
            for odd in (
                None, "x", 5, [],
                MESSAGE | {"content": "x"},
                MESSAGE | {"content": {"participants": ["x", None]}},
                MESSAGE | {"content": {"attachments": "x"}},
                MESSAGE | {"content": {"attachments": ["x", 5]}},
                MESSAGE | {"createdOn": "soon"},
                MESSAGE | {"editedOn": 5},
                MESSAGE | {"metadata": [1]},
                MESSAGE | {"senderCommunicationIdentifier": "x"},
            )
        ),
        ("list_messages", '{"value":[{"id":"1","version":' + "9" * 5000 + "}]}"),
        ("list_messages", '{"value":[{"id":"1","version":1e400}]}'),
        ("list_messages", '{"value":null}'),
        ("list_messages", "{}"),
        *(
            ("list_participants", items(PERSON, odd))
            for odd in (None, "x", {"communicationIdentifier": "x"},
                        PERSON | {"shareHistoryTime": "soon"})
        ),
        ("list_participants", '{"value":null}'),
        *(
            ("list_receipts", items(RECEIPT, odd))
            for odd in (None, "x", 5, RECEIPT | {"readOn": "yesterday"},
                        RECEIPT | {"senderCommunicationIdentifier": "x"})
        ),
        ("list_receipts", '{"value":null}'),
        ("get_thread", "[]"),
        ("get_thread", "null"),
        ("get_thread", "<html>"),
        ("get_thread", json.dumps({"id": "x", "createdOn": "soon"})),
        ("get_thread", json.dumps({"createdByCommunicationIdentifier": "x"})),
    ],
)  # fmt: skip
async def test_an_odd_answer_is_kept_as_received(tmp_path, monkeypatch, name, body):
    answering(monkeypatch, name, body)
    async with served(tmp_path) as here:
        thread, (alice,) = here.thread("Alice")

        listing = await here.product.list_thread(thread.id, alice.id)

    assert [page.body for page in listing.pages if page.kind is KINDS[name]] == [body]
    kinds = [page.kind for page in listing.pages]
    assert kinds == ["properties", "messages", "participants", "receipts"]


@pytest.mark.parametrize("body", ["<html>", "[]", "null", "", "[" * 100_000])
async def test_messages_that_are_no_page_are_refused(tmp_path, monkeypatch, body):
    """Nobody knows then which page is the next: what is listed may be the half of it."""
    answering(monkeypatch, "list_messages", body)
    async with served(tmp_path) as here:
        thread, (alice,) = here.thread("Alice")

        with pytest.raises(ReaderRefused, match="cannot be read"):
            await here.product.list_thread(thread.id, alice.id)


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ("<html>", 200, "the service's answer cannot be read"),
        ("[]", 200, "the service's answer cannot be read"),
        ("", 204, "the service answered 204 to this reader"),
        ("{}", 404, "the service answered 404 to this reader"),
    ],
)
async def test_receipts_that_cannot_be_read_cost_nothing_else(
    tmp_path, monkeypatch, body, status, reason
):
    answering(monkeypatch, "list_receipts", body, status)
    async with served(tmp_path) as here:
        thread, (alice,) = here.thread("Alice")

        listing = await here.product.list_thread(thread.id, alice.id)

    assert listing.no_receipts == reason
    assert PageKind.PARTICIPANTS in [page.kind for page in listing.pages]


async def test_an_odd_item_hides_no_page_after_its_own(tmp_path, monkeypatch):
    list_messages = ChatService.list_messages

    async def with_odd_item(self, request):
        answer = json.loads((await list_messages(self, request)).text)
        answer["value"].append({"content": "odd", "version": 10**4000})
        return web.Response(text=json.dumps(answer), content_type="application/json")

    monkeypatch.setattr(ChatService, "list_messages", with_odd_item)
    async with served(tmp_path) as here:
        thread, (alice,) = here.thread("Alice")
        for number in range(450):
            here.say(thread, alice, str(number))

        listing = await here.product.list_thread(thread.id, alice.id)

    assert [page.kind for page in listing.pages].count(PageKind.MESSAGES) == 3
    assert listing.is_whole


THREAD = {"id": "19:a@thread.v2", "topic": "T"}


@pytest.mark.parametrize(
    ("body", "found", "unreadable"),
    [
        (items(THREAD, None), 1, 1),
        (items(THREAD, "x", {"topic": "no id"}, {"id": 5}), 1, 3),
        (items(THREAD | {"lastMessageReceivedOn": "soon", "deletedOn": 5}), 1, 0),
        ('{"value":null}', 0, 1),
        ("{}", 0, 1),
    ],
)
async def test_an_odd_thread_hides_none_beside_it_and_is_counted(
    tmp_path, monkeypatch, body, found, unreadable
):
    answering(monkeypatch, "list_threads", body)
    async with served(tmp_path) as here:
        listed = await here.finder.threads_of(here.service.world.new_identity())

    assert (len(listed.threads), listed.unreadable) == (found, unreadable)


async def test_an_odd_participant_hides_none_beside_it(tmp_path, monkeypatch):
    answering(monkeypatch, "list_participants", items(PERSON, None, {"x": 1}))
    async with served(tmp_path) as here:
        thread, (alice,) = here.thread("Alice")

        assert await here.finder.participants_of(thread.id, alice.id) == ["8:acs:x_1"]
