"""Redeliver: unprocessed events go through ingest again, after a fix.

Rule 1: an event that was ingested twice is one event (P3), so nothing is lost and
        nothing is doubled by doing it again, or by dying half-way.
Rule 2: a file is removed when all of it is durable elsewhere, and only as it was read;
        where a policy forbids that it stays as it is, and what it holds is taken again.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.domain import json_line
from shared.domain.errors import InvalidEvent
from shared.domain.log.event import interpret, split_events
from shared.ports.append_log import AppendLog
from shared.ports.unprocessed_events import UnprocessedEvents, UnprocessedFile
from shared.usecases.capture.ingest import Ingest

ADDED = (
    "deadLetterReason",
    "deliveryAttempts",
    "lastDeliveryOutcome",
    "lastHttpStatusCode",
    "publishTime",
    "lastDeliveryAttemptTime",
)
"""What Event Grid adds to an event that it could not deliver."""
ADDED_TO_CLOUD_EVENTS = tuple(name.lower() for name in ADDED)
LEFT = "-left"


@dataclass(slots=True)
class Redelivered:
    """What was found, and what became of it."""

    files: int = 0
    redelivered: int = 0
    unreadable: int = 0
    removed: int = 0
    is_protected: bool = False
    """Nothing was removed, since the storage's policy forbids it."""
    reasons: list[str] = field(default_factory=list)
    """Why events are left, one for each; never any of the input (P9)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeliver:
    """Takes quarantine and dead letters in. Without `execute` it only looks."""

    quarantine: UnprocessedEvents
    dead_letters: UnprocessedEvents
    ingest: Ingest
    log: AppendLog
    execute: bool

    async def from_quarantine(self) -> Redelivered:
        """Take in what can be read now; what cannot be stays in quarantine.

        Raises:
            Transient: the storage cannot be reached; what was done stays done.

        """
        done = Redelivered(
            is_protected=self.execute and await self.quarantine.is_protected()
        )
        async for file in self.quarantine.files():
            done.files += 1
            unreadable: list[bytes] = []
            readable: list[str] = []
            for line in filter(bytes.strip, file.data.split(b"\n")):
                text = input_of(line)
                reason = why_unreadable(text)
                if reason:
                    unreadable.append(line)
                    done.reasons.append(reason)
                else:
                    readable.append(text)
            done.redelivered += len(readable)
            done.unreadable += len(unreadable)
            if self.execute and readable:
                await self.redeliver(readable)
                if not done.is_protected:
                    await self.keep_unreadable(file, unreadable)
                    done.removed += await self.quarantine.remove(file)
        return done

    async def from_dead_letters(self) -> Redelivered:
        """Take in what Event Grid could not deliver; the unreadable is quarantined.

        Raises:
            Transient: the storage cannot be reached; what was done stays done.

        """
        done = Redelivered(
            is_protected=self.execute and await self.dead_letters.is_protected()
        )
        async for file in self.dead_letters.files():
            done.files += 1
            texts = [*events_of(file.data)]
            reasons = [*filter(None, map(why_unreadable, texts))]
            done.redelivered += len(texts) - len(reasons)
            done.unreadable += len(reasons)
            done.reasons += reasons
            if self.execute:
                await self.redeliver(texts)
                if not done.is_protected:
                    done.removed += await self.dead_letters.remove(file)
        return done

    async def redeliver(self, texts: Iterable[str]) -> None:
        for text in texts:
            await self.ingest(text)

    async def keep_unreadable(self, file: UnprocessedFile, lines: list[bytes]) -> None:
        """Keep what is still unreadable, in a file beside the one that goes."""
        if lines:
            stem = file.path.removesuffix(".jsonl") + LEFT
            await self.log.append(stem, b"".join(line + b"\n" for line in lines))


def input_of(line: bytes) -> str:
    """Return what a line of quarantine keeps; "" where it is not one."""
    try:
        return str(json_line.parse(line)["input"])
    except (ValueError, KeyError, TypeError):
        return ""


def why_unreadable(text: str) -> str:
    """Return why ingest would not keep an event; "" where it would."""
    try:
        for one, envelope in split_events(text):
            interpret(envelope, one)
    except InvalidEvent as error:
        return str(error)
    return ""


def events_of(data: bytes) -> Iterator[str]:
    """Yield the events of a dead-letter blob as they were before they came to it."""
    text = data.decode("utf-8", "surrogateescape")
    try:
        value = json_line.parse(text)
    except ValueError:
        yield text
        return
    for event in value if isinstance(value, list) else [value]:
        yield json_line.compact(original(event))


def original(event: Any) -> Any:
    if not isinstance(event, Mapping):
        return event
    added = ADDED_TO_CLOUD_EVENTS if "specversion" in event else ADDED
    return {name: one for name, one in event.items() if name not in added}
