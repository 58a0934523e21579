"""`chat-archive export --format tables`: an archive as tables by month."""

from pathlib import Path

import click

from shared.bootstrap.archive import ArchiveAddress, open_archive
from shared.bootstrap.index import build_index
from shared.bootstrap.tables import build_tables, need_parquet
from shared.cli.progress import threads_bar
from shared.cli.text import printable, say
from shared.domain.words import plural
from shared.formats.tables.columns import MESSAGES, PEOPLE, VERSIONS
from shared.usecases.reading.tables.changes import BuiltTables


async def write_tables(address: ArchiveAddress, folder: Path) -> int:
    """Write tables into a folder, or bring those there up to date, index first."""
    need_parquet()
    async with open_archive(address) as archive:
        archive.check_outside(folder)
        with threads_bar("indexing") as on_indexed:
            await build_index(archive, on_indexed)
        with threads_bar("reading") as on_thread:
            built = await build_tables(archive, folder, on_thread)
    for failure in built.failures:
        say(f"NOT IN THE TABLES {failure}", err=True)
    click.echo(printable(in_words(folder, built)))
    return 1 if built.failures else 0


def in_words(folder: Path, built: BuiltTables) -> str:
    counts = ", ".join(
        (
            plural(built.threads, "thread"),
            plural(built.rows[MESSAGES], "message"),
            plural(built.rows[VERSIONS], "version"),
            "1 person" if built.rows[PEOPLE] == 1 else f"{built.rows[PEOPLE]:,} people",
        )
    )
    removed = f", {plural(built.removed, 'file')} removed" if built.removed else ""
    return (
        f"Wrote {folder}: {counts} ({plural(built.written, 'file')} written, "
        f"{built.same} the same{removed}), as of ledger line {built.lines}."
    )
