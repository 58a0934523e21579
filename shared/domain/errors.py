"""The one tree of errors; each leaf says what the Functions host then does."""


class ArchiverError(Exception):
    """Everything this product raises on purpose."""


class ConfigError(ArchiverError):
    """Settings are wrong. Every call fails with the full list until they are mended."""

    def __init__(self, problems: list[str]) -> None:
        """Keep `problems`, one sentence each, as one report."""
        self.problems = tuple(problems)
        lines = "".join(f"\n  - {problem}" for problem in problems)
        super().__init__(f"{len(problems)} setting(s) to mend:{lines}")


class InvalidEvent(ArchiverError):
    """Input that no retry will make readable: quarantined and acknowledged.

    The text is a reason for people. It never holds any of the input (P9).
    """


class Transient(ArchiverError):
    """It may work next time: raised, so that Event Grid or the queue delivers again."""


class IntegrityError(ArchiverError):
    """What is stored contradicts itself: this thread stops and somebody must look."""


class Unreachable(IntegrityError):
    """Nothing is known of a thread, and nobody may read it: somebody must look."""
