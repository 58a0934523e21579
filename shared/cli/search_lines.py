"""What `chat-archive search` prints of a message: on a line, as an object, as a row."""

import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import click

from shared.cli.list import minute
from shared.cli.text import printable
from shared.cli.threads import CUT
from shared.domain.search.query import Query
from shared.domain.search.snippet import hits, snippet
from shared.domain.words import plural
from shared.ports.archive_index import Hit
from shared.ports.indexed import Person

SENDER, TOPIC, THREAD, TEXT = 16, 24, 24, 90
"""Characters of a column; the beginning of an id is enough to name a thread."""
END_OF_ID = 6
"""Characters by which people with one name are told apart."""
ROW = (
    "created_on", "sender_name", "sender_id", "topic", "thread_id", "message_id",
    "version", "text", "earlier_texts", "is_edited", "is_deleted", "is_erased",
    "file_count", "commitment",
)  # fmt: skip


def lines(found: Iterable[Hit], query: Query | None) -> Iterator[str]:
    """Yield what the columns are, and messages, one a line.

    People with one name are told apart by their ids.
    """
    found = list(found)
    bearers = defaultdict[str, set[str]](set)
    for hit in found:
        bearers[hit.message.sender.name].add(hit.message.sender.raw_id)
    shared = {name for name, ids in bearers.items() if name and len(ids) > 1}
    if found:
        yield (
            f"{'TIME, UTC':<16}  {'FROM':<{SENDER}}  {'TOPIC':<{TOPIC}}  "
            "TEXT  THREAD  MESSAGE"
        )
    for hit in found:
        yield line(hit, query, called(hit.message.sender, shared))


def called(sender: Person, shared: set[str]) -> str:
    if sender.name in shared:
        return (
            f"{sender.name[: SENDER - END_OF_ID - 2]} {CUT}{sender.raw_id[-END_OF_ID:]}"
        )
    return sender.name or sender.raw_id or "-"


def line(hit: Hit, query: Query | None, sender: str) -> str:
    """Return a message on a line, what was found marked."""
    message = hit.message
    text, notes = message.text, list(notes_of(hit))
    if query and not hits(text, query):
        earlier = next(
            (said for said in message.earlier_texts if hits(said, query)), ""
        )
        if earlier:
            text = earlier
            notes.insert(0, "earlier version")
    shown = printable(" ".join(text.split()))
    shown = snippet(shown, query, mark()) if query else cut(shown, TEXT)
    columns = [
        minute(message.created_on) or "time unknown",
        padded(sender, SENDER),
        padded(hit.topic or "(no topic)", TOPIC),
        shown + "".join(f" ({note})" for note in notes),
        cut(printable(hit.thread_id), THREAD),
        message.message_id,
    ]
    return "  ".join(columns)


def notes_of(hit: Hit) -> Iterator[str]:
    message = hit.message
    if message.is_deleted:
        yield "deleted"
    elif message.is_edited:
        yield "edited"
    if message.is_erased:
        yield "erased on request"
    if message.file_count:
        yield plural(message.file_count, "file")


def mark() -> Callable[[str], str]:
    """Return how to mark what was found: by colour on a terminal, else by brackets."""
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        return lambda found: click.style(found, fg="yellow", bold=True)
    return lambda found: f"[{found}]"


def padded(text: str, width: int) -> str:
    return f"{cut(printable(text), width):<{width}}"


def cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}{CUT}"


def row(hit: Hit) -> dict[str, Any]:
    """Return a message as a row, with what it is cited by."""
    message = hit.message
    return {
        "created_on": message.created_on,
        "sender_name": message.sender.name,
        "sender_id": message.sender.raw_id,
        "topic": hit.topic,
        "thread_id": hit.thread_id,
        "message_id": message.message_id,
        "version": message.version,
        "text": message.text,
        "earlier_texts": list(message.earlier_texts),
        "is_edited": message.is_edited,
        "is_deleted": message.is_deleted,
        "is_erased": message.is_erased,
        "file_count": message.file_count,
        "commitment": message.commitment,
    }


def csv_row(hit: Hit) -> dict[str, Any]:
    earlier = "\n---\n".join(hit.message.earlier_texts)
    return row(hit) | {"earlier_texts": earlier}
