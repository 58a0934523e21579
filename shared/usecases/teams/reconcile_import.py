"""Compare a chat with the ledger of its import, before anybody completes it.

The guide: counts match but for approved exclusions, authors match the map, the order
holds, every message of the source has a status. "Most succeeded" is not enough.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from shared.domain.imports import (
    OPEN,
    ImportedThread,
    ImportStatus,
    MessageLine,
)
from shared.formats.graph_times import milliseconds
from shared.ports.teams_chats import TargetMessage, TeamsChats
from shared.usecases.teams.plan_import import PlannedThread
from shared.usecases.teams.send_messages import MOST_MOVED

MOST_NAMED = 5
MOST_SKEW = 60_000
"""Milliseconds by which the clock of Graph may be behind ours."""


@dataclass(slots=True, kw_only=True)
class Reconciled:
    """What a comparison found: `problems` in sentences; empty where all fits.

    `notes` are no obstacle, and should be known.
    """

    thread_id: str
    chat_id: str = ""
    step: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    in_chat: int = 0
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def json(self) -> dict[str, object]:
        return {
            "sourceThreadId": self.thread_id,
            "targetChatId": self.chat_id or None,
            "step": self.step or None,
            "statuses": self.counts,
            "inChat": self.in_chat,
            "problems": self.problems,
            "notes": self.notes,
        }


async def reconcile_thread(
    thread: PlannedThread, known: ImportedThread, chats: TeamsChats
) -> Reconciled:
    """Compare a thread, its ledger and its chat.

    Raises:
        Refused: Graph does not show the chat.
        Transient: Graph cannot be reached.

    """
    found = Reconciled(
        thread_id=thread.transcript.thread_id,
        chat_id=known.chat_id,
        step=str(known.step or ""),
        counts=thread.counts,
    )
    check_statuses(thread, known, found)
    if known.chat_id:
        there = [message async for message in chats.messages(known.chat_id)]
        check_chat(thread, known, there, found)
    if thread.changed:
        changed = named(thread.changed)
        found.notes.append(f"changed in the source since it was imported: {changed}")
    if thread.withdrawn:
        gone = named(thread.withdrawn)
        found.notes.append(f"deleted or erased since, and still in the chat: {gone}")
    return found


def check_statuses(
    thread: PlannedThread, known: ImportedThread, found: Reconciled
) -> None:
    """Note which messages of the source have no status that ends them."""
    unknown = sorted(thread.lines.keys() - known.messages.keys())
    if unknown:
        found.problems.append(f"not looked at yet: {named(unknown)}")
    for status in OPEN:
        ids = [line.message_id for line in known.open if line.status is status]
        if ids:
            found.problems.append(f"{status}: {named(ids)}")
    gone = sorted(known.messages.keys() - thread.lines.keys())
    if gone:
        found.notes.append(f"no longer in the archive: {named(gone)}")


def check_chat(
    thread: PlannedThread,
    known: ImportedThread,
    there: Sequence[TargetMessage],
    found: Reconciled,
) -> None:
    """Note what of the chat is other than the ledger says."""
    wanted = {
        line.target_id: line
        for line in known.messages.values()
        if line.status is ImportStatus.IMPORTED
    }
    seen = {message.id: message for message in there if message.id in wanted}
    found.in_chat = len(seen)
    lost = [line.message_id for id_, line in wanted.items() if id_ not in seen]
    if lost:
        found.problems.append(f"not in the chat: {named(lost)}")
    imported = sum(
        line.status is ImportStatus.IMPORTED for line in known.messages.values()
    )
    if imported != len(wanted):
        found.problems.append("the ledger has two messages where the chat has one")
    strangers = [each for each in there if each.author and each.id not in wanted]
    spoken = [each for each in strangers if is_spoken(each, thread, known)]
    if count := len(strangers) - len(spoken):
        found.problems.append(f"{count} in the chat that the ledger does not know")
    if spoken:
        found.notes.append(f"{len(spoken)} said in the chat since it was completed")
    authors = {
        post.message_id: str(post.body["from"]["user"]["id"]).lower()
        for post in thread.plan.posts
    }
    for id_, message in seen.items():
        line = wanted[id_]
        if milliseconds(message.created_on) != milliseconds(line.effective):
            found.problems.append(f"another time in the chat: {line.message_id}")
        if message.author != authors.get(line.message_id, message.author):
            found.problems.append(f"another author in the chat: {line.message_id}")
    if not is_in_order(thread, list(wanted.values())):
        found.problems.append("the order is not that of the source")


def is_spoken(
    message: TargetMessage, thread: PlannedThread, known: ImportedThread
) -> bool:
    """Return whether somebody wrote a message in Teams, after the chat was completed.

    One that stands where a message of the source would is no such message.
    """
    at = milliseconds(message.created_on)
    since = milliseconds(known.spoken_from)
    if at is None or since is None or at < since - MOST_SKEW:
        return False
    return not any(
        0 <= at - post.wanted <= MOST_MOVED
        and message.author == str(post.body["from"]["user"]["id"]).lower()
        for post in thread.plan.posts
    )


def is_in_order(thread: PlannedThread, imported: Sequence[MessageLine]) -> bool:
    """Return whether the times in the chat ascend as the messages of the source do."""
    times = {line.message_id: milliseconds(line.effective) or 0 for line in imported}
    order = [times[post.message_id] for post in thread.plan.posts
             if post.message_id in times]  # fmt: skip
    return all(first < second for first, second in pairwise(order))


def named(ids: Sequence[str]) -> str:
    """Return some ids, and how many more there are."""
    more = len(ids) - MOST_NAMED
    shown = ", ".join(ids[:MOST_NAMED])
    return f"{shown} and {more} more" if more > 0 else shown
