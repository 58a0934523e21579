"""`chat-archive list`, `show` and `cat`: find a thread, and read it in the terminal."""

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import click

from shared.bootstrap.archive import ArchiveAddress, open_archive
from shared.bootstrap.opened_archive import OpenedArchive
from shared.cli.options import (
    JSON,
    JSON_LINES,
    Unreadable,
    archive_argument,
    runs,
    selection_options,
    thread_argument,
)
from shared.cli.progress import bytes_bar
from shared.cli.text import printable, readable, say
from shared.domain import layout
from shared.domain.archive.read_chain import transcript_of
from shared.domain.errors import IntegrityError
from shared.domain.evidence.orders import named_lines
from shared.domain.evidence.words import INPUT_FILES
from shared.domain.thread.grade import grade_of
from shared.domain.thread.listing import Visibility
from shared.domain.thread.transcript import Transcript
from shared.domain.words import plural
from shared.formats.part import PLAIN
from shared.formats.registry import FORMATS
from shared.usecases.archive.find import Selection
from shared.usecases.evidence.carry_out import last_touching
from shared.usecases.evidence.thread_archive import ThreadArchive, read_thread

READABLE = ("txt", "md", "json")
VISIBILITIES = {
    Visibility.FULL: "",
    Visibility.PARTIAL: "partial",
    Visibility.SNAPSHOT: "snapshot",
    Visibility.EVENTS_ONLY: "events only",
}


@click.command("list")
@archive_argument
@selection_options
@JSON_LINES
@runs
async def list_threads(
    address: ArchiveAddress, selection: Selection, as_json: bool
) -> int:
    """List the threads of an archive, or find some.

    A line a thread: when somebody last spoke, how many messages, the id, the topic.

    Exit status: 0 done, 1 some threads could not be read or none was found, 2
    unreadable.

    \b
    Examples:
      chat-archive list archive
      chat-archive list archive --text "refund" --after 2026-01-01
      chat-archive list archive --participant 8:acs:… --json
    """
    found = 0
    failures: list[str] = []
    async with open_archive(address) as archive:
        total = await archive.size(ends=(layout.EVENTS_FILE, layout.LISTING_FILE))
        with bytes_bar("reading", total) as on_bytes:
            find = archive.find(on_bytes, failures.append)
            async for transcript in find(selection):
                if (selection.after or selection.before) and not transcript.messages:
                    continue
                found += 1
                line = json.dumps(facts(transcript)) if as_json else row(transcript)
                click.echo(line)
    for failure in failures:
        say(f"UNREADABLE {failure}", err=True)
    if not found and not failures:
        is_all = selection == Selection()
        why = "No thread is archived here." if is_all else NO_MATCH
        click.echo(why, err=True)
    return 0 if found and not failures else 1


NO_MATCH = (
    "No thread matches. --participant takes a raw id, as `chat-archive show` gives it; "
    "--text and --topic find a part, large or small."
)


def row(transcript: Transcript) -> str:
    last = transcript.tally.baseline.last_on[:16].replace("T", " ") or "never"
    note = VISIBILITIES[transcript.listing.visibility]
    return printable(
        f"{last:<16}  {len(transcript.messages):>6}  {transcript.thread_id}  "
        f"{transcript.topic}{f'  ({note})' if note else ''}"
    )


def facts(transcript: Transcript) -> dict[str, Any]:
    grade = grade_of(transcript)
    return {
        "thread_id": transcript.thread_id,
        "topic": transcript.topic,
        "messages": len(transcript.messages),
        "first_message_on": transcript.tally.baseline.first_on,
        "last_message_on": transcript.tally.baseline.last_on,
        "participants": [person.id for person in transcript.participants],
        "visibility": transcript.listing.visibility,
        "grade": grade.name,
        "grade_reason": grade.reason,
    }


@click.command()
@thread_argument
@archive_argument
@JSON
@runs
async def show(thread: str, address: ArchiveAddress, as_json: bool) -> int:
    """Show what is known of one thread: people, counts, gaps.

    THREAD is its id, as `list` gives it.

    \b
    Example:
      chat-archive show 19:…@thread.v2 archive
    """
    async with open_archive(address) as archive:
        try:
            held = await read_thread(archive.archive, thread)
        except IntegrityError as error:
            raise Unreadable(f"{thread}: {error}.") from None
        if held.newest is None:
            raise Unreadable(f"{thread}: {NOT_THERE}")
        sizes = {
            file.path: file.size
            async for file in archive.archive.walk(layout.thread_folder(thread))
        }
    transcript = transcript_of(held.chain)
    if as_json:
        click.echo(json.dumps(known(transcript, held, sizes), ensure_ascii=False))
        return 0
    for line in about(transcript, held, sizes):
        click.echo(printable(line))
    return 0


