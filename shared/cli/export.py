"""`chat-archive export` and `formats`: archives in any format, or packed with proof."""

from collections.abc import Iterable
from pathlib import Path

import click

from shared.bootstrap.archive import ArchiveAddress, open_archive
from shared.bootstrap.opened_archive import OpenedArchive
from shared.bootstrap.packing import check_free, packing_folder
from shared.cli.options import (
    Unreadable,
    archive_argument,
    by_option,
    runs,
    selection_options,
)
from shared.cli.progress import bytes_bar
from shared.cli.tables import decoded, records_of
from shared.cli.text import printable
from shared.domain import layout
from shared.domain.words import plural
from shared.formats import ARCHIVED
from shared.formats.finetune_format import ROLES
from shared.formats.part import EntraIdentity, Options
from shared.formats.registry import FORMATS
from shared.usecases.archive.find import Selection
from shared.usecases.reading.choose import Chosen, NothingChosen
from shared.usecases.reading.package import Packed

OUTPUT = click.Path(path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
def formats() -> None:
    """List the formats that archives and exports can have."""
    for name, writer in FORMATS.items():
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
@click.option("--reason", default="", help="Why; a package has to say it.")
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
) -> int:
    """Write threads in other formats, or pack them for a third party.

    Formats are written from the newest revision of each thread; the service is not
    asked again. A package holds the files as they are, the ledger with the lines of
    other threads withheld, a checkpoint, the request, digests, a README and the
    stand-alone verifier: nobody needs this program, or an account, to verify it.

    A package holds whole threads, with every revision. --thread, --participant,
    --topic and --text choose which; --all packs every one.

    Exit status: 0 done, 1 some threads could not be read or none matches, 2
    unreadable.

    \b
    Examples:
      chat-archive export demo-archive/archive --format md --format eml --output out
      chat-archive export --format csv --bom --after 2026-01-01 --output out ARCHIVE
      chat-archive export --package case-7.zip --topic Loan --reason "case 7" ARCHIVE
      chat-archive export --package for-the-auditor --all --reason "audit" ARCHIVE
    """
    if bool(package) == bool(names):
        raise click.UsageError("Give either --format with --output, or --package.")
    if names and output is None:
        raise click.UsageError("Give --output: the folder to write into.")
    if everything and not package:
        raise click.UsageError("--all goes with --package; formats are of all threads.")
    if package:
        check_package(selection, everything=everything, reason=reason)
    async with open_archive(address) as archive:
        if package:
            return await pack(archive, package, selection, by=by, reason=reason)
        options = Options(
            bom=bom,
            roles=read_roles(roles),
            identities=read_identities(identities),
            linked=False,
        )
        return await convert(archive, output or Path(), names, selection, options)


async def convert(
    archive: OpenedArchive,
    output: Path,
    names: Iterable[str],
    selection: Selection,
    options: Options,
) -> int:
    total = await archive.size(ends=(layout.EVENTS_FILE, layout.LISTING_FILE))
    with bytes_bar("exporting", total) as on_bytes:
        exported = await archive.export(output, on_bytes)(
            selection, [FORMATS[name] for name in names], options
        )
    for failure in exported.failures:
        click.echo(printable(f"NOT EXPORTED {failure}"), err=True)
    if not exported.threads and not exported.failures:
        is_all = selection == Selection()
        why = "no thread is archived here" if is_all else "no thread matches"
        click.echo(f"Nothing was exported: {why}.", err=True)
        return 1
    click.echo(
        f"Wrote {output}: {plural(exported.threads, 'thread')}, "
        f"{plural(exported.files, 'file')}."
    )
    return 1 if exported.failures else 0


def check_package(selection: Selection, *, everything: bool, reason: str) -> None:
    if not reason:
        raise click.UsageError("Give --reason: a package says why it was made.")
    if selection.after or selection.before:
        raise click.UsageError(
            "--after and --before would cut messages out of a thread, whose proof "
            "holds for the whole of it. Choose threads, or write them with --format."
        )
    if everything == (selection != Selection()):
        raise click.UsageError(
            "Give either --all, or which threads: --thread, --participant, --topic, "
            "--text."
        )


async def pack(
    archive: OpenedArchive,
    package: Path,
    selection: Selection,
    *,
    by: str,
    reason: str,
) -> int:
    check_free(package)
    try:
        chosen = await choose(archive, selection)
        packed = await write_package(archive, package, chosen, by=by, reason=reason)
    except NothingChosen as error:
        click.echo(printable(f"Nothing was packed: {error}."), err=True)
        return 1
    for failure in chosen.failures:
        click.echo(printable(f"NOT PACKED {failure}"), err=True)
    for failure in packed.failures:
        click.echo(printable(f"WRONG {failure}"), err=True)
    click.echo(
        f"Wrote {package}: {plural(packed.threads, 'thread')}, "
        f"{plural(packed.revisions, 'revision')}, {plural(packed.files, 'file')}. "
        "Its verify.py checks it."
    )
    return 1 if chosen.failures or packed.failures else 0


async def choose(archive: OpenedArchive, selection: Selection) -> Chosen:
    total = await archive.size(ends=(layout.EVENTS_FILE, layout.LISTING_FILE))
    with bytes_bar("choosing", total) as on_bytes:
        return await archive.choose(on_bytes)(selection)


async def write_package(
    archive: OpenedArchive, package: Path, chosen: Chosen, *, by: str, reason: str
) -> Packed:
    prefixes = [layout.thread_folder(thread) for thread in chosen.threads]
    total = await archive.size(prefixes)
    with bytes_bar("packing", total) as on_bytes:
        async with packing_folder(package) as new:
            return await archive.pack(new, on_bytes)(
                chosen, by=by, reason=reason, origin=archive.origin
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
