"""The newest version of the interface is asked first; the SDK's own where it is not."""

import json
from datetime import timedelta

import pytest

from local.chat_service.variant import NEW, OLD, Variant
from serving import served
from shared.adapters.chat.service import AcsChatService
from shared.domain.thread.listing import PageKind
from shared.ports.chat_service import ReaderRefused

WITHIN = timedelta(seconds=20)


def asking(here, version=NEW):
    here.chat_clients.api_version = version
    return AcsChatService(here.chat_clients, WITHIN)


def rich_thread(here):
    thread, (alice, bob) = here.thread("Alice", "Bob")
    thread.metadata["case"] = "42"
    thread.retention_policy = {
        "kind": "threadCreationDate",
        "deleteThreadAfterDays": 60,
    }
    bob.metadata["role"] = "agent"
    here.say(thread, alice, "hello")
    return thread, alice, bob


def answers(listing, kind):
    return [json.loads(page.body) for page in listing.pages if page.kind is kind]


async def test_the_newest_version_tells_metadata_and_retention(tmp_path):
    async with served(tmp_path) as here:
        thread, alice, _ = rich_thread(here)

        listing = await asking(here).list_thread(thread.id, alice.id)

    (properties,) = answers(listing, PageKind.PROPERTIES)
    assert properties["metadata"] == {"case": "42"}
    assert properties["retentionPolicy"]["deleteThreadAfterDays"] == 60
    (people,) = answers(listing, PageKind.PARTICIPANTS)
    assert [person.get("metadata") for person in people["value"]] == [
        None, {"role": "agent"},
    ]  # fmt: skip
    assert (listing.api_version, listing.refused_version) == (NEW, "")


async def test_a_service_that_does_not_speak_it_is_asked_in_the_version_of_the_sdk(
    tmp_path,
):
    async with served(tmp_path, variant=Variant(api_versions=(OLD,))) as here:
        thread, alice, _ = rich_thread(here)

        listing = await asking(here).list_thread(thread.id, alice.id)

    (properties,) = answers(listing, PageKind.PROPERTIES)
    assert "metadata" not in properties
    assert len(answers(listing, PageKind.MESSAGES)) == 1
    assert (listing.api_version, listing.refused_version) == (OLD, NEW)


async def test_the_version_of_the_settings_is_asked(tmp_path):
    async with served(tmp_path) as here:
        thread, alice, _ = rich_thread(here)

        listing = await asking(here, OLD).list_thread(thread.id, alice.id)

    assert (listing.api_version, listing.refused_version) == (OLD, "")


async def test_a_refusal_is_not_taken_for_an_unknown_version(tmp_path):
    async with served(tmp_path) as here:
        thread, _, _ = rich_thread(here)
        _, (mallory,) = here.thread("Mallory")

        with pytest.raises(ReaderRefused) as raised:
            await asking(here).list_thread(thread.id, mallory.id)

    assert raised.value.status == 403


async def test_read_receipts_are_listed(tmp_path):
    async with served(tmp_path) as here:
        thread, alice, bob = rich_thread(here)
        message = here.say(thread, alice, "read me")
        async with here.caller(bob.id).thread(thread.id) as client:
            await client.send_read_receipt(message.id)

        listing = await asking(here).list_thread(thread.id, alice.id)

    (receipts,) = answers(listing, PageKind.RECEIPTS)
    (receipt,) = receipts["value"]
    assert receipt["chatMessageId"] == message.id
    assert receipt["senderCommunicationIdentifier"]["rawId"] == bob.id
    assert listing.no_receipts == ""


async def test_receipts_of_many_people_are_not_asked_for(tmp_path):
    async with served(tmp_path) as here:
        thread, (alice, *_) = here.thread(*map(str, range(21)))

        listing = await asking(here).list_thread(thread.id, alice.id)

    assert answers(listing, PageKind.RECEIPTS) == []
    assert listing.no_receipts == "the service keeps none of over 20 people"
    assert ("receipts", thread.id, alice.id) not in here.chat_clients.limiter.passed


async def test_that_receipts_are_refused_costs_nothing_else(tmp_path):
    async with served(tmp_path) as here:
        thread, _, bob = rich_thread(here)
        bob.left_ms = here.service.world.tick()

        listing = await asking(here).list_thread(thread.id, bob.id)

    assert len(answers(listing, PageKind.MESSAGES)) == 1
    assert listing.no_receipts == "the service answered 403 to this reader"
