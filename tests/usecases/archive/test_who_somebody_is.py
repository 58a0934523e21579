"""Whoever an identifier names, and however, the archive names the same one.

Each prefix that the service's SDKs know goes through events, listings and receipts,
with its raw id and without it, where the typed member alone tells who it is.
"""

import json

import pytest
from azure.communication.chat import identifier_from_raw_id

from builders import (
    ALICE,
    FIRST_ID,
    THREAD,
    deleted,
    edited,
    listed,
    received,
    thread_created,
    thread_event,
)
from shared.domain.identity import is_own_user
from shared.domain.thread.listing import Page, PageKind
from shared.ports.chat_service import ServiceListing
from world import World


def acs(raw_id):
    return {"communicationUser": {"id": raw_id}}


def teams(cloud, *, is_anonymous=False):
    user = {"userId": "u-1", "isAnonymous": is_anonymous, "cloud": cloud}
    return {"microsoftTeamsUser": user}


def app(cloud):
    return {"microsoftTeamsApp": {"appId": "a-1", "cloud": cloud}}


def extension(cloud):
    ids = {"resourceId": "r-1", "tenantId": "t-1", "userId": "u-1"}
    return {"teamsExtensionUser": ids | {"cloud": cloud}}


PEOPLE = {
    "8:acs:r-1_u-1": (acs("8:acs:r-1_u-1"), "acs_user"),
    "8:gcch-acs:r-1_u-1": (acs("8:gcch-acs:r-1_u-1"), "acs_user"),
    "8:dod-acs:r-1_u-1": (acs("8:dod-acs:r-1_u-1"), "acs_user"),
    "8:spool:u-1": (acs("8:spool:u-1"), "acs_user"),
    "8:acs:r-1_t-1_u-1": (extension("public"), "teams_extension_user"),
    "8:gcch-acs:r-1_t-1_u-1": (extension("gcch"), "teams_extension_user"),
    "8:dod-acs:r-1_t-1_u-1": (extension("dod"), "teams_extension_user"),
    "8:orgid:u-1": (teams("public"), "teams_user"),
    "8:gcch:u-1": (teams("gcch"), "teams_user"),
    "8:dod:u-1": (teams("dod"), "teams_user"),
    "8:teamsvisitor:u-1": (teams("public", is_anonymous=True), "teams_visitor"),
    "4:+15550100": ({"phoneNumber": {"value": "+15550100"}}, "phone"),
    "4:anonymous": ({"phoneNumber": {"value": "anonymous"}}, "phone"),
    "28:orgid:a-1": (app("public"), "bot"),
    "28:gcch:a-1": (app("gcch"), "bot"),
    "28:dod:a-1": (app("dod"), "bot"),
}
"""Raw ids, each with the member of an identifier that says the same, and its kind."""
OWN = ["8:acs:r-1_u-1", "8:gcch-acs:r-1_u-1", "8:dod-acs:r-1_u-1"]
NULLS = dict.fromkeys(("communicationUser", "phoneNumber", "microsoftTeamsUser"))


def ways(raw_id, typed):
    """Return the ways in which the service, old or new, writes an identifier."""
    name = next(iter(typed))
    return {
        "raw id and member": {"rawId": raw_id, **typed},
        "raw id alone": {"rawId": raw_id},
        "raw id of an unknown kind": {"kind": "unknown", "rawId": raw_id},
        "member alone": typed,
        "empty raw id": {"rawId": "", **typed},
        "null for the raw id": {"rawId": None, "kind": name, **typed},
        "null for other members": NULLS | typed,
    }


@pytest.fixture(params=PEOPLE)
def person(request):
    return request.param


@pytest.fixture(params=ways("", {"": {}}))
def identifier(request, person):
    return ways(person, PEOPLE[person][0])[request.param]


def test_the_sdk_reads_the_same_of_a_raw_id(person):
    (name, member) = next(iter(PEOPLE[person][0].items()))
    theirs = identifier_from_raw_id(person)

    assert theirs.raw_id == person
    if name == "teamsExtensionUser":  # newer than the chat SDK
        return
    assert theirs.kind.value.replace("_", "") == name.lower()
    known = {key.replace("_", ""): value for key, value in theirs.properties.items()}
    for key, value in member.items():
        told = known[key.lower()]
        assert str(getattr(told, "value", told)).lower() == str(value).lower()


def test_tokens_are_minted_for_users_of_a_resource_only():
    assert [person for person in PEOPLE if is_own_user(person)] == OWN


async def archived(*events, **pages):
    """Return the transcript, and the rows, of a thread of these events and answers."""
    world = World(readers=(ALICE,), formats=("json", "jsonl"))
    world.chat.pages[THREAD, ALICE] = ServiceListing(
        pages=tuple(
            Page(kind=PageKind(kind), body=json.dumps({"value": items}))
            for kind, items in pages.items()
        ),
        settled=True,
    )
    await world.receive(*events)
    await world.finalize(THREAD)
    rows = map(json.loads, world.file("messages.jsonl").splitlines())
    return world.transcript(), list(rows)


