"""`reconciliation.json`: how log and listing compare, message by message (P8)."""

from collections.abc import Iterator
from typing import Any

from shared.domain.log.record import SCHEMA
from shared.domain.thread.grade import grade_of
from shared.domain.thread.message import Message, Version
from shared.domain.thread.transcript import Transcript
from shared.formats.json_format import gap_json, listing_json, with_list
from shared.formats.names import names
from shared.formats.part import Options, RenderedFile


def write(transcript: Transcript, options: Options) -> Iterator[RenderedFile]:
    yield "reconciliation.json", parts(transcript)


def parts(transcript: Transcript) -> Iterator[bytes]:
    """Yield the document; `docs/archive-format.md` describes every field."""
    grade = grade_of(transcript)
    head = {
        "schema": SCHEMA,
        "thread_id": transcript.thread_id,
        "topic": transcript.topic,
        "created_on": transcript.created_on,
        "metadata": transcript.metadata,
        "retention_policy": transcript.retention_policy,
        "grade": grade.name,
        "grade_reason": grade.reason,
        "listing": listing_json(transcript),
        "gaps": [gap_json(gap) for gap in transcript.gaps],
        "outcomes": transcript.outcomes,
        "counts": counts(transcript),
        "people": people(transcript),
        "baseline": transcript.tally.baseline.to_json(),
    }
    yield from with_list(head, "messages", map(row, transcript.messages), {})


def people(transcript: Transcript) -> list[dict[str, Any]]:
    """Return everybody whom the thread names by id, each once with a name."""
    present = {person.id for person in transcript.participants}
    called = names(transcript).by_id
    told = (who for who, _ in transcript.tally.told)
    ids = dict.fromkeys((*(who.id for who in transcript.participants), *told))
    return [
        {"id": who, "name": called.get(who, ""), "takes_part": who in present}
        for who in ids
        if who
    ]


def counts(transcript: Transcript) -> dict[str, Any]:
    tally, records = transcript.tally.baseline, transcript.records
    return {
        "messages": len(transcript.messages),
        "versions": tally.versions,
        "edited": tally.edited,
        "deleted": tally.deleted,
        "participants": len(transcript.participants),
        "records": records.total,
        "duplicate_records": records.duplicates,
        "late_records": records.late,
        "unreadable_records": records.unreadable,
        "quarantined_records": records.quarantined,
        "files": sum(file.is_held for file in transcript.attachments),
        "files_missing": sum(not file.is_held for file in transcript.attachments),
        "first_message_on": tally.first_on,
        "last_message_on": tally.last_on,
    }


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
