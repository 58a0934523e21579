"""What of the kept insights may be shown: what is current, and holds now.

Whoever shows them asks here each time: a file may have been changed, and the archive
too.
"""

from dataclasses import dataclass, field

from shared.domain.insights.insights import Insights, NotInsights
from shared.ports.archive_index import IndexReader
from shared.usecases.insights.check import check
from shared.usecases.insights.given import digest_of, messages_of
from shared.usecases.insights.kept_insights import KeptInsights


@dataclass(frozen=True, slots=True)
class ShowInsights:
    """Returns what may be shown, of an index."""

    kept: KeptInsights
    index: IndexReader
    checked: dict[str, tuple[Insights, Insights | None]] = field(default_factory=dict)
    """What was kept of a thread, and what of it may be shown; an index is never
    another one."""

    async def __call__(self, thread_id: str) -> Insights | None:
        """Return the insights of a thread, as far as they hold.

        Raises:
            Transient: where they are kept cannot be reached.

        """
        try:
            found = await self.kept.read(thread_id)
        except NotInsights:
            return None
        if found is None:
            return None
        known, shown = self.checked.get(thread_id, (None, None))
        if known != found:
            shown = self.shown(found)
            self.checked[thread_id] = found, shown
        return shown

    def shown(self, insights: Insights) -> Insights | None:
        if not is_current(insights, self.index):
            return None
        thread_id = insights.thread_id
        held = check(insights, lambda each: self.index.message(thread_id, each))
        return held.insights if any(held.insights.sections.values()) else None


def is_current(insights: Insights, index: IndexReader) -> bool:
    """Return whether the thread says what the model was given."""
    return insights.given == digest_of(messages_of(index, insights.thread_id))
