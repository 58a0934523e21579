"""`graph-import.jsonl` and its companions: the requests to import a thread into Teams.

The requests of Microsoft Graph's import: create a group chat, start its migration,
post each message with its own time, complete the migration. Nothing is sent.

Rule 1: nobody is impersonated: a message whose author has no identity is left out, and
        is listed with its author.
Rule 2: times are unique milliseconds: of two messages with the same time, the one with
        the higher id moves on, and that is recorded.
Rule 3: each message has a unique key, by which a sender can see that it was sent.

Sources: learn.microsoft.com/graph/api/chat-startmigration, chat-completemigration,
chat-post-messages and chat-post, version 1.0.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from html import escape
from typing import Any

from shared.domain import json_line
from shared.domain.log.commitment import sha256
from shared.domain.thread.transcript import Message, Transcript
from shared.domain.times import parse_time
from shared.formats import csv_format
from shared.formats.message_html import page_html
from shared.formats.part import Options, RenderedFile
from shared.formats.plain import one_line, readable, title

ROOT = "https://graph.microsoft.com/v1.0"
CHAT = "{chat-id}"
"""A placeholder for the id in the answer to creating the chat."""


@dataclass(slots=True)
class ImportPlan:
    """What can be sent, what cannot, and which times had to be changed."""

    requests: list[dict[str, Any]] = field(default_factory=list)
    ledger: list[dict[str, str]] = field(default_factory=list)
    moved: list[dict[str, str]] = field(default_factory=list)
    left_out: dict[str, list[str]] = field(default_factory=dict)
    unmapped: dict[str, str] = field(default_factory=dict)


def write(transcript: Transcript, options: Options) -> Iterator[RenderedFile]:
    plan = planned(transcript, options)
    yield "graph-import.jsonl", iter([jsonl(plan.requests)])
    yield "graph-ledger.jsonl", iter([jsonl(plan.ledger)])
    yield "graph-reconciliation.json", iter([reconciliation(transcript, plan)])
    yield "graph-unmapped.csv", iter([unmapped(plan)])


def planned(transcript: Transcript, options: Options) -> ImportPlan:
    plan = ImportPlan()
    identities = options.identities
    members = [
        person.id for person in transcript.participants if person.id in identities
    ]
    for person in transcript.participants:
        if person.id not in identities:
            plan.unmapped[person.id] = person.display_name
    plan.requests.append(
        create_chat(transcript, [identities[member].id for member in members])
    )
    start = {"conversationCreationDateTime": beginning(transcript)}
    plan.requests.append(request("POST", f"/chats/{CHAT}/startMigration", start))
    last = ""
    for message in transcript.messages:
        reason = why_not(message, identities)
        if reason:
            plan.left_out.setdefault(reason, []).append(message.id)
            if reason == "unmapped":
                plan.unmapped.setdefault(message.sender_id, message.sender_name)
            continue
        wanted = milliseconds(message.created_on)
        last = after(wanted, last)
        if last != wanted:
            plan.moved.append({"message_id": message.id, "from": wanted, "to": last})
        plan.requests.append(post(message, options, last))
        plan.ledger.append(
            {
                "key": key_of(transcript.thread_id, message.id),
                "message_id": message.id,
                "created_on": last,
                "commitment": message.current.commitment,
                "status": "to send",
            }
        )
    plan.requests.append(request("POST", f"/chats/{CHAT}/completeMigration", None))
    return plan


def key_of(thread_id: str, message_id: str) -> str:
    return sha256(f"{thread_id}\n{message_id}".encode("utf-8", "surrogatepass"))


def why_not(message: Message, identities: Mapping[str, Any]) -> str:
    if message.is_system:
        return "system"
    if message.current.erased:
        return "erased"
    if message.current.content is None:
        return "deleted"
    if not parse_time(message.created_on):
        return "undated"
    return "" if message.sender_id in identities else "unmapped"


def request(method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
    line: dict[str, Any] = {"method": method, "url": f"{ROOT}{path}"}
    return line if body is None else line | {"body": body}


def create_chat(transcript: Transcript, members: list[str]) -> dict[str, Any]:
    body = {
        "chatType": "group",
        "topic": title(transcript)[:250],
        "members": [
            {
                "@odata.type": "#microsoft.graph.aadUserConversationMember",
                "roles": ["owner"],
                "user@odata.bind": f"{ROOT}/users('{member}')",
            }
            for member in members
        ],
    }
    return request("POST", "/chats", body)


def post(message: Message, options: Options, created_on: str) -> dict[str, Any]:
    who = options.identities[message.sender_id]
    text = message.content.get("message")
    text = readable(text) if isinstance(text, str) else ""
    is_html = message.is_html
    content = page_html(text) if is_html else escape(text).replace("\n", "<br>")
    body = {
        "createdDateTime": created_on,
        "from": {
            "user": {
                "id": who.id,
                "displayName": who.display_name,
                "userIdentityType": "aadUser",
            }
        },
        "body": {"contentType": "html", "content": content},
    }
    return request("POST", f"/chats/{CHAT}/messages", body)


def milliseconds(time: str) -> str:
    moment = parse_time(time)
    if moment is None:
        return ""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def after(wanted: str, last: str) -> str:
    """Return the later of the wanted time and one millisecond after the last one."""
    moment = parse_time(last)
    if not last or wanted > last or moment is None:
        return wanted
    return milliseconds((moment + timedelta(milliseconds=1)).isoformat())


def beginning(transcript: Transcript) -> str:
    """Return a time before the first message, since nothing older can be imported."""
    times = [
        transcript.created_on,
        *(message.created_on for message in transcript.messages),
    ]
    moments = [moment for time in times if (moment := parse_time(time))]
    earliest = min(moments, default=None)
    if earliest is None:
        return "1970-01-01T00:00:00.000Z"
    return milliseconds((earliest - timedelta(milliseconds=1)).isoformat())


def jsonl(values: list[Any]) -> bytes:
    text = "".join(json_line.compact(value) + "\n" for value in values)
    return json_line.encode(text)


def reconciliation(transcript: Transcript, plan: ImportPlan) -> bytes:
    document = {
        "thread_id": transcript.thread_id,
        "messages": len(transcript.messages),
        "to_send": len(plan.ledger),
        "left_out": {reason: len(ids) for reason, ids in plan.left_out.items()},
        "left_out_ids": plan.left_out,
        "moved": plan.moved,
        "unmapped": sorted(plan.unmapped),
    }
    return json_line.encode(json_line.pretty(document))


def unmapped(plan: ImportPlan) -> bytes:
    """Return a table to fill in, in the form that `--identities` reads."""
    rows = (
        {"acs_id": who, "acs_name": one_line(name), "entra_id": "", "entra_name": ""}
        for who, name in sorted(plan.unmapped.items())
    )
    columns = ["acs_id", "acs_name", "entra_id", "entra_name"]
    return b"".join(csv_format.table(columns, rows))
