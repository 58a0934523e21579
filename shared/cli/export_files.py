"""What `chat-archive export` writes, and what it says of that."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import click

from shared.bootstrap.exporting import (
    export_into,
    export_single,
    new_file,
    render_again_into,
)
from shared.bootstrap.opened_archive import OpenedArchive
from shared.cli.options import Unreadable
from shared.cli.progress import bytes_bar
from shared.cli.text import printable, say
from shared.cli.threads import bytes_to_read
from shared.domain.words import plural
from shared.formats.part import Options
from shared.formats.registry import FORMATS
from shared.ports.archive_store import AlreadyExists
from shared.usecases.reading.export import Exported
from shared.usecases.reading.find import Selection
from shared.usecases.reading.put import IfThere
from shared.usecases.reading.render_again import Likeness


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """The folder that is written into, and what becomes of what stands there."""

    folder: Path
    if_there: IfThere

    def taken(self, error: AlreadyExists) -> Unreadable:
        return Unreadable(
            f"In {self.folder}, {error}, and is left as it is. Give another --output; "
            "or --force to replace such files, or --skip-existing to leave them."
        )


async def render_again(
    archive: OpenedArchive, output: Output, thread: str, revision: int
) -> int:
    render = render_again_into(archive, output.folder, output.if_there)
    try:
        done = await render(thread, revision)
    except AlreadyExists as error:
        raise output.taken(error) from None
    for file in done:
        click.echo(printable(f"{file.name}: {file.likeness}"))
    left = [file for file in done if file.likeness is Likeness.LEFT]
    written = plural(len(done) - len(left), "file")
    click.echo(
        f"Wrote {output.folder}: revision {revision}, {written}{said_left(len(left))}."
    )
    is_other = any(file.likeness is Likeness.DIFFERENT for file in done)
    return 1 if is_other else 0


async def convert(
    archive: OpenedArchive,
    output: Output,
    names: Iterable[str],
    selection: Selection,
    options: Options,
) -> int:
    total = await bytes_to_read(archive)
    with bytes_bar("exporting", total) as on_bytes:
        export = export_into(archive, output.folder, on_bytes, output.if_there)
        try:
            exported = await export(
                selection, [FORMATS[name] for name in names], options
            )
        except AlreadyExists as error:
            raise output.taken(error) from None
    say_failures(exported)
    if is_nothing(exported, selection):
        return 1
    for note in exported.notes:
        click.echo(note, err=True)
    click.echo(
        f"Wrote {output.folder}: {plural(exported.threads, 'thread')}, "
        f"{plural(exported.files, 'file')}{said_left(exported.left)}."
    )
    return 1 if exported.failures else 0


async def write_single(
    archive: OpenedArchive,
    file: Path,
    name: str,
    selection: Selection,
    options: Options,
    *,
    replaces: bool,
) -> int:
    """Write one file with the messages of all threads that are chosen."""
    begin = FORMATS[name].single
    if begin is None:
        raise click.UsageError(not_single(name))
    archive.check_outside(file)
    async with new_file(file, replaces=replaces) as new:
        total = await bytes_to_read(archive)
        with bytes_bar("exporting", total) as on_bytes:
            table = begin(new.out, new.scratch, options)
            exported = await export_single(archive, on_bytes)(selection, table)
            new.is_wanted = exported.threads > 0
    say_failures(exported)
    if is_nothing(exported, selection):
        return 1
    if exported.threads:
        click.echo(
            f"Wrote {file}: {plural(exported.threads, 'thread')}, "
            f"{plural(exported.messages, 'message')}."
        )
    else:
        click.echo("Nothing was exported: no thread can be read.", err=True)
    return 1 if exported.failures else 0


def not_single(name: str) -> str:
    """Return why a format cannot be one file, and which can."""
    *some, last = [name for name, writer in FORMATS.items() if writer.single]
    can = f"{', '.join(some)} and {last}"
    if FORMATS[name].joined:
        return f"{name} is one file of all threads with --output already; {can} can."
    return f"{name} cannot be one file over many threads; {can} can."


def say_failures(exported: Exported) -> None:
    for failure in exported.failures:
        say(f"NOT EXPORTED {failure}", err=True)


def is_nothing(exported: Exported, selection: Selection) -> bool:
    """Return whether there was nothing to export, and say so then."""
    if exported.threads or exported.failures:
        return False
    is_all = selection == Selection()
    why = "no thread is archived here" if is_all else "no thread matches"
    click.echo(f"Nothing was exported: {why}.", err=True)
    return True


def said_left(count: int) -> str:
    """Return how many files were there already; "" for none."""
    verb = "was" if count == 1 else "were"
    return f"; {count} {verb} there already and left" if count else ""
