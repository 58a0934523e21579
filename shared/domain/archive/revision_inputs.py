"""The inputs of a revision, from which all its other files follow (P5)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from shared.domain import layout
from shared.domain.archive.erasure import (
    Erasures,
    encode_erasures,
    newly_erased,
)
from shared.domain.archive.redaction import (
    redact_events,
    redact_listing,
    redact_quarantine,
)
from shared.domain.log.record import Records, read_records
from shared.domain.thread.attachments import read_attachments, redact_attachments
from shared.domain.thread.listing import read_listings
from shared.domain.thread.replay import replay
from shared.domain.thread.transcript import Transcript


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionInputs:
    """The inputs of one revision, as stored in its files."""

    thread_id: str
    events: bytes = b""
    listing: bytes = b""
    quarantine: bytes = b""
    attachments: bytes = b""
    erasures: Erasures

    @classmethod
    def of(cls, files: Mapping[str, bytes], erasures: Erasures) -> "RevisionInputs":
        """Return the inputs among a revision's files."""
        return cls(
            thread_id=erasures.thread_id,
            events=files[layout.EVENTS_FILE],
            listing=files[layout.LISTING_FILE],
            quarantine=files.get(layout.QUARANTINE_FILE, b""),
            attachments=files.get(layout.ATTACHMENTS_FILE, b""),
            erasures=erasures,
        )

    @property
    def files(self) -> dict[str, bytes]:
        """The inputs as files; all but the first two only where they are not empty."""
        files = {
            layout.EVENTS_FILE: self.events,
            layout.LISTING_FILE: self.listing,
        }
        if self.quarantine:
            files[layout.QUARANTINE_FILE] = self.quarantine
        if self.attachments:
            files[layout.ATTACHMENTS_FILE] = self.attachments
        if self.erasures.orders:
            files[layout.ERASURES_FILE] = encode_erasures(self.erasures)
        return files

    @property
    def size(self) -> int:
        """The bytes of all of it."""
        return (
            len(self.events)
            + len(self.listing)
            + len(self.quarantine)
            + len(self.attachments)
        )

    @property
    def records(self) -> Records:
        """The records of the events."""
        return read_records(self.events)

    def transcript(self, log: Records | None = None) -> Transcript:
        """Return the transcript. `log` holds the records if they were read already.

        Raises:
            IntegrityError: `listing.jsonl` or `attachments.jsonl` cannot be read.

        """
        return replay(
            self.thread_id,
            self.records if log is None else log,
            read_listings(self.listing),
            quarantined=self.quarantine.count(b"\n"),
            erased=self.erasures.versions,
            outcomes=self.erasures.outcomes,
        ).with_attachments(read_attachments(self.attachments))

    def erased(self) -> "RevisionInputs":
        """Return the inputs without anything that the erasures name (idempotent)."""
        messages, people = self.erasures.messages, self.erasures.people
        if not messages and not people:
            return self
        return replace(
            self,
            events=redact_events(self.events, messages=messages, people=people),
            listing=redact_listing(self.listing, messages=messages, people=people),
            quarantine=redact_quarantine(
                self.quarantine, messages=messages, people=people
            ),
            attachments=redact_attachments(self.attachments, messages=messages),
            erasures=replace(
                self.erasures,
                versions={
                    **newly_erased(self.transcript(), messages),
                    **self.erasures.versions,
                },
            ),
        )
