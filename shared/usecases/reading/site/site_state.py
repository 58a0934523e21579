"""`site.json`: what a site was built from, so that the next build sees what changed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.domain.errors import ArchiverError
from shared.ports.archive_index import ThreadState

STATE_FILE = "site.json"
FORMAT = "1"
"""Changes with what pages look like, so that the next build writes all of them."""


class NotASite(ArchiverError):
    """The folder holds something else. The text says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteState:
    """What was built: by thread id, when the index had read it last.

    `archive` is a digest of the archive's address: whoever gets the site need not know
    where that stands. A state that is not `finished` is of a build that was killed.
    """

    archive: str
    threads: Mapping[str, ThreadState] = field(default_factory=dict)
    is_finished: bool = False

    @property
    def stored(self) -> bytes:
        value = {
            "format": FORMAT,
            "archive": self.archive,
            "finished": self.is_finished,
            "threads": {
                thread_id: [state.thread_key, state.ledger_lines]
                for thread_id, state in self.threads.items()
            },
        }
        return json.dumps(value, separators=(",", ":")).encode() + b"\n"

    def unchanged(self, now: Mapping[str, ThreadState]) -> set[str]:
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
                thread_id: ThreadState(thread_key=str(key), ledger_lines=int(lines))
                for thread_id, (key, lines) in value["threads"].items()
            },
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NotASite(f"{STATE_FILE} there is not that of a site") from None
