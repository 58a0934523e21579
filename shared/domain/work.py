"""What travels on the queue `threads-to-finalize`: one thread that is due, and why."""

from dataclasses import dataclass

from shared.domain import json_line
from shared.domain.errors import InvalidEvent
from shared.domain.event import LONGEST_ID
from shared.domain.record import SCHEMA


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    thread_id: str
    reason: str


def encode_work(work: Work) -> str:
    return json_line.compact(
        {"schema": SCHEMA, "thread_id": work.thread_id, "reason": work.reason}
    )


def decode_work(text: str | bytes) -> Work:
    """Read a queue message.

    Raises:
        InvalidEvent: it names no thread. The host puts it on the poison queue.

    """
    try:
        value = json_line.parse(text)
        thread_id, reason = value["thread_id"], str(value.get("reason", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InvalidEvent("the queue message cannot be read") from None
    if not isinstance(thread_id, str) or not 0 < len(thread_id) <= LONGEST_ID:
        raise InvalidEvent("the queue message names no thread")
    return Work(thread_id=thread_id, reason=reason)
