"""What became of a thread that was finalized."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.domain.evidence.manifest import Manifest
from shared.domain.thread.transcript import Transcript


@dataclass(frozen=True, slots=True, kw_only=True)
class Finalized:
    """What became of a thread: its newest revision, and whether this run wrote it."""

    revision: int
    written: bool
    visibility: str = ""
    outcomes: Mapping[str, int]
    people: tuple[str, ...] = ()
    """Everybody who takes or took part, where this run has looked."""


def unchanged(previous: Manifest, transcript: Transcript | None = None) -> Finalized:
    """Return that nothing was written; a transcript says what the service answered."""
    return Finalized(
        revision=previous.revision,
        written=False,
        visibility=transcript.listing.visibility if transcript else "",
        outcomes={},
        people=tuple(person.id for person in transcript.participants)
        if transcript
        else (),
    )
