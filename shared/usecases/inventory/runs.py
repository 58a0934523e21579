"""A backfill's run: its state, kept as lines in the control container."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from shared.domain import layout
from shared.domain.inventory.facts import Fact, encode_fact
from shared.domain.inventory.state import Inventory
from shared.ports.append_log import AppendLog
from shared.ports.archive_store import ArchiveFiles

USUAL_RUN = "estate"
"""The name of a run whose backfill was given none."""
FACTS_AT_ONCE = 500
Item = TypeVar("Item")


def watch_nothing(fact: Fact, inventory: Inventory) -> None:
    """Do nothing."""


def is_anything(fact: Fact, inventory: Inventory) -> bool:  # noqa: ARG001 - a default
    """Return True: every fact is news."""
    return True


@dataclass(slots=True, kw_only=True)
class BackfillRun:
    """One run by its name. A fact is durable when `record` returns."""

    name: str
    log: AppendLog
    files: ArchiveFiles
    watch: Callable[[Fact, Inventory], None] = watch_nothing
    is_news: Callable[[Fact, Inventory], bool] = is_anything
    """Says of a fact, and of what is known without it, whether to record it."""
    inventory: Inventory = field(default_factory=Inventory)

    async def load(self) -> Inventory:
        """Read what the run knows so far.

        Raises:
            Transient: the control container cannot be reached.

        """
        lines = log_lines(self.files, layout.run_folder(self.name))
        self.inventory = Inventory.of([line async for line in lines])
        return self.inventory

    async def record(self, *facts: Fact) -> None:
        """Append some facts to the run's log, in this order, then apply them.

        Raises:
            Transient: they could not be made durable.

        """
        news = [fact for fact in facts if self.is_news(fact, self.inventory)]
        for some in batches(news, FACTS_AT_ONCE):
            lines = b"".join(map(encode_fact, some))
            await self.log.append(layout.run_stem(self.name), lines)
            for fact in some:
                self.inventory.apply(fact)
                self.watch(fact, self.inventory)


async def log_lines(files: ArchiveFiles, folder: str) -> AsyncIterator[bytes]:
    """Yield each line of a log without its LF, over all its segments; some are empty.

    Raises:
        Transient: the container cannot be reached.

    """
    paths = [file.path async for file in files.walk(folder)]
    for path in sorted(paths, key=layout.segment_roll):
        rest = b""
        async for part in files.stream(path):
            *lines, rest = (rest + part).split(b"\n")
            for line in lines:
                yield line
        yield rest


def batches(items: Sequence[Item], size: int) -> list[Sequence[Item]]:
    """Cut a sequence into pieces of a size; the last may be shorter."""
    return [items[start : start + size] for start in range(0, len(items), size)]
