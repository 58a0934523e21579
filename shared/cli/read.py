"""`chat-archive list`, `show` and `cat`: find a thread, and read it in the terminal."""

import json
import sys
from collections.abc import Iterator
from typing import Any

import click

from shared.bootstrap.archive import ArchiveAddress, open_archive
from shared.bootstrap.opened_archive import OpenedArchive
from shared.cli.options import (
    Unreadable,
    archive_argument,
    runs,
    selection_options,
)
from shared.cli.progress import bytes_bar
from shared.cli.text import printable, readable
from shared.domain import layout
from shared.domain.archive.erasure import Erasures
from shared.domain.archive.manifest import Manifest
from shared.domain.errors import IntegrityError
from shared.domain.thread.listing import Visibility
from shared.domain.thread.transcript import Transcript
from shared.domain.words import plural
from shared.formats.part import PLAIN
from shared.formats.registry import FORMATS
from shared.usecases.archive.find import Selection
from shared.usecases.evidence.revisions import (
    read_erasures,
    read_manifest,
    revisions_of,
)

READABLE = ("txt", "md", "json")
VISIBILITIES = {
    Visibility.FULL: "",
    Visibility.PARTIAL: "partial",
    Visibility.EVENTS_ONLY: "events only",
}


@click.command("list")
@archive_argument
@selection_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
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
        click.echo(printable(f"UNREADABLE {failure}"), err=True)
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
    return {
        "thread_id": transcript.thread_id,
        "topic": transcript.topic,
        "messages": len(transcript.messages),
        "first_message_on": transcript.tally.baseline.first_on,
        "last_message_on": transcript.tally.baseline.last_on,
        "participants": [person.id for person in transcript.participants],
        "visibility": transcript.listing.visibility,
        "complete": transcript.is_complete,
    }


@click.command()
@click.argument("thread")
@archive_argument
@runs
async def show(thread: str, address: ArchiveAddress) -> int:
    """Show what is known of one thread: people, counts, revisions, files, gaps.

    THREAD is its id, as `list` gives it.

    \b
    Example:
      chat-archive show 19:…@thread.v2 archive
    """
    async with open_archive(address) as archive:
        transcript = await read(archive, thread)
        manifests = await manifests_of(archive, thread)
        erasures = await erasures_of(archive, manifests[-1])
    for line in about(transcript, manifests, erasures):
        click.echo(printable(line))
    return 0


def about(
    transcript: Transcript, manifests: list[Manifest], erasures: Erasures | None
) -> Iterator[str]:
    """Yield the lines of `show`; the files are those of the newest revision now."""
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
    for manifest in manifests:
        size = readable(sum(file.bytes for file in manifest.files))
        yield f"  revision    {manifest.revision}  {manifest.archived_on}  {size}"
    newest = manifests[-1]
    for file in erasures.current(newest) if erasures else newest.files:
        yield f"    {file.name:<22}{readable(file.bytes):>12}  sha256 {file.sha256}"
    for order in erasures.orders if erasures else ():
        erased = plural(len(order.messages), "message")
        yield f"  erased      {erased}, {order.erased_on} by {order.by}: {order.reason}"
    for gap in transcript.gaps:
        yield f"  may be missing: {gap.reason}"
    counts = [
        f"{number} {what}" for what, number in transcript.outcomes.items() if number
    ]
    yield f"  checked     {', '.join(counts) or 'nothing to check'}"


@click.command()
@click.argument("thread")
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


async def erasures_of(archive: OpenedArchive, manifest: Manifest) -> Erasures | None:
    """Return what was erased of a revision; None where nothing was."""
    revisions = await revisions_of(archive.archive, manifest.thread_id)
    if manifest.revision not in revisions.erased:
        return None
    return await read_erasures(archive.archive, manifest)


async def manifests_of(archive: OpenedArchive, thread: str) -> list[Manifest]:
    """Return the manifest of every finished revision, oldest first."""
    revisions = await revisions_of(archive.archive, thread)
    return [
        await read_manifest(archive.archive, thread, number)
        for number in revisions.finished
    ]
