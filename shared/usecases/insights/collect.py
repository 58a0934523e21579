"""Collect the answers of batches, and check each like one that was given at once.

Rule 1: an answer is of what was given: if the thread has changed since, it is dropped.
Rule 2: what was written stays when the process dies: a batch is collected again, and
        its files at the service and its note go last.
Rule 3: long threads need a second batch, which makes the summaries of their parts one.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from shared.domain.errors import Transient
from shared.domain.insights.answers import BadAnswer
from shared.domain.insights.insights import Insights, Statement
from shared.domain.times import to_milliseconds
from shared.ports.archive_index import Filter, IndexReader
from shared.ports.language_model import Batch, BatchState, Finish, Reply
from shared.usecases.insights.batch_notes import AskedThread, BatchNote
from shared.usecases.insights.kept_insights import KeptInsights
from shared.usecases.insights.make import CUT, FILTERED, InsightsSoFar
from shared.usecases.insights.questions import (
    Subject,
    apart,
    groups,
    is_shorter,
    kept_of,
    together,
    usage_of,
)
from shared.usecases.insights.run import Ran
from shared.usecases.insights.subjects import Subjects
from shared.usecases.insights.submit import Sender

LONGEST_KEY = 20
UNANSWERED = "its batch has no answer of the form: submit it again"


@dataclass(slots=True, kw_only=True)
class Collected:
    """What was collected: `ran` as of a run, and how many batches still wait."""

    ran: Ran = field(default_factory=Ran)
    batches: int = 0
    waiting: int = 0
    done: int = 0
    """Requests that are answered, of `total` in the batches that wait."""
    total: int = 0
    changed: int = 0
    """Threads that have changed since; `submit` sends them again."""
    submitted: list[str] = field(default_factory=list)
    """Batches that were sent to make summaries of parts one."""


Replies = Mapping[int, Reply]
"""The answers of a thread, by their places; those that failed are missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectInsights:
    """Collects what `sender` has sent."""

    index: IndexReader
    kept: KeptInsights
    sender: Sender

    async def __call__(self) -> Collected:
        """Collect.

        Raises:
            Transient: the service or the storage cannot be reached; the next one goes
                on.
            ModelRefused: the service does not know us, or has not the batch.
            NoNote: the note of a batch is damaged.

        """
        collected = Collected()
        notes = [note async for note in self.sender.notes.all()]
        for note in notes:
            if not self.is_ours(note):
                collected.ran.failures.append(
                    f"batch {note.name} is at {note.service}, of the deployment "
                    f"{note.deployment}: collect it with those"
                )
            elif found := await self.found(note, collected):
                others = {
                    thread.thread_id
                    for other in notes
                    if other.name != note.name
                    for thread in other.threads
                }
                await self.look_at(found, others, collected)
        return collected

    def is_ours(self, note: BatchNote) -> bool:
        return (note.service, note.deployment) == (
            self.sender.service,
            self.sender.deployment,
        )

    async def found(self, note: BatchNote, collected: Collected) -> BatchNote | None:
        """Return a note with the service's id; None for one that was never sent."""
        if note.batch_id:
            return note
        batch_id = await self.sender.batches.find(note.name)
        if batch_id:
            note = note.sent(batch_id)
            await self.sender.notes.write(note)
            return note
        await self.sender.notes.remove(note)
        collected.ran.failures.append(
            f"batch {note.name} never reached the service: submit again"
        )
        return None

    async def look_at(
        self, note: BatchNote, others: set[str], collected: Collected
    ) -> None:
        """Collect a batch if it is done; `others` are the threads of other ones."""
        batch = await self.sender.batches.state(note.batch_id)
        if batch.state is BatchState.WAITING:
            collected.waiting += 1
            collected.done += batch.done
            collected.total += batch.total
            return
        if batch.state is BatchState.FAILED:
            collected.ran.failures.append(failed(note, batch))
        else:
            collected.batches += 1
            waiting = await self.take(note, collected)
            later = [each for each in waiting if each.thread_id not in others]
            sender = replace(self.sender, terms=note.terms)
            collected.submitted += await sender.send_together(later)
        await self.sender.batches.forget(note.batch_id)
        await self.sender.notes.remove(note)

    async def take(self, note: BatchNote, collected: Collected) -> list[Insights]:
        """Write what a batch answered; return what has to be put together yet."""
        replies: dict[int, dict[int, Reply]] = defaultdict(dict)
        async for key, reply in self.sender.batches.replies(note.batch_id):
            place = place_in(key)
            if reply and place:
                replies[place[0]][place[1]] = reply
        waiting = []
        for number, thread in enumerate(note.threads):
            try:
                insights = await self.answered(note, thread, replies[number])
            except Transient as error:
                collected.ran.fail(thread.thread_id, error)
                continue
            if insights is None:
                collected.changed += 1
                continue
            await self.kept.write(insights)
            if insights.is_together:
                collected.ran.add(insights)
            else:
                waiting.append(insights)
        return waiting

    async def answered(
        self, note: BatchNote, thread: AskedThread, replies: Replies
    ) -> Insights | None:
        """Return the insights of a thread; None where it has changed since.

        Raises:
            Transient: the batch does not answer all that was asked of it.

        """
        subject = self.subject(note, thread)
        if subject is None:
            return None
        if replies.keys() != set(range(thread.requests)):
            raise Transient(UNANSWERED)
        in_order = [replies[place] for place in range(thread.requests)]
        try:
            if note.is_together:
                there = await self.kept.read(thread.thread_id)
                if there is None or there.given != thread.given or there.is_together:
                    return None
                return put_together(there, in_order, note)
            return self.told(subject, in_order, note)
        except BadAnswer:
            raise Transient(UNANSWERED) from None

    def subject(self, note: BatchNote, thread: AskedThread) -> Subject | None:
        """Return what was asked about; None where that has changed."""
        chosen = Filter(threads=(thread.thread_id,))
        subjects = Subjects(
            index=self.index, kept=self.kept, terms=note.terms, chosen=chosen
        )
        for facts in self.index.threads(chosen, limit=1):
            subject = subjects.subject_of(facts)
            is_same = subject.digest == thread.given
            if is_same and (note.is_together or len(subject.parts) == thread.requests):
                return subject
        return None

    def told(
        self, subject: Subject, replies: Sequence[Reply], note: BatchNote
    ) -> Insights:
        told = InsightsSoFar(
            replace(
                subject.blank,
                deployment=note.deployment,
                terms=note.terms.digest,
                made_on=to_milliseconds(self.sender.clock()),
            )
        )
        for part, reply in zip(subject.parts, replies, strict=True):
            if reply.finish is Finish.DONE:
                kept = kept_of(reply.text, part, subject, note.terms)
                told.add(kept, usage_of(reply), reply.model)
            else:
                told.use(usage_of(reply))
                is_filtered = reply.finish is Finish.FILTERED
                told.miss(FILTERED if is_filtered else CUT, part)
        if not told.insights.is_together and not told.insights.sections["summary"]:
            return replace(told.insights, is_together=True)
        return told.insights


