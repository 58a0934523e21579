"""What of a thread an import into Teams sends, and what it cannot.

`graph_format` writes it, and has the rules.
"""

import re
from dataclasses import dataclass, field
from html import escape
from typing import Any

from shared.domain.thread.message import Message
from shared.domain.thread.participants import has_left
from shared.domain.thread.transcript import Participant, Transcript
from shared.formats.graph_times import apart, milliseconds, said_on
from shared.formats.message_html import page_html
from shared.formats.one_line import one_line, readable
from shared.formats.part import EntraIdentity, Options
from shared.formats.plain import attachments

LONGEST_TOPIC = 250
"""Characters (of UTF-16) of a chat's topic."""
LONGEST_BODY = 28 * 1024
"""Bytes of a message's body."""
PICTURE = re.compile(r"<img\b[^<>]*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A message to send: when it was said, and the request without its time."""

    message_id: str
    version: str
    wanted: int
    body: dict[str, Any]


@dataclass(slots=True)
class ImportPlan:
    """What can be sent, what cannot, and which times had to be changed."""

    topic: str = ""
    members: dict[str, str] = field(default_factory=dict)
    """Entra id in lower case → Entra id: each person once."""
    posts: list[Post] = field(default_factory=list)
    effective: dict[str, int] = field(default_factory=dict)
    """Id of a message that is sent → its time there, in epoch milliseconds."""
    left_out: dict[str, str] = field(default_factory=dict)
    """Id of a message that is not sent → why."""
    dated_by_id: list[str] = field(default_factory=list)
    not_sent: list[dict[str, Any]] = field(default_factory=list)
    unmapped: dict[str, str] = field(default_factory=dict)
    not_members: dict[str, str] = field(default_factory=dict)
    """Raw id of an author or participant → why that person is no member."""


def planned(transcript: Transcript, options: Options) -> ImportPlan:
    plan, identities = ImportPlan(topic=chat_topic(transcript)), options.identities
    for person in transcript.participants:
        plan_member(person, options, plan)
    for message in transcript.messages:
        plan_message(message, options, plan)
    plan.posts.sort(key=lambda each: each.wanted)  # stable: then by id
    times = apart(each.wanted for each in plan.posts)
    for each, time in zip(plan.posts, times, strict=True):
        plan.effective[each.message_id] = time
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
    elif has_left(person) and not options.former_members:
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
        plan.left_out[message.id] = reason
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
    """Return the topic as Graph takes it: short, without ':'; "" for none."""
    topic = one_line(transcript.topic).replace(": ", " - ").replace(":", "-")
    units = topic.encode("utf-16-le")[: 2 * LONGEST_TOPIC]
    return units.decode("utf-16-le", "ignore").strip()


def why_not(
    message: Message, identity: EntraIdentity | None, said: int | None, html: str
) -> str:
    """Return why a message cannot be sent; "" if it can."""
    if message.current.erased:
        return "erased"
    if message.is_system:
        return "system"
    if message.is_deleted or message.current.content is None:
        return "deleted"  # also where the service still lists its text
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
        version=str(message.current.number),
        wanted=said,
        body=body,
    )
