"""Numbers of a site's search as text: short, and read back as they were."""

import json
import random

import pytest

from shared.formats.site_search.numbers import (
    BASE,
    BITS,
    DIGITS,
    ENDS,
    GOES_ON,
    bitmap_text,
    gaps,
    number_text,
    numbers_text,
    tail_length,
)


def read(text, tail=0):
    """Return the numbers of a text, as the script in the browser reads them."""
    found, at, value = [], 0, 0
    while at < len(text):
        digit = DIGITS.index(text[at])
        at += 1
        if digit >= ENDS:
            value = value * GOES_ON + digit - ENDS + 1
            continue
        value = value * ENDS + digit
        for _ in range(tail):
            value = value * BASE + DIGITS.index(text[at])
            at += 1
        found.append(value)
        value = 0
    return found


def test_no_digit_needs_an_escape_in_a_script():
    assert len(set(DIGITS)) == BASE == ENDS + GOES_ON
    assert json.dumps(DIGITS) == f'"{DIGITS}"'
    assert DIGITS.isascii()
    assert " " not in DIGITS


@pytest.mark.parametrize("tail", [0, 1, 2])
def test_numbers_are_read_back(tail):
    seed = random.Random(tail)
    numbers = [seed.randrange(10 ** seed.randrange(1, 16)) for _ in range(3000)]
    numbers += [*range(3000), 2**53]

    assert read(numbers_text(numbers, tail), tail) == numbers


def test_a_number_has_one_text_and_short_ones_come_first():
    texts = [number_text(number) for number in range(20_000)]

    assert len(set(texts)) == len(texts)
    lengths = [len(text) for text in texts]
    assert lengths == sorted(lengths)
    assert lengths[ENDS - 1 : ENDS + 1] == [1, 2]


def test_gaps_lead_back_to_ascending_numbers():
    numbers = [0, 1, 5, 6, 1000]

    found, at = [], -1
    for gap in gaps(numbers):
        at += gap + 1
        found.append(at)
    assert found == numbers


@pytest.mark.parametrize("total", [1, 5, 6, 7, 1000])
def test_a_bitmap_has_a_bit_for_each_message(total):
    numbers = sorted(random.Random(total).sample(range(total), (total + 1) // 2))

    text = bitmap_text(numbers, total)

    bits = [DIGITS.index(character) for character in text]
    assert len(text) == -(-total // BITS)
    assert [n for n in range(total) if bits[n // BITS] >> n % BITS & 1] == numbers


def test_a_rare_term_is_short_however_many_messages_there_are():
    for total, most in ((1000, 2), (200_000, 3), (1_000_000, 4)):
        tail = tail_length(1, total)
        assert len(numbers_text([total - 1], tail)) <= most
    assert tail_length(100, 1000) == 0
    assert tail_length(1, 1) == 0
