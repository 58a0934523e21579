"""Roles in an export, which the archive does not know."""

from collections.abc import Iterable

import click

from shared.formats.finetune_format import ROLES


def read_roles(given: Iterable[str]) -> dict[str, str]:
    """Read RAWID=ROLE."""
    roles = {}
    for pair in given:
        who, _, role = pair.rpartition("=")
        if not who or role not in ROLES:
            raise click.UsageError(f"--role {pair!r}: write RAWID={'|'.join(ROLES)}")
        roles[who] = role
    return roles
