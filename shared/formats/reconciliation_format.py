"""`reconciliation.json`: how log and listing compare, message by message (P8)."""

from collections.abc import Iterator
from typing import Any

from shared.domain.archive.manifest import counts, gap_json, listing_json
from shared.domain.log.record import SCHEMA
from shared.domain.thread.transcript import Message, Transcript, Version
from shared.formats.json_format import with_list
from shared.formats.part import Options, RenderedFile


def write(transcript: Transcript, options: Options) -> Iterator[RenderedFile]:
    yield "reconciliation.json", parts(transcript)


def parts(transcript: Transcript) -> Iterator[bytes]:
    """Yield the document; `docs/archive-format.md` describes every field."""
    head = {
        "schema": SCHEMA,
        "thread_id": transcript.thread_id,
        "complete": transcript.is_complete,
        "view": listing_json(transcript),
        "gaps": [gap_json(gap) for gap in transcript.gaps],
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
        "without_content": [
            version.kind for version in message.versions if lacks_content(version)
        ],
        "erased": [
            str(version.number) for version in message.versions if version.erased
        ],
    }


def numbers(message: Message, source: str) -> list[str]:
    """Return the numbers of the versions that a source has."""
    return [
        str(version.number) for version in message.versions if source in version.sources
    ]


def lacks_content(version: Version) -> bool:
    return not version.is_known
