"""What an erasure would remove, and which hold forbids it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from shared.domain.thread.transcript import Transcript
from shared.usecases.evidence.holds import Hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What to erase: a participant's messages and name, or messages by their ids.

    No `threads` means every thread of the archive.
    """

    participant: str = ""
    messages: frozenset[str] = frozenset()
    threads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasurePlan:
    """What would go of one thread. `refused` says why it may not; "" when it may."""

    thread_id: str
    revisions: tuple[int, ...]
    messages: tuple[str, ...]
    versions: int
    names: bool
    refused: str = ""


def has_name(transcript: Transcript, participant: str) -> bool:
    """Return whether a display name, or more than an id, stands anywhere."""
    return any(
        person.id == participant and (person.display_name or person.extra)
        for person in transcript.participants
    )


def held(
    holds: Sequence[Hold],
    transcript: Transcript,
    messages: Collection[str],
    participant: str,
) -> str:
    """Return which hold forbids it; "" for none."""
    senders = {
        message.sender_id for message in transcript.messages if message.id in messages
    }
    for hold in holds:
        if hold.thread_id == transcript.thread_id or (
            hold.participant and hold.participant in senders | {participant}
        ):
            return f"hold {hold.id} of {hold.on} by {hold.by} ({hold.reason})"
    return ""
