"""A counted noun is singular for one thing only."""

import pytest

from shared.domain.words import plural


@pytest.mark.parametrize(
    ("count", "expected"), [(0, "0 records"), (1, "1 record"), (2, "2 records")]
)
def test_only_one_thing_is_singular(count: int, expected: str) -> None:
    assert plural(count, "record") == expected
