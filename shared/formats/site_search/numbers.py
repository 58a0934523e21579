"""Numbers as printable text, in a script: short ones take a character.

A digit is one of 91 characters that need no escape in a string. The low ones end a
number, the high ones say that it goes on.
"""

from collections.abc import Iterable, Sequence

DIGITS = "".join(chr(code) for code in range(33, 126) if chr(code) not in '"\\')
ENDS = 60
"""So many digits end a number; the other 31 go on."""
GOES_ON = len(DIGITS) - ENDS
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


def numbers_text(numbers: Iterable[int]) -> str:
    return "".join(
        [
            SHORT[number] if number < len(SHORT) else number_text(number)
            for number in numbers
        ]
    )


def gaps(numbers: Sequence[int]) -> list[int]:
    """Return the first of ascending numbers, and the distances between them, less 1."""
    steps = zip(numbers[1:], numbers, strict=False)
    return [numbers[0], *(number - before - 1 for number, before in steps)]


def bitmap_text(numbers: Iterable[int], total: int) -> str:
    """Return a text with a bit for each number below the total, set for these."""
    bits = bytearray(-(-total // BITS))
    for number in numbers:
        bits[number // BITS] |= 1 << number % BITS
    return "".join(map(DIGITS.__getitem__, bits))
