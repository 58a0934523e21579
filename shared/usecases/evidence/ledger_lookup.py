"""The checklist in a temporary SQLite database, which spills to disk by itself."""

import sqlite3
from collections.abc import Iterator

from shared.ports.checklist import Entry, Tick

TABLE = """
CREATE TABLE entries (
    manifest TEXT PRIMARY KEY, line TEXT, ticked INTEGER DEFAULT 0,
    erasures INTEGER, erasure TEXT, told INTEGER DEFAULT 0, agrees INTEGER DEFAULT 0
) WITHOUT ROWID
"""


class DiskChecklist:
    """See the port."""

    def __init__(self) -> None:
        # An empty name is a private database in a temporary file.
        self.database = sqlite3.connect("")
        self.database.execute(TABLE)

    def add(self, entry: Entry) -> None:
        self.database.execute(
            "INSERT OR REPLACE INTO entries (manifest, line, erasures, erasure)"
            " VALUES (?, ?, ?, ?)",
            (
                entry.manifest,
                entry.line_sha256,
                entry.erasures,
                entry.erasures_sha256,
            ),
        )

    def tick(self, manifest: str, line_sha256: str) -> Tick:
        """Tick a revision off; see the port."""
        row = self.database.execute(
            "SELECT line FROM entries WHERE manifest = ?", (manifest,)
        ).fetchone()
        if row is None:
            return Tick.UNKNOWN
        if row[0] != line_sha256:
            return Tick.DIFFERENT
        self.database.execute(
            "UPDATE entries SET ticked = 1 WHERE manifest = ?", (manifest,)
        )
        return Tick.FOUND

    def tick_erasure(self, manifest: str, erasures: int, sha256: str) -> None:
        """Note an erasure; see the port."""
        self.database.execute(
            "UPDATE entries SET told = ?2,"
            " agrees = (erasure = ?3) OR (told = ?2 AND agrees)"
            " WHERE manifest = ?1 AND told <= ?2",
            (manifest, erasures, sha256),
        )

    def unticked(self) -> Iterator[str]:
        """Give what no line names; see the port."""
        for row in self.database.execute(
            "SELECT manifest FROM entries WHERE NOT ticked ORDER BY manifest"
        ):
            yield row[0]

    def wrongly_erased(self) -> Iterator[str]:
        """Give where erasures disagree; see the port."""
        for row in self.database.execute(
            "SELECT manifest FROM entries"
            " WHERE told != erasures OR (told > 0 AND NOT agrees) ORDER BY manifest"
        ):
            yield row[0]

    def close(self) -> None:
        self.database.close()
