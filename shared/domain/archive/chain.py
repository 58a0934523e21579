"""The chain: all lines of a thread's input, over all its revisions.

A revision holds the lines that are new in it, so what a thread's archive says follows
from the lines of every revision up to the newest. Lines are held as they are stored,
and read one by one whenever they are needed.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import overload

from shared.domain.archive.stored_lines import FixedBytes, StoredLines
from shared.domain.evidence.lines import (
    InputLine,
    StoredParts,
    parts_of,
    read_line,
)
from shared.domain.evidence.manifest import InputRoot
from shared.domain.evidence.scope import Senders
from shared.domain.evidence.tree import Tree
from shared.domain.evidence.words import INPUT_FILES
from shared.domain.log.record import SALT_BYTES

DIGEST_BYTES = 32
Ranges = Mapping[str, Sequence[range]]
"""By file of the input: lines of it, counted from 0."""


@dataclass(slots=True)
class ChainFile(Sequence[InputLine]):
    """The lines of one file of the input, over all revisions."""

    stored: StoredLines = field(default_factory=StoredLines)
    """Each line without its LF."""
    commitments: FixedBytes = field(default_factory=lambda: FixedBytes(DIGEST_BYTES))
    salts: FixedBytes = field(default_factory=lambda: FixedBytes(SALT_BYTES))
    """The salt of each line; empty for an erased one."""
    begins: dict[int, int] = field(default_factory=dict)
    """By revision: the number of lines before it."""
    tree: Tree = field(default_factory=Tree)
    size: int = 0
    """The bytes of all lines."""

    def __len__(self) -> int:
        return len(self.stored)

    @overload
    def __getitem__(self, index: int) -> InputLine: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[InputLine]: ...

    def __getitem__(self, index: int | slice) -> InputLine | Sequence[InputLine]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        return read_line(self.stored[index], self.commitments[index])

    def revision_of(self, index: int) -> int:
        """Return the revision that a line came with."""
        revisions = list(self.begins)
        return revisions[bisect_right(list(self.begins.values()), index) - 1]

    def lines_of(self, revision: int) -> range:
        """Return which lines came with a revision."""
        revisions = list(self.begins)
        if revision not in self.begins:
            return range(0)
        place = revisions.index(revision) + 1
        end = (
            self.begins[revisions[place]]
            if place < len(revisions)
            else len(self.stored)
        )
        return range(self.begins[revision], end)

    def add(self, stored: bytes, parts: StoredParts | None = None) -> None:
        """Add a line, given without its LF, to the newest revision.

        `parts` are its own, where they are known.

        Raises:
            ValueError: it is not a line.

        """
        parts = parts or parts_of(stored)
        self.stored.append(stored)
        self.note(parts, len(stored))

    def add_all(self, data: bytes) -> None:
        """Add the lines of a file to the newest revision; the last may lack its LF.

        Raises:
            ValueError: one of them is not a line.

        """
        for line in self.stored.cut(data):
            self.note(parts_of(line), len(line))

    def note(self, parts: StoredParts, length: int) -> None:
        self.commitments.append(parts.commitment)
        self.salts.append(parts.salt)
        self.tree.add(parts.leaf)
        self.size += length + 1

    def copy(self) -> "ChainFile":
        """Return the same lines, to which others can be added."""
        return ChainFile(
            stored=self.stored.copy(),
            commitments=self.commitments.copy(),
            salts=self.salts.copy(),
            begins=dict(self.begins),
            tree=self.tree.copy(),
            size=self.size,
        )

    def data_of(self, revision: int) -> bytes:
        """Return the bytes that a revision holds of this file."""
        lines = self.lines_of(revision)
        return b"".join(line + b"\n" for line in self.stored[lines.start : lines.stop])


@dataclass(slots=True)
class Chain:
    """The input of one thread."""

    thread_id: str
    revisions: list[int] = field(default_factory=list)
    files: dict[str, ChainFile] = field(
        default_factory=lambda: {file: ChainFile() for file in INPUT_FILES}
    )

    @property
    def size(self) -> int:
        """The bytes of all of it."""
        return sum(file.size for file in self.files.values())

    @property
    def newest(self) -> int:
        """The revision that the newest lines came with; 0 where there are none."""
        numbers = reversed(self.revisions)
        files = self.files.values()
        return next((n for n in numbers if any(f.lines_of(n) for f in files)), 0)

    def begin(self, revision: int) -> None:
        """Begin the lines of the next revision."""
        self.revisions.append(revision)
        for file in self.files.values():
            file.begins[revision] = len(file)

    def extend(self, file: str, lines: Iterable[bytes]) -> None:
        """Add lines, each without LF, to the newest revision.

        Raises:
            ValueError: one of them is not a line.

        """
        chained = self.files[file]
        for line in lines:
            chained.add(line)

    def grown(self, revision: int, lines: Mapping[str, Iterable[InputLine]]) -> "Chain":
        """Return the chain with one more revision, which adds these lines."""
        chain = Chain(
            thread_id=self.thread_id,
            revisions=list(self.revisions),
            files={name: file.copy() for name, file in self.files.items()},
        )
        chain.begin(revision)
        for name, added in lines.items():
            chain.extend(name, (line.stored[:-1] for line in added))
        return chain

    @property
    def roots(self) -> tuple[InputRoot, ...]:
        """What the manifest of the newest revision says of the input."""
        newest = self.revisions[-1]
        return tuple(
            InputRoot(
                file=name,
                first=file.begins[newest],
                lines=len(file),
                root=file.tree.root,
            )
            for name, file in self.files.items()
        )

    def salts(self, revision: int | None = None) -> bytes:
        """Return the salts that are left, as seals use them, up to a revision."""
        return b"".join(
            salt
            for number in self.revisions
            if revision is None or number <= revision
            for file in self.files.values()
            for salt in file.salts[slice_of(file.lines_of(number))]
        )

    def lines(self) -> Iterator[tuple[str, int, int, InputLine]]:
        """Yield every line with its file, its number there, and its revision."""
        for name, file in self.files.items():
            for number in self.revisions:
                for index in file.lines_of(number):
                    yield name, index, number, file[index]

    def senders(self, wanted: Iterable[str]) -> Senders:
        """Return who sent which message, as far as these people did."""
        senders = Senders(set(wanted))
        if senders.wanted:
            for _, _, revision, line in self.lines():
                senders.add(line.facts, revision)
        return senders

    def up_to(self, revision: int) -> "Chain":
        """Return the chain as it was when a revision was the newest."""
        return self.rebuilt(revision, {})

    def without(self, ranges: Ranges) -> "Chain":
        """Return the chain with some lines erased; every root stays the same."""
        return self.rebuilt(self.revisions[-1] if self.revisions else 0, ranges)

    def rebuilt(self, newest: int, ranges: Ranges) -> "Chain":
        erased = {
            name: {index for span in ranges.get(name, ()) for index in span}
            for name in self.files
        }
        chain = Chain(thread_id=self.thread_id)
        for number in self.revisions:
            if number > newest:
                break
            chain.begin(number)
            for name, file in self.files.items():
                for index in file.lines_of(number):
                    line = file.stored[index]
                    if index in erased[name] and file.salts[index]:
                        line = file[index].erased().stored[:-1]  # P10
                    chain.files[name].add(line)
        return chain


def slice_of(lines: range) -> slice:
    return slice(lines.start, lines.stop)
