"""Events and listed messages of one made-up thread, with the fields ACS sends."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from shared.domain import json_line
from shared.domain.log.event import ChatEvent, interpret
from shared.domain.log.record import encode_record, read_records

THREAD = "19:acsV1_made-up@thread.v2"
ALICE = "8:acs:11111111-1111-1111-1111-111111111111_alice"
BOB = "8:acs:11111111-1111-1111-1111-111111111111_bob"
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
FIRST_ID = int(NOON.timestamp() * 1000)

SAMPLES = Path(__file__).parents[3] / "shared" / "data"
"""Official samples and recordings; they stand beside the project, not in it."""


def who(user: str) -> dict[str, Any]:
    return {"rawId": user, "communicationUser": {"id": user}}


def moment(ms: int) -> str:
    time = datetime.fromtimestamp(ms / 1000, UTC)
    return time.isoformat(timespec="milliseconds")


def seconds(ms: int) -> str:
    time = datetime.fromtimestamp(ms // 1000, UTC)
    return time.isoformat().replace("+00:00", "Z")


def envelope(
    name: str, data: dict[str, Any], *, id: str = "", schema: str = "eventgrid"
) -> dict[str, Any]:
    type_ = name if "." in name else f"Microsoft.Communication.{name}"
    when = "2026-11-22T12:00:00.1234567Z"
    id = id or f"{name}-{data.get('messageId', '')}-{data.get('version', '')}"
    if schema == "cloudevents":
        return {
            "id": id, "source": "/x", "subject": "thread/x", "type": type_,
            "time": when, "specversion": "1.0", "data": data,
        }  # fmt: skip
    return {
        "id": id, "topic": "/x", "subject": "thread/x", "eventType": type_,
        "eventTime": when, "dataVersion": "1.0", "metadataVersion": "1", "data": data,
    }  # fmt: skip


def received(number: int = 0, body: str = "hello", **more: Any) -> dict[str, Any]:
    message_id = FIRST_ID + number
    return message("Received", message_id, message_id, messageBody=body, **more)


def edited(
    number: int = 0, body: str = "hello!", *, after: int = 500, **more: Any
) -> dict[str, Any]:
    message_id = FIRST_ID + number
    version = message_id + after
    more = {"editTime": moment(version), "messageBody": body} | more
    return message("Edited", message_id, version, **more)


def deleted(number: int = 0, *, after: int = 900, **more: Any) -> dict[str, Any]:
    message_id = FIRST_ID + number
    version = message_id + after
    return message(
        "Deleted", message_id, version, **{"deleteTime": moment(version)} | more
    )


def message(
    what: str, message_id: int, change: int, *, level: str = "InThread", **more: Any
) -> dict[str, Any]:
    id = more.pop("id", "")
    schema = more.pop("schema", "eventgrid")
    data = {
        "messageId": str(message_id),
        "type": "Text",
        "version": str(change) if level else change,
        "senderDisplayName": "Alice",
        "senderCommunicationIdentifier": who(ALICE),
        "composeTime": moment(message_id),
        "threadId": THREAD,
        "transactionId": "t",
    }
    name = f"ChatMessage{what}{level}"
    return envelope(name, data | more, id=id, schema=schema)


def thread_event(name: str, **data: Any) -> dict[str, Any]:
    id = data.pop("id", "")
    body = {
        "threadId": THREAD,
        "createTime": moment(FIRST_ID - 10),
        "version": FIRST_ID,
    }
    return envelope(name, body | data, id=id)


def thread_created(**more: Any) -> dict[str, Any]:
    people = [
        {"displayName": "Alice", "participantCommunicationIdentifier": who(ALICE)},
        {"displayName": "Bob", "participantCommunicationIdentifier": who(BOB)},
    ]
    told = {
        "createdByCommunicationIdentifier": who(ALICE),
        "properties": {"topic": "A topic"},
        "participants": people,
    }
    return thread_event("ChatThreadCreated", **told | more)


def listed(number: int = 0, body: str = "hello", **more: Any) -> dict[str, Any]:
    """A message as a listing shows it."""
    message_id = FIRST_ID + number
    return {
        "id": str(message_id),
        "type": "text",
        "sequenceId": "3",
        "version": str(message_id),
        "content": {"message": body},
        "senderDisplayName": "Alice",
        "createdOn": seconds(message_id),
        "senderCommunicationIdentifier": who(ALICE),
    } | more


def listed_edited(
    number: int = 0, body: str = "hello!", *, after: int = 500
) -> dict[str, Any]:
    version = FIRST_ID + number + after
    return listed(number, body, version=str(version), editedOn=seconds(version))


def listed_deleted(number: int = 0, *, after: int = 900) -> dict[str, Any]:
    version = FIRST_ID + number + after
    return listed(number, "", version=str(version), deletedOn=seconds(version))


def read_event(text: str) -> ChatEvent:
    """Read the text of one event, as the log is read back."""
    return interpret(json_line.parse(text), text)


def events_in(log: bytes) -> list[ChatEvent]:
    """Return the events of a log, copies and all."""
    return [read_event(record.text.decode()) for record in read_records(log).records]


def to_log(*events: dict[str, Any], salts: int = 0) -> bytes:
    """Return a log of these events; salts count up from `salts`."""
    return b"".join(
        encode_record(json.dumps(event), NOON, (salts + index).to_bytes(16, "big"))
        for index, event in enumerate(events)
    )


class Clock:
    """A clock that stands still until it is told otherwise."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def pass_time(self, **delta: float) -> None:
        self.now += timedelta(**delta)


class Salts:
    """Salts that count up, so that a run can be had again."""

    def __init__(self) -> None:
        self.given = 0

    def __call__(self) -> bytes:
        self.given += 1
        return self.given.to_bytes(16, "big")
