"""Which threads are asked about: those that are meant, and have changed."""

from collections.abc import Iterator
from dataclasses import dataclass

from shared.domain.errors import ArchiverError
from shared.domain.insights.insights import Insights, NotInsights
from shared.domain.insights.terms import Terms
from shared.ports.archive_index import Filter, IndexReader
from shared.ports.indexed import ThreadFacts
from shared.usecases.insights.given import digest_of, given_of, messages_of, parts_of
from shared.usecases.insights.kept_insights import KeptInsights
from shared.usecases.insights.questions import Subject

LONGEST_LABEL = 100
MOST_LABELS = 100


class NoSuchThread(ArchiverError):
    """A thread that somebody named is not there. The text says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subjects:
    """The threads of an index that are asked about.

    `since` leaves out what has not changed after a line of the ledger; with `again`,
    what is current is asked about once more.
    """

    index: IndexReader
    kept: KeptInsights
    terms: Terms
    chosen: Filter
    since: int = 0
    again: bool = False
    limit: int | None = None

    @property
    def is_whole(self) -> bool:
        """Whether every thread of the archive is meant."""
        return self.chosen == Filter() and self.limit is None

    def threads(self) -> Iterator[ThreadFacts]:
        """Yield the threads that are meant, those with the newest messages first.

        Raises:
            NoSuchThread: one that is named is not there.

        """
        found = set()
        states = self.index.states() if self.since else {}
        for facts in self.index.threads(self.chosen):
            found.add(facts.thread_id)
            if not self.since or states[facts.thread_id].ledger_lines > self.since:
                yield facts
        for thread_id in self.chosen.threads:
            if thread_id not in found:
                raise NoSuchThread(
                    f"the archive has no thread {thread_id}; `chat-archive list` names "
                    "all"
                )

    async def due(self, facts: ThreadFacts) -> Subject | None:
        """Return what to ask about a thread; None where it is current."""
        digest = digest_of(messages_of(self.index, facts.thread_id))
        if not self.again and self.is_current(await self.there(facts), digest):
            return None
        return self.subject(facts, digest)

    async def there(self, facts: ThreadFacts) -> Insights | None:
        try:
            return await self.kept.read(facts.thread_id)
        except NotInsights:
            return None

    def is_current(self, insights: Insights | None, digest: str) -> bool:
        return (
            insights is not None
            and insights.is_together
            and insights.given == digest
            and insights.terms == self.terms.digest
        )

    def subject_of(self, facts: ThreadFacts) -> Subject:
        return self.subject(facts, digest_of(messages_of(self.index, facts.thread_id)))

    def subject(self, facts: ThreadFacts, digest: str) -> Subject:
        revisions = self.index.revisions(facts.thread_id)
        given = [*given_of(messages_of(self.index, facts.thread_id))]
        return Subject(
            thread_id=facts.thread_id,
            revision=facts.revision,
            manifest=revisions[-1].manifest if revisions else "",
            messages=facts.message_count,
            digest=digest,
            parts=parts_of(given, self.terms),
        )
