from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.archive.evidence import Tree, leaf_hash, merkle_root
from shared.domain.archive.ledger import (
    LedgerReader,
    LineKind,
    by_day,
    closing_line,
    decode_line,
    encode_line,
    may_be_closed,
    withheld_line,
)
from shared.domain.errors import IntegrityError
from shared.domain.log.commitment import sha256

DAYS = [date(2026, 11, day) for day in (20, 21, 22)]


def line(number):
    return encode_line(LineKind.HOLD, {"number": number})


def closed(day, lines, previous):
    tree = Tree()
    for one in lines:
        tree.add(leaf_hash(one.rstrip(b"\n")))
    return closing_line(day, tree, previous)


def ledger():
    """Three days, the last one open."""
    days, previous = {}, None
    for number, day in enumerate(DAYS):
        lines = [line(10 * number + n) for n in range(3)]
        if day != DAYS[-1]:
            lines.append(closed(day, lines, previous))
            previous = (day.isoformat(), sha256(lines[-1].rstrip(b"\n")))
        days[day] = lines
    return days


def follow(days):
    reader, problems = LedgerReader(), []
    for day, lines in days.items():
        reader.begin(day)
        for one in lines:
            _, problem = reader.read(one.rstrip(b"\n"))
            problems += [problem] if problem else []
    return reader, problems


def test_an_untouched_ledger_has_no_problem():
    reader, problems = follow(ledger())

    assert problems == []
    assert reader.last_closed[0] == "2026-11-21"
    assert reader.head.size == 11


def test_the_head_is_the_root_of_all_lines():
    lines = [one.rstrip(b"\n") for day in ledger().values() for one in day]

    assert follow(ledger())[0].head.root == merkle_root(lines)


@pytest.mark.parametrize("day", DAYS[:2])
@pytest.mark.parametrize("what", ["removed", "moved", "added", "doubled"])
def test_a_closed_day_cannot_be_changed(day, what):
    days = ledger()
    match what:
        case "removed":
            del days[day][1]
        case "moved":
            days[day][0], days[day][1] = days[day][1], days[day][0]
        case "added":
            days[day].insert(0, line(99))
        case "doubled":
            days[day].insert(0, days[day][0])

    assert follow(days)[1]


def test_a_day_that_was_removed_is_missed():
    days = ledger()
    del days[DAYS[0]]

    assert follow(days)[1]


def test_nothing_may_follow_the_end_of_a_day_but_the_end_again():
    days = ledger()
    days[DAYS[1]].append(days[DAYS[1]][-1])
    assert follow(days)[1] == []

    days[DAYS[1]].append(line(7))
    assert follow(days)[1] == ["a line follows the end of the day"]


def test_a_day_that_was_skipped_is_told():
    days = ledger()
    del days[DAYS[0]][-1]

    assert "never closed" in follow(days)[1][0]


def test_the_head_stops_at_the_first_open_day_so_that_it_only_ever_grows():
    days = ledger()
    before = dict(days)
    before[DAYS[1]] = days[DAYS[1]][
        :-1
    ]  # not closed yet, though the next day has lines

    head = follow(before)[0].head

    lines = [one.rstrip(b"\n") for day in days.values() for one in day]
    assert head.root == merkle_root(lines[: head.size])


def test_a_withheld_line_leaves_every_root_as_it_was():
    days = ledger()
    days[DAYS[0]][1] = withheld_line(days[DAYS[0]][1].rstrip(b"\n"))

    reader, problems = follow(days)

    assert problems == []
    assert reader.withheld == 1
    assert reader.head.root == follow(ledger())[0].head.root


@given(st.data())
def test_no_line_can_be_changed_by_a_byte(data):
    good = line(1).rstrip(b"\n")
    at = data.draw(st.integers(0, len(good) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda one: one != good[at]))

    with pytest.raises(IntegrityError):
        decode_line(good[:at] + bytes([byte]) + good[at + 1 :])


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{}", b"\xff", b"[" * 99999, b'{"schema":1}']
)
def test_what_is_no_line_is_an_alarm(text):
    with pytest.raises(IntegrityError):
        decode_line(text)


def test_segments_come_by_day_and_by_roll():
    paths = [
        "ledger/2026-11-22.0001.jsonl",
        "ledger/2026-11-21.jsonl",
        "ledger/2026-11-22.jsonl",
        "ledger/x",
    ]

    assert list(by_day(paths).values()) == [[paths[1]], [paths[2], paths[0]]]


def test_a_day_is_closed_an_hour_after_its_end():
    assert not may_be_closed(DAYS[0], datetime(2026, 11, 21, 0, 59, tzinfo=UTC))
    assert may_be_closed(DAYS[0], datetime(2026, 11, 21, 1, 0, tzinfo=UTC))
