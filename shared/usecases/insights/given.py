"""What a model is given of a thread: every version of every message that says anything.

Rule 1: earlier versions and deleted messages are given as such: a sentence may rest on
        what was said, and its citation names the version.
Rule 2: nothing erased is given; it has no text.
Rule 3: the digest of what was given is made of commitments and of names: it changes
        with every message, version and erasure, and no text can be guessed from it.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from shared.domain import json_line
from shared.domain.insights.terms import Terms
from shared.ports.archive_index import IndexReader
from shared.ports.indexed import IndexedMessage, IndexedVersion

PIECE = 8_000
"""Characters of a text in one line; a longer one comes in several, of one ref."""
BYTES_PER_TOKEN = 3.5
"""As a rule of thumb over languages: an estimate, and nothing else."""
MESSAGES_READ = 500
EDITED, DELETED = "edited later", "deleted later"


@dataclass(frozen=True, slots=True)
class Given:
    """A line that a model is given, and the version of a message that it is of."""

    ref: str
    message_id: str
    version: int
    commitment: str
    text: str
    """All of the version's text, of which the line may hold a piece."""
    line: str

    @property
    def tokens(self) -> int:
        return estimated_tokens(self.line) + 1


def estimated_tokens(text: str) -> int:
    """Return about how many tokens a text has."""
    return int(len(text.encode("utf-8", "replace")) / BYTES_PER_TOKEN) + 1


def messages_of(index: IndexReader, thread_id: str) -> Iterator[IndexedMessage]:
    """Yield the messages of a thread, oldest first."""
    last = ""
    while found := index.messages(thread_id, MESSAGES_READ, last):
        yield from found
        last = found[-1].message_id


def given_of(messages: Iterable[IndexedMessage]) -> Iterator[Given]:
    """Yield what a model is given of messages."""
    for number, message in enumerate(messages, start=1):
        for place, version in enumerate(message.versions, start=1):
            if version.text.strip():
                yield from lines_of(f"{number}v{place}", message, version)


def lines_of(
    ref: str, message: IndexedMessage, version: IndexedVersion
) -> Iterator[Given]:
    who = "" if message.is_system else message.sender.name or message.sender.raw_id
    shown = {"ref": ref, "on": message.created_on[:16], "from": who or "system"}
    if version is not message.versions[-1]:
        shown["note"] = DELETED if message.is_deleted else EDITED
    for start in range(0, len(version.text), PIECE):
        piece = shown | {"text": version.text[start : start + PIECE]}
        yield Given(
            ref=ref,
            message_id=message.message_id,
            version=version.version,
            commitment=version.commitment,
            text=version.text,
            line=json_line.encode(json_line.compact(piece)).decode(),
        )


def digest_of(messages: Iterable[IndexedMessage]) -> str:
    """Return the digest of what a model is given."""
    seen = hashlib.sha256()
    for message in messages:
        told = [
            message.message_id,
            message.sender.name,
            message.is_deleted,
            [
                [version.version, version.commitment, version.is_erased]
                for version in message.versions
            ],
        ]
        seen.update(json_line.canonical(told) + b"\n")
    return seen.hexdigest()


def parts_of(given: Sequence[Given], terms: Terms) -> list[Sequence[Given]]:
    """Cut what is given into parts, each for one request."""
    parts: list[Sequence[Given]] = []
    part: list[Given] = []
    tokens = 0
    for line in given:
        if part and tokens + line.tokens > terms.part_tokens:
            parts.append(part)
            part, tokens = [], 0
        part.append(line)
        tokens += line.tokens
    if part:
        parts.append(part)
    return parts
