"""Both versions of the chat API, as the real SDK and requests of any form see them."""

import json
from contextlib import AsyncExitStack

import pytest
from azure.core.exceptions import HttpResponseError

from local.chat_service.variant import API_VERSIONS, NEW, OLD, Variant
from serving import served

METADATA = {"case": "4711", "rawId": "x", "kind": "y"}
RETENTION = {"kind": "threadCreationDate", "deleteThreadAfterDays": 60}


@pytest.fixture
async def here(tmp_path):
    async with served(tmp_path) as running:
        yield running


@pytest.fixture
async def raw():
    """Return the bodies that an SDK call receives, untouched."""
    async with AsyncExitStack() as clients:

        async def bodies(client, name, *arguments):
            await clients.enter_async_context(client)
            seen = []

            def hook(response):
                seen.append(json.loads(response.http_response.text()))

            called = getattr(client, name)(*arguments, raw_response_hook=hook)
            if hasattr(called, "__aiter__"):
                [item async for item in called]
            else:
                await called
            return seen

        yield bodies


def participant(user, **fields):
    return {"communicationIdentifier": {"communicationUser": {"id": user}}, **fields}


async def start(here, version=NEW, **fields):
    """Create a thread of two through the API; give its creator and its id."""
    alice, bob = (here.service.world.new_identity() for _ in range(2))
    caller = here.caller(alice)
    people = [
        participant(alice, displayName="Alice"),
        participant(bob, displayName="Bob", metadata={"role": "agent"}),
    ]
    body = {"topic": "T", "participants": people, **fields}
    status, answer = await caller.request("POST", "/chat/threads", version, json=body)
    assert status == 201
    return caller, answer["chatThread"]["id"]


async def properties(here, caller, thread, version):
    status, body = await caller.request("GET", f"/chat/threads/{thread}", version)
    assert status == 200
    return body


async def test_the_sdk_asks_for_the_old_version_and_gets_no_new_field(here, raw):
    caller, thread = await start(here, metadata=METADATA, retentionPolicy=RETENTION)
    await caller.thread(thread).send_message("x", metadata=METADATA)

    (body,) = await raw(caller.thread(thread), "get_properties")
    (people,) = await raw(caller.thread(thread), "list_participants")
    (messages,) = await raw(caller.thread(thread), "list_messages")

    assert set(body) == {
        "id", "topic", "createdOn", "createdByCommunicationIdentifier",
    }  # fmt: skip
    assert set(body["createdByCommunicationIdentifier"]) == {
        "rawId", "communicationUser",
    }  # fmt: skip
    for person in people["value"]:
        assert set(person) == {
            "communicationIdentifier", "displayName", "shareHistoryTime",
        }  # fmt: skip
    assert all("attachments" not in one["content"] for one in messages["value"])
    assert messages["value"][0]["metadata"] == METADATA


async def test_the_new_version_has_what_the_old_one_lacks(here, raw):
    caller, thread = await start(here, metadata=METADATA, retentionPolicy=RETENTION)
    await caller.thread(thread).send_message("x", metadata=METADATA)
    new = {"api_version": NEW}

    (body,) = await raw(caller.thread(thread, **new), "get_properties")
    (people,) = await raw(caller.thread(thread, **new), "list_participants")
    (messages,) = await raw(caller.thread(thread, **new), "list_messages")

    assert (body["metadata"], body["retentionPolicy"]) == (METADATA, RETENTION)
    assert body["createdByCommunicationIdentifier"]["kind"] == "communicationUser"
    assert [person.get("metadata") for person in people["value"]] == [
        None,
        {"role": "agent"},
    ]
    assert all(one["content"]["attachments"] == [] for one in messages["value"])
    newest, *_, first = messages["value"]
    assert newest["metadata"] == METADATA
    assert newest["senderCommunicationIdentifier"]["kind"] == "communicationUser"
    assert first["content"]["initiatorCommunicationIdentifier"]["kind"]
    joiner = first["content"]["participants"][1]
    assert joiner["metadata"] == {"role": "agent"}


async def test_a_thread_without_a_retention_policy_says_none(here):
    caller, thread = await start(here)

    body = await properties(here, caller, thread, NEW)

    assert body["retentionPolicy"] == {"kind": "none"}
    assert "metadata" not in body


