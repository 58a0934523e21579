import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.archive.stored_lines import FixedBytes, StoredLines

LINES = st.lists(st.binary(min_size=1, max_size=9).filter(lambda b: b"\n" not in b))


@given(st.lists(LINES), LINES, st.booleans())
def test_lines_come_back_as_they_were_put_in(files, single, ends):
    lines, expected = StoredLines(), []
    for file in files:
        data = b"\n".join(file) + (b"\n" if ends and file else b"")
        assert list(lines.cut(data)) == file
        expected += file
    for line in single:
        lines.append(line)
    expected += single
    copied = lines.copy()
    lines.append(b"more")

    assert list(copied) == expected
    assert list(lines) == [*expected, b"more"]
    assert copied[1:] == expected[1:]
    assert copied[::-1] == expected[::-1]
    with pytest.raises(IndexError):
        copied[len(expected)]


@given(st.lists(st.sampled_from([b"", b"\0" * 4, b"abcd"])))
def test_values_of_one_width_come_back_and_none_stays_none(given):
    values = FixedBytes(4)
    for value in given:
        values.append(value)
    copied = values.copy()
    values.append(b"wxyz")

    assert list(copied) == given
    assert copied[-2:] == given[-2:]
    assert values[-1] == b"wxyz"
    assert set(copied) == set(given)
