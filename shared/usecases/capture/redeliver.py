"""Redeliver: unprocessed events go through ingest again, after a fix.

Rule 1: an event that was ingested twice is one event (P3), so nothing is lost and
        nothing is doubled by doing it again, or by dying half-way.
Rule 2: a file is removed when all of it is durable elsewhere, and only as it was read;
        where a policy forbids that it stays as it is, and what it holds is taken again.
Rule 3: bytes that are not UTF-8 stay in quarantine, whatever else would read them.
"""

import codecs
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from shared.domain import json_line
from shared.domain.errors import InvalidEvent
from shared.domain.log.event import interpret, split_events
from shared.domain.log.json_values import JsonValues
from shared.domain.log.torn_lines import pieces
from shared.ports.append_log import AppendLog
from shared.ports.unprocessed_events import UnprocessedEvents, UnprocessedFile
from shared.ports.work_queue import MeasuredQueue
from shared.usecases.capture.ingest import NOT_UTF8, Ingest, as_text, escaped

ADDED = (
    "deadletterreason",
    "deliveryattempts",
    "lastdeliveryoutcome",
    "lasthttpstatuscode",
    "publishtime",
    "lastdeliveryattempttime",
)
"""What Event Grid adds to an event that it could not deliver, in small letters, as it
does to a CloudEvent."""
ESCAPED_BYTE = re.compile("[\udc80-\udcff]")
"""What stands in quarantine for a byte that is not UTF-8."""
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
    not_looked_at: int = 0
    """Messages that wait behind those that could be looked at, about."""
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
    """Redelivers unprocessed events. Without `execute` it only looks."""

    quarantine: UnprocessedEvents
    dead_letters: UnprocessedEvents
    poisoned: UnprocessedEvents
    """Queued events that failed too often, a message a file."""
    events_poison: MeasuredQueue
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
            async for text in events_of(self.dead_letters, file):
                done.count(why_unreadable(text))
                if self.execute:
                    await self.ingest(text)
            if self.execute and not done.is_protected:
                done.removed += await self.dead_letters.remove(file)
        return done

    async def from_poison_queue(self) -> Redelivered:
        """Redeliver queued events as they came; what cannot be read is quarantined.

        Raises:
            Transient: the storage cannot be reached; what was done stays done.

        """
        done = Redelivered()
        async for message in self.poisoned.files():
            done.files += 1
            content = await content_of(self.poisoned, message)
            for reason in reasons_of(content):
                done.count(reason)
            if self.execute:
                await self.ingest(content)
                done.removed += await self.poisoned.remove(message)
        if not self.execute:
            done.not_looked_at = max(0, await self.events_poison.depth() - done.files)
        return done

    async def keep(self, file: UnprocessedFile, lines: bytes) -> None:
        """Append lines that cannot be read to a file beside the one that goes."""
        if lines:
            await self.log.append(file.path.removesuffix(".jsonl") + LEFT, lines)


async def content_of(events: UnprocessedEvents, file: UnprocessedFile) -> bytes:
    return b"".join([part async for part in events.stream(file)])


async def lines_of(
    events: UnprocessedEvents, file: UnprocessedFile
) -> AsyncIterator[bytes]:
    """Yield the lines of a file that are not blank, without LF, torn ones apart."""
    rest = b""
    async for part in events.stream(file):
        *lines, rest = (rest + part).split(b"\n")
        for line in chain.from_iterable(map(pieces, lines)):
            yield line
    for line in pieces(rest):
        yield line


def input_of(line: bytes) -> str:
    """Return what a line of quarantine keeps; "" where it is not one."""
    try:
        return str(json_line.parse(line)["input"])
    except (ValueError, KeyError, TypeError):
        return ""


def why_unreadable(text: str) -> str:
    """Return why ingest would not keep an event; "" where it would."""
    if ESCAPED_BYTE.search(text):
        return NOT_UTF8
    return next(filter(None, reasons_of(text)), "")


def reasons_of(delivery: str | bytes) -> Iterator[str]:
    """Yield for each event why ingest would not keep it; "" where it would."""
    try:
        events = split_events(as_text(delivery))
    except InvalidEvent as error:
        yield str(error)
        return
    for text, envelope in events:
        try:
            interpret(envelope, text)
        except InvalidEvent as error:
            yield str(error)
        else:
            yield ""


async def events_of(
    letters: UnprocessedEvents, file: UnprocessedFile
) -> AsyncIterator[str]:
    """Yield the events of a dead-letter file as they were before they came to it."""
    values = JsonValues()
    async for part in letters.stream(file):
        for value in filter(is_said, values.feed(part)):
            yield event_in(value)
    for value in filter(is_said, values.finish()):
        yield event_in(value)


def is_said(value: bytes) -> bool:
    """Return whether a value is more than blanks, or the mark of an editor."""
    return bool(value.strip().removeprefix(codecs.BOM_UTF8))


def event_in(value: bytes) -> str:
    """Return an event without what Event Grid added; what is none, as it stands."""
    text = escaped(value.strip().removeprefix(codecs.BOM_UTF8))
    try:
        return json_line.compact(original(json_line.parse(text)))
    except ValueError:
        return text


def original(event: Any) -> Any:
    """Return an event without what Event Grid added, in either schema's spelling."""
    if not isinstance(event, Mapping):
        return event
    return {name: one for name, one in event.items() if name.lower() not in ADDED}
