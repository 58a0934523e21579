"""Times are compared as times."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from builders import ALICE, BOB, THREAD, thread_event, to_log, who
from shared.domain.inventory.facts import ThreadFound
from shared.domain.inventory.state import Inventory
from shared.domain.log.event import Kind
from shared.domain.log.record import read_records
from shared.domain.thread.replay import replay
from shared.domain.times import format_time, time_key

TIMES = st.datetimes(datetime(1970, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(st.lists(TIMES))
def test_times_in_our_form_sort_as_times(times):
    texts = [format_time(time) for time in times]

    assert sorted(texts, key=time_key) == [format_time(time) for time in sorted(times)]


def test_somebody_who_came_within_a_second_of_leaving_is_there():
    left, back = "2026-11-22T12:00:00Z", "2026-11-22T12:00:00.5Z"
    events = [
        thread_event("ChatThreadParticipantRemoved", time=left, version=1,
                     participantRemoved={"participantCommunicationIdentifier": who(BOB)}),
        thread_event("ChatThreadParticipantAdded", time=back, version=2,
                     participantAdded={"participantCommunicationIdentifier": who(BOB)}),
    ]  # fmt: skip

    (bob,) = replay(THREAD, read_records(to_log(*events)), ()).participants

    assert [change.kind for change in bob.history] == [
        Kind.PARTICIPANT_REMOVED,
        Kind.PARTICIPANT_ADDED,
    ]


def test_the_newer_news_of_a_thread_win():
    inventory = Inventory()

    for time in ("2026-11-22T12:00:00.5Z", "2026-11-22T12:00:00Z"):
        inventory.apply(ThreadFound("19:one", ALICE, time))

    assert inventory.threads["19:one"].last_message_on == "2026-11-22T12:00:00.5Z"