def place_in(key: str) -> tuple[int, int] | None:
    """Return the numbers of a thread and of a request in it; None for another key."""
    thread, _, request = key.partition(".")
    is_number = (thread + request).isdecimal() and key.isascii()
    if not (is_number and thread and request and len(key) <= LONGEST_KEY):
        return None
    return int(thread), int(request)


def put_together(
    insights: Insights, replies: Sequence[Reply], note: BatchNote
) -> Insights:
    """Return insights whose summary is one, or one round nearer to that.

    Raises:
        BadAnswer: an answer has not the form that was asked for.

    """
    before = insights.sections["summary"]
    parts = groups(before, note.terms)
    if len(parts) != len(replies):
        raise BadAnswer("it is of another summary")
    made: list[Statement] = []
    for group, reply in zip(parts, replies, strict=True):
        insights = replace(insights, usage=insights.usage + usage_of(reply))
        if reply.finish is not Finish.DONE:
            return apart(insights)
        sentences, dropped = together(reply.text, group)
        made += sentences
        insights = replace(insights, dropped=insights.dropped + dropped)
    if len(parts) > 1 and not is_shorter(made, before):
        return apart(insights)
    return replace(
        insights,
        sections={**insights.sections, "summary": tuple(made)},
        is_together=len(parts) == 1,
    )


def failed(note: BatchNote, batch: Batch) -> str:
    why = f" ({batch.reason})" if batch.reason else ""
    return f"batch {note.name} failed at the service{why}: submit its threads again"
