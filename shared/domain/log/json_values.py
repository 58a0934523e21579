"""JSON values in a stream of bytes, one by one: the stream is never read as a whole.

Rule 1: values stand one after the other, or in a list, whose items count by themselves.
Rule 2: bytes that are no value are handed on as they stand, so that nothing is lost and
        no value before them is. Behind a broken one in a list all that is left is one.
Rule 3: what is handed on is at most `most` bytes and a part.

A value is cut out by its brackets and quotes; whether it is JSON finds out who parses.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

STRUCTURE = re.compile(rb'["\\\[\]{},\n]')
MOST_BYTES = 16 * 1024 * 1024


@dataclass(slots=True)
class JsonValues:
    """Cuts values out of parts of a stream, given in their order."""

    most: int = MOST_BYTES
    held: bytearray = field(default_factory=bytearray)
    """What is read and not handed on."""
    seen: int = 0
    """How much of it is looked through."""
    depth: int = 0
    in_list: bool = False
    in_text: bool = False
    is_broken: bool = False

    def feed(self, part: bytes) -> Iterator[bytes]:
        """Yield what ends in a part: values, blanks between them, and what is none."""
        self.held += part
        start = 0
        while not self.is_broken and (found := STRUCTURE.search(self.held, self.seen)):
            at, mark = found.start(), found[0]
            self.seen = at + 1
            if self.in_text and mark != b"\n":
                self.seen += mark == b"\\"  # whatever is escaped ends no text
                self.in_text = mark != b'"'
                continue
            if self.in_text:  # JSON has no line end within a text
                self.in_text, self.depth, self.is_broken = False, 0, self.in_list
            end = None if self.is_broken else self.end_of_value(mark, at)
            if end is not None:
                yield bytes(self.held[start:end])
                start = self.seen
        del self.held[:start]
        self.seen -= start
        if len(self.held) > self.most:
            self.is_broken = True
            yield from self.finish()

    def finish(self) -> Iterator[bytes]:
        """Yield what is left at the end of the stream."""
        yield bytes(self.held)
        self.held.clear()

    def end_of_value(self, mark: bytes, at: int) -> int | None:
        """Return where a value ends at a mark outside of text; None if none does."""
        is_top = not self.depth
        if mark == b'"':
            self.in_text = True
        elif mark == b"[" and is_top and not self.in_list:
            self.in_list = True
            return at
        elif mark in b"[{":
            self.depth += 1
        elif mark in b"]}" and not is_top:
            self.depth -= 1
            return None if self.depth or self.in_list else at + 1
        elif is_top and mark in (b"]," if self.in_list else b"\n"):
            self.in_list = self.in_list and mark != b"]"
            return at
        return None
