"""What of a thread is imported, given what an earlier run has done."""

from dataclasses import dataclass, replace

from shared.domain.imports import ImportedThread, ImportStatus, MessageLine
from shared.domain.thread.transcript import Transcript
from shared.formats.graph_ledger import NOTHING_LEFT, status_of
from shared.formats.graph_plan import ImportPlan, Post, planned
from shared.formats.graph_reconciliation import refusals
from shared.formats.graph_times import written
from shared.formats.part import Options

SETTLED = (ImportStatus.IMPORTED, ImportStatus.FAILED, ImportStatus.SENDING)
"""What an earlier run says of a message, whatever a plan of today would do."""
REFUSED = "chat_refused"
"""Why a message is not sent that could be: its thread can be no chat of Teams."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedThread:
    """A thread to import. `refusals` say why it cannot be one chat; empty if it can.

    `lines` are of every message of the source, as things stand; `changed` are messages
    that were imported in another version than the archive has now, `withdrawn` those
    of which it has nothing any more. `orders` are the thread's erasures.
    `instead` is what becomes of a message that may have been sent and is not to be sent
    any more, where it turns out not to have arrived.
    """

    transcript: Transcript
    plan: ImportPlan
    refusals: list[str]
    lines: dict[str, MessageLine]
    changed: list[str]
    withdrawn: list[str]
    orders: bytes
    instead: dict[str, MessageLine]

    @property
    def to_send(self) -> list[Post]:
        """What is still to be sent, in the order of its time."""
        wanted = (ImportStatus.READY, ImportStatus.SENDING)
        return [
            post
            for post in self.plan.posts
            if self.lines[post.message_id].status in wanted
        ]

    @property
    def counts(self) -> dict[str, int]:
        """How many messages have each status; together, all of the source."""
        found = dict.fromkeys(map(str, ImportStatus), 0)
        for line in self.lines.values():
            found[line.status] += 1
        return found


def plan_thread(
    transcript: Transcript,
    options: Options,
    known: ImportedThread,
    *,
    orders: bytes = b"",
    retry: bool = False,
) -> PlannedThread:
    """Return what of a thread is to be imported; with `retry`, what failed too."""
    plan = planned(transcript, options)
    # What has a chat can be one, whoever has left since.
    refused = [] if known.chat_id else refusals(transcript, plan)
    lines: dict[str, MessageLine] = {}
    changed, withdrawn = [], []
    instead: dict[str, MessageLine] = {}
    for message in transcript.messages:
        before = known.messages.get(message.id)
        version = str(message.current.number)
        is_retried = retry and before and before.status is ImportStatus.FAILED
        is_settled = before and (before.status in SETTLED or before.accepted_by)
        reason = plan.left_out.get(message.id, "")
        status = ImportStatus(status_of(reason))
        if status is ImportStatus.READY and refused:
            status, reason = ImportStatus.ARCHIVED, REFUSED
        time = plan.effective.get(message.id)
        line = MessageLine(
            thread_id=transcript.thread_id,
            message_id=message.id,
            status=status,
            original=message.created_on,
            effective="" if time is None or reason else written(time),
            reason=reason,
            author=message.sender_id,
            version=version,
        )
        lines[message.id] = line = replace(
            line, attempts=before.attempts if before else 0
        )
        if before and is_retried and line.status is ImportStatus.READY:
            # An earlier attempt may have arrived before a later one was refused.
            lines[message.id] = replace(
                before, status=ImportStatus.SENDING, last_error=""
            )
        elif before and is_settled and not is_retried:
            lines[message.id] = before
            if before.status is ImportStatus.IMPORTED and reason in NOTHING_LEFT:
                withdrawn.append(message.id)
            elif before.status is ImportStatus.IMPORTED and before.version != version:
                changed.append(message.id)
            elif (
                before.status is ImportStatus.SENDING
                and line.status is not ImportStatus.READY
            ):
                instead[message.id] = line
    return PlannedThread(
        transcript=transcript,
        plan=plan,
        refusals=refused,
        lines=lines,
        changed=changed,
        withdrawn=withdrawn,
        orders=orders,
        instead=instead,
    )
