"""Facts: what is kept of each content, and that both verifiers derive the same."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import (
    ALICE,
    BOB,
    FIRST_ID,
    SAMPLES,
    deleted,
    edited,
    listed,
    listed_deleted,
    listed_edited,
    received,
    thread_created,
    thread_event,
    who,
)
from shared.domain.evidence.canonical import encode
from shared.domain.evidence.content import content_of
from shared.domain.evidence.content_facts import EVENTS
from shared.domain.evidence.facts import facts_of
from shared.verifier import verify

NOW = "2026-11-22T12:00:00Z"
GIVENS = (
    {"file": "events", "received_on": NOW},
    {"file": "listing", "origin": "messages"},
    {"file": "listing", "origin": "participants"},
    {"file": "listing", "origin": "receipts"},
    {"file": "listing", "origin": "properties"},
    {"file": "listing", "received_on": NOW, "listing": 1, "outcome": "full"},
    {"file": "listing", "received_on": NOW, "listing": 1, "page": 1, "origin": "messages"},
    {"file": "quarantine", "received_on": NOW},
    {"file": "attachments", "received_on": NOW, "origin": "link", "outcome": "gone"},
    {"file": "people", "received_on": NOW},
)  # fmt: skip


def facts(value, given=GIVENS[0]):
    """Return the facts of a value, which both verifiers have to derive alike."""
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    content = content_of(text)
    ours = facts_of(given, content)
    assert verify.facts_of(ours, content) == ours
    verify.check_facts(ours, is_erased=False)
    assert verify.canonical(ours) == encode(ours)
    return ours


TYPED = [
    ({"communicationUser": {"id": ALICE}}, ALICE),
    ({"rawId": "", "communicationUser": {"id": ALICE}}, ALICE),
    ({"rawId": 5, "phoneNumber": {"value": "+15550100"}}, "4:+15550100"),
    ({"microsoftTeamsUser": {"userId": "u"}}, "8:orgid:u"),
    ({"microsoftTeamsUser": {"userId": "u", "cloud": "GCCH"}}, "8:gcch:u"),
    ({"microsoftTeamsUser": {"userId": "u", "isAnonymous": True}}, "8:teamsvisitor:u"),
    ({"microsoftTeamsUser": {"userId": "u", "isAnonymous": 1}}, "8:orgid:u"),
    ({"microsoftTeamsApp": {"appId": "a", "cloud": "dod"}}, "28:dod:a"),
    (
        {"teamsExtensionUser": {"resourceId": "r", "tenantId": "t", "userId": "u"}},
        "8:acs:r_t_u",
    ),
    ({"teamsExtensionUser": {"resourceId": "r", "tenantId": "t"}}, ""),
    ({"communicationUser": [ALICE]}, ""),
]


@pytest.mark.parametrize(("identifier", "raw"), TYPED)
def test_a_sender_without_a_raw_id_has_the_one_of_the_typed_identifier(identifier, raw):
    event = facts(received(0, senderCommunicationIdentifier=identifier))
    item = facts(listed(0, senderCommunicationIdentifier=identifier), GIVENS[1])

    assert event.get("sender", "") == raw
    assert item.get("sender", "") == raw


def test_the_facts_of_a_message_event():
    assert facts(received(0, "secret")) == {
        "schema": 1,
        "file": "events",
        "received_on": NOW,
        "kind": "message",
        "change": "received",
        "type": "text",
        "message": str(FIRST_ID),
        "version": str(FIRST_ID),
        "time": "2026-11-22T12:00:00.000000Z",
        "sender": ALICE,
    }


def test_a_users_copy_does_not_name_its_recipient():
    copy = received(0, level="", recipientCommunicationIdentifier=who(BOB))

    assert facts(copy) == facts(received(0))


def test_an_event_about_people_names_them_and_carries_the_topic():
    found = facts(thread_created())

    assert (found["kind"], found["people"], found["topic"]) == (
        "thread",
        [ALICE, BOB],
        True,
    )


@pytest.mark.parametrize(
    ("value", "change"),
    [
        (edited(), "edited"),
        (deleted(), "deleted"),
        (received(schema="cloudevents"), "received"),
    ],
)
def test_changes_of_events(value, change):
    assert facts(value)["change"] == change


@pytest.mark.parametrize(
    ("item", "change"),
    [
        (listed(), "received"),
        (listed_edited(), "edited"),
        (listed_deleted(), "deleted"),
    ],
)
def test_changes_of_listed_messages(item, change):
    found = facts(item, GIVENS[1])

    assert (found["change"], found["sender"]) == (change, ALICE)
    assert "received_on" not in found


def test_a_receipts_sender_is_its_reader():
    receipt = {
        "senderCommunicationIdentifier": who(BOB),
        "chatMessageId": "12",
        "readOn": NOW,
    }

    assert facts(receipt, GIVENS[3])["sender"] == BOB


@pytest.mark.parametrize(
    ("message_id", "kind"),
    [
        (1795348800000, "message"), ("0012", "message"), ("1" * 16, "message"), ("1" * 17, "unreadable"), (True, "unreadable"),
        (1.5, "unreadable"), (-1, "unreadable"), ("٣", "unreadable"), ("12 ", "unreadable"), ("12\n", "unreadable"),
        ({}, "unreadable"), (None, "unreadable"), (10**400, "unreadable"),
    ],
)  # fmt: skip
def test_ids_of_another_form_make_a_line_unreadable(message_id, kind):
    event = received()
    event["data"]["messageId"] = message_id

    assert facts(event)["kind"] == kind


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ({"message": "1", "number": 1}, "attachment"), ({"message": 1, "number": 2**53 - 1}, "attachment"), ({"message": "1"}, "unreadable"),
        ({"number": 1}, "unreadable"), ({"message": "1", "number": 0}, "unreadable"), ({"message": "1", "number": True}, "unreadable"),
        ({"message": "1", "number": 2**53}, "unreadable"), ({"message": "1", "number": 1.0}, "unreadable"), ({"message": "", "number": 1}, "unreadable"),
    ],
)  # fmt: skip
def test_an_attachment_names_its_message_and_its_number(value, kind):
    assert facts(value, GIVENS[8])["kind"] == kind


def test_a_surrogate_in_a_fact_makes_unreadable_and_elsewhere_does_no_harm():
    assert facts(received(0, "\ud800"))["kind"] == "message"
    assert (
        facts(received(0, senderCommunicationIdentifier={"rawId": "\ud800"}))["kind"]
        == "unreadable"
    )
    assert (
        facts(received(0, senderCommunicationIdentifier={"rawId": "x" * 257}))["kind"]
        == "unreadable"
    )


def test_deep_nesting_is_unreadable_and_brackets_in_strings_are_none():
    deep = received(0, metadata=json.loads("[" * 70 + "]" * 70))

    assert facts(deep)["kind"] == "unreadable"
    assert facts(received(0, "[" * 999))["kind"] == "message"


@pytest.mark.parametrize(
    "text", [b"", b"\xff", b"{", b"NaN", b'{"a":1}x', b"9" * 6000, b'"data:;base64,"', b"\xef\xbb\xbf{}", b"[1,]", b"'a'", b"null"],
)  # fmt: skip
def test_what_is_no_event_is_unreadable(text):
    for given_facts in GIVENS:
        if "outcome" not in given_facts and "page" not in given_facts:
            assert facts(text, given_facts)["kind"] == "unreadable"


def test_of_two_equal_keys_the_last_counts():
    text = b'{"type":"x","eventType":"y","data":{},"eventType":"Microsoft.Communication.ChatThreadDeleted"}'

    assert facts(text)["change"] == "deleted"


@pytest.mark.parametrize(
    "name", ["ChatMessageReceivedInThread", "Microsoft.Communication.ChatThreadCreated", "Microsoft.Storage.X", "ChatMessageReceivedInThread\n", ""],
)  # fmt: skip
def test_types_with_and_without_prefix_are_read_alike(name):
    event = thread_event("x", messageId="1", topic="A")
    event["eventType"] = name

    assert facts(event)["schema"] == 1


def test_every_sample_of_the_service_has_facts():
    for file in (SAMPLES / "eventgrid").rglob("*.json"):
        value = json.loads(file.read_text())
        for event in value if isinstance(value, list) else [value]:
            facts(event)


@pytest.mark.parametrize(
    ("time", "fact"),
    [
        ("2026-11-22T12:00:00", "2026-11-22T12:00:00.000000Z"), ("2026-11-22T12:00:00.1234567+02:00", "2026-11-22T10:00:00.123456Z"),
        ("2026-11-22T12:00:00.1-23:59", "2026-11-23T11:59:00.100000Z"), ("2026-11-22T12:00:00+24:00", None), ("2026-11-22T12:00:00+00:60", None),
        ("2026-11-22T12:00:00+99:99", None), ("2026-02-30T12:00:00Z", None), ("2026-11-22T12:00:60Z", None), ("2026-11-22 12:00:00Z", None),
        ("2026-11-22T12:00:00Z\n", None), ("0001-01-01T00:00:00+01:00", None), ("9999-12-31T23:59:59-01:00", None), (7, None), ("", None),
        ("2026-11-22T12:00:00.1234567890Z", None), ("٢٠٢٦-11-22T12:00:00Z", None), ("2026-11-22T12:00:00z", None),
    ],
)  # fmt: skip
def test_a_time_is_read_by_one_pattern(time, fact):
    event = received(0, composeTime=time)
    del event["eventTime"]

    assert facts(event).get("time") == fact


SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
    | st.sampled_from([NOW, "1795348800000", "2026-02-30T00:00:00Z", "2026-11-22T12:00:00.1234567+14:00", "9999-12-31T23:59:59-01:00"])
)  # fmt: skip
KEYS = st.sampled_from(
    [
        "eventType", "type", "data", "messageId", "version", "id", "content", "rawId", "topic", "metadata", "eventTime", "time",
        "senderCommunicationIdentifier", "createdByCommunicationIdentifier", "initiatorCommunicationIdentifier", "participants",
        "recipientCommunicationIdentifier", "createdOn", "editedOn", "deletedOn", "shareHistoryTime", "readOn", "chatMessageId", "number",
        "message", "composeTime", "people",
    ]
)  # fmt: skip
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6), max_leaves=20
)  # fmt: skip
TYPES = st.sampled_from(
    [f"{prefix}{name}" for prefix in ("", "Microsoft.Communication.") for name in ("ChatMessageEdited", "ChatThreadCreatedWithUser", "ChatMemberRemovedFromThreadWithUser", "New")]
)  # fmt: skip


@settings(max_examples=300)
@given(
    value=st.dictionaries(KEYS, VALUES, max_size=8)
    | st.fixed_dictionaries({"eventType": TYPES, "data": st.dictionaries(KEYS, VALUES, max_size=8)}),
    given_facts=st.sampled_from(GIVENS),
)  # fmt: skip
def test_both_verifiers_derive_the_same_facts_of_anything(value, given_facts):
    facts(value, given_facts)


@settings(max_examples=200)
@given(text=st.binary(max_size=40))
def test_both_verifiers_read_any_bytes_alike(text):
    facts(text)


def test_all_known_event_types_are_known_to_both():
    for name, (kind, change) in EVENTS.items():
        assert verify.kind_of_event(name) == (kind, change)
