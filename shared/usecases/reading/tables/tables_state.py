"""`tables.json`: what the tables were built from, and the files that they are."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.domain.errors import ArchiverError
from shared.formats.tables.columns import PEOPLE, SCHEMA, TABLES
from shared.ports.archive_index import ThreadState
from shared.ports.tables_folder import Part

STATE_FILE = "tables.json"
OURS = re.compile(
    rf"(?:{PEOPLE}|(?:{'|'.join(table for table in TABLES if table != PEOPLE)})"
    r"/month=(?:\d{4}-\d\d|undated))/part-\d{4,}\.parquet"
)
"""The paths of our files."""
HALF_A_STATE = re.compile(rf"\.unfinished/{re.escape(STATE_FILE)}\.[\d-]+")
"""What is left where a process was killed as it wrote the state."""


class NotTables(ArchiverError):
    """The folder holds something else. The text says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadEntry:
    """A thread as it was read last: `digests` are of its rows, by their folder."""

    state: ThreadState
    digests: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TablesState:
    """What was built, up to which line of the ledger.

    `archive` is a digest of the archive's address: whoever gets the tables need not
    know where that stands. A state that is not `finished` is of a build that was
    killed, or has begun.
    """

    archive: str
    lines: int = 0
    root: str = ""
    built_on: str = ""
    is_finished: bool = False
    folders: Mapping[str, tuple[Part, ...]] = field(default_factory=dict)
    threads: Mapping[str, ThreadEntry] = field(default_factory=dict)

    @property
    def sizes(self) -> dict[str, int]:
        """The size of each file, by its path."""
        return {
            f"{folder}/{part.name}": part.bytes
            for folder, parts in self.folders.items()
            for part in parts
        }

    @property
    def stored(self) -> bytes:
        value = {
            "schema": SCHEMA,
            "archive": self.archive,
            "finished": self.is_finished,
            "built_on": self.built_on,
            "ledger_lines": self.lines,
            "ledger_root": self.root,
            "folders": {
                folder: {
                    "rows": sum(part.rows for part in parts),
                    "files": [
                        {
                            "name": part.name,
                            "bytes": part.bytes,
                            "rows": part.rows,
                            "sha256": part.sha256,
                        }
                        for part in parts
                    ],
                }
                for folder, parts in sorted(self.folders.items())
            },
            "threads": {
                thread_id: {
                    "key": entry.state.thread_key,
                    "ledger_lines": entry.state.ledger_lines,
                    "rows": entry.digests,
                }
                for thread_id, entry in self.threads.items()
            },
        }
        return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def read_state(data: bytes) -> TablesState:
    """Return a stored state; one of another schema, or not finished, has nothing.

    Raises:
        NotTables: no tables have such a file.

    """
    try:
        value: Any = json.loads(data)
        archive = str(value["archive"])
        if value["schema"] != SCHEMA or value["finished"] is not True:
            return TablesState(archive=archive)
        return TablesState(
            archive=archive,
            lines=int(value["ledger_lines"]),
            root=str(value["ledger_root"]),
            built_on=str(value["built_on"]),
            is_finished=True,
            folders={
                folder: tuple(map(part_in, stored["files"]))
                for folder, stored in value["folders"].items()
            },
            threads={
                thread_id: ThreadEntry(
                    state=ThreadState(
                        thread_key=str(stored["key"]),
                        ledger_lines=int(stored["ledger_lines"]),
                    ),
                    digests=dict(stored["rows"]),
                )
                for thread_id, stored in value["threads"].items()
            },
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NotTables(f"{STATE_FILE} there is not that of tables") from None


def part_in(stored: Mapping[str, Any]) -> Part:
    return Part(
        name=str(stored["name"]),
        bytes=int(stored["bytes"]),
        rows=int(stored["rows"]),
        sha256=str(stored["sha256"]),
    )
