"""Values are cut out of a stream, whatever its parts are, and nothing is lost."""

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.log.json_values import JsonValues

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=5), VALUES, max_size=4)


def cut(data, size=None, most=10**6):
    values, found = JsonValues(most=most), []
    size = size or len(data) or 1
    for at in range(0, len(data), size):
        found += values.feed(data[at : at + size])
    return [value for value in [*found, *values.finish()] if value.strip()]


@given(st.lists(OBJECTS, max_size=5), st.integers(1, 7), st.sampled_from([None, 2]))
def test_the_items_of_a_list_are_cut_out_of_any_parts(objects, size, indent):
    data = json.dumps(objects, indent=indent).encode()

    assert [json.loads(value) for value in cut(data, size)] == objects


@given(st.lists(OBJECTS, max_size=5), st.integers(1, 7), st.sampled_from([None, 2]))
def test_values_one_after_the_other_are_cut_too(objects, size, indent):
    lines = (json.dumps(each, indent=indent, ensure_ascii=False) for each in objects)
    data = "\r\n".join(lines).encode()

    assert [json.loads(value) for value in cut(data, size)] == objects


@given(st.binary(max_size=60), st.integers(1, 7))
def test_of_anything_else_nothing_is_lost(data, size):
    kept = b"".join(cut(data, size))

    left = iter(data)
    assert all(byte in left for byte in kept)
    assert set(Counter(data) - Counter(kept)) <= set(b"[],\n \t\r\x0b\x0c")
    assert cut(data, size) == cut(data)


@pytest.mark.parametrize(
    ("data", "values"),
    [
        (b"", []),
        (b" \n ", []),
        (b"[]", []),
        (b'[{"a":1}', [b'{"a":1}']),
        (b"not json", [b"not json"]),
        (b"not\njson", [b"not", b"json"]),
        (b"7", [b"7"]),
        (b'[{"a":"\\"]"},7]', [b'{"a":"\\"]"}', b"7"]),
        # A torn line hides none after it.
        (b'{"a":1}\n{"b":"tor\n{"c":3}', [b'{"a":1}', b'{"b":"tor', b'{"c":3}']),
        # What is broken in a list is one with what is left.
        (b'[{"a":1},{"b":"x\ny"},{"c":3}]', [b'{"a":1}', b'{"b":"x\ny"},{"c":3}]']),
        (b'[{"a":1}]\n[{"b":2}]', [b'{"a":1}', b'{"b":2}']),
        (b'"text, with a comma"\n', [b'"text, with a comma"']),
    ],
)
def test_values_are_cut_as_people_would(data, values):
    for size in range(1, len(data) + 2):
        assert [value.strip() for value in cut(data, size)] == values


def test_what_never_ends_is_handed_on_in_parts():
    data = b'[{"a":1},{"b":"' + b"x" * 5000

    found = cut(data, 100, most=1000)

    assert found[0] == b'{"a":1}'
    assert max(map(len, found)) <= 1100
    assert b"".join(found[1:]) == data[9:]
