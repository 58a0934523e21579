"""Numbers as printable text, in a script: short ones take a character.

A digit is one of 91 characters that need no escape in a string. The low ones end a
number, the high ones say that it goes on. In a list of large numbers each is followed
by a digit or two of any kind: both sides know how many from what the list is of.
"""

from collections.abc import Iterable, Sequence

DIGITS = "".join(chr(code) for code in range(33, 126) if chr(code) not in '"\\')
BASE = len(DIGITS)
ENDS = 80
"""So many digits end a number; the others go on. Measured: the shortest index."""
GOES_ON = BASE - ENDS
TAIL_FROM = 8
"""A list has one more digit after each number from this many times its value on."""
BITS = 6
"""Of a bitmap in one character."""


def number_text(number: int) -> str:
    """Return a number of 0 or more as text."""
    text = DIGITS[number % ENDS]
    number //= ENDS
    while number:
        number -= 1  # or numbers would have two texts
        text = DIGITS[ENDS + number % GOES_ON] + text
        number //= GOES_ON
    return text


SHORT = [number_text(number) for number in range(ENDS + ENDS * GOES_ON)]
"""Nearly every gap is found here."""


def tail_length(count: int, total: int) -> int:
    """Return how many digits follow each number of a list of gaps.

    So many numbers below a total stand in the list: few are far from each other.
    """
    length = 0
    while count and total >= TAIL_FROM * BASE ** (length + 1) * count:
        length += 1
    return length


def numbers_text(numbers: Iterable[int], tail: int = 0) -> str:
    if tail:
        return "".join([with_tail(number, tail) for number in numbers])
    return "".join(
        [
            SHORT[number] if number < len(SHORT) else number_text(number)
            for number in numbers
        ]
    )


def with_tail(number: int, tail: int) -> str:
    text = ""
    for _ in range(tail):
        number, digit = divmod(number, BASE)
        text = DIGITS[digit] + text
    return number_text(number) + text


def gaps(numbers: Sequence[int]) -> list[int]:
    """Return the first of ascending numbers, and the distances between them, less 1."""
    steps = zip(numbers[1:], numbers, strict=False)
    return [*numbers[:1], *(number - before - 1 for number, before in steps)]


def bitmap_text(numbers: Iterable[int], total: int) -> str:
    """Return a text with a bit for each number below the total, set for these."""
    bits = bytearray(-(-total // BITS))
    for number in numbers:
        bits[number // BITS] |= 1 << number % BITS
    return "".join(map(DIGITS.__getitem__, bits))
