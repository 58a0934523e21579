"""Canonical JSON, contents, lines and pages: one encoding, and back byte for byte."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import received
from shared.domain.evidence import canonical
from shared.domain.evidence.content import as_string, content_of, parse, received_text
from shared.domain.evidence.lines import cut_line, make_erased_line, make_line
from shared.domain.evidence.pages import join_page, ranges_of, split_page
from shared.usecases.evidence.verify_lines import whole_line
from shared.verifier import verify

GIVEN = {"file": "events", "received_on": "2026-11-22T12:00:00Z"}


def line(text="hello", salt=b"\1" * 16):
    return make_line(GIVEN, content_of(json.dumps(received(0, text)).encode()), salt)


def test_canonical_json_escapes_what_is_not_printable_ascii():
    assert canonical.encode({"b": '\x7f\u2028é/😀\n"', "a": True}) == (
        b'{"a":true,"b":"\\u007f\\u2028\\u00e9/\\ud83d\\ude00\\n\\""}'
    )


@pytest.mark.parametrize(
    "value", [1.5, None, "x" * 257, 2**53, "\ud800", float("nan"), {"a": [None]}]
)
def test_canonical_json_has_no_such_value(value):
    with pytest.raises(ValueError):  # noqa: PT011 - whatever is wrong with it
        canonical.encode(value)


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":1}', b'{"b":1,"a":1}', b'{"a": 1}', b'{"a":1}\n', b'{"a":1.0}', b'{"a":01}', b'{"a":-0}', b'"\x7f"', b'"\\u0041"',
        b'"\\/"', b'"\\u00E9"', b"9" * 17, b"9" * 9000, b"[" * 9000, b"\xff", b"", b"NaN", b"null", '"é"'.encode(), b'"\\ud800"', b"1e3",
    ],
)  # fmt: skip
def test_what_is_not_its_own_encoding_is_refused_by_both(data):
    for read in (canonical.decode, verify.from_canonical):
        with pytest.raises(ValueError):  # noqa: PT011 - whatever is wrong with it
            read(data)


@pytest.mark.parametrize(
    "text",
    ["hello", '"},"salt":"' + "0" * 32 + '","content":1}', "\ud800", "\u2028\x85", "}"],
)
def test_a_line_is_cut_into_what_it_was_made_of(text):
    made = line(text)
    assert cut_line(made.stored[:-1]) == made
    assert verify.read_line(made.stored[:-1]).content == made.content


def test_an_erased_line_has_the_same_leaf():
    made = line()
    erased = cut_line(made.erased().stored[:-1])

    assert erased.leaf == made.leaf
    assert b"hello" not in made.erased().stored
    assert verify.leaf_of_line(verify.read_line(erased.stored[:-1])) == made.leaf
    assert make_erased_line(made, 1).leaf != made.leaf


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"salt":', b'"salt" :'), (b'{"facts"', b' {"facts"'), (b'"schema":1', b'"schema":2'), (b'"schema":1', b'"schema":true'),
        (b'"file":"events"', b'"file":"listing"'), (b'"kind":"message"', b'"kind":"other"'), (b'"change":', b'"order":1,"change":'),
        (b'"message":"', b'"message":"1'), (b'"sender":"8', b'"sender":"9'), (b'{"change"', b'{"actor":"x","change"'),
        (b',"salt"', b',"more":1,"salt"'), (b"content", b"Content"), (b"T12:00:00Z", b"T25:00:00Z"),
    ],
)  # fmt: skip
def test_a_line_of_another_form_is_refused_by_both(old, new):
    stored = line().stored[:-1]
    assert old in stored
    changed = stored.replace(old, new, 1)

    assert whole_line(changed, "events") is None
    with pytest.raises(ValueError):  # noqa: PT011 - whatever is wrong with it
        verify.read_line(changed)


@given(received_bytes=st.binary(max_size=60))
def test_what_is_not_json_can_be_had_back(received_bytes):
    assert received_text(as_string(received_bytes)) == received_bytes
    parse(content_of(received_bytes))


def test_what_only_looks_like_base64_can_be_had_back():
    assert received_text(content_of(b"data:;base64,AA==")) == b"data:;base64,AA=="
    assert content_of(b' {"a":\r\n1} ') == b'{"a":  1}'
    assert received_text(content_of(b'{"a":"\n"}')) == b'{"a":"\n"}'


PAGES = [
    b'{"value":[]}', b'{"value":[{"id":"1"},{"id":"2"}],"nextLink":"x"}', b' { "x" : {"value":[1]} , "value" : [ {"a":"\\u00e9"} , 2 ] } ',
    '{"value":[{"m":"é😀"}],"z":"é"}'.encode(), b"[]", b"{", b"\xff", b'{"value":1}', b'{"value":[1],"value":[2]}', b"",
]  # fmt: skip


@pytest.mark.parametrize("answer", PAGES)
@pytest.mark.parametrize("is_list", [True, False])
def test_an_answer_is_put_together_again_byte_for_byte(answer, is_list):
    page = split_page(answer, is_list=is_list)

    assert join_page(page.content, page.items) == answer


def test_an_indented_answer_comes_back_with_blanks_for_its_line_breaks():
    answer = json.dumps({"value": [received(), received(1, "é\n")]}, indent=1).encode()
    page = split_page(answer, is_list=True)

    assert len(page.items) == 2
    assert join_page(page.content, page.items) == answer.replace(b"\n", b" ")


def test_ranges_name_lines_in_their_order():
    assert ranges_of([0, 1, 2, 7, 8, 3]) == ["0-3", "7-9", "3-4"]
