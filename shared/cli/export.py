"""`chat-archive export`: archives in any format, or packed with proof."""

from pathlib import Path

import click

from shared.bootstrap.archive import ArchiveAddress
from shared.cli.export_files import (
    Output,
    convert,
    render_again,
    write_single,
)
from shared.cli.export_given import Given, by_ending
from shared.cli.export_people import read_roles
from shared.cli.export_tables import write_tables
from shared.cli.identity_map import (
    IDENTITIES_FILE,
    IDENTITIES_HELP,
    read_identities,
)
from shared.cli.options import (
    archive_argument,
    by_option,
    check_if_given,
    runs,
)
from shared.cli.package import Wanted, pack
from shared.cli.selection import selection_options
from shared.cli.threads import STALE_OK, find_threads, open_searched
from shared.domain.evidence.canonical import LONGEST_STRING
from shared.formats.held_files import in_export
from shared.formats.part import Options
from shared.formats.registry import FORMATS
from shared.formats.tables.columns import NAME as TABLES
from shared.usecases.reading.find import Selection

OUTPUT = click.Path(path_type=Path)
NEW_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@archive_argument
@click.option(
    "--format",
    "names",
    multiple=True,
    type=click.Choice([*FORMATS, TABLES]),
    help="Format to write; may be repeated.",
)
@click.option("--output", type=OUTPUT, help="Folder to write formats into.")
@click.option(
    "--single",
    type=NEW_FILE,
    help="One file to write the messages of all threads into: csv, jsonl, parquet, "
    "xlsx.",
)
@click.option(
    "--force",
    is_flag=True,
    help="Replace files that are there already. What an earlier export wrote of other "
    "threads, or in other formats, stays as it is.",
)
@click.option(
    "--skip-existing",
    is_flag=True,
    help="Leave files that are there already, and write the others.",
)
@click.option(
    "--package",
    type=OUTPUT,
    help="Folder, or file ending in .zip, for a package with proof.",
)
@selection_options
@click.option("--all", "everything", is_flag=True, help="Pack every thread.")
@click.option(
    "--bom",
    is_flag=True,
    help="Start CSV with a byte order mark, so that Excel reads it as UTF-8.",
)
@click.option(
    "--role", "roles", multiple=True, help="RAWID=user|assistant|system, for finetune."
)
@click.option(
    "--identities",
    type=IDENTITIES_FILE,
    help=f"{IDENTITIES_HELP}, for graph-import.",
)
@by_option
@click.option(
    "--reason",
    default="",
    callback=check_if_given,
    help=f"Why; a package has to say it. {LONGEST_STRING} characters.",
)
@click.option(
    "--no-record",
    is_flag=True,
    help="Leave no line about the package in the archive's ledger.",
)
@click.option(
    "--revision",
    type=click.IntRange(min=1),
    help="Render this revision of one thread again.",
)
@STALE_OK
@runs
async def export(
    address: ArchiveAddress,
    names: tuple[str, ...],
    output: Path | None,
    single: Path | None,
    force: bool,
    skip_existing: bool,
    package: Path | None,
    selection: Selection,
    everything: bool,
    bom: bool,
    roles: tuple[str, ...],
    identities: Path | None,
    by: str,
    reason: str,
    no_record: bool,
    revision: int | None,
    stale_ok: bool,
) -> int:
    """Write threads in other formats, or pack them for somebody.

    Formats are written from the newest revision of each thread; the service is not
    asked again. --output gets a folder for each thread; --single is one file with a
    row for each message of all threads. Each file appears whole or not at all.

    `--format tables --output` writes the whole archive as Parquet by month, for Fabric,
    Databricks, Synapse or DuckDB. Into the same folder again, it writes only months of
    which something has changed; what was erased is gone from them then. Its index is
    brought up to date first, as `index` does.

    A package holds the files as they are, the ledger with the lines of other threads
    withheld, a checkpoint, the request, a README, a site to read it in any browser, and
    the stand-alone verifier: nobody needs this program, or an account, to verify it.

    A package holds whole threads, with every revision. --thread, --participant,
    --topic and --text choose which; --all packs every one. The archive's ledger gets
    a line about it, where it can be written: then nobody can leave a thread out later.

    The rendered files of a superseded revision are deleted after a while; --revision
    renders those of any one again from its input, without what was erased since, and
    says of each whether it matches the sealed one.

    Exit status: 0 done, 1 some threads could not be read or none matches, or a file
    is not the one that was sealed, 2 unreadable.

    \b
    Examples:
      chat-archive export demo-archive/archive --format md --format eml --output out
      chat-archive export --format csv --bom --after 2026-01-01 --output out ARCHIVE
      chat-archive export demo-archive/archive --format tables --output tables
      chat-archive export --format xlsx --single messages.xlsx ARCHIVE
      chat-archive export --package case-7.zip --topic Loan --reason "case 7" ARCHIVE
      chat-archive export --package for-the-auditor --all --reason "audit" ARCHIVE
    """
    names = names or by_ending(single)
    given = Given(
        names=names,
        output=output,
        single=single,
        package=package,
        revision=revision,
        selection=selection,
        everything=everything,
        reason=reason,
        no_record=no_record,
        force=force,
        skip_existing=skip_existing,
    )
    given.check()
    if output and names == (TABLES,):
        return await write_tables(address, output)
    async with open_searched(address, stale_ok=stale_ok) as archive:
        selection = await find_threads(archive, selection)
        if package:
            wanted = Wanted(package=package, by=by, reason=reason, record=not no_record)
            return await pack(archive, wanted, selection)
        into = Output(folder=output or Path(), if_there=given.if_there)
        if revision:
            return await render_again(archive, into, selection.threads[0], revision)
        if "graph-import" in names and identities is None:
            click.echo(
                "graph-import: without --identities nobody is mapped, and nothing "
                "would be sent. graph-unmapped.csv is the table to fill in.",
                err=True,
            )
        mapped = read_identities(identities)
        options = Options(
            bom=bom,
            roles=read_roles(roles),
            identities=mapped.mapped,
            archive_only=mapped.archive_only,
            people=archive.people,
            place=in_export,
            is_copy=True,
        )
        if single:
            return await write_single(
                archive, single, names[0], selection, options, replaces=force
            )
        return await convert(archive, into, names, selection, options)
