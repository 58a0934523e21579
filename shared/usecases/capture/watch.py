"""Watch the log: events as they are kept, read from the storage and from nowhere else.

Rule 1: each round lists the log, and reads what came to a segment since the last one.
        Nothing is subscribed to, so nothing is lost between two rounds, nor when the
        storage fails in one: what was read until then is returned by the next.
Rule 2: only whole lines are read; the rest of one comes with the next round.
Rule 3: a round reads so much and no more, the oldest days first. While the watch is
        behind, the next round goes on, and lists nothing.
Rule 4: what repeats an event that was seen says so. Of events from before the watch
        began nobody knows.
"""

from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from shared.domain import json_line, layout
from shared.domain.errors import IntegrityError, InvalidEvent
from shared.domain.identity import raw_id
from shared.domain.log.event import (
    ChatEvent,
    EventIdentity,
    Kind,
    interpret,
    thread_named,
)
from shared.domain.log.record import read_records
from shared.domain.log.torn_lines import parsed_pieces
from shared.domain.times import format_time, parse_time
from shared.ports.archive_store import StoredFile
from shared.ports.log_files import LogFiles

MOST_IDENTITIES = 100_000
"""Events that are remembered, to know when one comes again."""
LATE = timedelta(days=2)
"""How long after it happened an event may be kept, and be looked for."""
QUARANTINE = "quarantine/"
ACTORS = (
    "senderCommunicationIdentifier",
    "editedByCommunicationIdentifier",
    "deletedByCommunicationIdentifier",
    "createdByCommunicationIdentifier",
)
SECOND = len("2026-11-22T12:00:00")
MOST_BYTES = 16 * 1024 * 1024
"""Read of a segment at a time."""
ROUND_BYTES = 64 * 1024 * 1024
"""Read in a round, but for the last part: 70,000 events of 1 kB, 80 MB of memory."""
QUARANTINED, UNREADABLE = "quarantined", "unreadable"
"""Kinds of what is no event: input with a reason, and a line that cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenEvent:
    """Something that came to the log. What is not known is "".

    `lag` is in seconds, from when it happened until it was kept. `reason` says why it
    is in quarantine.
    """

    kind: str
    thread_id: str = ""
    received_on: str = ""
    occurred_on: str = ""
    who: str = ""
    who_id: str = ""
    message_id: str = ""
    text: str = ""
    lag: float | None = None
    is_duplicate: bool = False
    reason: str = ""


@dataclass(slots=True, kw_only=True)
class Watch:
    """Reads what comes to the log, or to one thread of it; call `round` repeatedly.

    `since` is from when on events are shown; None begins with what comes from now on.
    """

    files: LogFiles
    since: datetime | None = None
    thread_id: str = ""
    read_to: dict[str, int] = field(default_factory=dict)
    identities: OrderedDict[EventIdentity, None] = field(default_factory=OrderedDict)
    has_begun: bool = False
    waiting: deque[StoredFile] = field(default_factory=deque)
    found: list[SeenEvent] = field(default_factory=list)

    @property
    def is_behind(self) -> bool:
        """Return whether the log holds more that was there when it was listed."""
        return bool(self.waiting)

    async def round(self) -> list[SeenEvent]:
        """Return what came since the last round, by when it was kept.

        Raises:
            Transient: the storage cannot be reached; the next round goes on.

        """
        if not self.waiting:
            grown = [file async for file in self.grown()]
            self.has_begun = True
            self.waiting.extend(sorted(grown, key=day_of))
        length = 0
        while self.waiting and length < ROUND_BYTES:
            file = self.waiting[0]
            part = await self.read(file)
            length += part
            if not part or self.read_to[file.path] >= file.size:
                self.waiting.popleft()
        found, self.found = self.found, []
        return sorted(found, key=when_kept)

    async def grown(self) -> AsyncIterator[StoredFile]:
        """Yield the segments that hold more than what was read of them."""
        async for file in self.segments():
            start = file.size if self.is_before(file) else 0
            if file.size > self.read_to.setdefault(file.path, start):
                yield file

    async def segments(self) -> AsyncIterator[StoredFile]:
        """Yield the files of the log in which lines may come."""
        folder = layout.thread_folder(self.thread_id) if self.thread_id else ""
        wanted = [folder, f"quarantine/{folder}"] if folder else [""]
        for prefix in wanted:
            async for file in self.files.walk(prefix):
                if layout.segment_day(file.path) is not None:
                    yield file

    def is_before(self, file: StoredFile) -> bool:
        """Return whether a file holds nothing to show but what comes from now on."""
        day = layout.segment_day(file.path)
        if self.has_begun or day is None:
            return False
        # An event stands under the day when it happened, and may be kept later.
        return self.since is None or day < (self.since - LATE).date()

    async def read(self, file: StoredFile) -> int:
        """Read whole lines of a segment; return how many bytes those are."""
        data = bytearray()
        try:
            async for part in self.files.stream(file.path, self.read_to[file.path]):
                data += part
                if len(data) >= MOST_BYTES and b"\n" in data:
                    break
        except IntegrityError:
            return 0  # it went since it was listed
        whole = bytes(data[: data.rfind(b"\n") + 1])
        is_quarantine = file.path.startswith(QUARANTINE)
        for seen, event in (quarantined if is_quarantine else recorded)(whole):
            kept = parse_time(seen.received_on)
            if self.since is None or kept is None or kept >= self.since:
                self.found.append(
                    replace(
                        seen, is_duplicate=event is not None and self.is_known(event)
                    )
                )
        self.read_to[file.path] += len(whole)
        return len(whole)

    def is_known(self, event: ChatEvent) -> bool:
        """Return whether an event was seen already, and remember it."""
        is_known = event.identity in self.identities
        self.identities[event.identity] = None
        if len(self.identities) > MOST_IDENTITIES:
            self.identities.popitem(last=False)
        return is_known


def day_of(file: StoredFile) -> str:
    """Return the day of a segment, and then its path, to sort by."""
    return f"{layout.segment_day(file.path)} {file.path}"


def when_kept(event: SeenEvent) -> str:
    """Return the second when an event was kept: within one the log has the order."""
    return event.received_on[:SECOND]


Lines = Iterator[tuple[SeenEvent, ChatEvent | None]]


def recorded(lines: bytes) -> Lines:
    """Yield the events of the log."""
    records = read_records(lines)
    for record in records.records:
        try:
            event = interpret(json_line.parse(record.text), record.text)
        except (InvalidEvent, ValueError) as error:
            yield unreadable(record.received_on, str(error)), None
        else:
            yield told(event, record.received_on), event
    for _ in range(records.torn):
        yield unreadable("", "a line that was torn"), None


def unreadable(received_on: str, reason: str) -> SeenEvent:
    return SeenEvent(kind=UNREADABLE, received_on=received_on, reason=reason)


def quarantined(lines: bytes) -> Lines:
    """Yield what stands in quarantine, with the reason; the input is not shown."""
    for _, _, value in parsed_pieces(lines):
        if not isinstance(value, dict):
            yield unreadable("", "a line of quarantine that was torn"), None
            continue
        envelope = readable_json(str(value.get("input", "")))
        yield (
            SeenEvent(
                kind=QUARANTINED,
                thread_id=thread_named(envelope),
                received_on=str(value.get("received_on", "")),
                reason=str(value.get("reason", "")),
            ),
            None,
        )


def readable_json(text: str) -> object:
    try:
        return json_line.parse(text)
    except ValueError:
        return None


def told(event: ChatEvent, received_on: str) -> SeenEvent:
    """Return what an event says, as people read it."""
    kept, happened = parse_time(received_on), event.occurred_on
    who_id, who = who_did(event)
    return SeenEvent(
        kind=str(event.kind),
        thread_id=event.thread_id,
        received_on=received_on,
        occurred_on=format_time(happened) if happened else "",
        who=who,
        who_id=who_id,
        message_id=event.message_id,
        text=text_of(event),
        lag=(kept - happened).total_seconds() if kept and happened else None,
    )


def who_did(event: ChatEvent) -> tuple[str, str]:
    """Return the raw id and the name of whom an event is about, each or ""."""
    data = event.data
    if person := event.participant:
        return (
            raw_id(person.get("participantCommunicationIdentifier")),
            str(person.get("displayName") or ""),
        )
    by = next((data[name] for name in ACTORS if data.get(name)), None)
    return raw_id(by), str(data.get("senderDisplayName") or "")


def text_of(event: ChatEvent) -> str:
    """Return a message's text, or a thread's new topic."""
    if event.kind in (Kind.RECEIVED, Kind.EDITED):
        body = event.data.get("messageBody")
        return body if isinstance(body, str) else ""
    properties = event.data.get("properties")
    topic = properties.get("topic") if isinstance(properties, dict) else None
    return topic if isinstance(topic, str) else ""
