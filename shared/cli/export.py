"""`chat-archive export` and `formats`: archives in any format, or packed with proof."""

import json
from collections.abc import Iterable
from pathlib import Path

import click

from shared.bootstrap.archive import ArchiveAddress, open_archive
from shared.bootstrap.opened_archive import OpenedArchive
from shared.cli.options import (
    JSON_LINES,
    Unreadable,
    archive_argument,
    by_option,
    check_recorded,
    runs,
    selection_options,
)
from shared.cli.package import Wanted, check_package, pack
from shared.cli.progress import bytes_bar
from shared.cli.tables import decoded, records_of
from shared.cli.text import printable, say
from shared.domain import layout
from shared.domain.evidence.canonical import LONGEST_STRING
from shared.domain.words import plural
from shared.formats import ARCHIVED
from shared.formats.finetune_format import ROLES
from shared.formats.held_files import in_export
from shared.formats.part import EntraIdentity, Options
from shared.formats.registry import FORMATS
from shared.ports.archive_store import AlreadyExists
from shared.usecases.reading.find import Selection
from shared.usecases.reading.render_again import Likeness

OUTPUT = click.Path(path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@JSON_LINES
def formats(as_json: bool) -> None:
    """List the formats that archives and exports can have."""
    for name, writer in FORMATS.items():
        if as_json:
            is_archived = name in ARCHIVED
            answer = {"name": name, "about": writer.about, "archived": is_archived}
            click.echo(json.dumps(answer))
            continue
        where = "" if name in ARCHIVED else " (export only)"
        click.echo(f"{name:<14}{writer.about}{where}")


@click.command()
@archive_argument
@click.option(
    "--format",
    "names",
    multiple=True,
    type=click.Choice([*FORMATS]),
    help="Format to write; may be repeated.",
)
@click.option("--output", type=OUTPUT, help="Folder to write formats into.")
@click.option(
    "--package",
    type=OUTPUT,
    help="Folder, or file ending in .zip, for a package with proof.",
)
@selection_options
@click.option("--all", "everything", is_flag=True, help="Pack every thread.")
@click.option("--bom", is_flag=True, help="Begin CSV as Excel needs it to see UTF-8.")
@click.option(
    "--role", "roles", multiple=True, help="RAWID=user|assistant|system, for finetune."
)
@click.option(
    "--identities",
    type=FILE,
    help="CSV of acs_id, acs_name, entra_id, entra_name, for graph-import.",
)
@by_option
@click.option(
    "--reason",
    default="",
    callback=lambda *given: given[-1] and check_recorded(*given),
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
@runs
async def export(
    address: ArchiveAddress,
    names: tuple[str, ...],
    output: Path | None,
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
) -> int:
    """Write threads in other formats, or pack them for somebody.

    Formats are written from the newest revision of each thread; the service is not
    asked again. A package holds the files as they are, the ledger with the lines of
    other threads withheld, a checkpoint, the request, a README and the stand-alone
    verifier: nobody needs this program, or an account, to verify it.

    A package holds whole threads, with every revision. --thread, --participant,
    --topic and --text choose which; --all packs every one. The archive's ledger gets
    a line about it, where it can be written: then nobody can leave a thread out later.

    The rendered files of a superseded revision go in time; --revision renders those
    of any one again from its input, without what was erased since, and says of each
    whether it is the one that was sealed.

    Exit status: 0 done, 1 some threads could not be read or none matches, or a file
    is not the one that was sealed, 2 unreadable.

    \b
    Examples:
      chat-archive export demo-archive/archive --format md --format eml --output out
      chat-archive export --format csv --bom --after 2026-01-01 --output out ARCHIVE
      chat-archive export --package case-7.zip --topic Loan --reason "case 7" ARCHIVE
      chat-archive export --package for-the-auditor --all --reason "audit" ARCHIVE
    """
    if revision:
        check_revision(selection, output, is_other=bool(names or package))
    elif bool(package) == bool(names):
        raise click.UsageError("Give either --format with --output, or --package.")
    if names and output is None:
        raise click.UsageError("Give --output: the folder to write into.")
    if everything and not package:
        raise click.UsageError("--all goes with --package; formats are of all threads.")
    if no_record and not package:
        raise click.UsageError("--no-record goes with --package.")
    if package:
        check_package(selection, everything=everything, reason=reason)
    async with open_archive(address) as archive:
        if package:
            wanted = Wanted(package=package, by=by, reason=reason, record=not no_record)
            return await pack(archive, wanted, selection)
        if revision:
            thread = selection.threads[0]
            return await render_again(archive, output or Path(), thread, revision)
        if "graph-import" in names and identities is None:
            click.echo(
                "graph-import: without --identities nobody is mapped, and nothing "
                "would be sent. graph-unmapped.csv is the table to fill in.",
                err=True,
            )
        options = Options(
            bom=bom,
            roles=read_roles(roles),
            identities=read_identities(identities),
            place=in_export,
        )
        return await convert(archive, output or Path(), names, selection, options)


def check_revision(
    selection: Selection, output: Path | None, *, is_other: bool
) -> None:
    """See that a revision of one thread is meant, and nothing else.

    Raises:
        click.UsageError: something is missing, or too much.

    """
    if is_other or selection != Selection(threads=selection.threads):
        raise click.UsageError("--revision goes with --thread and --output alone.")
    if len(selection.threads) != 1 or output is None:
        raise click.UsageError("--revision needs one --thread, and --output.")


async def render_again(
    archive: OpenedArchive, output: Path, thread: str, revision: int
) -> int:
    try:
        done = await archive.render_again(output)(thread, revision)
    except AlreadyExists as error:
        raise Unreadable(there_already(output, error)) from None
    for file in done:
        click.echo(printable(f"{file.name}: {file.likeness}"))
    click.echo(f"Wrote {output}: revision {revision}, {plural(len(done), 'file')}.")
    is_other = any(file.likeness is Likeness.DIFFERENT for file in done)
    return 1 if is_other else 0


async def convert(
    archive: OpenedArchive,
    output: Path,
    names: Iterable[str],
    selection: Selection,
    options: Options,
) -> int:
    total = await archive.size(ends=(layout.EVENTS_FILE, layout.LISTING_FILE))
    with bytes_bar("exporting", total) as on_bytes:
        try:
            exported = await archive.export(output, on_bytes)(
                selection, [FORMATS[name] for name in names], options
            )
        except AlreadyExists as error:
            raise Unreadable(there_already(output, error)) from None
    for failure in exported.failures:
        say(f"NOT EXPORTED {failure}", err=True)
    if not exported.threads and not exported.failures:
        is_all = selection == Selection()
        why = "no thread is archived here" if is_all else "no thread matches"
        click.echo(f"Nothing was exported: {why}.", err=True)
        return 1
    for note in exported.notes:
        click.echo(note, err=True)
    click.echo(
        f"Wrote {output}: {plural(exported.threads, 'thread')}, "
        f"{plural(exported.files, 'file')}."
    )
    return 1 if exported.failures else 0


def there_already(output: Path, error: AlreadyExists) -> str:
    return (
        f"In {output}, {error}, and is left as it is. Give another --output, or "
        "remove what an earlier export wrote there."
    )


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
