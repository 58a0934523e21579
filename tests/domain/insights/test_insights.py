"""Files of insights: what was written is read, and nothing else is."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.insights.insights import (
    Citation,
    Dropped,
    Insights,
    NotInsights,
    Statement,
    Usage,
    read_insights,
)

INSIGHTS = Insights(
    thread_id="19:x@thread.v2",
    revision=3,
    manifest="ab" * 32,
    given="cd" * 32,
    deployment="mini",
    model="mini-2026",
    terms="ef" * 32,
    made_on="2026-11-27T12:00:00.000Z",
    messages=12,
    parts=2,
    sections={
        "summary": (
            Statement(
                "All is well.",
                (
                    Citation(
                        thread_id="19:x@thread.v2",
                        message_id="17",
                        version=18,
                        quote="well \u2028 \ud800",
                        commitment="12" * 32,
                    ),
                ),
            ),
        ),
        "actions": (),
        "labels": (Statement("refund"),),
        "personal_data": (),
    },
    dropped=Dropped(statements=1, citations=2),
    usage=Usage(requests=3, input_tokens=4, output_tokens=5),
    missing=("the service's content filter held back 3 texts of the thread",),
    is_together=False,
)


def test_what_was_written_is_read():
    assert read_insights(INSIGHTS.stored) == INSIGHTS


def paths_in(value, path=()):
    yield path
    if isinstance(value, dict):
        for name, below in value.items():
            yield from paths_in(below, (*path, name))
    elif isinstance(value, list):
        for place, below in enumerate(value):
            yield from paths_in(below, (*path, place))


def replaced(value, path, new):
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(copy[path[0]], path[1:], new)
    return copy


READ = [path for path in paths_in(json.loads(INSIGHTS.stored)) if path != ("made_by",)]


@pytest.mark.parametrize("path", READ, ids=lambda path: "/".join(map(str, path)))
def test_a_member_of_another_type_is_refused(path):
    value = json.loads(INSIGHTS.stored)
    for new in (None, {"a": 1}, 1.5, *([] if path == ("is_together",) else [True])):
        stored = json.dumps(replaced(value, path, new)).encode()

        with pytest.raises(NotInsights):
            read_insights(stored)


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff", b'{"format": 2}', b"1"])
def test_what_holds_none_is_refused(data):
    with pytest.raises(NotInsights):
        read_insights(data)


@given(st.integers(0, len(INSIGHTS.stored)))
def test_a_file_that_was_cut_off_is_refused(length):
    data = INSIGHTS.stored[:length]
    if data.rstrip() == INSIGHTS.stored.rstrip():
        return
    with pytest.raises(NotInsights):
        read_insights(data)
