import pytest
from inputs import listing as listing_of
from inputs import logged

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
    moment,
    received,
    thread_created,
    to_log,
)
from shared.domain.thread.listing import ListingOutcome, Visibility
from shared.domain.thread.message import Outcome
from shared.domain.thread.replay import replay

FULL = ListingOutcome(visibility=Visibility.FULL, reader=ALICE)
UNREAD = ListingOutcome(visibility=Visibility.EVENTS_ONLY, reason="none")


def partial(since_ms=0):
    since = moment(since_ms) if since_ms else ""
    return ListingOutcome(visibility=Visibility.PARTIAL, reader=ALICE, since=since)


def outcome(events, items, *, listing=FULL, earlier=()):
    listings = [
        listing_of(*earlier),
        listing_of(*items, number=2, outcome=listing),
    ]
    (message,) = replay(THREAD, logged(to_log(*events)), listings).messages
    return message.outcome


@pytest.mark.parametrize(
    ("events", "items", "expected"),
    [
        ([received()], [listed()], Outcome.MATCHED),
        ([received(), edited()], [listed_edited()], Outcome.MATCHED),
        ([received(), deleted()], [listed_deleted()], Outcome.MATCHED),
        ([received(), deleted()], [], Outcome.MATCHED),
        ([received(), edited()], [listed()], Outcome.MATCHED),
        ([], [listed()], Outcome.BACKFILLED),
        ([received()], [listed_edited()], Outcome.VERSION_GAP),
        ([received()], [listed_deleted()], Outcome.VERSION_GAP),
        ([received()], [], Outcome.MISSING_AT_RECHECK),
        ([deleted()], [], Outcome.DELETED_WITHOUT_CONTENT),
        ([deleted()], [listed_deleted()], Outcome.DELETED_WITHOUT_CONTENT),
        ([], [listed_deleted()], Outcome.DELETED_WITHOUT_CONTENT),
    ],
)
def test_what_log_and_a_full_listing_prove(events, items, expected):
    assert outcome(events, items) is expected


def test_what_nobody_could_check_is_unverifiable():  # P8
    assert outcome([received()], [], listing=UNREAD) is Outcome.UNVERIFIABLE
    assert outcome([received(), deleted()], [], listing=UNREAD) is Outcome.UNVERIFIABLE


def test_a_reader_without_the_beginning_cannot_miss_what_was_before():
    before, after = partial(FIRST_ID + 1000), partial(FIRST_ID - 1000)
    same = partial(FIRST_ID)

    assert outcome([received()], [], listing=before) is Outcome.UNVERIFIABLE
    assert outcome([received()], [], listing=after) is Outcome.MISSING_AT_RECHECK
    assert outcome([received()], [], listing=same) is Outcome.MISSING_AT_RECHECK
    assert outcome([received()], [], listing=partial()) is Outcome.UNVERIFIABLE


def test_what_an_earlier_listing_has_shown_stays_matched():
    assert (
        outcome([received()], [], earlier=[listed()], listing=UNREAD) is Outcome.MATCHED
    )


def test_a_version_that_only_the_newest_listing_shows_is_a_gap():
    shown = outcome([received()], [listed_edited()], earlier=[listed()])

    assert shown is Outcome.VERSION_GAP


def test_a_change_since_the_last_good_listing_is_unverifiable():
    events = [received(), edited()]

    assert (
        outcome(events, [], earlier=[listed()], listing=UNREAD) is Outcome.UNVERIFIABLE
    )


SAID, TOLD_OTHERWISE = received(0, "100"), listed(0, "900")


@pytest.mark.parametrize(
    ("events", "items", "earlier"),
    [
        ([SAID], [TOLD_OTHERWISE], []),
        ([SAID, edited()], [TOLD_OTHERWISE], []),
        ([SAID], [listed_edited()], [TOLD_OTHERWISE]),
        ([SAID], [], [TOLD_OTHERWISE]),
        ([SAID, deleted()], [listed_deleted()], [TOLD_OTHERWISE]),
        ([deleted()], [listed(0, version=str(FIRST_ID + 900))], []),
        ([], [TOLD_OTHERWISE], [listed(0, "100")]),
    ],
)
def test_what_differs_is_called_nothing_else(events, items, earlier):
    shown = [outcome(events, items, earlier=earlier)]
    shown.append(outcome(events, [], earlier=earlier + items, listing=UNREAD))

    assert shown == [Outcome.DIFFERS] * 2


def person(user, name="Alice"):
    return {"communicationIdentifier": {"rawId": user}, "displayName": name}


SYSTEM = [
    listed(-10, type="topicUpdated", content={"topic": "A topic"}),
    listed(
        -10,
        type="participantAdded",
        content={"participants": [person(ALICE), person(BOB)]},
    ),
]


@pytest.mark.parametrize("item", SYSTEM, ids=lambda one: one["type"])
def test_a_system_message_that_thread_events_tell_too_is_matched(item):
    assert outcome([thread_created()], [item]) is Outcome.MATCHED
    assert outcome([], [item]) is Outcome.BACKFILLED


@pytest.mark.parametrize(
    "item",
    [
        listed(-10, type="topicUpdated", content={"topic": "Another"}),
        listed(3_600_000, type="topicUpdated", content={"topic": "A topic"}),
        listed(
            -10,
            type="participantAdded",
            content={"participants": [person("8:acs:other")]},
        ),
        listed(
            -10, type="participantRemoved", content={"participants": [person(ALICE)]}
        ),
        listed(
            -10,
            type="participantAdded",
            content={"participants": [person(ALICE), person("8:acs:other")]},
        ),
        listed(-10, type="participantAdded", content={"participants": []}),
        listed(-10, type="participantAdded", content={}),
        listed(-10, type="somethingNew", content={"topic": "A topic"}),
    ],
)
def test_a_system_message_that_no_event_tells_is_not(item):
    assert outcome([thread_created()], [item]) is Outcome.BACKFILLED
