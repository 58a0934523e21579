"""`graph-import.jsonl` and its companions: the requests to import a thread into Teams.

The requests of Microsoft Graph's import: create a group chat, start its migration,
post each message with its own time, complete the migration. Nothing is sent.

Rule 1: nobody is impersonated: a message whose author has no identity is left out, and
        is listed with its author.
Rule 2: who has left is no member of the new chat, and would read what was said since;
        what they wrote is imported all the same.
Rule 3: what is not sent, or not as it was, is in the reconciliation.
Rule 4: each message has a unique key, by which a sender can see that it was sent.

Sources: learn.microsoft.com/graph/api/chat-startmigration, chat-completemigration,
chat-post-messages, chat-post and chat-patch, version 1.0.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from typing import Any

from shared.domain import json_line
from shared.domain.log.commitment import sha256
from shared.domain.thread.message import Message
from shared.domain.thread.participants import has_left
from shared.domain.thread.transcript import Participant, Transcript
from shared.formats import csv_format
from shared.formats.graph_times import apart, milliseconds, said_on, written
from shared.formats.message_html import page_html
from shared.formats.one_line import one_line, readable
from shared.formats.part import EntraIdentity, Options, RenderedFile
from shared.formats.plain import attachments, title

ROOT = "https://graph.microsoft.com/v1.0"
CHAT = "{chat-id}"
"""A placeholder for the id in the answer to creating the chat."""
MEETING = "19:meeting_"
"""How the id of a meeting's chat begins."""
LONGEST_TOPIC = 250
"""Characters (of UTF-16) of a chat's topic."""
LONGEST_BODY = 28 * 1024
"""Bytes of a message's body."""
FEWEST_MEMBERS = 2
UNMAPPED = [
    "acs_user_id",
    "entra_object_id",
    "target_tenant_id",
    "status",
    "decision_owner",
    "acs_name",
]
PICTURE = re.compile(r"<img\b[^<>]*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A message to send: when it was said, and the request without its time."""

    message_id: str
    commitment: str
    wanted: int
    body: dict[str, Any]


@dataclass(slots=True)
class ImportPlan:
    """What can be sent, what cannot, and which times had to be changed."""

    topic: str = ""
    members: dict[str, str] = field(default_factory=dict)
    """Entra id in lower case → Entra id: each person once."""
    posts: list[Post] = field(default_factory=list)
    moved: list[dict[str, str]] = field(default_factory=list)
    dated_by_id: list[str] = field(default_factory=list)
    left_out: dict[str, list[str]] = field(default_factory=dict)
    not_sent: list[dict[str, Any]] = field(default_factory=list)
    unmapped: dict[str, str] = field(default_factory=dict)
    not_members: dict[str, str] = field(default_factory=dict)
    """Raw id of an author or participant → why that person is no member."""


def write(transcript: Transcript, options: Options) -> Iterator[RenderedFile]:
    plan = planned(transcript, options)
    requests, ledger = sending(transcript, plan)
    yield "graph-import.jsonl", iter([jsonl(requests)])
    yield "graph-ledger.jsonl", iter([jsonl(ledger)])
    yield "graph-reconciliation.json", iter([reconciliation(transcript, plan)])
    yield "graph-unmapped.csv", iter([unmapped(plan)])


def planned(transcript: Transcript, options: Options) -> ImportPlan:
    plan, identities = ImportPlan(topic=chat_topic(transcript)), options.identities
    for person in transcript.participants:
        plan_member(person, options, plan)
    for message in transcript.messages:
        plan_message(message, options, plan)
    plan.posts.sort(key=lambda each: each.wanted)  # stable: then by id
    plan.not_members = {
        who: why
        for who, why in plan.not_members.items()
        if who not in identities or identities[who].id.lower() not in plan.members
    }
    return plan


def plan_member(person: Participant, options: Options, plan: ImportPlan) -> None:
    identity = options.identities.get(person.id)
    if person.id in options.archive_only:
        plan.not_members[person.id] = "is archived only, as decided"
    elif identity is None:
        plan.unmapped[person.id] = person.display_name
    elif has_left(person):
        plan.not_members[person.id] = "has left"
    else:
        plan.members.setdefault(identity.id.lower(), identity.id)


def plan_message(message: Message, options: Options, plan: ImportPlan) -> None:
    identity, said = options.identities.get(message.sender_id), said_on(message)
    html = "" if message.is_system else body_of(message)
    reason = why_not(message, identity, said, html)
    if reason == "unmapped" and message.sender_id in options.archive_only:
        reason = "archive_only"
    if reason or identity is None or said is None:
        plan.left_out.setdefault(reason, []).append(message.id)
        if reason == "unmapped":
            plan.unmapped.setdefault(message.sender_id, message.sender_name)
        return
    if identity.id.lower() not in plan.members:
        why = "is not known to be a participant"
        plan.not_members.setdefault(message.sender_id, why)
    if milliseconds(message.created_on) is None:
        plan.dated_by_id.append(message.id)
    if lost := not_sent(message):
        plan.not_sent.append({"message_id": message.id} | lost)
    plan.posts.append(post(message, identity, said, html))


def chat_topic(transcript: Transcript) -> str:
    """Return the topic, or the thread's id, as Graph takes it: short, without ':'."""
    topic = title(transcript).replace(": ", " - ").replace(":", "-")
    units = topic.encode("utf-16-le")[: 2 * LONGEST_TOPIC]
    return units.decode("utf-16-le", "ignore").strip()


def why_not(
    message: Message, identity: EntraIdentity | None, said: int | None, html: str
) -> str:
    """Return why a message cannot be sent; "" if it can."""
    if message.is_system:
        return "system"
    if message.current.erased:
        return "erased"
    if message.current.content is None:
        return "deleted"
    if said is None:
        return "undated"
    if identity is None:
        return "unmapped"
    return "over_28_kb" if len(html.encode()) > LONGEST_BODY else ""


def body_of(message: Message) -> str:
    """Return the html of a message; "" if it has no text."""
    text = message.content.get("message")
    text = readable(text) if isinstance(text, str) else ""
    return page_html(text) if message.is_html else escape(text).replace("\n", "<br>")


def not_sent(message: Message) -> dict[str, Any]:
    """Return what of a message an import leaves behind, by kind."""
    text, metadata = message.content.get("message"), message.content.get("metadata")
    pictures = 0
    if message.is_html and isinstance(text, str):  # an emoji is sent as text
        pictures = sum("emoji" not in tag.lower() for tag in PICTURE.findall(text))
    lost = {
        "attachments": attachments(message),
        "pictures": pictures,
        "metadata": sorted(metadata) if isinstance(metadata, dict) else [],
        "earlier_versions": sum(each.is_known for each in message.versions) - 1,
    }
    return {kind: value for kind, value in lost.items() if value}


def post(message: Message, who: EntraIdentity, said: int, html: str) -> Post:
    user = {
        "id": who.id,
        "displayName": who.display_name,
        "userIdentityType": "aadUser",
    }
    body = {"from": {"user": user}, "body": {"contentType": "html", "content": html}}
    return Post(
        message_id=message.id,
        commitment=message.current.commitment,
        wanted=said,
        body=body,
    )


def sending(
    transcript: Transcript, plan: ImportPlan
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Return the requests in order, and a line to keep account of each message."""
    start = {"conversationCreationDateTime": beginning(transcript, plan)}
    requests = [
        create_chat(plan),
        request("POST", f"/chats/{CHAT}/startMigration", start),
    ]
    ledger = []
    times = apart(each.wanted for each in plan.posts)
    for each, time in zip(plan.posts, times, strict=True):
        created_on = written(time)
        if time != each.wanted:
            moved = {"original": written(each.wanted), "effective": created_on}
            plan.moved.append({"message_id": each.message_id} | moved)
        body = {"createdDateTime": created_on} | each.body
        requests.append(request("POST", f"/chats/{CHAT}/messages", body))
        ledger.append(
            {
                "key": key_of(transcript.thread_id, each.message_id),
                "message_id": each.message_id,
                "created_on": created_on,
                "commitment": each.commitment,
                "status": "to send",
            }
        )
    requests.append(request("POST", f"/chats/{CHAT}/completeMigration", None))
    return requests, ledger


def key_of(thread_id: str, message_id: str) -> str:
    return sha256(f"{thread_id}\n{message_id}".encode("utf-8", "surrogatepass"))


def request(method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
    line: dict[str, Any] = {"method": method, "url": f"{ROOT}{path}"}
    return line if body is None else line | {"body": body}


def create_chat(plan: ImportPlan) -> dict[str, Any]:
    body = {
        "chatType": "group",
        "topic": plan.topic,
        "members": [
            {
                "@odata.type": "#microsoft.graph.aadUserConversationMember",
                "roles": ["owner"],
                "user@odata.bind": f"{ROOT}/users('{member}')",
            }
            for member in plan.members.values()
        ],
    }
    return request("POST", "/chats", body)


def beginning(transcript: Transcript, plan: ImportPlan) -> str:
    """Return a time before the first message, since nothing older can be imported."""
    created = milliseconds(transcript.created_on)
    times = [each.wanted for each in plan.posts[:1]] + ([created] if created else [])
    return written(min(times) - 1) if times else "1970-01-01T00:00:00.000Z"


def jsonl(values: list[Any]) -> bytes:
    text = "".join(json_line.compact(value) + "\n" for value in values)
    return json_line.encode(text)


def refusals(transcript: Transcript, plan: ImportPlan) -> list[str]:
    """Return why Graph may refuse the whole thread, in sentences."""
    found = []
    if transcript.thread_id.startswith(MEETING):
        found.append("The chat of a meeting cannot be imported.")
    if len(plan.members) < FEWEST_MEMBERS:
        found.append(
            f"A chat needs {FEWEST_MEMBERS} members: of those who are in the thread, "
            f"{len(plan.members)} can be one."
        )
    return found


def reconciliation(transcript: Transcript, plan: ImportPlan) -> bytes:
    document = {
        "thread_id": transcript.thread_id,
        "refusals": refusals(transcript, plan),
        "topic": {"original": transcript.topic, "effective": plan.topic},
        "messages": len(transcript.messages),
        "to_send": len(plan.posts),
        "left_out": {reason: len(ids) for reason, ids in plan.left_out.items()},
        "left_out_ids": plan.left_out,
        "not_sent": plan.not_sent,
        "moved": plan.moved,
        "dated_by_id": plan.dated_by_id,
        "members": [*plan.members.values()],
        "not_members": plan.not_members,
        "unmapped": sorted(plan.unmapped),
    }
    return json_line.encode(json_line.pretty(document))


def unmapped(plan: ImportPlan) -> bytes:
    """Return a table to fill in and give back, in the form of Microsoft's guide.

    The name stands in a column more: nobody can tell a person by the id.
    """
    blank = dict.fromkeys(UNMAPPED, "")
    rows = (
        blank | {"acs_user_id": who, "status": "unresolved", "acs_name": one_line(name)}
        for who, name in sorted(plan.unmapped.items())
    )
    return b"".join(csv_format.table(UNMAPPED, rows))
