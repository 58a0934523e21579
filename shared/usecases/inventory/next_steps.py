"""What to do about what a report says is missing, each step with its command."""

from collections import Counter
from collections.abc import Iterator

from shared.domain.inventory.facts import UserState
from shared.domain.words import plural
from shared.usecases.inventory.report import InventoryReport
from shared.usecases.inventory.runs import USUAL_RUN
from shared.usecases.inventory.thread_rows import ThreadStatus

AGAIN = "give the same `chat-archive backfill` command again"


def next_steps(report: InventoryReport) -> list[str]:
    """Return what to do next, in sentences; empty where nothing is left to do."""
    return [*about_users(report), *about_threads(report)]


def accept(report: InventoryReport) -> str:
    return f"chat-archive accept{of_run(report)}"


def backfill(report: InventoryReport) -> str:
    return f"chat-archive backfill{of_run(report)}"


def of_run(report: InventoryReport) -> str:
    """Return the option that a command needs to mean the run of a report."""
    return "" if report.run in ("", USUAL_RUN) else f" --run {report.run}"


def about_users(report: InventoryReport) -> Iterator[str]:
    inventory = report.inventory
    states = Counter(user.state for user in report.unasked)
    if not report.run:
        yield (
            "Have every thread found: `chat-archive backfill --users users.txt "
            "--follow`. Where a run of another name has, give it as --run."
        )
    elif not inventory.ended_on or states[UserState.FAILED]:
        yield f"Go on with run {report.run}: {AGAIN}."
    elif report.not_yet_asked:
        yield f"Ask the users who were not asked yet: {AGAIN}."
    if refused := states[UserState.REFUSED]:
        yield (
            f"See that the {plural(refused, 'user')} without a token "
            f"{'is' if refused == 1 else 'are'} of this resource and spelt right. Of a "
            f"deleted identity nobody can ask: `{accept(report)} --user … --reason … "
            "--execute` closes it."
        )
    if inventory.unreadable:
        yield (
            "Have everything asked for again, which makes up for damaged lines: "
            f"`{backfill(report)} --again`."
        )
    if report.strays:
        yield "See what the folders are that are no thread's: `chat-archive verify`."


def about_threads(report: InventoryReport) -> Iterator[str]:
    open_ = Counter(row.status for row in report.open)
    if queued := open_[ThreadStatus.QUEUED]:
        yield (
            f"Wait for {plural(queued, 'thread')} on the queue: `chat-archive status` "
            "says whether the function app is at work."
        )
    if untried := open_[ThreadStatus.FOUND]:
        yield (
            f"Have {plural(untried, 'thread')} archived: {AGAIN}, without --dry-run."
        )
    if again := open_[ThreadStatus.FAILED]:
        yield (
            f"Have {plural(again, 'thread')} tried again, by their reasons below: "
            f"{AGAIN}."
        )
    if lost := open_[ThreadStatus.UNREACHABLE]:
        yield (
            f"Name a member of the {plural(lost, 'thread')} that nobody may read: "
            f"`{backfill(report)} --threads threads.txt`, a line `thread,user`. Where "
            f"all are gone, `{accept(report)} --thread … --reason … --execute` "
            "closes it."
        )
