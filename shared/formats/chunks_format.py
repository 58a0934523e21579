"""`chunks.jsonl` and `search-deletes.json`: what a search index or a model retrieves.

Rule 1: a chunk holds whole messages, about 2,000 characters, and begins with the last
        message of the previous chunk if that is short.
Rule 2: its key is the thread and its first own message, in characters that an index
        accepts, so that indexing again replaces what was there.
Rule 3: an erasure moves the borders of chunks: every key that may have existed before,
        and no longer does, is in the delete list.
"""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from shared.domain import json_line, layout
from shared.domain.thread.message import Message
from shared.domain.thread.transcript import Transcript
from shared.formats.names import Names, names
from shared.formats.one_line import one_line
from shared.formats.part import Options, RenderedFile
from shared.formats.plain import (
    attachments,
    display_text,
    title,
    told_otherwise,
    when,
)

MOST_CHARACTERS = 2000
MOST_OVERLAP = 500
INDENT = "    "


@dataclass(frozen=True, slots=True)
class ChunkMessage:
    """A message as it appears in a chunk."""

    message: Message
    text: str


def write(transcript: Transcript, options: Options) -> Iterator[RenderedFile]:
    called = names(transcript)
    yield "chunks.jsonl", chunks(transcript, called)
    yield "search-deletes.json", iter([deletes(transcript, called)])


def chunks(transcript: Transcript, called: Names) -> Iterator[bytes]:
    for number, (overlap, own) in enumerate(cut(transcript, called)):
        document = chunk(transcript, called, number, overlap, own)
        yield json_line.encode(json_line.compact(document) + "\n")


def lines(transcript: Transcript, called: Names) -> Iterator[ChunkMessage]:
    """Yield what can be cited: messages that are neither deleted nor erased."""
    for message in transcript.messages:
        current = message.current
        if current.content is None or current.erased:
            continue
        # Indented, so that no line of a message can pass for somebody else's.
        text = display_text(message, current, called).replace("\n", f"\n{INDENT}")
        who = "* " if message.is_system else f"{called.sender(message)}: "
        files = "".join(f"\n{INDENT}+ {file}" for file in attachments(message))
        if otherwise := told_otherwise(message):
            files += f"\n{INDENT}! {otherwise}"
        yield ChunkMessage(message, f"[{when(message.created_on)}] {who}{text}{files}")


def cut(
    transcript: Transcript, called: Names
) -> Iterator[tuple[list[ChunkMessage], list[ChunkMessage]]]:
    """Yield each chunk: what it repeats of the previous one, and its own lines."""
    overlap: list[ChunkMessage] = []
    own: list[ChunkMessage] = []
    size = 0
    for line in lines(transcript, called):
        if own and size + len(line.text) > MOST_CHARACTERS:
            yield overlap, own
            overlap = own[-1:] if len(own[-1].text) <= MOST_OVERLAP else []
            own, size = [], sum(len(line.text) for line in overlap)
        own.append(line)
        size += len(line.text)
    if own:
        yield overlap, own


def chunk(
    transcript: Transcript,
    called: Names,
    number: int,
    overlap: Sequence[ChunkMessage],
    own: Sequence[ChunkMessage],
) -> dict[str, Any]:
    cited = [line.message for line in (*overlap, *own)]
    speakers = dict.fromkeys(
        called.sender(message) for message in cited if not message.is_system
    )
    return {
        "id": key(transcript.thread_id, own[0].message.id),
        "thread_id": transcript.thread_id,
        "title": title(transcript),
        "content": "\n".join(line.text for line in (*overlap, *own)),
        "chunk": number,
        "participants": ", ".join(speakers),
        "first_message_id": cited[0].id,
        "last_message_id": cited[-1].id,
        "message_ids": ",".join(message.id for message in cited),
        "start_time": cited[0].created_on,
        "end_time": cited[-1].created_on,
        "archive_path": layout.thread_folder(transcript.thread_id),
        "anchor": f"#m-{one_line(cited[0].id)}",
        "commitments": ",".join(message.current.commitment for message in cited),
    }


def key(thread_id: str, message_id: str) -> str:
    """Return a key of letters, digits, `-`, `_` and `=`, unique across all threads."""
    plain = f"{thread_id}\n{message_id}".encode("utf-8", "surrogatepass")
    return base64.urlsafe_b64encode(plain).decode()


def deletes(transcript: Transcript, called: Names) -> bytes:
    """Return the actions that remove from an index what must no longer be found."""
    first_ids = {own[0].message.id for _, own in cut(transcript, called)}
    is_needed = any(
        version.erased or message.is_deleted
        for message in transcript.messages
        for version in message.versions
    )
    gone = [
        message.id
        for message in transcript.messages
        if is_needed and message.id not in first_ids
    ]
    actions = [
        {"@search.action": "delete", "id": key(transcript.thread_id, message_id)}
        for message_id in gone
    ]
    return json_line.encode(json_line.pretty({"value": actions}))
