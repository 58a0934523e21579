"""What formats for people say of a thread as a whole: the same words in each."""

from collections.abc import Iterator

from shared.domain import json_line
from shared.domain.thread.grade import grade_of
from shared.domain.thread.receipts import Receipt, newest_receipts
from shared.domain.thread.retention import deleted_from, policy_in_words
from shared.domain.thread.transcript import Transcript
from shared.formats.names import Names
from shared.formats.one_line import one_line
from shared.formats.plain import when

GRADES = {
    "complete": "complete: every message was checked",
    "all_the_service_had": "all that the service had",
    "may_be_incomplete": "may be incomplete",
}
REASONS = {
    "events_missing": "edits and deletions that no event told are not known",
    "listing_partial": "the service did not show all of it",
    "listing_snapshot": "the service was not listed whole since it changed",
    "events_only": "the service could not be listed",
    "records_unreadable": "something that was received could not be read",
    "attachments_missing": "a file that a message names is not held",
    "unverifiable": "a message could not be checked",
    "selection": "this is a part of the thread",
    "differs": "event and listing tell different things of a message",
}


def grade_in_words(transcript: Transcript) -> str:
    """Return how far a thread's archive can be relied on, and the reason."""
    grade = grade_of(transcript)
    reason = REASONS.get(grade.reason, "")
    return f"{GRADES[grade.name]}: {reason}" if reason else GRADES[grade.name]


def about(transcript: Transcript, names: Names) -> Iterator[tuple[str, str]]:
    """Yield what is known of a thread besides its messages: a label, and words."""
    if transcript.retention_policy:
        words = policy_in_words(transcript.retention_policy)
        due = deleted_from(transcript.created_on, transcript.retention_policy)
        yield "Retention", words + (f" ({when(due)})" if due else "")
    for key, value in sorted(transcript.metadata.items()):
        shown = value if isinstance(value, str) else json_line.compact(value)
        yield f"Metadata {one_line(key)}", one_line(shown)
    for receipt in newest_receipts(transcript.receipts):
        yield "Read", read_so_far(receipt, names)
    if transcript.listing.no_receipts:
        yield "Read receipts", f"none: {one_line(transcript.listing.no_receipts)}"


def read_so_far(receipt: Receipt, names: Names) -> str:
    """Return who had read up to which message, and when."""
    who = names.of(receipt.reader_id) or "somebody"
    message = one_line(receipt.message_id) or "an unknown one"
    return f"{who} up to message {message}, {when(receipt.read_on)}"
