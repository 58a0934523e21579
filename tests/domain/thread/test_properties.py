"""Metadata, retention policy and read receipts: what only the newest version tells."""

from dataclasses import replace

import pytest
from inputs import FULL, listing, logged

from builders import ALICE, BOB, THREAD, thread_created, thread_event, to_log, who
from shared.domain.thread.replay import replay
from shared.domain.thread.retention import deleted_from, policy_in_words

NEW = replace(FULL, api_version="2025-03-15")
OLD = replace(FULL, api_version="2024-03-07")
SIXTY = {"kind": "threadCreationDate", "deleteThreadAfterDays": 60}


def transcript(*events, listings=()):
    return replay(THREAD, logged(to_log(*events)), listings)


def updated(**more):
    version = {"version": 1795348900000}
    return thread_event("ChatThreadPropertiesUpdated", **version, **more)


def properties(outcome=NEW, **more):
    return listing(outcome=outcome, properties={"id": THREAD, **more})


@pytest.mark.parametrize(
    ("events", "listings", "metadata"),
    [
        ([], [properties(metadata={"a": "1"})], {"a": "1"}),
        ([thread_created(metadata={"a": "1"})], [], {"a": "1"}),
        # The listing knows what it is now, also that there is none any more.
        ([thread_created(metadata={"a": "1"})], [properties()], {}),
        ([thread_created(metadata={"a": "1"})], [properties(OLD)], {"a": "1"}),
        # An old version tells nothing: what a newer one told before still counts.
        ([], [properties(metadata={"a": "1"}), properties(OLD)], {"a": "1"}),
        (
            [thread_created(metadata={"a": "1"}), updated(metadata={"a": "2"})],
            [properties(OLD)],
            {"a": "2"},
        ),
        ([thread_created(metadata={"a": "1"}), updated(metadata={})], [], {}),
        ([thread_created(metadata="odd")], [properties(metadata=[1])], {}),
    ],
)
def test_a_threads_metadata_is_what_was_told_last(events, listings, metadata):
    assert transcript(*events, listings=listings).metadata == metadata


def test_each_change_of_metadata_stands_by_name():
    created = thread_created(metadata={"a": "1"}, properties={"topic": "T"})
    changed = updated(metadata={"a": "2"}, properties={})

    first, second = transcript(created, changed).topics

    assert (first.metadata, second.metadata) == ({"a": "1"}, {"a": "2"})
    assert (first.topic, second.topic) == ("T", None)
    assert first.extra == {"version": created["data"]["version"]}
    assert second.extra == {"version": changed["data"]["version"]}


def test_metadata_of_no_form_is_kept_as_received():
    (change,) = transcript(thread_created(metadata="odd", version=7)).topics

    assert change.metadata is None
    assert change.extra == {"metadata": "odd", "version": 7}
    listed = transcript(listings=[properties(metadata=[1], retentionPolicy="x")])
    assert listed.extra["properties"] == {"metadata": [1], "retentionPolicy": "x"}


def person(user, **more):
    return {"communicationIdentifier": who(user), "displayName": "N", **more}


def at(on, outcome=NEW, **more):
    return replace_time(properties(outcome, **more), on)


def replace_time(given, on):
    given.received_on = on
    return given


def test_where_the_newest_listing_cannot_tell_the_youngest_counts():
    created = thread_created(metadata={"state": "open"})
    closed = at("2026-11-23T00:00:00Z", metadata={"state": "closed"})
    old = at("2026-11-24T00:00:00Z", OLD)
    later = updated(metadata={"state": "again"}, editTime="2026-11-23T12:00:00Z")

    assert transcript(created, listings=[closed, old]).metadata == {"state": "closed"}
    assert transcript(created, later, listings=[closed, old]).metadata == {
        "state": "again"
    }


def test_what_the_newest_version_no_longer_tells_is_gone():
    before = properties(retentionPolicy=SIXTY)
    before.participants = [person(ALICE, metadata={"role": "agent"})]
    after = properties()
    after.participants = [person(ALICE)]

    thread = transcript(listings=[before, after])

    assert thread.retention_policy == {}
    assert thread.participants[0].metadata == {}


