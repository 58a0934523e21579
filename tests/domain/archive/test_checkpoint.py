import pytest

from shared.domain.archive.checkpoint import Checkpoint, parse_checkpoint
from shared.domain.errors import IntegrityError

ROOT = "ab" * 32
MADE = Checkpoint(origin="example.com/archive", size=42, root=ROOT)


def test_a_checkpoint_is_three_lines():
    origin, size, root, end = MADE.body.split("\n")

    assert (origin, size, end) == ("example.com/archive", "42", "")
    assert len(root) == 44


@pytest.mark.parametrize("rest", ["", "\n", "an extension\n", "\n— example.com AAAA\n"])
def test_a_checkpoint_is_read_back_signed_or_not(rest):
    assert parse_checkpoint(MADE.body + rest) == MADE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n",
        "a\n1\n",
        "a\nx\n" + "A" * 43 + "=\n",
        "a\n1\nAAAA\n",
        "\n1\n" + "A" * 43 + "=\n",
    ],
)
def test_what_is_none_is_refused(text):
    with pytest.raises(IntegrityError):
        parse_checkpoint(text)
