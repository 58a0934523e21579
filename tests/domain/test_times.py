"""Times are compared as times: their texts sort `12:00:00Z` after `12:00:00.5Z`."""

import json
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from inputs import logged

from builders import ALICE, BOB, THREAD, received, thread_event, to_log, who
from shared.domain.inventory.facts import ThreadFound
from shared.domain.inventory.state import Inventory
from shared.domain.log.event import Kind
from shared.domain.log.logged import unique_events
from shared.domain.log.record import encode_record
from shared.domain.thread.baseline import Baseline
from shared.domain.thread.listing import ListingOutcome, Visibility
from shared.domain.thread.participants import reader_candidates
from shared.domain.thread.replay import replay
from shared.domain.thread.transcript import Participant
from shared.domain.thread.visibility import shows_more
from shared.domain.times import LATEST, as_moment, format_time

TIMES = st.datetimes(datetime(1970, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
EARLIER, LATER = "2026-11-22T12:00:00Z", "2026-11-22T12:00:00.5Z"


@given(st.lists(TIMES))
def test_times_in_our_form_sort_as_times(times):
    texts = [format_time(time) for time in times]

    assert sorted(texts, key=as_moment) == [format_time(time) for time in sorted(times)]


def test_somebody_who_came_within_a_second_of_leaving_is_there():
    left, back = EARLIER, LATER
    events = [
        thread_event("ChatThreadParticipantRemoved", time=left, version=1,
                     participantRemoved={"participantCommunicationIdentifier": who(BOB)}),
        thread_event("ChatThreadParticipantAdded", time=back, version=2,
                     participantAdded={"participantCommunicationIdentifier": who(BOB)}),
    ]  # fmt: skip

    (bob,) = replay(THREAD, logged(to_log(*events)), ()).participants

    assert [change.kind for change in bob.history] == [
        Kind.PARTICIPANT_REMOVED,
        Kind.PARTICIPANT_ADDED,
    ]


def test_the_newer_news_of_a_thread_win():
    inventory = Inventory()

    for time in (LATER, EARLIER):
        inventory.apply(ThreadFound("19:one", ALICE, time))

    assert inventory.threads["19:one"].last_message_on == LATER


def test_what_is_absent_comes_first_or_where_it_is_put():
    assert sorted([LATER, "", EARLIER], key=as_moment) == ["", EARLIER, LATER]
    assert as_moment("", absent=LATEST) > as_moment(LATER)


def test_the_reader_with_the_earlier_share_history_is_asked_first():
    people = [
        Participant(
            id=id, display_name="", present=True, share_history_time=since, history=()
        )
        for id, since in (("8:acs:a", ""), ("8:acs:b", LATER), ("8:acs:c", EARLIER))
    ]

    assert reader_candidates([], people) == ("8:acs:c", "8:acs:b", "8:acs:a")


def test_a_listing_from_earlier_on_shows_more():
    since = {
        time: ListingOutcome(visibility=Visibility.PARTIAL, since=time)
        for time in ("", EARLIER, LATER)
    }

    assert shows_more(since[EARLIER], than=since[LATER])
    assert not shows_more(since[LATER], than=since[EARLIER])
    assert shows_more(since[LATER], than=since[""])
    assert not shows_more(since[""], than=since[LATER])


def test_an_event_was_received_when_its_first_copy_was():
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    log = b"".join(
        encode_record(
            json.dumps(received()), on, bytes([on.microsecond // 10_000]) * 16
        )
        for on in (noon + timedelta(milliseconds=500), noon)
    )

    (event,) = unique_events(logged(log).records)

    assert event.received_on == EARLIER


def test_a_thread_was_created_at_the_earliest_time_that_is_told():
    events = [
        thread_event("ChatThreadPropertiesUpdatedPerUser", createTime=time, version=at)
        for at, time in enumerate((LATER, EARLIER), start=1)
    ]

    assert replay(THREAD, logged(to_log(*events)), ()).created_on == EARLIER


def test_a_baseline_runs_from_the_first_message_to_the_last():
    baseline = Baseline(first_on=LATER, last_on=LATER)

    baseline.add(Baseline(first_on=EARLIER, last_on=EARLIER))

    assert (baseline.first_on, baseline.last_on) == (EARLIER, LATER)
