"""A baseline counts what a migration must match, and adds up."""

from hypothesis import given
from hypothesis import strategies as st
from inputs import logged

from builders import (
    ALICE,
    THREAD,
    deleted,
    edited,
    received,
    to_log,
)
from shared.domain.thread.baseline import Baseline
from shared.domain.thread.replay import replay


def baseline_of(*events):
    return replay(THREAD, logged(to_log(*events)), []).tally.baseline


def test_everything_that_a_migration_counts_is_counted():
    counted = baseline_of(
        received(0, metadata={"a": "b"}),
        received(1, type="RichText/Html"),
        edited(1, type="RichText/Html"),
        received(2),
        deleted(2),
    )

    assert (counted.messages, counted.versions) == (3, 5)
    assert (counted.edited, counted.deleted) == (1, 1)
    assert (counted.html, counted.metadata) == (1, 1)
    assert counted.by_author_and_day == {ALICE: {"2026-11-22": 3}}


def test_whole_seconds_come_before_their_fractions():
    counted = Baseline()
    for time in ("2026-11-22T12:00:01.5Z", "2026-11-22T12:00:01Z"):
        counted.extend(time, time)

    assert counted.first_on == "2026-11-22T12:00:01Z"
    assert counted.last_on == "2026-11-22T12:00:01.5Z"


EVENTS = st.lists(
    st.one_of(
        st.builds(received, st.integers(0, 9)), st.builds(deleted, st.integers(0, 9))
    ),
    max_size=6,
)


@given(EVENTS, EVENTS)
def test_counts_of_two_threads_add_up(some, others):
    total = baseline_of(*some)
    total.add(baseline_of(*others))

    assert total.messages == baseline_of(*some).messages + baseline_of(*others).messages
    assert total.messages == total.system + sum(
        count for days in total.by_author_and_day.values() for count in days.values()
    )
    assert Baseline.from_json(total.to_json()) == total
