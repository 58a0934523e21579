from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import NOON
from shared.domain.errors import IntegrityError
from shared.domain.log import coverage
from shared.domain.log.coverage import Cover, Segment, ThreadLog, why_due

QUIET, OPEN = timedelta(hours=24), timedelta(days=7)


def segment(name="2026-11-22.jsonl", size=10, age_h=1.0, quiet_h=1.0):
    return Segment(
        path=f"thread=t/{name}",
        size=size,
        created_on=NOON - timedelta(hours=age_h),
        modified_on=NOON - timedelta(hours=quiet_h),
        etag="e",
    )


def due(*segments, markers=None):
    log = ThreadLog(thread_id="t", segments=segments, markers=markers or {})
    return why_due(log, now=NOON, quiet_for=QUIET, max_open=OPEN)


def test_a_thread_that_was_just_active_is_not_due():
    assert due(segment(quiet_h=23)) == ""


def test_a_quiet_thread_is_due():
    assert due(segment(quiet_h=24)) == "quiet"


def test_any_new_segment_keeps_a_thread_awake():
    assert due(segment("2026-11-20.jsonl", quiet_h=48), segment(quiet_h=1)) == ""


def test_a_thread_that_never_rests_is_due_after_max_open():
    assert due(segment(age_h=24 * 7, quiet_h=0)) == "max_open"


def test_what_is_covered_is_not_due():
    done = segment(quiet_h=999, age_h=999)

    assert due(done, markers={1: coverage.cover([done])}) == ""


def test_a_byte_more_than_covered_is_due():
    done = segment(quiet_h=30)

    assert due(replace(done, size=11), markers={1: coverage.cover([done])}) == "quiet"


@pytest.mark.parametrize(
    ("quiet_h", "since_h", "expected"),
    [(30, 0, "whole_pass"), (30, 1, "whole_pass"), (30, -1, ""), (1, 1, "")],
)
def test_a_whole_pass_is_due_in_time_once_the_thread_rests(quiet_h, since_h, expected):
    done = segment(quiet_h=quiet_h)
    log = ThreadLog(
        thread_id="t",
        segments=(done,),
        markers={1: coverage.cover([done])},
        whole_pass_due=NOON - timedelta(hours=since_h),
    )
    pruned = replace(log, segments=())

    assert why_due(log, now=NOON, quiet_for=QUIET, max_open=OPEN) == expected
    if quiet_h > 24:
        assert why_due(pruned, now=NOON, quiet_for=QUIET, max_open=OPEN) == expected


def test_new_bytes_come_before_a_whole_pass_that_is_due():
    done = segment(quiet_h=30)
    log = ThreadLog(
        thread_id="t",
        segments=(replace(done, size=11),),
        markers={1: coverage.cover([done])},
        whole_pass_due=NOON,
    )

    assert why_due(log, now=NOON, quiet_for=QUIET, max_open=OPEN) == "quiet"


def test_only_the_newest_marker_counts():
    done = segment(quiet_h=30)
    markers = {10: coverage.cover([done]), 9: {}}

    assert due(done, markers=markers) == ""


def test_a_segment_made_anew_after_pruning_is_not_taken_for_covered():
    old = segment(size=5000, age_h=999)
    late = segment(size=300, age_h=30, quiet_h=30)

    assert due(late, markers={1: coverage.cover([old])}) == "quiet"


def test_a_log_that_shrank_is_an_alarm():
    done = segment(size=10)

    with pytest.raises(IntegrityError, match="cannot shrink"):
        due(replace(done, size=9), markers={1: coverage.cover([done])})


def test_a_marker_that_cannot_be_read_covers_nothing():
    for metadata in ("", "garbage", "Z2FyYmFnZQ=="):
        assert coverage.from_metadata(metadata) == {}


@given(st.dictionaries(st.text(max_size=20), st.integers(0, 10**13), max_size=20))
def test_covers_survive_the_way_through_metadata(sizes):
    covers = {name: Cover(size, "2026-11-22T12:00:00Z") for name, size in sizes.items()}

    assert coverage.from_metadata(coverage.to_metadata(covers)) == covers


def test_years_of_segments_fit_into_metadata():
    covers = {
        f"{NOON.date() + timedelta(days=day)}.jsonl": Cover(
            day * 7919, (NOON + timedelta(seconds=day * 86399)).isoformat()
        )
        for day in range(4000)
    }

    packed = coverage.to_metadata(covers)
    kept = coverage.from_metadata(packed)

    assert len(packed) <= coverage.METADATA_LIMIT
    assert list(kept) == list(covers)[-len(kept) :]
    assert len(kept) > 250
