import re
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from shared.domain import layout

IDS = st.text(min_size=1, max_size=60)


def test_a_thread_id_looks_as_the_design_says():
    stem = layout.segment_stem("19:abc@thread.v2", date(2026, 11, 22))

    assert (
        layout.segment_path(stem, 0) == "thread=19%3Aabc%40thread.v2/2026-11-22.jsonl"
    )
    assert (
        layout.segment_path(stem, 1)
        == "thread=19%3Aabc%40thread.v2/2026-11-22.0001.jsonl"
    )
    assert layout.marker_path("19:abc@thread.v2", 1).endswith("/rev-0001.done")


@given(IDS)
def test_no_id_can_leave_its_folder(thread_id):
    folder = layout.thread_folder(thread_id)

    assert re.fullmatch(r"thread=[A-Za-z0-9._%-]+/", folder)
    assert not folder[:-1].endswith(".")
    assert folder.count("/") == 1


@given(IDS)
def test_an_id_can_be_read_back_from_any_of_its_paths(thread_id):
    for path in (
        layout.thread_folder(thread_id),
        layout.marker_path(thread_id, 3),
        layout.revision_path(thread_id, 3, "manifest.json"),
    ):
        assert layout.thread_of(path) == thread_id


@given(IDS, IDS)
def test_two_ids_never_share_a_folder(one, other):
    same = layout.thread_folder(one) == layout.thread_folder(other)

    assert same == (one == other)


def test_numbers_beyond_four_digits_are_read():
    assert layout.marker_revision(layout.marker_path("t", 12345)) == 12345
    assert layout.revision_number(layout.revision_path("t", 12345, "x")) == 12345


def test_strangers_are_no_segments_and_no_markers():
    assert layout.segment_day("thread=x/2026-13-45.jsonl") is None
    assert layout.segment_day("thread=x/2026-11-22.txt") is None
    assert layout.marker_revision("thread=x/2026-11-22.jsonl") is None
    assert layout.revision_number("ledger/2026-11-22.jsonl") is None
