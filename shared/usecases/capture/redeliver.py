"""Redeliver: unprocessed events go through ingest again, after a fix.

Rule 1: an event that was ingested twice is one event (P3), so nothing is lost and
        nothing is doubled by doing it again, or by dying half-way.
Rule 2: a file is removed when all of it is durable elsewhere, and only as it was read;
        where a policy forbids that it stays as it is, and what it holds is taken again.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
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
LEFT_BYTES = 1024 * 1024
"""How much of what stays is gathered before it is written."""


@dataclass(slots=True)
class Redelivered:
    """What was found, and what became of it."""

    files: int = 0
    redelivered: int = 0
    unreadable: int = 0
    removed: int = 0
    is_protected: bool = False
    """Nothing was removed, since the storage's policy forbids it."""
    reasons: Counter[str] = field(default_factory=Counter)
    """Why events are left, and how many; never any of the input (P9)."""

    def count(self, reason: str) -> None:
        """Count an event: readable, or not and why."""
        if reason:
            self.unreadable += 1
            self.reasons[reason] += 1
        else:
            self.redelivered += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeliver:
    """Redelivers quarantine and dead letters. Without `execute` it only looks."""

    quarantine: UnprocessedEvents
    dead_letters: UnprocessedEvents
    ingest: Ingest
    log: AppendLog
    execute: bool

    async def from_quarantine(self) -> Redelivered:
        """Redeliver what can be read now; what cannot be read stays in quarantine.

        Raises:
            Transient: the storage cannot be reached; what was done stays done.

        """
        done = Redelivered(
            is_protected=self.execute and await self.quarantine.is_protected()
        )
        async for file in self.quarantine.files():
            done.files += 1
            before = done.redelivered
            async for line in lines_of(self.quarantine, file):
                done.count(why_unreadable(input_of(line)))
            if self.execute and done.redelivered > before:
                await self.redeliver_lines(file, keep=not done.is_protected)
                if not done.is_protected:
                    done.removed += await self.quarantine.remove(file)
        return done

    async def redeliver_lines(self, file: UnprocessedFile, *, keep: bool) -> None:
        """Redeliver a file's readable lines; with `keep`, others go beside it."""
        left = b""
        async for line in lines_of(self.quarantine, file):
            text = input_of(line)
            if not why_unreadable(text):
                await self.ingest(text)
            elif keep:
                left += line + b"\n"
            if len(left) > LEFT_BYTES:
                await self.keep(file, left)
                left = b""
        await self.keep(file, left)

    async def from_dead_letters(self) -> Redelivered:
        """Redeliver what Event Grid could not; what cannot be read is quarantined.

        Raises:
            Transient: the storage cannot be reached; what was done stays done.

        """
        done = Redelivered(
            is_protected=self.execute and await self.dead_letters.is_protected()
        )
        async for file in self.dead_letters.files():
            done.files += 1
            parts = [part async for part in self.dead_letters.stream(file)]
            texts = [*events_of(b"".join(parts))]
            for text in texts:
                done.count(why_unreadable(text))
            if self.execute:
                for text in texts:
                    await self.ingest(text)
                if not done.is_protected:
                    done.removed += await self.dead_letters.remove(file)
        return done

    async def keep(self, file: UnprocessedFile, lines: bytes) -> None:
        """Append lines that cannot be read to a file beside the one that goes."""
        if lines:
            await self.log.append(file.path.removesuffix(".jsonl") + LEFT, lines)


async def lines_of(
    events: UnprocessedEvents, file: UnprocessedFile
) -> AsyncIterator[bytes]:
    """Yield the lines of a file that are not blank, without LF."""
    rest = b""
    async for part in events.stream(file):
        *lines, rest = (rest + part).split(b"\n")
        for line in filter(bytes.strip, lines):
            yield line
    if rest.strip():
        yield rest


def input_of(line: bytes) -> str:
    """Return what a line of quarantine keeps; "" where it is not one."""
    try:
        return str(json_line.parse(line)["input"])
    except (ValueError, KeyError, TypeError):
        return ""


def why_unreadable(text: str) -> str:
    """Return why ingest would not keep an event; "" where it would."""
    try:
        for event, envelope in split_events(text):
            interpret(envelope, event)
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