def known(
    transcript: Transcript, held: ThreadArchive, sizes: Mapping[str, int]
) -> dict[str, Any]:
    """Return what `show` tells, as one object."""
    return facts(transcript) | {
        "created_on": transcript.created_on,
        "deleted_on": transcript.deleted_on,
        "metadata": transcript.metadata,
        "retention_policy": transcript.retention_policy,
        "people": [
            {"id": who.id, "name": who.display_name, "present": who.present}
            for who in transcript.participants
        ],
        "outcomes": transcript.outcomes,
        "gaps": [gap.reason for gap in transcript.gaps],
        "revisions": [
            {
                "revision": number,
                "written_on": manifest.written_on,
                "grade": manifest.grade,
                "grade_reason": manifest.grade_reason,
                "bytes": sum(
                    size
                    for path, size in sizes.items()
                    if path.startswith(held.path(number, ""))
                ),
            }
            for number, manifest in held.manifests.items()
        ],
        "orders": [
            {"number": order.number, "scope": order.scope, "when": order.when,
             "who": order.who, "why": order.why}
            for order in held.orders
        ],
    }  # fmt: skip


NOT_THERE = "the archive has no finished revision of it. `chat-archive list` names all."


def about(
    transcript: Transcript, held: ThreadArchive, sizes: Mapping[str, int]
) -> Iterator[str]:
    """Yield the lines of `show`; `sizes` are those of all files, by path."""
    baseline = transcript.tally.baseline
    yield transcript.topic or "(no topic)"
    yield f"  thread      {transcript.thread_id}"
    yield f"  created     {transcript.created_on or '?'}  {transcript.created_by}"
    if transcript.deleted_on:
        yield f"  deleted     {transcript.deleted_on}  {transcript.deleted_by}"
    yield (
        f"  messages    {baseline.messages}: {baseline.edited} edited, "
        f"{baseline.deleted} deleted, {baseline.system} of the service"
    )
    yield f"  spoken      {baseline.first_on or '-'} to {baseline.last_on or '-'}"
    yield f"  seen as     {transcript.listing.visibility}  {transcript.listing.reader}"
    for person in transcript.participants:
        here = {True: "", False: "  has left", None: ""}[person.present]
        yield f"  person      {person.id}  {person.display_name}{here}"
    for number, manifest in held.manifests.items():
        folder = held.path(number, "")
        size = sum(sizes[path] for path in sizes if path.startswith(folder))
        grade = manifest.grade.replace("_", " ")
        yield (
            f"  revision    {number}  {manifest.written_on}  {readable(size)}  {grade}"
        )
    yield from files_of(held, sizes)
    for order in held.orders:
        count = sum(
            len(span) for spans in named_lines(order).values() for span in spans
        )
        erased = f"{plural(count, 'line')} of the input ({order.scope})"
        yield f"  erased      {erased}, {order.when} by {order.who}: {order.why}"
    for gap in transcript.gaps:
        yield f"  may be missing: {gap.reason}"
    counts = [
        f"{number} {what}" for what, number in transcript.outcomes.items() if number
    ]
    yield f"  checked     {', '.join(counts) or 'nothing to check'}"


def files_of(held: ThreadArchive, sizes: Mapping[str, int]) -> Iterator[str]:
    """Yield a line for each file of the newest revision, a rendered one with its seal.

    After an erasure the order vouches for what was rendered anew.
    """
    newest = held.newest
    if newest is None:
        return
    order = last_touching(held.orders, newest)
    for file in order.files if order else newest.files:
        size = sizes.get(held.path(newest.revision, file.name), 0)
        yield f"    {file.name:<22}{readable(size):>12}  seal {file.seal}"
    for name in (f"{file}.jsonl" for file in INPUT_FILES):
        if size := sizes.get(held.path(newest.revision, name), 0):
            yield f"    {name:<22}{readable(size):>12}"


@click.command()
@thread_argument
@archive_argument
@click.option(
    "--format",
    "name",
    type=click.Choice(READABLE),
    default=READABLE[0],
    show_default=True,
    help="How to write it.",
)
@runs
async def cat(thread: str, address: ArchiveAddress, name: str) -> int:
    """Print one thread to read it.

    THREAD is its id, as `list` gives it. On a terminal nothing that a message holds
    can move the cursor or change colours; into a pipe it goes as it is.

    \b
    Examples:
      chat-archive cat 19:…@thread.v2 archive | less
      chat-archive cat 19:…@thread.v2 archive --format md > thread.md
    """
    async with open_archive(address) as archive:
        transcript = await read(archive, thread)
    is_terminal = sys.stdout.isatty()
    for _, parts in FORMATS[name].write(transcript, PLAIN):
        for part in parts:
            text = part.decode()
            if is_terminal:
                text = "\n".join(printable(line) for line in text.split("\n"))
            click.echo(text, nl=False)
    return 0


async def read(archive: OpenedArchive, thread: str) -> Transcript:
    try:
        return await archive.find().transcript(thread)
    except IntegrityError as error:
        raise Unreadable(f"{thread}: {error}. `chat-archive list` names all.") from None
