"""A backfill's run: its state, kept as lines in the control container."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from shared.domain import json_line, layout
from shared.domain.inventory import Inventory
from shared.ports.append_log import AppendLog
from shared.ports.archive_store import ArchiveFiles

LINES_AT_ONCE = 500
Line = dict[str, Any]
One = TypeVar("One")


def nobody(line: Line, inventory: Inventory) -> None:
    """Watch nothing."""


def every(line: Line, inventory: Inventory) -> bool:  # noqa: ARG001 - as others have it
    """Keep whatever is told."""
    return True


@dataclass(slots=True, kw_only=True)
class BackfillRun:
    """One run by its name. What is told to it is durable when `tell` returns."""

    name: str
    log: AppendLog
    files: ArchiveFiles
    watch: Callable[[Line, Inventory], None] = nobody
    is_kept: Callable[[Line, Inventory], bool] = every
    """Says of a line, and of what is known without it, whether it tells anything."""
    inventory: Inventory = field(default_factory=Inventory)

    async def load(self) -> Inventory:
        """Read what the run knows so far.

        Raises:
            Transient: the control container is not to be reached.

        """
        self.inventory = Inventory.of([line async for line in self.lines()])
        return self.inventory

    async def lines(self) -> AsyncIterator[bytes]:
        folder = layout.run_folder(self.name)
        paths = [file.path async for file in self.files.walk(folder)]
        for path in sorted(paths, key=layout.segment_roll):
            rest = b""
            async for part in self.files.stream(path):
                *lines, rest = (rest + part).split(b"\n")
                for line in lines:
                    yield line
            yield rest

    async def record(self, *lines: Line) -> None:
        """Keep some facts, in this order, and take them in.

        Raises:
            Transient: they could not be kept.

        """
        news = [one for one in lines if self.is_kept(one, self.inventory)]
        for some in batches(news, LINES_AT_ONCE):
            text = "".join(json_line.compact(line) + "\n" for line in some)
            await self.log.append(layout.run_stem(self.name), json_line.encode(text))
            for line in some:
                self.inventory.apply(line)
                self.watch(line, self.inventory)


def batches(every: Sequence[One], size: int) -> list[Sequence[One]]:
    """Cut a sequence into pieces of a size, but for the last."""
    return [every[start : start + size] for start in range(0, len(every), size)]
