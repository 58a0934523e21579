"""What a whole pass and the snapshots after it say of each message."""

import pytest
from inputs import listing as listing_of
from inputs import logged

from builders import (
    ALICE,
    NOON,
    THREAD,
    deleted,
    edited,
    listed,
    listed_deleted,
    listed_edited,
    received,
    thread_created,
    to_log,
)
from shared.domain.thread.grade import Grade, grade_of
from shared.domain.thread.listing import ListingOutcome, Visibility
from shared.domain.thread.message import Outcome
from shared.domain.thread.replay import replay
from shared.domain.thread.transcript import GapKind
from shared.domain.times import format_time, from_milliseconds

LATER = 3_600_000
"""An hour in milliseconds: of a message that was sent after the whole pass."""
FULL = ListingOutcome(visibility=Visibility.FULL, reader=ALICE)
PARTIAL = ListingOutcome(
    visibility=Visibility.PARTIAL, reader=ALICE, reason="the reader has left"
)
UNREAD = ListingOutcome(visibility=Visibility.EVENTS_ONLY, reason="none")
SNAPSHOT = ListingOutcome(visibility=Visibility.SNAPSHOT, reader=ALICE)


def on(ms):
    return format_time(from_milliseconds(int(NOON.timestamp() * 1000) + ms))


def whole(*items, outcome=FULL):
    """Return a whole pass, half an hour after noon."""
    return listing_of(*items, outcome=outcome, received_on=on(LATER // 2))


def snapshot(*items, number=2, after=2 * LATER, outcome=SNAPSHOT):
    return listing_of(*items, number=number, outcome=outcome, received_on=on(after))


def thread(events, *listings):
    return replay(THREAD, logged(to_log(thread_created(), *events)), listings)


def outcomes(events, *listings):
    return [message.outcome for message in thread(events, *listings).messages]


def test_what_a_snapshot_does_not_reach_keeps_what_the_whole_pass_said():
    events = [received(0), received(1), received(LATER)]

    assert outcomes(events, whole(listed(0)), snapshot(listed(LATER))) == [
        Outcome.MATCHED,
        Outcome.MISSING_AT_RECHECK,
        Outcome.MATCHED,
    ]


def test_what_no_event_told_is_found_by_a_snapshot():
    shown = snapshot(listed_edited(0), listed(LATER))

    assert outcomes([received(0)], whole(listed(0)), shown) == [
        Outcome.VERSION_GAP,
        Outcome.BACKFILLED,
    ]


def test_nothing_is_missing_because_a_snapshot_does_not_show_it():
    assert outcomes([received(LATER)], whole(), snapshot()) == [Outcome.UNVERIFIABLE]
    next_pass = listing_of(number=3, outcome=FULL, received_on=on(3 * LATER))
    assert outcomes([received(LATER)], whole(), snapshot(), next_pass) == [
        Outcome.MISSING_AT_RECHECK
    ]


@pytest.mark.parametrize("change", [edited, deleted])
def test_a_change_since_the_whole_pass_is_checked_by_what_shows_it_only(change):
    events = [received(0), change(0, after=LATER)]
    shows = {edited: listed_edited, deleted: listed_deleted}[change]

    assert outcomes(events, whole(listed(0)), snapshot()) == [Outcome.UNVERIFIABLE]
    assert outcomes(events, whole(listed(0)), snapshot(shows(0, after=LATER))) == [
        Outcome.MATCHED
    ]


def test_what_an_earlier_snapshot_has_shown_stays_matched():
    first = snapshot(listed(LATER))
    second = snapshot(number=3, after=3 * LATER)

    assert outcomes([received(LATER)], whole(), first, second) == [Outcome.MATCHED]


def test_a_change_since_an_earlier_snapshot_is_not_checked_by_it():
    events = [received(LATER), edited(LATER, after=LATER + LATER // 2)]
    first = snapshot(listed(LATER))
    second = snapshot(number=3, after=3 * LATER)

    assert outcomes(events, whole(), first, second) == [Outcome.UNVERIFIABLE]


def test_a_message_that_a_snapshot_shows_without_the_change_is_matched():
    """As a whole pass says too: the service shows nothing newer."""
    events = [received(0), edited(0, after=LATER)]

    assert outcomes(events, whole(listed(0)), snapshot(listed(0))) == [Outcome.MATCHED]


def test_nobody_who_could_read_between_two_passes_changes_nothing():
    events = [received(0), received(1)]
    refused = listing_of(number=2, outcome=UNREAD, received_on=on(LATER))

    assert outcomes(events, whole(listed(0)), refused, snapshot(number=3)) == [
        Outcome.MATCHED,
        Outcome.MISSING_AT_RECHECK,
    ]


def test_a_snapshot_without_a_whole_pass_proves_nothing_of_what_it_does_not_show():
    found = thread([received(0), received(1)], snapshot(listed(1)))

    assert [message.outcome for message in found.messages] == [
        Outcome.UNVERIFIABLE,
        Outcome.MATCHED,
    ]
    assert found.gaps[0].reason == "the thread was never listed whole"
    assert grade_of(found) == Grade("may_be_incomplete", "listing_snapshot")


def test_a_thread_stays_complete_where_all_since_the_whole_pass_was_checked():
    found = thread(
        [received(0), received(LATER)], whole(listed(0)), snapshot(listed(LATER))
    )

    assert found.listing.visibility is Visibility.SNAPSHOT
    assert (found.is_complete, found.gaps) == (True, ())
    assert grade_of(found) == Grade("complete")


def test_a_message_that_no_listing_showed_makes_a_thread_incomplete():
    found = thread([received(0), received(LATER)], whole(listed(0)), snapshot())

    assert grade_of(found) == Grade("may_be_incomplete", "unverifiable")


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        (PARTIAL, SNAPSHOT, "the reader has left"),
        (
            FULL,
            ListingOutcome(visibility=Visibility.SNAPSHOT, reason="it kept changing"),
            "it kept changing",
        ),
    ],
)
def test_a_snapshot_is_no_better_than_the_pass_before_it_nor_than_its_reader(
    first, second, reason
):
    found = thread(
        [received(0), received(LATER)],
        whole(listed(0), outcome=first),
        snapshot(listed(LATER), outcome=second),
    )

    (gap,) = found.gaps
    assert (gap.kind, gap.reason) == (GapKind.LISTING, reason)
    assert grade_of(found) == Grade("may_be_incomplete", "listing_snapshot")


def test_a_snapshot_of_who_sees_less_is_not_made_good_by_a_later_one():
    """The later one ends where the earlier one has been."""
    less = ListingOutcome(visibility=Visibility.SNAPSHOT, reason="joined late")
    listings = [
        whole(listed(0)),
        snapshot(listed(LATER), outcome=less),
        snapshot(number=3, after=3 * LATER),
    ]
    last = listing_of(number=4, outcome=FULL, received_on=on(4 * LATER))
    events = [received(0), received(LATER)]

    assert grade_of(thread(events, *listings)) == Grade(
        "may_be_incomplete", "listing_snapshot"
    )
    assert grade_of(thread(events, *listings, last)) == Grade("complete")
