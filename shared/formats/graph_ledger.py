"""`graph-ledger.jsonl`: what becomes of each message of the source.

The idempotency ledger of Microsoft's migration guide, its fields first, by its names.
Whoever sends the requests writes on in it: chat, message, status, attempts and error.

Rule 1: every message has one line, whether it is sent or not.
Rule 2: a status says who has the message in the end. It is `ready` before it is sent;
        `archived` where the archive alone keeps it; `excluded` where nothing is left
        to import. `imported` and `failed` are for the sender to say.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from shared.domain.log.commitment import sha256
from shared.domain.thread.transcript import Transcript
from shared.formats.graph_plan import ImportPlan
from shared.formats.graph_times import written


class Status(StrEnum):
    """The status of a message, in the words of Microsoft's guide."""

    READY = "ready"
    ARCHIVED = "archived"
    EXCLUDED = "excluded"
    IMPORTED = "imported"
    FAILED = "failed"


NOTHING_LEFT = frozenset(("deleted", "erased"))
"""The reasons for which there is nothing to import; the others keep a content back."""


def status_of(reason: str) -> Status:
    """Return the status of a message by why it is not sent; "" for one that is."""
    if not reason:
        return Status.READY
    return Status.EXCLUDED if reason in NOTHING_LEFT else Status.ARCHIVED


def ledger(transcript: Transcript, plan: ImportPlan) -> Iterator[dict[str, Any]]:
    """Yield the line of each message, in the order of the source."""
    for message in transcript.messages:
        reason = plan.left_out.get(message.id, "")
        time = plan.effective.get(message.id)
        yield {
            "sourceThreadId": transcript.thread_id,
            "sourceMessageId": message.id,
            "targetChatId": None,
            "targetMessageId": None,
            "effectiveCreatedDateTime": None if time is None else written(time),
            "status": status_of(reason),
            "attempts": 0,
            "lastError": None,
            "reason": reason or None,
            "sourceCreatedDateTime": message.created_on or None,
            "key": key_of(transcript.thread_id, message.id),
            "commitment": message.current.commitment,
        }


def key_of(thread_id: str, message_id: str) -> str:
    """Return a key that no other message has, whatever characters the ids have."""
    return sha256(f"{thread_id}\n{message_id}".encode("utf-8", "surrogatepass"))
