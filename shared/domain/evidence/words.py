"""The closed lists of words that stand in facts and manifests. Any other is refused."""

UNREADABLE = "unreadable"
KINDS = (
    "message",
    "thread",
    "participant",
    "receipt",
    "properties",
    "page",
    "outcome",
    "attachment",
    "input",
    "other",
    UNREADABLE,
)
CHANGES = ("received", "edited", "deleted", "created", "updated", "added", "removed")
TYPES = (
    "text",
    "html",
    "topicUpdated",
    "participantAdded",
    "participantRemoved",
    "other",
)
LISTED = {
    "messages": "message",
    "participants": "participant",
    "receipts": "receipt",
    "properties": "properties",
}
"""What is listed, and the kind of one item of it."""
VISIBILITIES = ("full", "partial", "snapshot", "events_only")
ATTACHMENT_ORIGINS = ("attachment", "link")
ATTACHMENT_OUTCOMES = ("stored", "gone", "refused", "too_large", "unreachable")
INPUT_KINDS = ("people", "decisions", "chat-logs", "inventory", "imports")
"""The kinds of archive-level input, each a folder under `archive-input/`."""
INPUT_FILES = ("events", "listing", "quarantine", "attachments")
"""The files of a thread's input, in the order in which they are read."""
GRADES = ("complete", "all_the_service_had", "may_be_incomplete")
GRADE_REASONS = (
    "",
    "events_missing",
    "listing_partial",
    "listing_snapshot",
    "events_only",
    "records_unreadable",
    "attachments_missing",
    "unverifiable",
    "differs",
)
