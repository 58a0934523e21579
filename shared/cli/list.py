"""`chat-archive list`: the threads of an archive, or some of them."""

from collections.abc import Iterator, Sequence
from typing import Any

import click

from shared.bootstrap.archive import ArchiveAddress
from shared.bootstrap.opened_archive import OpenedArchive
from shared.cli.options import JSON_LINES, archive_argument, runs
from shared.cli.progress import bytes_bar
from shared.cli.selection import selection_options
from shared.cli.text import as_json as to_json
from shared.cli.text import printable, say
from shared.cli.threads import (
    STALE_OK,
    bytes_to_read,
    find_threads,
    open_searched,
    say_meant,
)
from shared.domain.search.query import parse_query
from shared.domain.thread.listing import Visibility
from shared.ports.indexed import Person, ThreadFacts
from shared.usecases.reading.find import Selection, filter_of, unread
from shared.usecases.reading.matching import people_meant

VISIBILITIES = {
    Visibility.FULL: "",
    Visibility.PARTIAL: "partial",
    Visibility.SNAPSHOT: "snapshot",
    Visibility.EVENTS_ONLY: "events only",
}
MOST_PEOPLE = 4
"""People who are named in a line; the others are counted."""
COLUMNS = "LAST MESSAGE, UTC  MESSAGES  THREAD  TOPIC  PEOPLE"
NO_MATCH = (
    "No thread matches. --participant takes a raw id, or how words of a name begin; "
    "--topic a part of a topic; --text words, and word* for a beginning."
)


@click.command("list")
@archive_argument
@selection_options
@click.option("--quiet", "-q", is_flag=True, help="Ids alone, one per line.")
@STALE_OK
@JSON_LINES
@runs
async def list_threads(
    address: ArchiveAddress,
    selection: Selection,
    quiet: bool,
    stale_ok: bool,
    as_json: bool,
) -> int:
    """List the threads of an archive, or find some.

    One line per thread, those with the newest messages first: when somebody last spoke
    (in UTC), how many messages, id, topic, people.

    Exit status: 0 done, 1 some threads could not be read or no thread matches, 2
    unreadable.

    \b
    Examples:
      chat-archive list archive
      chat-archive list archive --participant anna --text "refund*"
      chat-archive list archive --quiet --after 2026-01-01
    """
    failures: list[str] = []
    meant: dict[Person, None] = {}
    found = 0
    async with open_searched(address, stale_ok=stale_ok) as archive:
        selection = await find_threads(archive, selection)
        for facts in await threads(archive, selection, failures):
            if not found and not quiet and not as_json:
                click.echo(COLUMNS)
            found += 1
            meant.update(dict.fromkeys(people_meant(facts, selection.participant)))
            click.echo(shown(facts, quiet=quiet, as_json=as_json))
    say_meant(selection.participant, meant)
    for failure in failures:
        say(f"UNREADABLE {failure}", err=True)
    if not found and not failures:
        is_all = selection == Selection()
        why = "No thread is archived here." if is_all else NO_MATCH
        click.echo(why, err=True)
    return 0 if found and not failures else 1


async def threads(
    archive: OpenedArchive, selection: Selection, failures: list[str]
) -> Iterator[ThreadFacts]:
    """Return the threads that are meant, the newest first; read all where no index is.

    Rows are printed once all are read, so that none runs into the bar.
    """
    chosen = filter_of(selection)
    query = parse_query(selection.text) if selection.text else None
    if index := archive.index:
        failures += unread(index, selection.threads)
        return index.threads(chosen, query=query)
    total = await bytes_to_read(archive)
    with bytes_bar("reading", total) as on_bytes:
        return iter(await archive.scan(on_bytes, failures.append).facts(chosen, query))


def shown(facts: ThreadFacts, *, quiet: bool, as_json: bool) -> str:
    if quiet:
        return printable(facts.thread_id)
    if as_json:
        return to_json(facts_json(facts))
    last = minute(facts.last_message_on) or "never"
    note = VISIBILITIES[Visibility(facts.visibility)]
    columns = [
        f"{last:<17}",
        f"{facts.message_count:>8}",
        facts.thread_id,
        facts.topic or "(no topic)",
        people(facts.people) + (f"  ({note})" if note else ""),
    ]
    return printable("  ".join(columns))


def minute(time: str) -> str:
    """Return a time to the minute, as people read it; "" for none."""
    return time[:16].replace("T", " ")


def people(found: Sequence[Person]) -> str:
    """Return who takes part: names, or ids of the nameless; the first few."""
    by_id = {person.raw_id or person.name: person for person in reversed(found)}
    names = [person.shown or person.raw_id for person in reversed(by_id.values())]
    more = len(names) - MOST_PEOPLE
    named = ", ".join(names[:MOST_PEOPLE])
    return f"{named} and {more} more" if more > 0 else named


def facts_json(facts: ThreadFacts) -> dict[str, Any]:
    """Return what is said of a thread, as one object."""
    return {
        "thread_id": facts.thread_id,
        "topic": facts.topic,
        "messages": facts.message_count,
        "first_message_on": facts.first_message_on,
        "last_message_on": facts.last_message_on,
        "participants": list(facts.participants),
        "people": [
            {"id": who.raw_id, "name": who.name, "known_as": who.known_as}
            for who in facts.people
        ],
        "visibility": facts.visibility,
        "grade": facts.grade,
        "grade_reason": facts.grade_reason,
    }
