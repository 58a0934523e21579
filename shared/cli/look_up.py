"""Says of an id that somebody typed what it covers, or whom it may have meant."""

from collections.abc import Sequence

import click

from shared.bootstrap.opened_archive import OpenedArchive
from shared.cli.progress import bytes_bar
from shared.cli.text import printable, say
from shared.cli.threads import bytes_to_read
from shared.domain.words import plural
from shared.usecases.reading.look_up import Covered

MOST_ALIKE = 10


async def look_up(
    archive: OpenedArchive,
    *,
    thread: str = "",
    participant: str = "",
    message: str = "",
    threads: Sequence[str] = (),
) -> Covered:
    """Look up a thread, one of its messages, or a participant.

    Names the threads that cannot be read.
    """
    total = await bytes_to_read(archive)
    with bytes_bar("looking", total) as on_bytes:
        look = archive.look_up(on_bytes)
        if thread:
            known = await look.thread(thread, message)
        else:
            known = await look.person(participant, threads)
    for failure in known.failures:
        say(f"UNREADABLE {failure}", err=True)
    return known


def say_unknown(text: str, known: Covered, outcome: str) -> None:
    """Say that nobody and nothing has this id, and which ids may be meant."""
    say(f"{outcome}: the archive knows no id {text!r}.", err=True)
    for other_id, name in sorted(known.alike.items())[:MOST_ALIKE]:
        click.echo(printable(f"  {other_id}  {name}"), err=True)
    if known.alike:
        click.echo("Give the id of the one that is meant.", err=True)
    else:
        click.echo("`chat-archive list` and `show` name all ids.", err=True)


def covered(known: Covered) -> str:
    people = "1 person" if known.people == 1 else f"{known.people} people"
    return (
        f"{plural(known.threads, 'thread')}, {plural(known.messages, 'message')}, "
        f"{people}"
    )
