"""The map of identities: who is who in Microsoft Entra, and who is only archived.

The columns are those of Microsoft's migration guide (`acs_user_id`, `entra_object_id`,
`target_tenant_id`, `status`, `decision_owner`), or the shorter ones of this product.

Rule 1: a decision is a decision: `archive-only` says that what somebody wrote stays in
        the archive, and is not unmapped, whatever else the row says.
Rule 2: nothing is guessed: a status that nobody knows, a row without a person, and two
        rows that disagree are refused by their numbers. No names are matched.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import click

from shared.cli.options import Unreadable
from shared.cli.tables import decoded, records_of
from shared.formats.part import EntraIdentity

IDENTITIES_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
IDENTITIES_HELP = "CSV of acs_user_id, entra_object_id, status (mapped, archive-only)"
COLUMNS = ("acs_user_id", "entra_object_id")
OWN = ("acs_id", "entra_id")
MAPPED, ARCHIVE_ONLY = "mapped", "archive-only"
OPEN = ("unresolved", "unmapped", "")
"""What a status may say of somebody of whom nothing is decided."""
STATUSES = (MAPPED, ARCHIVE_ONLY, *OPEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityMap:
    """Who is mapped, by raw id, and of whom it is decided that they are not."""

    mapped: Mapping[str, EntraIdentity] = field(default_factory=dict)
    archive_only: frozenset[str] = frozenset()

    @property
    def decided(self) -> set[str]:
        """The raw ids of everybody of whom somebody has decided."""
        return {*self.mapped, *self.archive_only}


def read_identities(file: Path | None) -> IdentityMap:
    """Read a map of identities; a row without an Entra id and a decision maps nobody.

    Raises:
        Unreadable: a row, or all of it, cannot be read. The text says which.

    """
    if file is None:
        return IdentityMap()
    mapped: dict[str, EntraIdentity] = {}
    archive_only: set[str] = set()
    rows: dict[str, tuple[int, EntraIdentity | str]] = {}
    for number, row in rows_of(file):
        who, decision = read_row(row, f"{file}, row {number}")
        before = rows.setdefault(who, (number, decision))
        if before[1] != decision:
            raise Unreadable(
                f"{file}: rows {before[0]} and {number} say different things of {who}."
            )
        if isinstance(decision, EntraIdentity):
            mapped[who] = decision
        elif decision == ARCHIVE_ONLY:
            archive_only.add(who)
    return IdentityMap(mapped=mapped, archive_only=frozenset(archive_only))


def rows_of(file: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yield the rows, each with its number among those that say something."""
    rows = records_of(decoded(file.read_bytes(), str(file)), str(file))
    for number, row in enumerate(rows, start=2):  # the first one names the columns
        if not (set(COLUMNS) <= set(row) or set(OWN) <= set(row)):
            raise Unreadable(
                f"{file} lacks the columns {' and '.join(COLUMNS)} (or "
                f"{' and '.join(OWN)})."
            )
        yield number, {name: (cell or "").strip() for name, cell in row.items() if name}


def read_row(row: Mapping[str, str], where: str) -> tuple[str, EntraIdentity | str]:
    """Return a raw id, and who that is, or what is decided; "" for nothing."""
    who = row.get("acs_user_id") or row.get("acs_id", "")
    entra = row.get("entra_object_id") or row.get("entra_id", "")
    status = row.get("status", "").lower().replace("_", "-").replace(" ", "-")
    if not who:
        raise Unreadable(f"{where}: it names nobody ({COLUMNS[0]} is empty).")
    if status not in STATUSES:
        raise Unreadable(
            f"{where}: the status is none of {MAPPED}, {ARCHIVE_ONLY}, unresolved."
        )
    if status == ARCHIVE_ONLY:
        return who, ARCHIVE_ONLY
    if status == MAPPED and not entra:
        raise Unreadable(f"{where}: mapped, and {COLUMNS[1]} is empty.")
    if not entra or status in OPEN[:2]:
        return who, ""
    name = row.get("entra_name") or row.get("acs_name", "")
    return who, EntraIdentity(id=entra, display_name=name)
