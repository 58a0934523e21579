"""`reconciliation.json`: what was compared with what, message by message (P8)."""

from collections.abc import Iterator
from typing import Any

from shared.domain.archive.manifest import counts, gap_json, listing_json
from shared.domain.log.record import SCHEMA
from shared.domain.thread.transcript import Message, Transcript, Version
from shared.formats.long_json import with_list
from shared.formats.part import Options, RenderedFile


def write(transcript: Transcript, options: Options) -> Iterator[RenderedFile]:
    yield "reconciliation.json", parts(transcript)


def parts(transcript: Transcript) -> Iterator[bytes]:
    """Yield the table. Field by field: `docs/archive-format.md`."""
    head = {
        "schema": SCHEMA,
        "thread_id": transcript.thread_id,
        "complete": transcript.is_complete,
        "view": listing_json(transcript),
        "gaps": [gap_json(one) for one in transcript.gaps],
        "outcomes": transcript.outcomes,
        "counts": counts(transcript),
        "baseline": transcript.tally.baseline.to_json(),
    }
    yield from with_list(head, "messages", map(row, transcript.messages), {})


def row(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "type": message.type,
        "outcome": message.outcome,
        "logged": numbers(message, "event"),
        "listed": numbers(message, "listing"),
        "without_content": [one.kind for one in message.versions if lacks_content(one)],
        "erased": [str(one.number) for one in message.versions if one.erased],
    }


def numbers(message: Message, source: str) -> list[str]:
    """Return the versions that a source knows."""
    return [str(one.number) for one in message.versions if source in one.sources]


def lacks_content(version: Version) -> bool:
    return not version.is_known
