"""Lines and digests of a long input, held close: 60 bytes a line beside the input.

A list of byte strings needs 250 more for each line, and the lines a second time while
they are cut.
"""

from array import array
from collections.abc import Iterator, Sequence
from typing import overload


class StoredLines(Sequence[bytes]):
    """Lines without LF, cut out of the bytes that they came in as they are read."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.part_of, self.starts, self.ends = array("L"), array("Q"), array("Q")

    def append(self, line: bytes) -> None:
        """Add a line."""
        self.parts.append(line)
        self.note(0, len(line))

    def cut(self, data: bytes) -> Iterator[bytes]:
        """Add the lines of a file, and yield each; a last one may lack its LF."""
        self.parts.append(data)
        start = 0
        while start < len(data):
            end = data.find(b"\n", start)
            end = len(data) if end < 0 else end
            self.note(start, end)
            yield data[start:end]
            start = end + 1

    def note(self, start: int, end: int) -> None:
        self.part_of.append(len(self.parts) - 1)
        self.starts.append(start)
        self.ends.append(end)

    def copy(self) -> "StoredLines":
        """Return the same lines, to which others can be added."""
        lines = StoredLines()
        lines.parts = list(self.parts)
        lines.part_of = self.part_of[:]
        lines.starts, lines.ends = self.starts[:], self.ends[:]
        return lines

    def __len__(self) -> int:
        return len(self.starts)

    @overload
    def __getitem__(self, index: int) -> bytes: ...

    @overload
    def __getitem__(self, index: slice) -> list[bytes]: ...

    def __getitem__(self, index: int | slice) -> bytes | list[bytes]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        part = self.parts[self.part_of[index]]
        return part[self.starts[index] : self.ends[index]]


class FixedBytes(Sequence[bytes]):
    """Byte strings that are all of one width; an empty one stands for none."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.data, self.there = bytearray(), bytearray()

    def append(self, value: bytes) -> None:
        """Add a value."""
        self.data += value or bytes(self.width)
        self.there.append(bool(value))

    def copy(self) -> "FixedBytes":
        """Return the same values, to which others can be added."""
        values = FixedBytes(self.width)
        values.data, values.there = bytearray(self.data), bytearray(self.there)
        return values

    def __len__(self) -> int:
        return len(self.there)

    @overload
    def __getitem__(self, index: int) -> bytes: ...

    @overload
    def __getitem__(self, index: slice) -> list[bytes]: ...

    def __getitem__(self, index: int | slice) -> bytes | list[bytes]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        if not self.there[index]:
            return b""
        start = range(len(self))[index] * self.width
        return bytes(self.data[start : start + self.width])
