"""What `chat-archive search` prints of a message: on a line, as an object, as a row."""

import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import click

from shared.cli.list import minute
from shared.cli.text import printable, shown
from shared.cli.threads import CUT
from shared.domain.search.query import Query
from shared.domain.search.snippet import found_of, snippet
from shared.domain.words import plural
from shared.ports.archive_index import Hit
from shared.ports.indexed import IndexedMessage, Person

SENDER, TOPIC, THREAD, TEXT = 16, 24, 24, 90
"""Characters of a column; the beginning of an id is enough to name a thread."""
END_OF_ID = 6
"""Characters by which people with one name are told apart."""
ROW = (
    "created_on", "sender_name", "sender_known_as", "sender_id", "topic", "thread_id",
    "message_id", "version", "text", "commitment", "is_edited", "is_deleted",
    "is_erased", "file_count", "earlier_texts",
)  # fmt: skip


def lines(found: Iterable[Hit], query: Query | None) -> Iterator[str]:
    """Yield what the columns are, and messages, one a line.

    People with one name are told apart by their ids.
    """
    found = list(found)
    bearers = defaultdict[str, set[str]](set)
    for hit in found:
        bearers[hit.message.sender.shown].add(hit.message.sender.raw_id)
    shared = {name for name, ids in bearers.items() if name and len(ids) > 1}
    if found:
        yield (
            f"{'TIME, UTC':<16}  {'FROM':<{SENDER}}  {'TOPIC':<{TOPIC}}  "
            "TEXT  THREAD  MESSAGE"
        )
    for hit in found:
        yield line(hit, query, called(hit.message.sender, shared))


def called(sender: Person, shared: set[str]) -> str:
    name = sender.shown
    if name in shared:
        return f"{name[: SENDER - END_OF_ID - 2]} {CUT}{sender.raw_id[-END_OF_ID:]}"
    return name or sender.raw_id or "-"


def line(hit: Hit, query: Query | None, sender: str) -> str:
    """Return a message on a line, what was found marked."""
    message, notes = hit.message, list(notes_of(hit))
    text = text_to_show(message, query)
    if text != message.text:
        notes.insert(0, "earlier version")
    if message.is_erased and not text:
        said = "[erased on request]"
    elif query:
        said = snippet(text, query, mark(), TEXT, shown)
    else:
        said = shown(cut(" ".join(text.split()), TEXT))
    columns = [
        minute(message.created_on) or "time unknown",
        padded(sender, SENDER),
        padded(hit.topic or "(no topic)", TOPIC),
        said + "".join(f" ({note})" for note in notes),
        cut(printable(hit.thread_id), THREAD),
        printable(message.message_id),
    ]
    return "  ".join(columns)


def text_to_show(message: IndexedMessage, query: Query | None) -> str:
    """Return the text of the version that has most of what was sought."""
    if query is None:
        return message.text
    texts = (message.text, *message.earlier_texts)
    return max(texts, key=lambda text: found_of(text, query))


def notes_of(hit: Hit) -> Iterator[str]:
    message = hit.message
    if message.is_deleted:
        yield "deleted"
    elif message.is_edited:
        yield "edited"
    if message.is_erased and message.text:
        yield "in part erased on request"
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
    """Return a message as a row: `version` and `commitment` cite its `text`."""
    message = hit.message
    return {
        "created_on": message.created_on,
        "sender_name": message.sender.name,
        "sender_known_as": message.sender.known_as,
        "sender_id": message.sender.raw_id,
        "topic": hit.topic,
        "thread_id": hit.thread_id,
        "message_id": message.message_id,
        "version": message.version,
        "text": message.text,
        "commitment": message.commitment,
        "is_edited": message.is_edited,
        "is_deleted": message.is_deleted,
        "is_erased": message.is_erased,
        "file_count": message.file_count,
        "versions": [
            {
                "version": version.version,
                "kind": version.kind,
                "changed_on": version.changed_on,
                "changed_by": version.changed_by,
                "text": version.text,
                "is_erased": version.is_erased,
                "commitment": version.commitment,
            }
            for version in message.versions
        ],
    }


def csv_row(hit: Hit) -> dict[str, Any]:
    earlier = "\n---\n".join(hit.message.earlier_texts)
    return row(hit) | {"earlier_texts": earlier}
