"""`chat-archive report`: what was found, what is archived, and what is missing."""

from collections.abc import Callable
from pathlib import Path

import click

from shared.bootstrap.archive import ArchiveAddress, open_archive
from shared.bootstrap.reporting import make_report
from shared.cli.identity_map import (
    IDENTITIES_FILE,
    IDENTITIES_HELP,
    read_identities,
)
from shared.cli.options import archive_argument, run_option, runs
from shared.cli.report_files import as_csv, as_days, as_inventory, as_json
from shared.cli.report_page import as_html
from shared.cli.report_table import as_table
from shared.cli.text import coloured
from shared.usecases.inventory.report import InventoryReport

INVENTORY = "inventory"
FORMS: dict[str, Callable[[InventoryReport], str]] = {
    "table": as_table,
    "json": as_json,
    "csv": as_csv,
    "days": as_days,
    "html": as_html,
}
ENDINGS = {".txt": "table", ".json": "json", ".csv": "csv", ".html": "html",
           ".htm": "html"}  # fmt: skip
"""The format that the name of a file says."""


@click.command()
@archive_argument
@run_option
@click.option(
    "--format",
    "form",
    type=click.Choice([*FORMS, INVENTORY]),
    default=None,
    show_default="by the ending of --output, else table",
    help="csv: a row a thread; days: messages by author and day; inventory: JSON in "
    "the field names of Microsoft's guide.",
)
@click.option("--json", "form", flag_value="json", help="The same as --format json.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write; standard output if absent.",
)
@click.option(
    "--identities",
    type=IDENTITIES_FILE,
    help=f"{IDENTITIES_HELP}: says of whom nothing is decided.",
)
@runs
async def report(
    address: ArchiveAddress,
    name: str,
    form: str | None,
    output: Path | None,
    identities: Path | None,
) -> int:
    """Report what is archived, and what is missing.

    It begins with four numbers (threads found, archived, missing, and messages) and
    what to do next. Then come threads that a backfill has found and threads of the
    archive, each with how it stands and why; and the numbers that a migration must
    match: messages by author and day, edited, deleted, html, with attachments, with
    metadata, system messages, the oldest and the newest.

    It is complete where everybody could be asked, and every thread that was found has
    an archive, was deleted in the service before, or was accepted (`chat-archive
    accept`). Where the run's own state is gone, it rests on what the archive kept of
    that.

    Exit status: 0 complete, 1 not so, 2 unreadable.

    \b
    Examples:
      chat-archive report archive
      chat-archive report --output report.html archive
      chat-archive report --format inventory --identities map.csv archive
      chat-archive report --format csv archive | duckdb -c "from '/dev/stdin'"
    """
    form = form or form_of(output)
    identity_map = read_identities(identities) if identities else None
    decided = identity_map.decided if identity_map else None
    async with open_archive(address) as archive:
        if output:
            archive.check_outside(output)
        found = await make_report(archive, name, decided)
    if form == INVENTORY:
        text = as_inventory(found, identity_map)
    else:
        text = FORMS[form](found)
    if output:
        output.write_text(text, encoding="utf-8", newline="")
        click.echo(f"Wrote {output}.", err=True)
    elif form == "table":
        click.echo("\n".join(map(coloured, text.split("\n"))), nl=False)
    else:
        click.echo(text, nl=False)
    return 0 if found.is_complete else 1


def form_of(output: Path | None) -> str:
    """Return the format that a file's name says; the table where there is no file.

    Raises:
        click.UsageError: the name says none.

    """
    if output is None:
        return "table"
    form = ENDINGS.get(output.suffix.lower())
    if form is None:
        raise click.UsageError(
            f"{output.name} does not say in which format: end it in "
            f"{', '.join(ENDINGS)}, or give --format."
        )
    return form
