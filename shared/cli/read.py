"""`chat-archive show` and `cat`: read a thread in the terminal."""

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import click

from shared.bootstrap.archive import ArchiveAddress
from shared.bootstrap.opened_archive import OpenedArchive
from shared.cli.list import facts_json
from shared.cli.options import (
    JSON,
    Unreadable,
    archive_argument,
    runs,
    thread_argument,
)
from shared.cli.text import as_json as to_json
from shared.cli.text import printable, readable, shown
from shared.cli.threads import STALE_OK, find_thread, open_searched
from shared.domain import layout
from shared.domain.archive.read_chain import transcript_of
from shared.domain.errors import IntegrityError
from shared.domain.evidence.orders import named_lines
from shared.domain.evidence.words import INPUT_FILES
from shared.domain.thread.transcript import Transcript
from shared.domain.words import plural
from shared.formats.part import Options
from shared.formats.registry import FORMATS
from shared.usecases.evidence.carry_out import last_touching
from shared.usecases.evidence.revisions import NOTHING_FINISHED
from shared.usecases.evidence.thread_archive import ThreadArchive, read_thread
from shared.usecases.reading.indexed import facts_of

READABLE = ("txt", "md", "json")


@click.command()
@thread_argument
@archive_argument
@STALE_OK
@JSON
@runs
async def show(
    thread: str, address: ArchiveAddress, stale_ok: bool, as_json: bool
) -> int:
    """Show what is known of one thread: people, counts, gaps.

    THREAD is its id, or as much of its beginning as no other has, or a part of its
    topic. Where several threads may be meant, they are named, and none is shown.

    \b
    Examples:
      chat-archive show 19:acsV1_2015 archive
      chat-archive show "Order 4711" archive
    """
    async with open_searched(address, stale_ok=stale_ok) as archive:
        thread = await find_thread(archive, thread)
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
        click.echo(to_json(known(transcript, held, sizes)))
        return 0
    for line in about(transcript, held, sizes):
        click.echo(printable(line))
    return 0


def known(
    transcript: Transcript, held: ThreadArchive, sizes: Mapping[str, int]
) -> dict[str, Any]:
    """Return what `show` tells, as one object."""
    return facts_json(facts_of(transcript)) | {
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


NOT_THERE = f"{NOTHING_FINISHED}. `chat-archive list` names all."


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
@STALE_OK
@runs
async def cat(thread: str, address: ArchiveAddress, name: str, stale_ok: bool) -> int:
    """Print one thread to read it.

    THREAD is its id, or as much of its beginning as no other has, or a part of its
    topic. On a terminal nothing that a message holds can move the cursor or change
    colours; into a pipe it goes as it is.

    \b
    Examples:
      chat-archive cat "Order 4711" archive | less
      chat-archive cat 19:acsV1_2015 archive --format md > thread.md
    """
    async with open_searched(address, stale_ok=stale_ok) as archive:
        transcript = await read(archive, await find_thread(archive, thread))
    is_terminal = sys.stdout.isatty()
    for _, parts in FORMATS[name].write(transcript, Options(people=archive.people)):
        for part in parts:
            text = part.decode()
            if is_terminal:
                text = "\n".join(shown(line) for line in text.split("\n"))
            click.echo(text, nl=False)
    return 0


async def read(archive: OpenedArchive, thread: str) -> Transcript:
    try:
        return await archive.find().transcript(thread)
    except IntegrityError as error:
        raise Unreadable(f"{thread}: {error}. `chat-archive list` names all.") from None
