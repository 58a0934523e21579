"""The log of what assistants asked: who, when, which tool, which ids; no content."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.domain.errors import ArchiverError


class LogFailed(ArchiverError):
    """The log cannot be written: nothing may be answered without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedQuestion:
    """A question, and what its answer showed: ids of messages by those of threads.

    `asked_on` is RFC 3339. `session` is of http, "" otherwise. `outcome` is
    `answered`, `refused` or `failed`.
    """

    asked_on: str
    user: str
    session: str
    tool: str
    outcome: str
    shown: Mapping[str, Sequence[str]]


class QuestionLog(Protocol):
    """Keeps questions in their order."""

    def append(self, question: LoggedQuestion) -> None:
        """Write a question down.

        Raises:
            LogFailed: it is not written.

        """
        ...
