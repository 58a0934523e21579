"""Ingest: one delivery in, one durable record per event in its thread's log."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from shared import telemetry
from shared.domain import layout
from shared.domain.errors import InvalidEvent
from shared.domain.log.event import (
    ChatEvent,
    Kind,
    interpret,
    split_events,
    thread_named,
)
from shared.domain.log.record import encode_quarantined, encode_record
from shared.domain.log.work import Work
from shared.ports.append_log import AppendLog
from shared.ports.clock import Clock, NewSalt
from shared.ports.work_queue import WorkQueue

NOT_UTF8 = "not UTF-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """What became of a delivery."""

    recorded: int
    quarantined: tuple[str, ...]
    """The reasons; never any of the input (P9)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingest:
    """Keeps events. Returning means durable: then, and only then, acknowledge (P1)."""

    log: AppendLog
    queue: WorkQueue
    clock: Clock
    new_salt: NewSalt
    settle_for: timedelta
    settling: dict[str, datetime] = field(default_factory=dict)
    """Deleted threads that this instance has queued, and when their message shows."""

    async def __call__(self, delivery: str | bytes) -> Ingested:
        """Keep every event of a delivery, in either envelope, one or a list.

        What cannot be read goes to quarantine, and counts as kept (P2). Bytes that are
        not UTF-8 do too: no try would read them, and each can be told from what is
        kept, as the surrogate that Python's `surrogateescape` makes of it.

        Raises:
            Transient: something is not durable. All of it must be delivered again.

        """
        try:
            text = as_text(delivery)
            events = split_events(text)
        except InvalidEvent as error:
            kept = delivery if isinstance(delivery, str) else escaped(delivery)
            await self.quarantine("", kept, str(error))
            telemetry.EVENTS_QUARANTINED.add(1)
            return Ingested(recorded=0, quarantined=(str(error),))
        if len(events) == 1:  # what the host hands over: no task of its own
            outcomes: list[str | BaseException] = [await self.persist(*events[0])]
        else:
            outcomes = await asyncio.gather(
                *(self.persist(*event) for event in events), return_exceptions=True
            )
        reasons = []
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
            if outcome:
                reasons.append(outcome)
        telemetry.EVENTS_RECORDED.add(len(events) - len(reasons))
        if reasons:
            telemetry.EVENTS_QUARANTINED.add(len(reasons))
        return Ingested(recorded=len(events) - len(reasons), quarantined=tuple(reasons))

    async def persist(self, text: str, envelope: Any) -> str:
        """Keep one event; return the reason when it went to quarantine, else ""."""
        try:
            event = interpret(envelope, text)
        except InvalidEvent as error:
            await self.quarantine(thread_named(envelope), text, str(error))
            return str(error)
        await self.record(event, text)
        return ""

    async def record(self, event: ChatEvent, text: str) -> None:
        now = self.clock()
        day = (event.occurred_on or now).date()
        await self.log.append(
            layout.segment_stem(event.thread_id, day),
            encode_record(text, now, self.new_salt()),
        )  # P1
        if event.occurred_on:
            lag = self.clock() - event.occurred_on
            telemetry.INGEST_LAG.record(max(0.0, lag.total_seconds()))
        if event.kind is Kind.THREAD_DELETED:
            await self.queue_deleted(event.thread_id, now)

    async def queue_deleted(self, thread_id: str, now: datetime) -> None:
        """Queue a deleted thread once: its deletion is told again to each member."""
        while self.settling and (first := next(iter(self.settling))):
            if self.settling[first] > now:
                break
            del self.settling[first]
        if self.settling.get(thread_id, now) > now:
            return
        # Before it is put: copies that come together must not all find nothing here.
        self.settling[thread_id] = now + self.settle_for  # P11
        try:
            await self.queue.put(
                Work(thread_id=thread_id, reason="deleted"), delay=self.settle_for
            )
        except BaseException:
            self.settling.pop(thread_id, None)
            raise

    async def quarantine(self, thread_id: str, text: str, reason: str) -> None:
        """Keep what cannot be read, beside its thread where it names one."""
        now = self.clock()
        await self.log.append(
            layout.quarantine_stem(thread_id, now.date()),
            encode_quarantined(text, now, reason, self.new_salt()),
        )  # P2


def as_text(delivery: str | bytes) -> str:
    """Return a delivery as text, unchanged.

    Raises:
        InvalidEvent: it is not UTF-8.

    """
    if isinstance(delivery, str):
        return delivery
    try:
        return delivery.decode()
    except UnicodeDecodeError:
        raise InvalidEvent(NOT_UTF8) from None


def escaped(data: bytes) -> str:
    """Return bytes as text that holds each of them, UTF-8 or not."""
    return data.decode("utf-8", "surrogateescape")
