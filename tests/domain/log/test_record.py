import json
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import NOON, deleted, received, to_log
from shared.domain import json_line
from shared.domain.log.record import (
    encode_quarantined,
    encode_record,
    read_quarantined,
    read_records,
)
from shared.domain.log.torn_lines import GLANCE, start_of_last

SALT = bytes(range(16))


def test_a_record_keeps_the_text_of_its_event():
    text = json.dumps(received(body="Ünï\u2028code \U0001f9ea")).replace(
        '"type": "Text"', '"type":   "Text", "n": 1.10, "n": 2E0'
    )

    line = encode_record(text, NOON, SALT)

    assert line.count(b"\n") == 1
    assert line.startswith(
        b'{"schema":1,"received_on":"2026-11-22T12:00:00Z",'
        b'"salt":"000102030405060708090a0b0c0d0e0f","event":'
    )
    assert text.encode() in line


def test_white_space_that_would_break_the_line_is_folded():
    pretty = json.dumps(received(), indent=2).replace("\n", "\r\n")

    line = encode_record(pretty, NOON, SALT)

    assert line.count(b"\n") == 1
    assert b"\r" not in line
    assert json.loads(line)["event"] == received()


def test_characters_that_other_readers_split_on_are_escaped():
    event = json.dumps(received(body="a\u2028b\u2029c\x85d"), ensure_ascii=False)

    line = encode_record(event, NOON, SALT)

    assert len(line.decode().splitlines()) == 1
    assert json.loads(line)["event"]["data"]["messageBody"] == "a\u2028b\u2029c\x85d"


def test_a_lone_surrogate_is_kept_as_its_escape():
    escaped, raw = '"\\ud83d"', '"\ud83d"'

    for form in (escaped, raw):
        text = json.dumps(received(body="X")).replace('"X"', form)
        line = encode_record(text, NOON, SALT)
        assert json.loads(line)["event"]["data"]["messageBody"] == "\ud83d"


@pytest.mark.parametrize("cut", [1, 40, 200, -1])
def test_a_torn_last_line_is_counted(cut):
    whole, torn = to_log(received(0)), to_log(received(1))[:cut]

    log = read_records(whole + torn)

    # Cut only of its newline, a line is whole.
    assert (len(log.records), log.torn) == ((2, 0) if cut == -1 else (1, 1))


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_torn_line_does_not_hide_the_record_behind_it(cut):
    torn, next_one = to_log(received(0))[:cut], to_log(received(1), deleted(1))

    log = read_records(torn + next_one)

    assert (len(log.records), log.torn) == (2, 1)


def test_two_torn_lines_do_not_hide_the_record_behind_them():
    torn = to_log(received(0))[:50] + to_log(received(1))[:50]

    log = read_records(torn + to_log(received(2)))

    assert [message_of(record) for record in log.records] == [
        received(2)["data"]["messageId"]
    ]
    assert log.torn == 1


@given(st.binary(max_size=300))
def test_no_bytes_make_reading_fail(noise):
    log = read_records(noise + b"\n" + to_log(received()))

    assert len(log.records) == 1


def message_of(record):
    return json.loads(record.text)["data"]["messageId"]


@given(st.text())
def test_quarantine_keeps_any_text(text):
    line = encode_quarantined(text, datetime(2026, 1, 1, tzinfo=UTC), "why", bytes(16))

    assert line.count(b"\n") == 1
    assert json.loads(line)["input"] == text
    found = read_quarantined(line + b'{"torn')
    (record,) = found.records
    assert found.torn == 1
    assert record.text == text.encode("utf-8", "backslashreplace")
    assert record.salt == bytes(16)


def test_an_unknown_schema_is_counted_not_guessed():
    line = to_log(received()).replace(b'"schema":1', b'"schema":9')

    assert read_records(line).torn == 1


def test_a_record_that_was_cut_right_before_its_end_is_read_like_the_next():
    first, second = to_log(received(0)), to_log(received(1))

    found = read_records(first.rstrip(b"\n") + second)

    assert [message_of(record) for record in found.records] == [
        received(0)["data"]["messageId"],
        received(1)["data"]["messageId"],
    ]
    assert found.torn == 0


@pytest.mark.parametrize(
    "torn",
    [
        b'{"schema":1,"event":',
        b'{"schema":1,"received_on":"x',
        b'{"schema":1,"e":[',
        b'{"schema":1}',
        b'{"schema":1,"a":{"b":1},',
        b'{"schema":1,"a":"\\',
        b'{"schema":1,"a":tru',
        b'{"schema":1,"a":"\\u12',
    ],
)
@pytest.mark.parametrize("times", [1, 2, 3_000])
def test_however_often_a_line_is_torn_the_record_behind_is_read(torn, times):
    whole = to_log(received())

    assert len(read_records(torn * times + whole).records) == 1
    assert read_records(torn * times + b"\n").records == []


@pytest.mark.parametrize(
    "line",
    [
        b'{"schema":1,"event":' * 5_000,
        b'{"schema":1,"data":[' + b'{"schema":1},' * 5_000,
        b'{"schema":x ' * 5_000,
        b'{"schema":1 ' * 5_000,
        b'torn{"schema":' + b"[" * 50_000,
    ],
)
def test_a_torn_line_costs_one_pass_and_not_one_for_each_beginning(line, monkeypatch):
    parsed = []
    real = json_line.DECODER.raw_decode
    decoder = SimpleNamespace(raw_decode=lambda text: parsed.append(text) or real(text))
    monkeypatch.setattr(json_line, "DECODER", decoder)

    assert start_of_last(line) == 0
    whole = [text for text in parsed if len(text) > GLANCE]
    assert len(whole) <= 1
    monkeypatch.undo()


@pytest.mark.parametrize("length", [*range(GLANCE - 800, GLANCE + 20), 30_000])
def test_a_record_of_any_length_is_read_behind_a_torn_one(length):
    event = received(body='\\"é' * (length // 8) + "x" * (length % 8))
    line = b'{"schema":1,"torn' + to_log(event).rstrip()

    (record,) = read_records(line + b"\n").records

    assert json.loads(record.text)["data"] == event["data"]
    assert start_of_last(line) > 0


def test_an_object_inside_of_an_event_is_no_record_behind_a_torn_one():
    inner = received()
    inner["data"]["metadata"] = {"a": {"schema": "1"}, "b": [{"schema": "2"}] * 3}
    text = to_log(inner).replace(b'{"schema": "', b'{"schema":"')

    (record,) = read_records(b'{"schema":1,"torn' + text).records

    assert json.loads(record.text)["data"]["metadata"] == inner["data"]["metadata"]