def test_a_participants_metadata_is_what_was_told_last():
    listings = [
        listing(outcome=NEW, participants=[person(BOB, metadata={"role": "agent"})]),
        listing(outcome=OLD, participants=[person(ALICE), person(BOB)]),
    ]
    people = [{"participantCommunicationIdentifier": who(ALICE), "metadata": {"x": ""}}]

    alice, bob = transcript(
        thread_created(participants=people), listings=listings
    ).participants

    assert (alice.metadata, bob.metadata) == ({"x": ""}, {"role": "agent"})
    assert alice.extra == bob.extra == {}


def test_the_retention_policy_is_the_one_listed_last():
    first = properties(retentionPolicy=SIXTY)
    second = properties(retentionPolicy={"kind": "none"})

    assert transcript(listings=[first, second]).retention_policy == {"kind": "none"}
    assert transcript(listings=[first, properties(OLD)]).retention_policy == SIXTY
    assert transcript(listings=[properties()]).retention_policy == {}


@pytest.mark.parametrize(
    ("policy", "words", "on"),
    [
        (
            SIXTY,
            "deleted by the service 60 days after its creation",
            "2026-12-31T00:00:00Z",
        ),
        ({"kind": "none"}, "kept until somebody deletes it", ""),
        ({}, "", ""),
        ({"kind": "someday"}, "of a kind that is not known", ""),
        (SIXTY | {"deleteThreadAfterDays": "60"}, "of a kind that is not known", ""),
        (SIXTY | {"deleteThreadAfterDays": True}, "of a kind that is not known", ""),
        (SIXTY | {"deleteThreadAfterDays": -1}, "of a kind that is not known", ""),
        (SIXTY | {"deleteThreadAfterDays": 10**30}, "of a kind that is not known", ""),
    ],
)
def test_a_policy_says_when_the_service_deletes(policy, words, on):
    assert policy_in_words(policy) == words
    assert deleted_from("2026-11-01T00:00:00Z", policy) == on
    assert deleted_from("", policy) == ""


def test_a_deletion_beyond_all_calendars_is_not_reckoned():
    assert deleted_from("9999-12-01T00:00:00Z", SIXTY) == ""


def receipt(user, message, on, **more):
    sender = {"senderCommunicationIdentifier": who(user)}
    return sender | {"chatMessageId": message, "readOn": on} | more


def test_receipts_of_all_listings_are_kept_each_once():
    at_noon = receipt(BOB, "9", "2026-11-22T12:00:00Z")
    listings = [
        listing(outcome=NEW, receipts=[at_noon]),
        listing(
            outcome=NEW,
            receipts=[
                receipt(BOB, "10", "2026-11-22T13:00:00Z", new=1),
                at_noon,
                receipt(ALICE, "7", "2026-11-22T11:00:00Z"),
            ],
        ),
    ]

    receipts = transcript(listings=listings).receipts

    assert [(told.reader_id, told.message_id) for told in receipts] == [
        (ALICE, "7"), (BOB, "9"), (BOB, "10"),
    ]  # fmt: skip
    assert receipts[2].extra == {"new": 1}


@pytest.mark.parametrize(
    ("item", "told"),
    [
        ({"chatMessageId": 7}, ("", "7", "")),
        ({"chatMessageId": None, "readOn": 5}, ("", "", "")),
        ({"chatMessageId": True, "readOn": "yesterday"}, ("", "", "")),
        ({"senderCommunicationIdentifier": "x"}, ("", "", "")),
    ],
)
def test_an_odd_receipt_costs_nothing_else(item, told):
    (only,) = transcript(listings=[listing(outcome=NEW, receipts=[item])]).receipts

    assert (only.reader_id, only.message_id, only.read_on) == told


def test_a_thread_that_was_never_listed_says_that_there_are_no_receipts():
    thread = transcript(thread_created())

    assert thread.listing.no_receipts == "the service was never listed"
