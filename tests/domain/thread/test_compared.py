"""What event and listing tell of one version, side by side."""

import pytest
from inputs import erased_of, logged
from inputs import listing as listing_of

from builders import (
    ALICE,
    BOB,
    FIRST_ID,
    THREAD,
    deleted,
    edited,
    listed,
    listed_deleted,
    listed_edited,
    received,
    to_log,
    who,
)
from shared.domain.log.event import Kind
from shared.domain.thread.message import Outcome
from shared.domain.thread.replay import replay

NO_SENDER = {"senderDisplayName": "", "senderCommunicationIdentifier": None}


def message_of(events, *listings):
    numbered = [listing_of(*items, number=n) for n, items in enumerate(listings, 1)]
    (message,) = replay(THREAD, events, numbered).messages
    return message


def told(event, *items):
    """Return what listings tell otherwise of the only version, one item each."""
    events = logged(to_log(event) if event else b"")
    message = message_of(events, *([item] for item in items))
    (version,) = message.versions
    assert (message.outcome is Outcome.DIFFERS) is bool(version.listed)
    assert message.listed == version.listed
    return version.listed


@pytest.mark.parametrize(
    ("event", "item"),
    [
        (received(type="Text"), listed(type="text")),
        (received(type="RichText/Html"), listed(type="html")),
        (received(), listed(metadata={})),
        (received(metadata={}), listed()),
        (received(metadata=None), listed(metadata=None)),
        (received(0, ""), listed(content={})),
        (received(0, ""), listed(content=None)),
        (received(**NO_SENDER), listed()),
        (received(), listed(**NO_SENDER)),
        (edited(0, messageBody=None), listed_edited(0, "hello!")),
        (edited(0, "hello!"), listed_edited(0, "hello!")),
        (deleted(), listed_deleted()),
        (received(), listed(createdOn="2026-11-22T12:00:00.000+00:00")),
        (received(), listed(content={"message": "hello", "attachments": []})),
    ],
)
def test_what_says_the_same_or_nothing_is_no_difference(event, item):
    assert told(event, item) == {}


@pytest.mark.parametrize(
    ("event", "item", "expected"),
    [
        (received(0, "I owe 100"), listed(0, "I owe 900"), {"message": "I owe 900"}),
        (received(0, "hello"), listed(0, "hello "), {"message": "hello "}),
        (received(0, "a"), listed(0, "a\u200b"), {"message": "a\u200b"}),
        (received(0, "é"), listed(0, "e\u0301"), {"message": "e\u0301"}),
        (received(0, "a\n"), listed(0, "a\r\n"), {"message": "a\r\n"}),
        (received(0, "<b>a</b>"), listed(0, "<i>a</i>"), {"message": "<i>a</i>"}),
        (received(0, "hello"), listed(0, ""), {"message": ""}),
        (received(0, ""), listed(0, "hello"), {"message": "hello"}),
        (received(metadata={"a": "1"}), listed(), {"metadata": {}}),
        (received(), listed(metadata={"a": "1"}), {"metadata": {"a": "1"}}),
        (
            received(metadata={"a": "1"}),
            listed(metadata={"a": "2"}),
            {"metadata": {"a": "2"}},
        ),
        (received(type="Text"), listed(type="html"), {"type": "html"}),
        (
            received(),
            listed(senderCommunicationIdentifier=who(BOB)),
            {"sender_id": BOB},
        ),
        (
            received(),
            listed(senderDisplayName="Mallory"),
            {"sender_name": "Mallory"},
        ),
        (
            edited(0, "I owe 100"),
            listed_edited(0, "I owe 900"),
            {"message": "I owe 900"},
        ),
        (
            received(0, "hello"),
            listed(0, "", deletedOn="2026-11-22T12:00:00Z"),
            {"deleted": True},
        ),
        (
            deleted(0),
            listed(0, "still here", version=str(FIRST_ID + 900)),
            {"deleted": False, "message": "still here"},
        ),
    ],
)
def test_what_a_listing_tells_otherwise_is_told_by_field(event, item, expected):
    assert told(event, item) == expected


def test_what_the_event_tells_stays():
    events = logged(to_log(received(0, "I owe 100"), deleted(0)))
    item = listed(0, "still here", version=str(FIRST_ID + 900))

    first, last = message_of(events, [item]).versions

    assert first.content["message"] == "I owe 100"
    assert (last.kind, last.content) == (Kind.DELETED, None)
    assert last.listed["message"] == "still here"


def test_two_listings_that_tell_different_things_of_one_version_differ():
    assert told(None, listed(0, "100"), listed(0, "900")) == {"message": "900"}
    assert told(None, listed(0, "100"), listed(0, "100")) == {}
    topics = [listed(type="topicUpdated", content={"topic": name}) for name in "ab"]
    assert told(None, *topics) == {"topic": "b"}


def test_a_listing_that_agrees_again_takes_no_difference_away():
    items = [listed(0, "I owe 900"), listed(0, "I owe 100")]

    assert told(received(0, "I owe 100"), *items) == {"message": "I owe 900"}


def test_of_several_listings_the_newest_is_told():
    items = [listed(0, "I owe 900"), listed(0, "I owe 500")]

    assert told(received(0, "I owe 100"), *items) == {"message": "I owe 500"}


def test_of_what_is_erased_type_and_sender_are_compared_alone():
    events = erased_of(to_log(received(0, "I owe 100", metadata={"a": "1"})), 0)

    same = message_of(events, [listed(0, "I owe 900", senderDisplayName="Mallory")])
    other = message_of(events, [listed(senderCommunicationIdentifier=who(BOB))])

    assert (same.sender_id, same.listed) == (ALICE, {})
    assert other.listed == {"sender_id": BOB, "message": "hello"}
