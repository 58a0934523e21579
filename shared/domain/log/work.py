"""Messages of the queue `threads-to-finalize`: one thread that is due, and why."""

from dataclasses import dataclass
from typing import Any

from shared.domain import json_line
from shared.domain.errors import InvalidEvent
from shared.domain.identity import is_own_user
from shared.domain.log.event import is_thread_id, parse_version
from shared.domain.log.record import SCHEMA


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A thread to finalize.

    `readers` are users known to be in it, besides those its log names. `relist` asks
    the service for all of the thread even if the log holds nothing new.
    """

    thread_id: str
    reason: str = ""
    readers: tuple[str, ...] = ()
    relist: bool = False
    failures: int = 0


def encode_work(work: Work) -> str:
    line: dict[str, Any] = {
        "schema": SCHEMA,
        "thread_id": work.thread_id,
        "reason": work.reason,
    }
    if work.readers:
        line["readers"] = list(work.readers)
    if work.relist:
        line["relist"] = True
    if work.failures:
        line["failures"] = work.failures
    # ASCII: the queue takes UTF-8 only, and an id may hold a lone surrogate.
    return json_line.canonical(line).decode()


def decode_work(text: str | bytes) -> Work:
    """Read a queue message.

    Raises:
        InvalidEvent: it names no thread. The host moves it to the poison queue.

    """
    try:
        value = json_line.parse(text)
        work = Work(
            thread_id=value["thread_id"],
            reason=str(value.get("reason", "")),
            readers=tuple(filter(is_own_user, value.get("readers", ()))),
            relist=value.get("relist") is True,
            failures=parse_version(value.get("failures")) or 0,
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InvalidEvent("the queue message cannot be read") from None
    if not isinstance(work.thread_id, str) or not is_thread_id(work.thread_id):
        raise InvalidEvent("the queue message names no thread")
    return work
