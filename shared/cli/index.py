"""`chat-archive index`: what makes an archive fast to search."""

import json

import click

from shared.bootstrap.archive import ArchiveAddress, open_archive
from shared.bootstrap.index import build_index, index_path
from shared.cli.options import JSON, archive_argument, runs
from shared.cli.progress import threads_bar
from shared.cli.text import printable, readable, say
from shared.domain.words import plural


@click.command()
@archive_argument
@JSON
@runs
async def index(address: ArchiveAddress, as_json: bool) -> int:
    """Make an archive fast to search; bring its index up to date.

    One SQLite file beside the archive's folder, or in your cache for a container: with
    people, topics, messages, versions and the words of all texts. search, list, show,
    cat and export use it while it is as new as the archive. A build that was stopped
    goes on; a later one reads only threads that have changed. It holds what the
    archive holds: only you may read it, and `erase` clears it. docs/reading.md
    describes its tables.

    Exit status: 0 done, 1 some threads could not be read, 2 unreadable.

    \b
    Example:
      chat-archive index demo-archive/archive
    """
    async with open_archive(address) as archive:
        with threads_bar("indexing") as on_thread:
            built = await build_index(archive, on_thread)
        path = index_path(archive)
    for failure in built.failures:
        say(f"NOT INDEXED {failure}", err=True)
    size = path.stat().st_size
    if as_json:
        answer = {
            "index": str(path), "bytes": size, "threads_read": built.threads,
            "is_new": built.is_new, "ledger_lines": built.lines,
            "ledger_root": built.root, "failures": built.failures,
        }  # fmt: skip
        click.echo(json.dumps(answer))
    else:
        noun = "thread" if built.is_new else "new or changed thread"
        done = f"read {plural(built.threads, noun)}"
        click.echo(printable(f"Wrote {path} ({readable(size)}): {done}."))
    return 1 if built.failures else 0
