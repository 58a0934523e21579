"""`site.json`: what a site was built from, so that the next build sees what changed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from shared.domain.errors import ArchiverError

STATE_FILE = "site.json"
FORMAT = "2"
"""Changes with what pages look like, so that the next build writes all of them."""


class NotASite(ArchiverError):
    """The folder holds something else. The text says what to do."""


class BuiltThread(NamedTuple):
    """A thread as it was built: after how many lines of the ledger the index read it.

    `insights` is the digest of the page of what a model said of it; "" for none.
    """

    thread_key: str
    ledger_lines: int
    insights: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteState:
    """What was built, by thread id.

    `archive` is a digest of the archive's address: whoever gets the site need not know
    where that stands. A state that is not `finished` is of a build that was killed.
    """

    archive: str
    threads: Mapping[str, BuiltThread] = field(default_factory=dict)
    is_finished: bool = False

    @property
    def stored(self) -> bytes:
        value = {
            "format": FORMAT,
            "archive": self.archive,
            "finished": self.is_finished,
            "threads": {
                thread_id: list(state) for thread_id, state in self.threads.items()
            },
        }
        return json.dumps(value, separators=(",", ":")).encode() + b"\n"

    def unchanged(self, now: Mapping[str, BuiltThread]) -> set[str]:
        """Return the threads whose pages are as they should be."""
        if not self.is_finished:
            return set()
        return {
            thread_id
            for thread_id, state in now.items()
            if self.threads.get(thread_id) == state
        }


def read_state(data: bytes) -> SiteState:
    """Return a stored state; one of another format is not finished, and has no thread.

    Raises:
        NotASite: no site has such a file.

    """
    try:
        value: Any = json.loads(data)
        archive = str(value["archive"])
        if value["format"] != FORMAT:
            return SiteState(archive=archive)
        return SiteState(
            archive=archive,
            is_finished=value["finished"] is True,
            threads={
                thread_id: BuiltThread(str(key), int(lines), str(insights))
                for thread_id, (key, lines, insights) in value["threads"].items()
            },
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NotASite(f"{STATE_FILE} there is not that of a site") from None
