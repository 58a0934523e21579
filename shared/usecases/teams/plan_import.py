"""What of a thread is imported, given what an earlier run has done."""

from dataclasses import dataclass, replace

from shared.domain.imports import ImportedThread, ImportStatus, MessageLine
from shared.domain.thread.transcript import Transcript
from shared.formats.graph_ledger import status_of
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
    that were imported in another version than the archive has now.
    """

    transcript: Transcript
    plan: ImportPlan
    refusals: list[str]
    lines: dict[str, MessageLine]
    changed: list[str]

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
    retry: bool = False,
) -> PlannedThread:
    """Return what of a thread is to be imported; with `retry`, what failed too."""
    plan = planned(transcript, options)
    refused = refusals(transcript, plan)
    lines: dict[str, MessageLine] = {}
    changed = []
    for message in transcript.messages:
        before = known.messages.get(message.id)
        version = str(message.current.number)
        is_retried = retry and before and before.status is ImportStatus.FAILED
        is_settled = before and (before.status in SETTLED or before.accepted_by)
        if before and is_settled and not is_retried:
            lines[message.id] = before
            if before.status is ImportStatus.IMPORTED and before.version != version:
                changed.append(message.id)
            continue
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
        lines[message.id] = replace(line, attempts=before.attempts if before else 0)
    return PlannedThread(
        transcript=transcript,
        plan=plan,
        refusals=refused,
        lines=lines,
        changed=changed,
    )
