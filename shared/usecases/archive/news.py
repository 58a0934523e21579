"""Whether a listing says anything that the newest revision does not hold."""

from collections.abc import Iterable
from typing import Any

from shared.domain.archive.chain import Chain
from shared.domain.archive.read_chain import transcript_of
from shared.domain.evidence.lines import InputLine
from shared.domain.thread.listing import Visibility
from shared.domain.thread.transcript import GapKind, Transcript


def has_news(lines: Iterable[InputLine], transcript: Transcript, before: Chain) -> bool:
    """Return whether new lines and what they make of a thread are worth a revision.

    A listing that shows less than an earlier one did is no news, nor is an item that an
    older order has erased, nor another failed try to fetch a file, nor a whole pass
    that finds a thread as snapshots have left it. That a thread is again as it was
    before is news, though every line of it is known.
    """
    if any(is_news(line) for line in lines):
        return True
    known = transcript_of(before)
    if state_of(known) != state_of(transcript):
        return True
    if transcript.listing.visibility is not Visibility.FULL:
        return False
    was_limited = any(gap.kind is GapKind.LISTING for gap in known.gaps)
    return was_limited or known.outcomes != transcript.outcomes


def state_of(transcript: Transcript) -> tuple[Any, ...]:
    """Return what a listing says of a thread as it is now, besides its messages."""
    return (
        transcript.topic,
        transcript.metadata,
        transcript.retention_policy,
        transcript.participants,
    )


def is_news(line: InputLine) -> bool:
    facts = line.facts
    if facts["file"] == "attachments":
        return "stored" in facts
    return not line.is_erased and "page" not in facts and "outcome" not in facts
