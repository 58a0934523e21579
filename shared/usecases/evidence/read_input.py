"""Read archive-level input: what concerns the archive, and no single thread of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.domain import json_line
from shared.domain.errors import IntegrityError
from shared.domain.evidence.ledger_lines import LineKind, encode_line
from shared.domain.evidence.lines import InputLine, cut_line
from shared.domain.evidence.orders import Order, decode_orders
from shared.domain.evidence.paths import (
    ARCHIVE_INPUT,
    INPUT_ORDERS,
    input_blob,
    input_path,
)
from shared.domain.evidence.scope import wanted_senders
from shared.domain.evidence.tree import Tree
from shared.ports.archive_store import ArchiveFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFile:
    """A file of archive-level input, with its lines."""

    kind: str
    number: int
    lines: tuple[InputLine, ...]

    @property
    def path(self) -> str:
        return input_path(self.kind, self.number)

    @property
    def stored(self) -> bytes:
        return b"".join(line.stored for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptValue:
    """What one line says: its content as JSON has it, and when it was kept."""

    number: int
    kept_on: str
    value: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadInput:
    """The archive-level input as it stands: files by their number, and its orders."""

    files: tuple[InputFile, ...] = ()
    orders: tuple[Order, ...] = field(default=())

    @property
    def newest(self) -> int:
        """The highest number; 0 where there is no file."""
        return self.files[-1].number if self.files else 0

    @property
    def erased_people(self) -> set[str]:
        """The raw ids of everybody who was erased from it at any time."""
        return wanted_senders(self.orders)

    def of(self, kind: str) -> list[InputFile]:
        return [file for file in self.files if file.kind == kind]

    def numbered(self) -> Iterator[tuple[str, int, int, InputLine]]:
        """Yield each line with its kind, its place in that, and its file's number."""
        sizes: dict[str, int] = {}
        for file in self.files:
            for index, line in enumerate(file.lines, sizes.get(file.kind, 0)):
                yield file.kind, index, file.number, line
            sizes[file.kind] = sizes.get(file.kind, 0) + len(file.lines)

    def values(self, kind: str) -> Iterator[KeptValue]:
        """Yield what the lines of a kind say, but for those that were erased."""
        for file in self.of(kind):
            for line in file.lines:
                if not line.is_erased and line.facts["kind"] == "input":
                    yield KeptValue(
                        number=file.number,
                        kept_on=str(line.facts["received_on"]),
                        value=json_line.parse(line.content),
                    )

    def ledger_line(self, file: InputFile) -> bytes:
        """Return the line of the ledger that records a file, with its LF."""
        tree = Tree()
        for earlier in self.of(file.kind):
            if earlier.number <= file.number:
                for line in earlier.lines:
                    tree.add(line.leaf)
        members = {
            "input": file.kind,
            "number": file.number,
            "lines": tree.size,
            "root": tree.root,
        }
        return encode_line(LineKind.INPUT, "", members)


async def read_input(archive: ArchiveFiles, *kinds: str) -> ReadInput:
    """Read the archive-level input of some kinds; of all, where none is named.

    Raises:
        IntegrityError: a file cannot be read.
        Transient: the archive cannot be reached.

    """
    files = []
    for number, kind in await input_places(archive):
        if kinds and kind not in kinds:
            continue
        path = input_path(kind, number)
        lines = lines_in(path, await archive.read(path))
        files.append(InputFile(kind=kind, number=number, lines=lines))
    return ReadInput(files=tuple(files), orders=await read_input_orders(archive))


async def input_places(archive: ArchiveFiles) -> list[tuple[int, str]]:
    """Return the number and kind of each file, in the order of numbers."""
    places = [input_blob(file.path) async for file in archive.walk(ARCHIVE_INPUT)]
    return sorted((place[1], place[0]) for place in places if place)


def lines_in(path: str, data: bytes) -> tuple[InputLine, ...]:
    if data and not data.endswith(b"\n"):
        raise IntegrityError(f"{path} cannot be read: its last line is torn")
    try:
        return tuple(map(cut_line, data.split(b"\n")[:-1]))
    except ValueError as error:
        raise IntegrityError(f"{path} cannot be read: {error}") from None


async def read_input_orders(archive: ArchiveFiles) -> tuple[Order, ...]:
    there = {file.path async for file in archive.walk(INPUT_ORDERS)}
    if INPUT_ORDERS not in there:
        return ()
    try:
        return decode_orders(await archive.read(INPUT_ORDERS))
    except ValueError as error:
        raise IntegrityError(f"{INPUT_ORDERS} cannot be read: {error}") from None
