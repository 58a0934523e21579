"""The ledger as it stands in an archive's files, line by line, with what is wrong."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from shared.domain.errors import IntegrityError
from shared.domain.evidence.ledger import (
    LedgerReader,
    PlacedLine,
    blob_numbers,
    blob_path,
)
from shared.domain.layout import LEDGER_PREFIX
from shared.ports.archive_store import ArchiveFiles

LONGEST_LINE = 1024 * 1024
"""Bytes; a line's strings are short, so that none comes near."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerText:
    """A line as it is stored, without its LF.

    `placed` is None where it repeats an earlier one, or is no line at all. `problem`
    says what is wrong with it; "" for nothing.
    """

    path: str
    data: bytes
    placed: PlacedLine | None = None
    problem: str = ""


async def read_ledger(archive: ArchiveFiles) -> AsyncIterator[LedgerText]:
    """Yield every line of the ledger in order, but for a torn one at its end.

    Raises:
        IntegrityError: a line is longer than any can be.
        Transient: the archive cannot be reached.

    """
    reader = LedgerReader()
    numbers = blob_numbers([file.path async for file in archive.walk(LEDGER_PREFIX)])
    for number in numbers:
        path, problem = blob_path(number), ""
        try:
            reader.begin(number)
        except ValueError as error:
            problem = str(error)
        async for data, is_whole in lines_of(archive, path):
            if is_whole:
                line = next_line(reader, path, data)
                yield LedgerText(
                    path=path,
                    data=data,
                    placed=line.placed,
                    problem=problem or line.problem,
                )
                problem = ""
            elif number != numbers[-1]:
                yield LedgerText(path=path, data=data, problem="its last line is torn")


def next_line(reader: LedgerReader, path: str, data: bytes) -> LedgerText:
    try:
        return LedgerText(path=path, data=data, placed=reader.read(data))
    except ValueError as error:
        return LedgerText(
            path=path, data=data, placed=reader.misplaced, problem=str(error)
        )


async def lines_of(
    archive: ArchiveFiles, path: str
) -> AsyncIterator[tuple[bytes, bool]]:
    """Yield each line of a blob without its LF, and whether it had one."""
    rest = b""
    async for part in archive.stream(path):
        *lines, rest = (rest + part).split(b"\n")
        for line in lines:
            yield line, True
        if len(rest) > LONGEST_LINE:
            raise IntegrityError(f"{path} holds a line longer than any can be")
    if rest:
        yield rest, False
