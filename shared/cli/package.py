"""`chat-archive export --package`: whole threads for a third party, with proof."""

from dataclasses import dataclass
from pathlib import Path

import click

from shared.bootstrap.opened_archive import OpenedArchive
from shared.bootstrap.packing import check_free, packing_folder
from shared.bootstrap.site import site_for_package
from shared.cli.progress import bytes_bar
from shared.cli.text import printable, say
from shared.cli.threads import bytes_to_read
from shared.domain import layout
from shared.domain.words import plural
from shared.usecases.reading.choose import Chosen, NothingChosen
from shared.usecases.reading.find import Selection
from shared.usecases.reading.package import Packed


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Where a package goes, who wants it and why, and whether the ledger says so."""

    package: Path
    by: str
    reason: str
    record: bool


def check_package(selection: Selection, *, everything: bool, reason: str) -> None:
    if not reason:
        raise click.UsageError(
            "Give --reason, which may not be blank: a package says why it was made."
        )
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


async def pack(archive: OpenedArchive, wanted: Wanted, selection: Selection) -> int:
    """Make a package; return the exit status."""
    archive.check_outside(wanted.package)
    check_free(wanted.package)
    try:
        chosen = await choose(archive, selection)
        packed = await write_package(archive, wanted, chosen)
    except NothingChosen as error:
        say(f"Nothing was packed: {error}.", err=True)
        return 1
    for failure in chosen.failures:
        say(f"NOT PACKED {failure}", err=True)
    for failure in packed.failures:
        say(f"WRONG {failure}", err=True)
    click.echo(
        f"Wrote {wanted.package}: {plural(packed.threads, 'thread')}, "
        f"{plural(packed.revisions, 'revision')}, {plural(packed.files, 'file')}. "
        "Its verify.py checks it."
    )
    if packed.not_recorded:
        reason = printable(packed.not_recorded)
        click.echo(f"The archive's ledger could not be written: {reason}.", err=True)
    if not packed.recorded:
        click.echo(
            "Not recorded: the package proves nothing of threads that it lacks.",
            err=True,
        )
    return 1 if chosen.failures or packed.failures else 0


async def choose(archive: OpenedArchive, selection: Selection) -> Chosen:
    total = await bytes_to_read(archive)
    with bytes_bar("choosing", total) as on_bytes:
        return await archive.choose(on_bytes)(selection)


async def write_package(
    archive: OpenedArchive, wanted: Wanted, chosen: Chosen
) -> Packed:
    prefixes = [layout.thread_folder(thread) for thread in chosen.threads]
    total = await archive.size(prefixes)
    with bytes_bar("packing", total) as on_bytes:
        async with packing_folder(wanted.package) as new:
            site = site_for_package(archive, new)
            return await archive.pack(new, on_bytes, site, recorded=wanted.record)(
                chosen, by=wanted.by, reason=wanted.reason, origin=archive.origin
            )
