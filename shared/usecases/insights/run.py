"""Make the insights of many threads now, some side by side; a killed run goes on.

Rule 1: a file is written when its thread is done; what is current is not asked again.
Rule 2: insights of threads that the archive does not have any more are removed. (P12)
Rule 3: a thread that fails costs no other one; many in a row end the run.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.domain.errors import Transient
from shared.domain.insights.insights import Dropped, Insights, Usage
from shared.domain.times import to_milliseconds
from shared.ports.indexed import ThreadFacts
from shared.usecases.insights.make import MakeInsights
from shared.usecases.insights.subjects import Subjects

AT_ONCE = 8
"""Threads that are asked about side by side."""
MOST_FAILURES = 10
"""In a row, after which a run ends: the service is away."""


@dataclass(slots=True, kw_only=True)
class Ran:
    """What a run did: counts of threads, and of what their answers held."""

    made: int = 0
    current: int = 0
    blank: int = 0
    """Threads that say nothing a model could be given."""
    removed: int = 0
    citations: int = 0
    statements: int = 0
    dropped: Dropped = field(default_factory=Dropped)
    usage: Usage = field(default_factory=Usage)
    missing: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    asked: int = 0
    """Threads that the model was asked about."""
    in_a_row: int = 0
    """Failures since the last thread that was made."""

    def add(self, insights: Insights) -> None:
        self.made += 1
        self.in_a_row = 0
        self.citations += len(insights.citations)
        self.statements += sum(map(len, insights.sections.values()))
        self.dropped += insights.dropped
        self.usage += insights.usage
        self.missing += [f"{insights.thread_id}: {why}" for why in insights.missing]

    def fail(self, thread_id: str, error: Transient) -> None:
        self.failures.append(f"{thread_id}: {error}")
        self.in_a_row += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInsights:
    """Makes insights; `on_thread` takes how many threads are done, and of how many."""

    subjects: Subjects
    make: MakeInsights
    clock: Callable[[], datetime]
    on_thread: Callable[[int, int], None]

    async def __call__(self) -> Ran:
        """Run.

        Raises:
            Transient: the model or the storage cannot be reached.
            ModelRefused: the model will not answer us.

        """
        ran = Ran(removed=await remove_gone(self.subjects))
        threads = [*self.subjects.threads()]
        waiting = iter(threads)
        self.on_thread(0, len(threads))

        async def work() -> None:
            for facts in waiting:
                await self.look_at(facts, ran)
                done = ran.made + ran.current + ran.blank + len(ran.failures)
                self.on_thread(done, len(threads))
                if self.is_enough(ran):
                    return

        await side_by_side(work)
        if ran.in_a_row >= MOST_FAILURES:
            raise Transient(f"the model failed {ran.in_a_row} times in a row, at last "
                            f"of {ran.failures[-1]}")  # fmt: skip
        if self.subjects.is_whole and not ran.failures:
            await self.subjects.kept.note_run(
                self.subjects.index.about.size,
                self.subjects.terms.digest,
                to_milliseconds(self.clock()),
            )
        return ran

    def is_enough(self, ran: Ran) -> bool:
        return ran.asked == self.subjects.limit or ran.in_a_row >= MOST_FAILURES

    async def look_at(self, facts: ThreadFacts, ran: Ran) -> None:
        kept = self.subjects.kept
        subject = await self.subjects.due(facts)
        if subject is None:
            ran.current += 1
        elif not subject.parts:
            await kept.remove(facts.thread_id)
            ran.blank += 1
        elif not self.is_enough(ran):
            ran.asked += 1
            try:
                insights = await self.make(subject)
            except Transient as error:
                ran.fail(facts.thread_id, error)
                return
            await kept.write(insights)
            ran.add(insights)


async def side_by_side(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Do a work several times at once; what one raises ends all."""
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(work())
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None


async def remove_gone(subjects: Subjects) -> int:
    """Remove the insights of threads that the index does not have; return how many."""
    known = subjects.index.states()
    gone = [each async for each in subjects.kept.threads() if each not in known]
    for thread_id in gone:
        await subjects.kept.remove(thread_id)
    return len(gone)
