"""Matches revisions with the lines of the ledger, for an archive of any length.

It is a private SQLite database without a name, which spills to a temporary file by
itself: memory does not grow with the number of revisions.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

TABLE = """
CREATE TABLE revisions (
    manifest TEXT PRIMARY KEY, line TEXT, matched INTEGER DEFAULT 0,
    erasures INTEGER, erasure TEXT, recorded INTEGER DEFAULT 0, agrees INTEGER DEFAULT 0
) WITHOUT ROWID
"""


class Match(StrEnum):
    """What became of looking up a line of the ledger."""

    FOUND = "found"
    DIFFERENT = "different"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedLines:
    """A revision of the archive, and what the ledger has to say of it.

    `manifest` is the manifest's path. `erasures` and `erasures_sha256` are how many
    orders were carried out after the revision was written, and the digest of
    `erasures.json` since; 0 and "" for none.
    """

    manifest: str
    line_sha256: str
    erasures: int = 0
    erasures_sha256: str = ""


class LedgerLookup:
    """What each revision expects of the ledger, matched with what the ledger says."""

    def __init__(self) -> None:
        self.database = sqlite3.connect("")
        self.database.execute(TABLE)

    def __enter__(self) -> Self:
        """Return itself, to be closed after the block."""
        return self

    def __exit__(self, *details: object) -> None:
        """Close the database, which removes it."""
        self.database.close()

    def expect(self, revision: ExpectedLines) -> None:
        """Register a revision."""
        self.database.execute(
            "INSERT OR REPLACE INTO revisions (manifest, line, erasures, erasure)"
            " VALUES (?, ?, ?, ?)",
            (
                revision.manifest,
                revision.line_sha256,
                revision.erasures,
                revision.erasures_sha256,
            ),
        )

    def match(self, manifest: str, line_sha256: str) -> Match:
        """Match a line about a revision with the revision."""
        row = self.database.execute(
            "SELECT line FROM revisions WHERE manifest = ?", (manifest,)
        ).fetchone()
        if row is None:
            return Match.UNKNOWN
        if row[0] != line_sha256:
            return Match.DIFFERENT
        self.database.execute(
            "UPDATE revisions SET matched = 1 WHERE manifest = ?", (manifest,)
        )
        return Match.FOUND

    def match_erasure(self, manifest: str, erasures: int, sha256: str) -> None:
        """Register a line about an erasure; the one with the most orders counts."""
        self.database.execute(
            "UPDATE revisions SET recorded = ?2,"
            " agrees = (erasure = ?3) OR (recorded = ?2 AND agrees)"
            " WHERE manifest = ?1 AND recorded <= ?2",
            (manifest, erasures, sha256),
        )

    def unmatched(self) -> Iterator[str]:
        """Yield the manifests of which the ledger has no line."""
        for row in self.database.execute(
            "SELECT manifest FROM revisions WHERE NOT matched ORDER BY manifest"
        ):
            yield row[0]

    def with_other_erasures(self) -> Iterator[str]:
        """Yield the manifests whose erasures are not those that the ledger records."""
        for row in self.database.execute(
            "SELECT manifest FROM revisions WHERE recorded != erasures"
            " OR (recorded > 0 AND NOT agrees) ORDER BY manifest"
        ):
            yield row[0]
