import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.domain import json_line

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
    max_leaves=8,
)


@given(VALUES)
def test_text_and_bytes_are_read_exactly(value):
    text = json.dumps(value)

    for form in (text, text.encode()):
        assert json.dumps(json_line.parse(form)) == text


@given(VALUES)
def test_what_is_written_on_one_line_is_read_back(value):
    line = json_line.encode(json_line.compact(value))

    assert json_line.parse(line) == value
    assert len(line.decode().splitlines()) == 1


SMALL = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(SMALL)
def test_skimming_reads_what_routes_an_event_as_exactly(value):
    for ascii_ in (True, False):
        text = json.dumps(value, ensure_ascii=ascii_)
        assert json_line.skim(text) == value


def test_skimming_reads_a_lone_surrogate():
    assert json_line.skim('["\\ud83d"]') == ["\ud83d"]


@pytest.mark.parametrize("number", [2**53 + 1, 2**63, 2**64, 10**30, -(10**30)])
def test_an_integer_is_never_rounded(number):
    assert json_line.parse(f'{{"n":{number}}}')["n"] == number


@pytest.mark.parametrize(
    "text", ["NaN", "[Infinity]", "-Infinity", "1e999", "[" * 5000, b"\xff", "", "{]"]
)
def test_what_is_no_json_is_refused(text):
    with pytest.raises(ValueError, match=r"\w"):
        json_line.parse(text)


def test_canonical_json_is_the_same_for_equal_values():
    one, other = {"b": [1, "é"], "a": None}, {"a": None, "b": [1, "é"]}

    assert json_line.canonical(one) == json_line.canonical(other)
    assert json_line.canonical(one) == b'{"a":null,"b":[1,"\\u00e9"]}'


@given(st.lists(VALUES, max_size=4), st.sampled_from([None, 1]))
def test_a_list_is_cut_into_its_items(values, indent):
    text = json.dumps(values, indent=indent)

    items = json_line.split_list(text, len(values))

    assert [json.loads(item) for item in items] == values


@given(VALUES)
@example({"a": 1e16, 'b"': ['": 1.5', "\\", "\n 1.5"], "\\": 0.00001})
@example({"\ud800": "\x00\x1f\x7f", "n": 2**64, "empty": [{}, []]})
@example(-1.5)
def test_pretty_json_is_what_the_standard_library_writes(value):
    text = json.dumps(value, ensure_ascii=False, indent=2)

    assert json_line.pretty(value) == json_line.escape_breaks(text) + "\n"
