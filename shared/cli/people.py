"""`chat-archive people`: who is behind raw ids, kept with the archive."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from shared.bootstrap.archive import ArchiveAddress, open_archive
from shared.bootstrap.archive_input import archive_input
from shared.cli.options import (
    JSON,
    JSON_LINES,
    Unreadable,
    archive_argument,
    runs,
)
from shared.cli.tables import decoded, records_of
from shared.cli.text import as_json as to_json
from shared.cli.text import printable
from shared.domain.evidence.canonical import LONGEST_STRING
from shared.domain.people import FIELDS, KnownPerson
from shared.domain.words import plural
from shared.usecases.inventory.people import import_people, read_people

IDS = ("raw_id", "acs_user_id", "acs_id")
NAMES = {"email": "mail", "display_name": "name", "displayname": "name"}
"""What some directories call their columns, and what they are called here."""


@click.group()
def people() -> None:
    """Keep who is who: names behind raw ids, in the archive.

    Raw ids mean nothing once the resource is gone. Names are kept as evidence, beside
    the messages: nothing that was archived changes by them.
    """


@people.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@archive_argument
@JSON
@runs
async def import_(file: Path, address: ArchiveAddress, as_json: bool) -> int:
    """Keep who is behind raw ids, from a table.

    FILE has the column `raw_id` (or `acs_user_id`), and some of `user_id`, `name`,
    `mail`, `from`, `until`: CSV as UTF-8 or UTF-16, with commas, semicolons or tabs.
    `from` and `until` are days (UTC), both included, for an account that was passed on:
    it has a row for each person. What a file says of a raw id takes the place of what
    was said of it before; of others nothing changes.

    `export` (html, md, txt, csv, xlsx), `site`, `view`, `cat`, `search`, `list` and
    `report` show these names in brackets beside the ones of the time. `erase
    --participant` erases them with everything else about a person.

    Exit status: 0 done, 2 unreadable.

    \b
    Examples:
      chat-archive people import staff.csv archive
      chat-archive people import staff.csv --json
    """
    found = read_table(file)
    async with open_archive(address) as archive:
        done = await import_people(archive_input(archive), found)
    if as_json:
        value = {"new": done.new, "changed": done.changed, "same": done.same}
        click.echo(to_json(value))
        return 0
    click.echo(
        f"Kept {plural(done.new, 'new id')} and {plural(done.changed, 'changed id')}; "
        f"{done.same} as before."
    )
    return 0


@people.command("list")
@archive_argument
@JSON_LINES
@runs
async def list_people(address: ArchiveAddress, as_json: bool) -> int:
    """List who is behind raw ids, as the archive keeps it.

    Exit status: 0 done, 1 nobody is known, 2 unreadable.

    \b
    Examples:
      chat-archive people list archive
      chat-archive people list archive --json
    """
    async with open_archive(address) as archive:
        known = await read_people(archive.archive)
    for person in sorted(known.entries(), key=lambda each: (each.raw_id, each.since)):
        click.echo(to_json(row_of(person)) if as_json else line_of(person))
    if not known:
        click.echo("Nobody is known here: see `people import`.", err=True)
    return 0 if known else 1


def row_of(person: KnownPerson) -> dict[str, str]:
    return {"raw_id": person.raw_id} | {name: person.json[name] for name in FIELDS}


def line_of(person: KnownPerson) -> str:
    said = (person.name, person.user_id, person.mail, person.period)
    return printable(f"{person.raw_id}  {', '.join(filter(None, said))}")


def read_table(file: Path) -> list[KnownPerson]:
    """Read who is who.

    Raises:
        Unreadable: a row, or all of it, cannot be read. The text says which.

    """
    found: dict[str, dict[KnownPerson, int]] = {}
    for number, row in rows_of(file):
        person = read_row(row, f"{file}, row {number}")
        rows = found.setdefault(person.raw_id, {})
        for known, other in rows.items():
            if known != person and known.meets(person):
                raise Unreadable(
                    f"{file}: rows {other} and {number} are of {person.raw_id} on the "
                    "same days. Give `from` and `until`, so that they part."
                )
        rows.setdefault(person, number)
    if not found:
        raise Unreadable(f"{file} holds no row.")
    return [person for rows in found.values() for person in rows]


def rows_of(file: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yield the rows, each with its number among those that say something."""
    rows = records_of(decoded(file.read_bytes(), str(file)), str(file))
    for number, row in enumerate(rows, start=2):  # the first one names the columns
        named: dict[str, str] = {}
        for name, cell in row.items():
            column = name.replace(" ", "_")
            column = NAMES.get(column, column)
            # Where two columns say the same, one of them is often empty.
            named[column] = named.get(column) or cell.strip()
        if not any(name in named for name in IDS):
            raise Unreadable(f"{file} lacks the column {IDS[0]} (or {IDS[1]}).")
        if not any(name in named for name in FIELDS[:3]):
            raise Unreadable(f"{file} has none of the columns {', '.join(FIELDS[:3])}.")
        yield number, named


def read_row(row: Mapping[str, str], where: str) -> KnownPerson:
    """Return who a row is about; raise `Unreadable` as above."""
    who = next((row[name] for name in IDS if row.get(name)), "")
    if ":" not in who or len(who) > LONGEST_STRING:
        raise Unreadable(f"{where}: {IDS[0]} is no raw id, which begins as in 8:acs:…")
    try:
        person = KnownPerson.of(who, row)
    except ValueError as error:
        raise Unreadable(f"{where}: {error}.") from None
    if not person.called:
        raise Unreadable(
            f"{where}: it says nothing of {who}. To forget somebody, erase them."
        )
    return person
