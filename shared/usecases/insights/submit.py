"""Submit threads as batches: what is due, and is not on its way already.

Rule 1: a note of a batch is written before it is sent, and again with the service's id.
        A note without id was half sent: the service is asked for the batch's name.
Rule 2: a batch has no more requests and bytes than every service takes.
"""

import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from shared.domain.insights.insights import Insights
from shared.domain.insights.terms import Terms
from shared.domain.times import to_milliseconds
from shared.ports.language_model import BatchModel, Request
from shared.usecases.insights.batch_notes import AskedThread, BatchNote, BatchNotes
from shared.usecases.insights.questions import groups, question, question_together
from shared.usecases.insights.subjects import Subjects

MOST_REQUESTS = 20_000
MOST_BYTES = 90 * 1024 * 1024
"""Of what is asked; with what stands around it, a file stays below 200 MB."""

Requests = list[tuple[str, Request]]


@dataclass(slots=True)
class Submitted:
    """What was sent: the ids of batches, and counts of threads and requests."""

    batches: list[str] = field(default_factory=list)
    threads: int = 0
    requests: int = 0
    current: int = 0
    waiting: int = 0
    """Threads that are in a batch already."""
    blank: int = 0


@dataclass(slots=True)
class Filling:
    """A batch that is filled."""

    threads: list[AskedThread] = field(default_factory=list)
    requests: Requests = field(default_factory=list)
    size: int = 0

    def add(self, thread_id: str, given: str, asked: Sequence[Request]) -> None:
        number = len(self.threads)
        for place, request in enumerate(asked):
            self.requests.append((f"{number}.{place}", request))
            self.size += size_of(request)
        self.threads.append(AskedThread(thread_id, given, len(asked)))

    def has_room(self, asked: Sequence[Request]) -> bool:
        is_few = len(self.requests) + len(asked) <= MOST_REQUESTS
        return not self.requests or (
            is_few and self.size + sum(map(size_of, asked)) <= MOST_BYTES
        )


def size_of(request: Request) -> int:
    return 2 * len(request.content) + len(request.instructions) + 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Sends batches, and notes what was sent."""

    batches: BatchModel
    notes: BatchNotes
    service: str
    deployment: str
    terms: Terms
    clock: Callable[[], datetime]

    async def send(self, filled: Filling, *, is_together: bool = False) -> str:
        """Send a batch; return its id at the service."""
        note = BatchNote(
            name=secrets.token_hex(8),
            service=self.service,
            deployment=self.deployment,
            terms=self.terms,
            threads=tuple(filled.threads),
            submitted_on=to_milliseconds(self.clock()),
            is_together=is_together,
        )
        await self.notes.write(note)
        batch_id = await self.batches.submit(note.name, filled.requests)
        await self.notes.write(note.sent(batch_id))
        return batch_id

    async def send_together(self, waiting: Sequence[Insights]) -> list[str]:
        """Send what makes summaries of parts one; return the ids of the batches."""
        sent, filling = [], Filling()
        for insights in waiting:
            summary = insights.sections["summary"]
            asked = [
                question_together(group, self.terms)
                for group in groups(summary, self.terms)
            ]
            if not filling.has_room(asked):
                sent.append(await self.send(filling, is_together=True))
                filling = Filling()
            filling.add(insights.thread_id, insights.given, asked)
        if filling.requests:
            sent.append(await self.send(filling, is_together=True))
        return sent


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitInsights:
    """Sends the threads that are due; `on_thread` takes how many were looked at."""

    subjects: Subjects
    sender: Sender
    on_thread: Callable[[int, int], None]

    async def __call__(self) -> Submitted:
        """Send.

        Raises:
            Transient: the service or the storage cannot be reached; what was sent is
                noted, and the next one goes on.
            ModelRefused: the service takes no batch from us.

        """
        sent, filling = Submitted(), Filling()
        on_their_way = {each async for each in self.waiting()}
        threads = [*self.subjects.threads()]
        for done, facts in enumerate(threads):
            self.on_thread(done, len(threads))
            if facts.thread_id in on_their_way:
                sent.waiting += 1
                continue
            subject = await self.subjects.due(facts)
            if subject is None or not subject.parts:
                sent.current += subject is None
                sent.blank += subject is not None
                continue
            asked = [question(part, self.sender.terms) for part in subject.parts]
            if not filling.has_room(asked):
                sent.batches.append(await self.sender.send(filling))
                filling = Filling()
            filling.add(subject.thread_id, subject.digest, asked)
            sent.threads += 1
            sent.requests += len(asked)
            if sent.threads == self.subjects.limit:
                break
        if filling.requests:
            sent.batches.append(await self.sender.send(filling))
        return sent

    async def waiting(self) -> AsyncIterator[str]:
        """Yield the threads of batches that are on their way."""
        async for note in self.sender.notes.all():
            for thread in note.threads:
                yield thread.thread_id
