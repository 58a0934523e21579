"""Attachment: a file that a message names, and what became of fetching it."""

from dataclasses import dataclass
from enum import StrEnum


class Origin(StrEnum):
    """Where in a message a file is named."""

    ATTACHMENT = "attachment"
    """Among its attachments: a file sent from Teams."""
    LINK = "link"
    """In its metadata: a file shared by the customer's own application."""


class FetchOutcome(StrEnum):
    """What became of fetching a file."""

    STORED = "stored"
    GONE = "gone"
    """There is no such file any more."""
    REFUSED = "refused"
    """It may not be had, or must not be requested."""
    TOO_LARGE = "too_large"
    UNREACHABLE = "unreachable"
    """No answer, or a failure."""


MORE_NAMED = "more files are named than are fetched of a thread (FETCH_THREAD_FILES)"
"""Why a file was not asked for, and none of those that are named after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that a message names, and the result of fetching it.

    `number` counts the files of the message. `revision` is the one that tried last, and
    that holds the file as `stored` if it was fetched; `reason` says why it was not, and
    `tries` how often it was tried.
    """

    message_id: str
    number: int
    origin: Origin
    name: str
    url: str
    revision: int
    fetched_on: str = ""
    content_type: str = ""
    outcome: FetchOutcome = FetchOutcome.UNREACHABLE
    stored: str = ""
    bytes: int = 0
    reason: str = ""
    tries: int = 1
    erased: bool = False

    @property
    def is_held(self) -> bool:
        """Whether it was fetched; it may have been erased later."""
        return bool(self.stored)
