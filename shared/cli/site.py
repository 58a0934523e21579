"""`chat-archive site`: an archive as a folder of pages that opens by double click."""

import json
from pathlib import Path

import click

from shared.bootstrap.archive import ArchiveAddress, open_archive
from shared.bootstrap.index import build_index
from shared.bootstrap.site import build_site
from shared.cli.options import JSON, archive_argument, runs
from shared.cli.progress import threads_bar
from shared.cli.text import printable, say
from shared.domain.words import plural
from shared.usecases.reading.site.site_writing import BuiltSite

FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@archive_argument
@click.option(
    "--output",
    type=FOLDER,
    required=True,
    help="Folder to write the site into: a new one, or an earlier site of the archive.",
)
@JSON
@runs
async def site(address: ArchiveAddress, output: Path, as_json: bool) -> int:
    """Make an archive a folder of pages that opens by double click.

    Open index.html in it: all threads with topic, people, dates, counts and grade, a
    search over everything, the pages of each thread, and the files that it names. It
    needs no server and no network, and asks nobody for anything.

    Into the same folder again, it writes only what has changed, and removes what is no
    longer in the archive. Its index is brought up to date first, as `index` does.

    A site is a copy: it says of which day it is, and no erasure in the archive reaches
    it. After one, build it again, or delete it; whoever has a copy of it has to do so
    too.

    Exit status: 0 done, 1 some threads could not be read, 2 unreadable.

    \b
    Example:
      chat-archive site demo-archive/archive --output site
    """
    async with open_archive(address) as archive:
        archive.check_outside(output)
        with threads_bar("indexing") as on_indexed:
            await build_index(archive, on_indexed)
        with threads_bar("writing") as on_rendered:
            built = await build_site(archive, output, on_rendered)
    for failure in built.failures:
        say(f"NOT IN THE SITE {failure}", err=True)
    if as_json:
        click.echo(json.dumps(answer(output, built)))
    else:
        click.echo(printable(in_words(output, built)))
    return 1 if built.failures else 0


def in_words(output: Path, built: BuiltSite) -> str:
    done = plural(built.written, "file")
    removed = f", {plural(built.removed, 'file')} removed" if built.removed else ""
    return (
        f"Wrote {output / 'index.html'}: {plural(built.threads, 'thread')}, "
        f"{plural(built.messages, 'message')} ({done} written, {built.same} the same"
        f"{removed}). Open it in any browser."
    )


def answer(output: Path, built: BuiltSite) -> dict[str, object]:
    return {
        "site": str(output / "index.html"),
        "threads": built.threads,
        "messages": built.messages,
        "threads_rendered": built.rendered,
        "files_written": built.written,
        "files_same": built.same,
        "files_removed": built.removed,
        "failures": built.failures,
    }
