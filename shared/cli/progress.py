"""Progress of long work: bars on a terminal, and at most a line a minute elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text

from shared.domain.inventory.facts import ThreadState, UserState
from shared.domain.inventory.state import Inventory

LINE_EVERY = 60.0


@contextmanager
def bytes_bar(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show how many bytes of `total` are done; yield what to report them to."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task(what, total=total or None)
        yield lambda count: progress.advance(task, count)


class RateColumn(ProgressColumn):
    """How many a second, as measured lately."""

    def render(self, task: Task) -> Text:
        """Show the rate."""
        return Text(f"{task.speed or 0:.1f}/s")


def counting() -> tuple[ProgressColumn, ...]:
    """Return the columns of a bar of what is counted."""
    return (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        RateColumn(),
        TimeRemainingColumn(),
    )


@contextmanager
def backfill_bars(*, silent: bool) -> Iterator[Callable[[Inventory], None]]:
    """Show how many users were asked, and how many threads are done."""
    console = Console(stderr=True)
    is_shown = console.is_terminal and not silent
    reported = time.monotonic()
    with Progress(*counting(), console=console, disable=not is_shown) as progress:
        users = progress.add_task("users", total=None)
        threads = progress.add_task("threads", total=None)

        def show(inventory: Inventory) -> None:
            nonlocal reported
            asked = len(inventory.users) - inventory.user_states[UserState.MET]
            done = len(inventory.threads) - inventory.thread_states[ThreadState.FOUND]
            progress.update(users, completed=asked, total=len(inventory.users))
            progress.update(threads, completed=done, total=len(inventory.threads))
            if not (is_shown or silent) and time.monotonic() - reported >= LINE_EVERY:
                reported = time.monotonic()
                console.print(
                    f"{asked} of {len(inventory.users)} users asked, "
                    f"{done} of {len(inventory.threads)} threads done"
                )

        yield show


@contextmanager
def counting_bar(what: str) -> Iterator[Callable[[], None]]:
    """Show how many of something are done, where nobody knows of how many."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
               RateColumn())  # fmt: skip
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task(what, total=None)
        yield lambda: progress.advance(task)


@contextmanager
def threads_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show how many threads of how many are done; yield what to report them to.

    Where no terminal is, a line a minute says it.
    """
    console = Console(stderr=True)
    reported = time.monotonic()
    with Progress(
        *counting(), console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task(what, total=None)

        def show(done: int, total: int) -> None:
            nonlocal reported
            progress.update(task, completed=done, total=total)
            if not console.is_terminal and time.monotonic() - reported >= LINE_EVERY:
                reported = time.monotonic()
                console.print(f"{what}: {done} of {total} threads")

        yield show
