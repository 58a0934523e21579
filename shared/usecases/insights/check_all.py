"""Check a whole folder of insights against an archive: offline, and without a model.

What is checked is the archive itself, read thread by thread, not its index. Whether
the archive is what it was is for `verify` to say.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from shared.domain.errors import IntegrityError
from shared.domain.insights.insights import SECTIONS, NotInsights
from shared.ports.indexed import IndexedMessage, IndexedThread
from shared.usecases.insights.check import check
from shared.usecases.insights.given import digest_of
from shared.usecases.insights.kept_insights import KeptInsights

ReadThread = Callable[[str], Awaitable[IndexedThread]]


@dataclass(slots=True, kw_only=True)
class CheckedAll:
    """What was found: counts of threads, statements and citations; `problems` in words.

    `stale` are threads that have changed since; what is said of them is shown nowhere.
    """

    threads: int = 0
    statements: int = 0
    citations: int = 0
    holding: int = 0
    """Citations that hold."""
    stale: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def share(self) -> float | None:
        """The share of citations that hold; None where there are none."""
        return self.holding / self.citations if self.citations else None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckAll:
    """Checks; `read` returns a thread of the archive."""

    kept: KeptInsights
    read: ReadThread
    on_thread: Callable[[int, int], None]

    async def __call__(self) -> CheckedAll:
        """Check.

        Raises:
            Transient: the archive or the insights cannot be reached.

        """
        found = CheckedAll()
        threads = [thread_id async for thread_id in self.kept.threads()]
        for done, thread_id in enumerate(threads):
            self.on_thread(done, len(threads))
            async for problem in self.problems(thread_id, found):
                found.problems.append(f"{thread_id}: {problem}")
        return found

    async def problems(self, thread_id: str, found: CheckedAll) -> AsyncIterator[str]:
        """Yield what is wrong with the insights of a thread."""
        found.threads += 1
        try:
            insights = await self.kept.read(thread_id)
        except NotInsights as error:
            yield str(error)
            return
        if insights is None:  # removed meanwhile
            found.threads -= 1
            return
        try:
            messages = [*(await self.read(thread_id)).messages]
        except IntegrityError as error:
            yield f"the archive cannot be read there: {error}"
            return
        by_id: dict[str, IndexedMessage] = {each.message_id: each for each in messages}
        checked = check(insights, by_id.get)
        found.statements += sum(len(insights.sections[name]) for name in SECTIONS)
        found.citations += len(insights.citations)
        found.holding += checked.holding
        if digest_of(messages) != insights.given:
            found.stale.append(thread_id)
        for problem in checked.problems:
            yield problem
