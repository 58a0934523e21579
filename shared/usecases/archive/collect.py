"""Collect: all that is known of a thread, old and new, before a revision is written.

The records that the archive lacks, a listing of the service, and the files that
messages name. What an older order covers is erased from the start.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.domain.archive.chain import Chain
from shared.domain.archive.new_lines import Draw, as_erased, senders_with
from shared.domain.archive.read_chain import transcript_of, with_attachments
from shared.domain.archive.read_events import read_events
from shared.domain.archive.read_listings import last_outcome
from shared.domain.errors import Unreachable
from shared.domain.evidence.lines import InputLine
from shared.domain.evidence.orders import Order
from shared.domain.evidence.scope import Senders, orders_before, wanted_senders
from shared.domain.log import coverage
from shared.domain.log.event import Kind
from shared.domain.log.logged import Logged, thread_events
from shared.domain.thread.listing import Visibility
from shared.domain.thread.transcript import Transcript
from shared.ports.archive_store import ArchiveStore
from shared.usecases.archive.attachments import FetchAttachments
from shared.usecases.archive.listing import ListService
from shared.usecases.archive.load import Loaded, NewInput
from shared.usecases.evidence.beside import Beside
from shared.usecases.evidence.held import erased_in
from shared.usecases.evidence.thread_key import thread_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """The input of a revision, what it says, and what was found in the log.

    `digests` are those of the files that were fetched for it, by path.
    """

    chain: Chain
    transcript: Transcript
    found: NewInput
    digests: Mapping[str, bytes]
    added: tuple[InputLine, ...]
    """The lines of the listing and of attachments that are new."""


@dataclass(slots=True, kw_only=True)
class Covering:
    """Which lines of a new revision older orders cover."""

    orders: Sequence[Order]
    number: int
    senders: Senders = field(default_factory=lambda: Senders(()))

    def read(self, known: Chain, lines: Mapping[str, Sequence[InputLine]]) -> None:
        """Read who sent which message, by the chain and by the new lines."""
        new = [line for added in lines.values() for line in added]
        wanted = wanted_senders(self.orders)
        self.senders = senders_with(known, new, self.number, wanted)

    def covers(self, facts: Mapping[str, Any]) -> bool:
        """Return whether an older order covers a line of these facts."""
        return bool(orders_before(self.orders, facts, self.number, self.senders))


@dataclass(frozen=True, slots=True, kw_only=True)
class Collect:
    """Asks the service, and fetches files; writes these, and a new thread's key."""

    archive: ArchiveStore
    list_service: ListService
    fetch_attachments: FetchAttachments
    draw: Draw
    beside: Beside

    async def __call__(
        self,
        loaded: Loaded,
        found: NewInput,
        readers: Sequence[str],
        *,
        snapshot: bool = False,
    ) -> Collected:
        """Return all that is known of a thread, old and new, and what it says.

        A `snapshot` of the service will do, unless the thread was deleted.

        Raises:
            Unreachable: nothing at all is known of it, and nobody may read it.

        """
        number, known, orders = loaded.number, loaded.thread.chain, loaded.thread.orders
        chain = known.grown(number, found.lines)
        events = await self.beside(
            chain.size, read_events, chain.thread_id, chain.files["events"]
        )
        answered = await self.list_service(
            chain, events, readers, snapshot=snapshot and not is_deleted(events)
        )
        is_unread = answered.outcome.visibility is Visibility.EVENTS_ONLY
        if is_unread and not len(chain.files["events"]) and not loaded.previous:
            why = answered.outcome.reason
            raise Unreachable(f"nothing is known of this thread: no log, and {why}")
        if not loaded.previous:
            # Before the first file of its folder, which would be no thread's else.
            await thread_key(self.archive, chain.thread_id, self.draw)
        torn = torn_so_far(loaded, found)
        size = chain.size + answered.size
        listing = await self.beside(
            size, answered.lines, known, number, torn, self.draw
        )
        lines = {**found.lines, "listing": listing}
        covers = Covering(orders=orders, number=number)
        if orders:
            await self.beside(size, covers.read, known, lines)
            lines = {
                name: as_erased(added, orders, number, covers.senders)
                for name, added in lines.items()
            }
        if orders:
            chain = await self.beside(size, known.grown, number, lines)
        else:
            stored = [line.stored[:-1] for line in listing]
            await self.beside(size, chain.extend, "listing", stored)
        # An erasure leaves other lines than those that were read.
        transcript = await self.beside(
            size, transcript_of, chain, None if orders else events
        )
        fetched = await self.fetch_attachments(transcript, number, covers.covers)
        chain.extend("attachments", (line.stored[:-1] for line in fetched.lines))
        return Collected(
            chain=chain,
            transcript=await self.beside(size, with_attachments, transcript, chain),
            found=found,
            digests=fetched.digests,
            added=(*lines["listing"], *fetched.lines),
        )


def is_deleted(log: Logged) -> bool:
    """Return whether an event says that the thread was deleted."""
    return any(
        logged.event.kind is Kind.THREAD_DELETED for logged in thread_events(log)
    )


def torn_before(loaded: Loaded) -> int:
    """Return how many lines of the log could not be read, as the archive says."""
    outcome = last_outcome(loaded.thread.chain.files["listing"])
    return outcome.torn if outcome else 0


def has_torn(loaded: Loaded, found: NewInput) -> bool:
    """Return whether the log has lines that cannot be read and that nobody counted."""
    return bool(found.torn) and torn_so_far(loaded, found) > torn_before(loaded)


def torn_so_far(loaded: Loaded, found: NewInput) -> int:
    """Return how many lines of the log could not be read up to now."""
    before = torn_before(loaded)
    # Without a marker, what was counted before was read again.
    return before + found.torn if loaded.marked else max(before, found.torn)


def covers_of(
    loaded: Loaded, found: NewInput, chain: Chain | None = None
) -> dict[str, coverage.Cover]:
    """Return what the marker says: all that was read, and where the erased stands."""
    events = (chain or loaded.thread.chain).files["events"]
    erased = {name for name, cover in loaded.marked.items() if cover.erased}
    if loaded.thread.orders:
        erased |= found.segments_with(erased_in(events))
    return coverage.cover(loaded.log.segments, erased)
