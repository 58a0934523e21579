"""What to do about what a report says is missing, each step with its command."""

from collections import Counter
from collections.abc import Iterator

from shared.domain.inventory.facts import UserState
from shared.domain.words import plural
from shared.usecases.inventory.report import InventoryReport
from shared.usecases.inventory.thread_rows import ThreadStatus

AGAIN = "give the same `chat-archive backfill` command again"


def next_steps(report: InventoryReport) -> list[str]:
    """Return what to do next, in sentences; empty where nothing is left to do."""
    return [*about_users(report), *about_threads(report)]


def about_users(report: InventoryReport) -> Iterator[str]:
    inventory = report.inventory
    states = Counter(user.state for user in report.unasked)
    if not report.run:
        yield (
            "Have every thread found: `chat-archive backfill --users users.txt "
            "--follow`."
        )
    elif not inventory.ended_on or states[UserState.FAILED]:
        yield f"Go on with run {report.run}: {AGAIN}."
    elif inventory.user_states[UserState.MET]:
        yield f"Ask the users who were not asked yet: {AGAIN}."
    if refused := states[UserState.REFUSED]:
        yield (
            f"See that the {plural(refused, 'user')} without a token "
            f"{'is' if refused == 1 else 'are'} of this resource and spelt right. Of a "
            "deleted identity nobody can ask: `chat-archive accept --user … --reason "
            "…` closes it."
        )
    if inventory.unreadable:
        yield (
            "Have everything asked for again, which makes up for damaged lines: "
            "`chat-archive backfill --again`."
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
    if again := open_[ThreadStatus.FOUND] + open_[ThreadStatus.FAILED]:
        yield (
            f"Have {plural(again, 'thread')} tried again, by their reasons below: "
            f"{AGAIN}."
        )
    if lost := open_[ThreadStatus.UNREACHABLE]:
        yield (
            f"Name a member of the {plural(lost, 'thread')} that nobody may read: "
            "`chat-archive backfill --threads threads.txt`, a line `thread,user`. "
            "Where all are gone, `chat-archive accept --thread … --reason …` closes it."
        )
