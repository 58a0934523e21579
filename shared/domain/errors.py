"""All errors, in one tree; each leaf says what the Functions host then does."""

from shared.domain.words import plural


class ArchiverError(Exception):
    """The base of every error that this product raises on purpose."""


class ConfigError(ArchiverError):
    """Settings are wrong. Every call fails with the full list until they are fixed."""

    def __init__(self, problems: list[str]) -> None:
        """Report `problems`, one sentence each, in one message."""
        self.problems = tuple(problems)
        lines = "".join(f"\n  - {problem}" for problem in problems)
        verb = "is" if len(problems) == 1 else "are"
        super().__init__(f"{plural(len(problems), 'setting')} {verb} wrong:{lines}")


class InvalidEvent(ArchiverError):
    """No retry will make this input readable: it is quarantined and acknowledged.

    The text is a reason for people. It never contains any of the input (P9).
    """


class NotSignedIn(ArchiverError):
    """Azure was asked without a key, and nobody is signed in: no retry helps.

    The text is a sentence that says what to do.
    """


class Transient(ArchiverError):
    """It may work next time: raised so that Event Grid or the queue delivers again."""


class IntegrityError(ArchiverError):
    """Stored data contradicts itself: this thread stops and a person has to look."""


class Unforeseen(ArchiverError):
    """An error that nobody foresaw: its kind and its place, never its text (P9)."""


class Unreachable(IntegrityError):
    """Nothing is known of a thread and nobody may read it: a person has to look."""
