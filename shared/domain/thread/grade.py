"""Grades: how far an archive of a thread can be relied on, in three words (P8).

- complete: every version is known and was checked;
- all the service had: the service was read from the beginning to the end, but nobody
  recorded the thread from its beginning, or an edited message was never recorded, so
  earlier edits and deletions are not known;
- may be incomplete: for the reason that stands beside it.

A snapshot takes nothing away from what the last whole pass has proven, and adds what
changed since: `complete` stays where that pass was full, the readers of all snapshots
since could see all, and each message since is in the log and in a listing. Otherwise
the reason is `listing_snapshot`. What was lost at the service without a trace, only the
next whole pass finds.
"""

from dataclasses import dataclass

from shared.domain.thread.listing import Visibility
from shared.domain.thread.message import Outcome
from shared.domain.thread.transcript import GapKind, Transcript

UNCHECKED = (Outcome.UNVERIFIABLE, Outcome.MISSING_AT_RECHECK)
BY_VISIBILITY = {
    Visibility.PARTIAL: "listing_partial",
    Visibility.SNAPSHOT: "listing_snapshot",
    Visibility.EVENTS_ONLY: "events_only",
}
BY_GAP = {
    GapKind.RECORDS: "records_unreadable",
    GapKind.ATTACHMENTS: "attachments_missing",
}


@dataclass(frozen=True, slots=True)
class Grade:
    """A grade and its reason, in the words of the archive format; "" for none."""

    name: str
    reason: str = ""


def grade_of(transcript: Transcript) -> Grade:
    """Return the grade of a thread."""
    if transcript.is_complete:
        return Grade("complete")
    if any(gap.kind is GapKind.SELECTION for gap in transcript.gaps):
        return Grade("may_be_incomplete", "selection")
    visibility = transcript.listing.visibility
    is_limited = any(gap.kind is GapKind.LISTING for gap in transcript.gaps)
    reasons = [
        *([BY_VISIBILITY[visibility]] if is_limited else []),
        *(BY_GAP[gap.kind] for gap in transcript.gaps if gap.kind in BY_GAP),
    ]
    if any(transcript.outcomes[outcome] for outcome in UNCHECKED):
        reasons.append("unverifiable")
    if transcript.outcomes[Outcome.DIFFERS]:
        reasons.append("differs")
    if reasons:
        return Grade("may_be_incomplete", reasons[0])
    return Grade("all_the_service_had", "events_missing")
