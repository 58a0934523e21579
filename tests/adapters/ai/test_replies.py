"""What a service answers, however it answers: a reply, a failure of ours, no crash."""

import json
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from shared.adapters.ai.batches import ServiceBatches, answer_in
from shared.adapters.ai.chat import ChatModel, reply_of
from shared.adapters.ai.client import NoModel, check_address, make_client
from shared.domain.errors import Transient
from shared.domain.insights.terms import Terms
from shared.ports.language_model import Finish, ModelRefused
from shared.usecases.insights.questions import question

SECRET = "zebra0420"
ANSWERS = {
    "nothing": None,
    "a text": "x",
    "no choice": {"choices": []},
    "choices of nothing": {"choices": [None]},
    "no message": {"choices": [{"message": None}]},
    "parts": {"choices": [{"message": {"content": [{"text": "x"}]}}]},
    "a number": {"choices": [{"message": {"content": 7}}]},
    "odd usage": {"choices": [{}], "usage": {"prompt_tokens": "many"}},
    "less than none": {"usage": {"prompt_tokens": -5, "completion_tokens": True}},
    "odd model": {"model": ["x"]},
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_what_is_no_answer_is_one_without_text(answer):
    reply = reply_of(answer)

    assert (reply.text, reply.finish) == ("", Finish.DONE)
    assert (reply.input_tokens, reply.output_tokens, reply.model) == (0, 0, "")


@asynccontextmanager
async def answering(handle):
    """Serve something at chat completions and at files."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    client = make_client(
        f"http://127.0.0.1:{runner.addresses[0][1]}/v1", "k", retries=0
    )
    try:
        yield client
    finally:
        await client.close()
        await runner.cleanup()


ASKED = question((), Terms())


@pytest.mark.parametrize("text", ["", "<html>", "{", "[]", "null", '"x"', "{}"])
@pytest.mark.parametrize("kind", ["application/json", "text/html"])
async def test_what_is_no_answer_costs_nothing_but_a_try(text, kind):
    async def handle(request):
        return web.Response(text=text, content_type=kind)

    async with answering(handle) as client:
        assert (await ChatModel(client, "x").ask(ASKED)).text == ""
        batches = ServiceBatches(client, "x")
        with pytest.raises(Transient):
            await batches.state("b1")
        with pytest.raises(Transient):
            await batches.submit("name", [("0.0", ASKED)])
        with pytest.raises(Transient):
            [each async for each in batches.replies("b1")]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(status):
    asked = []

    async def handle(request):
        asked.append((request.path, await request.text()))
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    async with answering(handle) as client:
        with pytest.raises(ModelRefused):
            await ChatModel(client, "x").ask(ASKED)

    assert [path for path, _ in asked] == ["/v1/chat/completions"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 422, 429, 500, 503])
async def test_the_text_of_a_failure_is_never_told(status):
    async def handle(request):
        error = {"message": SECRET, "code": f"bad {SECRET}!", "type": SECRET}
        return web.json_response({"error": error}, status=status)

    async with answering(handle) as client:
        with pytest.raises((Transient, ModelRefused)) as caught:
            await ChatModel(client, "x").ask(ASKED)

    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    is_later = status in (409, 429, 500, 503)
    assert isinstance(caught.value, Transient) is is_later


async def test_a_question_that_is_too_long_is_cut():
    async def handle(request):
        error = {"message": "too long", "code": "context_length_exceeded"}
        return web.json_response({"error": error}, status=400)

    async with answering(handle) as client:
        reply = await ChatModel(client, "x").ask(ASKED)

    assert reply.finish is Finish.CUT


async def test_nobody_there_may_be_asked_later():
    async def handle(request):
        return web.Response()

    async with answering(handle) as client:
        pass
    client = make_client(str(client.base_url), "k", retries=0)
    with pytest.raises(Transient, match="APIConnectionError"):
        await ChatModel(client, "x").ask(ASKED)
    await client.close()


LINES = {
    "no JSON": "{",
    "a list": "[]",
    "no key": "{}",
    "a text": '"x"',
    "an odd response": '{"custom_id": "0.0", "response": "x"}',
    "an odd status": '{"custom_id": "0.0", "response": {"status_code": "ok"}}',
}


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_a_line_that_is_none_may_be_read_later(line):
    with pytest.raises(Transient):
        answer_in(line)


def test_a_request_that_failed_has_no_reply():
    expired = {"custom_id": "3.1", "response": None, "error": {"code": "batch_expired"}}
    held = {"custom_id": "3.2", "response": {"status_code": 400, "body": {
        "error": {"code": "content_filter"}}}}  # fmt: skip

    assert answer_in(json.dumps(expired)) == ("3.1", None)
    key, reply = answer_in(json.dumps(held))
    assert (key, reply.finish) == ("3.2", Finish.FILTERED)


async def test_a_batch_of_a_name_is_found_on_any_page():
    pages = {None: ("b1", "other", True), "b1": ("b2", "mine", False)}

    async def handle(request):
        batch_id, name, is_more = pages[request.query.get("after")]
        batch = {"id": batch_id, "metadata": {"chat_archive": name}}
        return web.json_response({"data": [batch], "has_more": is_more})

    async with answering(handle) as client:
        batches = ServiceBatches(client, "x")
        assert await batches.find("mine") == "b2"
        assert await batches.find("nobody") == ""


GOOD = (
    "https://acme.openai.azure.com/openai/v1/",
    "https://acme.services.ai.azure.com/openai/v1",
    "https://models.example.com/any",
    "http://127.0.0.1:8000/v1",
    "http://localhost:8000/v1",
    "http://[::1]:8000/v1",
)
BAD = (
    "",
    "acme.openai.azure.com",
    "http://models.example.com/v1",
    "http://127.0.0.1.example.com/v1",
    "ftp://127.0.0.1/v1",
    "https://key@models.example.com/v1",
    "https://models.example.com/v1?key=x",
    "https://models.example.com/v1#x",
    "https://acme.openai.azure.com/",
    "https://acme.openai.azure.com/openai/deployments/x",
)


@pytest.mark.parametrize("address", GOOD)
def test_an_address_that_a_key_may_go_to(address):
    assert check_address(address) == address.rstrip("/") + "/"


@pytest.mark.parametrize("address", BAD)
def test_an_address_that_none_may_go_to(address):
    with pytest.raises(NoModel):
        check_address(address)
