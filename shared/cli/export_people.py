"""Who is who in an export: the roles and identities that the archive does not know."""

from collections.abc import Iterable
from pathlib import Path

import click

from shared.cli.options import Unreadable
from shared.cli.tables import decoded, records_of
from shared.formats.finetune_format import ROLES
from shared.formats.part import EntraIdentity

IDENTITIES_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def read_roles(given: Iterable[str]) -> dict[str, str]:
    """Read RAWID=ROLE."""
    roles = {}
    for pair in given:
        who, _, role = pair.rpartition("=")
        if not who or role not in ROLES:
            raise click.UsageError(f"--role {pair!r}: write RAWID={'|'.join(ROLES)}")
        roles[who] = role
    return roles


def read_identities(file: Path | None) -> dict[str, EntraIdentity]:
    """Read who is who in Microsoft Entra; a row without `entra_id` maps nobody."""
    if file is None:
        return {}
    identities: dict[str, EntraIdentity] = {}
    for row in records_of(decoded(file.read_bytes(), str(file)), str(file)):
        if not {"acs_id", "entra_id"} <= set(row):
            raise Unreadable(f"{file} lacks the columns acs_id and entra_id.")
        if row["entra_id"]:
            identities[row["acs_id"]] = EntraIdentity(
                id=row["entra_id"],
                display_name=row.get("entra_name") or row.get("acs_name") or "",
            )
    return identities
