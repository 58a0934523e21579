"""`chat-archive search`: messages by their words, over all threads."""

import functools
from dataclasses import replace

import click

from shared.bootstrap.archive import ArchiveAddress
from shared.bootstrap.opened_archive import OpenedArchive
from shared.cli.options import archive_argument, check_text, is_folder, is_given, runs
from shared.cli.progress import bytes_bar
from shared.cli.search_lines import ROW, THREAD, csv_row, cut, lines, row
from shared.cli.selection import selection_options
from shared.cli.text import as_json, printable, say
from shared.cli.threads import (
    STALE_OK,
    bytes_to_read,
    find_threads,
    open_searched,
    say_meant,
)
from shared.domain.search.query import (
    Query,
    parse_query,
    with_beginnings,
)
from shared.domain.words import plural
from shared.formats.csv_format import table
from shared.ports.archive_index import Filter, IndexReader
from shared.ports.indexed import ThreadFacts
from shared.usecases.reading.find import Selection, filter_of, unread
from shared.usecases.reading.search import Found

MOST_COUNTED = 10_000
"""Messages that are counted; of more it is said that there are more."""
MOST_SHOWN = 1_000_000
MOST_CALLED = 3
"""Threads that are named besides, since they are called like what is sought."""


class OneArgument(click.Command):
    """A command whose first argument people may forget to put in quotation marks."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            if "unexpected extra argument" not in error.message:
                raise
            raise click.UsageError(
                'Put the words into quotation marks: chat-archive search "one two" '
                "ARCHIVE.",
                ctx,
            ) from None


@click.command(cls=OneArgument)
@click.argument("words", metavar="WORDS", callback=check_text)
@archive_argument
@functools.partial(selection_options, without="text")
@click.option("--edited", is_flag=True, help="Only messages that were edited.")
@click.option("--deleted", is_flag=True, help="Only messages that were deleted.")
@click.option("--with-files", is_flag=True, help="Only messages with files.")
@click.option(
    "--limit",
    type=click.IntRange(min=1, max=MOST_SHOWN),
    default=50,
    show_default=True,
    help="Messages to show, the newest first.",
)
@click.option("--json", "json_lines", is_flag=True, help="One JSON object per line.")
@click.option("--csv", "as_csv", is_flag=True, help="A table for spreadsheets.")
@STALE_OK
@runs
async def search(
    words: str,
    address: ArchiveAddress,
    selection: Selection,
    edited: bool,
    deleted: bool,
    with_files: bool,
    limit: int,
    json_lines: bool,
    as_csv: bool,
    stale_ok: bool,
) -> int:
    """Find messages by their words, in all threads and versions.

    WORDS are one argument: put them in quotation marks. All of them must be there;
    case and accents do not matter. A name also finds what that person wrote.

    \b
      refund money       both words, anywhere in a message
      "full refund"      words next to each other, in this order
      invoi*             the beginning of a word
      refund OR credit   one of them; OR, AND and NOT are in capitals
      refund NOT order   one without the other; -order does the same

    One line per message, the newest first: time (UTC), sender, topic, the text around
    what was found, the thread's id (its beginning is enough for other commands) and the
    message's. What was edited or deleted is found by what it said before. With ""
    for WORDS, the options alone choose.

    Exit status: 0 found, 1 nothing found or some threads could not be read, 2
    unreadable.

    \b
    Examples:
      chat-archive search "refund" archive
      chat-archive search '"full refund" OR credit*' archive --participant anna
      chat-archive search "" archive --deleted --after 2026-01-01
    """
    if json_lines and as_csv:
        raise click.UsageError("Give either --json or --csv.")
    chosen = replace(
        filter_of(selection),
        is_edited=edited,
        is_deleted=deleted,
        has_files=with_files,
    )
    query = query_of(words, chosen)
    async with open_searched(address, stale_ok=stale_ok) as archive:
        selection = await find_threads(archive, selection)
        chosen = replace(chosen, threads=selection.threads)
        found = await look(archive, query, chosen, limit)
        hint = ""
        if not found.count and query and archive.index:
            hint = beginnings(archive.index, query, chosen)
    if as_csv:
        for part in table(ROW, (csv_row(hit) for hit in found.hits)):
            click.echo(part, nl=False)
    elif json_lines:
        for hit in found.hits:
            click.echo(as_json(row(hit)))
    else:
        for line in lines(found.hits, query):
            click.echo(line)
    say_meant(chosen.participant, found.people)
    tell(found, limit)
    if not found.count:
        click.echo(f"{nothing(words, chosen, found)}{hint}", err=True)
    return 0 if found.count and not found.failures else 1


def query_of(text: str, chosen: Filter) -> Query | None:
    """Return what is asked for; None where the options alone choose.

    Raises:
        click.UsageError: nothing is asked for.
        NoQuery: the words cannot be searched for.

    """
    if is_folder(text) and not is_given("archive"):
        raise click.UsageError(f"{text} is a folder: put WORDS before it.")
    if text.strip():
        return parse_query(text)
    if chosen == Filter():
        raise click.UsageError("Say what to search for: WORDS, or an option.")
    return None


async def look(
    archive: OpenedArchive,
    query: Query | None,
    chosen: Filter,
    limit: int,
) -> Found:
    """Search by the index, or by reading everything; name what could not be read."""
    index = archive.index
    if index is None:
        failures: list[str] = []
        total = await bytes_to_read(archive)
        with bytes_bar("searching", total) as on_bytes:
            scan = archive.scan(on_bytes, failures.append)
            found = await scan.search(query, chosen, limit)
        found.failures = failures
        return found
    count = index.count(query, chosen, MOST_COUNTED + 1)
    return Found(
        hits=list(index.search(query, chosen, limit)),
        count=count,
        called=list(index.threads_called(query, chosen, MOST_CALLED + 1))
        if query
        else [],
        people=[who for who, _ in index.people(chosen.participant, Filter(), 1000)],
        failures=unread(index, chosen.threads),
        is_any=count > 0 or any(True for _ in index.threads(chosen.of_threads, 1)),
    )


def nothing(words: str, chosen: Filter, found: Found) -> str:
    """Return why nothing was found, as far as that can be told."""
    if not found.is_any and chosen.threads:
        return (
            "No such thread: --thread takes an id, or a beginning of one that is "
            "unique; `chat-archive list` names all."
        )
    if not found.is_any and (chosen.participant or chosen.topic):
        return (
            "No thread has such a person or topic: --participant takes a raw id, or "
            "the beginning of any word of a name; --topic a part of a topic."
        )
    if any(word in ("or", "not", "and") for word in words.split()):
        return "No message matches. OR, AND and NOT are written in capitals."
    return "No message matches."


def beginnings(index: IndexReader, query: Query, chosen: Filter) -> str:
    """Return a hint where the beginnings of the words are there; else ""."""
    count = index.count(with_beginnings(query), chosen, MOST_COUNTED)
    if not count:
        return ""
    found = plural(count, "message")
    return f" {found} with words that begin like that: put * after a word."


def tell(found: Found, limit: int) -> None:
    """Say what is not shown, beside the result."""
    for failure in found.failures:
        say(f"UNREADABLE {failure}", err=True)
    if found.count > limit:
        is_more = found.count > MOST_COUNTED
        count = f"more than {MOST_COUNTED}" if is_more else str(found.count)
        click.echo(f"The newest {limit} of {count}; --limit shows more.", err=True)
    if found.called:
        named = "; ".join(map(named_thread, found.called[:MOST_CALLED]))
        more = "; and more" if len(found.called) > MOST_CALLED else ""
        click.echo(
            printable(
                f"Also in the topic or among the people of: {named}{more}. "
                "`chat-archive cat` shows it."
            ),
            err=True,
        )


def named_thread(facts: ThreadFacts) -> str:
    return f"{facts.topic or '(no topic)'} ({cut(facts.thread_id, THREAD)})"