@pytest.mark.parametrize("schema", ["eventgrid", "cloudevents"])
@pytest.mark.parametrize("level", ["InThread", ""])
async def test_a_sender_in_an_event(person, identifier, schema, level):
    by = {"senderCommunicationIdentifier": identifier, "schema": schema}

    transcript, rows = await archived(
        received(level=level, **by),
        edited(level=level, **by),
        deleted(level=level, **by),
    )

    (message,), (row,) = transcript["messages"], rows
    assert message["sender"]["id"] == person
    assert message["sender"]["identifier"] == identifier
    assert message["versions"][0]["by"] == person
    assert (row["sender_id"], row["sender_kind"]) == (person, PEOPLE[person][1])


async def test_participants_in_events(person, identifier):
    who = {"participantCommunicationIdentifier": identifier, "displayName": "N"}
    at = {"time": "2026-11-22T12:00:00Z"}
    created = thread_created(
        participants=[who], createdByCommunicationIdentifier=identifier
    )
    added = thread_event(
        "ChatThreadParticipantAdded",
        participantAdded=who,
        addedByCommunicationIdentifier=identifier,
        **at,
    )
    removed = thread_event(
        "ChatThreadParticipantRemoved",
        participantRemoved=who,
        removedByCommunicationIdentifier=identifier,
        **at | {"time": "2026-11-22T13:00:00Z"},
    )
    updated = thread_event(
        "ChatThreadPropertiesUpdated",
        editedByCommunicationIdentifier=identifier,
        properties={"topic": "T"},
        version=FIRST_ID + 1,
    )
    gone = thread_event(
        "ChatThreadDeleted", deletedByCommunicationIdentifier=identifier
    )

    transcript, _ = await archived(created, added, removed, updated, gone)

    (told,) = transcript["participants"]
    assert (told["id"], told["display_name"]) == (person, "N")
    assert told["identifier"] == identifier
    assert [(change["kind"], change["by"]) for change in told["history"]] == [
        ("participant_added", person),
        ("participant_added", person),
        ("participant_removed", person),
    ]
    assert (transcript["created_by"], transcript["deleted_by"]) == (person, person)
    assert [change["by"] for change in transcript["topics"]] == [person, person]


async def test_people_in_a_listing(person, identifier):
    content = {
        "participants": [{"communicationIdentifier": identifier, "displayName": "N"}],
        "initiatorCommunicationIdentifier": identifier,
    }
    sent = listed(0, senderCommunicationIdentifier=identifier)
    joined = listed(1, type="participantAdded", content=content)
    del joined["senderCommunicationIdentifier"]
    receipt = {
        "senderCommunicationIdentifier": identifier,
        "chatMessageId": str(FIRST_ID),
        "readOn": "2026-11-22T12:00:00Z",
    }

    transcript, rows = await archived(
        messages=[joined, sent],
        participants=content["participants"],
        receipts=[receipt],
    )

    first, second = transcript["messages"]
    assert first["sender"]["id"] == first["versions"][0]["by"] == person
    assert second["versions"][0]["by"] == person
    assert (rows[0]["sender_id"], rows[0]["sender_kind"]) == (
        person,
        PEOPLE[person][1],
    )
    (told,) = transcript["participants"]
    assert (told["id"], told["present"]) == (person, True)
    (read,) = transcript["read_receipts"]
    assert read["reader_id"] == person


async def test_an_event_with_the_raw_id_and_a_listing_without_it_name_one(person):
    raw, typed = {"rawId": person}, PEOPLE[person][0]
    event = thread_created(
        participants=[{"participantCommunicationIdentifier": raw, "displayName": "N"}]
    )

    transcript, _ = await archived(
        event,
        received(senderCommunicationIdentifier=raw),
        messages=[listed(senderCommunicationIdentifier=typed)],
        participants=[{"communicationIdentifier": typed, "displayName": "N"}],
    )

    assert [told["id"] for told in transcript["participants"]] == [person]
    (message,) = transcript["messages"]
    assert (message["outcome"], message["sender"]["id"]) == ("matched", person)
    assert "listed" not in message["versions"][0]


@pytest.mark.parametrize(
    "raw_id", ["48:something", "8:unheard-of:x", "28:old-bot", "x"]
)
async def test_who_is_of_no_known_kind_is_named_by_their_raw_id(raw_id):
    transcript, (row,) = await archived(
        received(senderCommunicationIdentifier={"rawId": raw_id})
    )

    assert transcript["messages"][0]["sender"]["id"] == row["sender_id"] == raw_id
    assert row["sender_kind"] == ("bot" if raw_id.startswith("28:") else "")
    assert not is_own_user(raw_id)