async def test_a_thread_is_changed_by_what_a_request_names(here):
    caller, thread = await start(here, metadata=METADATA)
    path = f"/chat/threads/{thread}"
    before = len(here.service.world.threads[thread].messages)

    changes = [
        {"metadata": {"case": "4712", "kind": "", "new": "z"}},
        {"retentionPolicy": RETENTION},
    ]
    for change in changes:
        assert (await caller.request("PATCH", path, NEW, json=change))[0] == 204

    body = await properties(here, caller, thread, NEW)
    assert body["metadata"] == {"case": "4712", "rawId": "x", "new": "z"}
    assert (body["retentionPolicy"], body["topic"]) == (RETENTION, "T")
    assert len(here.service.world.threads[thread].messages) == before
    await caller.thread(thread).update_topic("U")
    body = await properties(here, caller, thread, NEW)
    assert (body["retentionPolicy"], body["topic"]) == (RETENTION, "U")


async def test_the_old_version_ignores_what_it_does_not_know(here):
    caller, thread = await start(
        here, OLD, metadata=METADATA, retentionPolicy=RETENTION
    )
    carol = here.service.world.new_identity()
    added = {"participants": [participant(carol, metadata={"role": "x"})]}
    path = f"/chat/threads/{thread}"
    await caller.request("POST", f"{path}/participants/:add", OLD, json=added)
    await caller.request("PATCH", path, OLD, json={"metadata": {"a": "b"}})

    body = await properties(here, caller, thread, NEW)
    _, people = await caller.request("GET", f"{path}/participants", NEW)

    assert "metadata" not in body
    assert body["retentionPolicy"] == {"kind": "none"}
    assert all("metadata" not in person for person in people["value"])


async def test_events_carry_the_metadata_of_threads_and_participants(tmp_path):
    async with served(tmp_path) as here:
        events = []
        here.service.publisher.sink = events.append
        caller, thread = await start(here, metadata=METADATA)
        carol = here.service.world.new_identity()
        added = {"participants": [participant(carol, metadata={"role": "lead"})]}
        path = f"/chat/threads/{thread}"
        await caller.request("POST", f"{path}/participants/:add", NEW, json=added)
        await caller.request("PATCH", path, NEW, json={"metadata": {"case": "1"}})

    created, joined, changed = (event["data"] for event in events)
    assert created["metadata"] == METADATA
    assert created["participants"][1]["metadata"] == {"role": "agent"}
    assert joined["participantAdded"]["metadata"] == {"role": "lead"}
    assert changed["metadata"] == METADATA | {"case": "1"}
    assert changed["properties"] == {"topic": "T"}


@pytest.mark.parametrize("version", ["2099-01-01", "x"])
async def test_an_unknown_version_is_refused(here, version):
    caller, thread = await start(here)

    async with caller.thread(thread, api_version=version) as client:
        with pytest.raises(HttpResponseError) as raised:
            await client.get_properties()

    assert raised.value.status_code == 400
    assert raised.value.error.code == "UnsupportedApiVersion"
    assert f"API version '{version}'" in raised.value.error.message


async def test_a_request_without_a_version_is_refused(here):
    caller, thread = await start(here)

    status, body = await caller.request("GET", f"/chat/threads/{thread}")

    assert (status, body["error"]["code"]) == (400, "ApiVersionUnspecified")


async def test_a_service_may_know_the_old_version_only(tmp_path, raw):
    async with served(tmp_path, variant=Variant(api_versions=(OLD,))) as here:
        caller, thread = await start(here, OLD)

        (body,) = await raw(caller.thread(thread), "get_properties")
        status, _ = await caller.request("GET", f"/chat/threads/{thread}", NEW)

    assert body["id"] == thread
    assert status == 400


async def test_the_variant_can_be_changed_while_the_service_runs(here):
    caller, thread = await start(here)

    for versions in ([OLD], API_VERSIONS):
        wish = {"api_versions": versions, "omits": ["topic"]}
        assert (await caller.request("PUT", "/local/variant", json=wish))[0] == 204
        status, _ = await caller.request("GET", f"/chat/threads/{thread}", NEW)
        assert status == (200 if NEW in versions else 400)


@pytest.mark.parametrize(
    "wish", [{"api_versions": ["x"]}, {"api_versions": []}, {"omits": ["id"]}]
)
def test_a_variant_that_no_service_can_be_is_refused(wish):
    with pytest.raises(ValueError, match="is some of"):
        Variant.from_json(wish)


def test_an_unknown_name_of_a_variant_is_refused():
    with pytest.raises(TypeError, match="explode"):
        Variant.from_json({"explode": 1})
