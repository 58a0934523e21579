"""Plain text: from HTML, for system messages, and safe to show on one line."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from shared.domain import json_line
from shared.domain.identity import raw_id
from shared.domain.thread.attachments import address_of
from shared.domain.thread.transcript import SPOKEN_TYPES, Message, Transcript, Version
from shared.domain.words import plural
from shared.formats.message_html import plain_text

REPLACEMENT = "\ufffd"
NEVER = dict.fromkeys((*range(32), *range(127, 160)), REPLACEMENT)
for shown in (ord("\t"), ord("\n")):
    del NEVER[shown]
NEVER |= dict.fromkeys(range(55296, 57344), REPLACEMENT)
NEVER |= {0xFFFE: REPLACEMENT, 0xFFFF: REPLACEMENT, 0x2028: "\n", 0x2029: "\n"}
ANY_NEVER = re.compile(f"[{re.escape(''.join(map(chr, NEVER)))}]")
BIDI = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)), None)
"""Characters that change the direction of the text after them."""


def readable(text: str) -> str:
    """Return text with LF line ends and without characters that cannot be shown."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    # Few texts contain one, and searching is ten times as fast as translating.
    return text.translate(NEVER) if ANY_NEVER.search(text) else text


def one_line(text: str) -> str:
    """Return text, such as a name, on one line and without changes of direction."""
    return " ".join(readable(text).translate(BIDI).split())


def text_of(version: Version, *, is_html: bool) -> str:
    """Return a version's text as plain text; "" if it has none."""
    message = (version.content or {}).get("message")
    if not isinstance(message, str):
        return ""
    text = readable(message)  # without surrogates, which nh3 does not take
    return plain_text(text) if is_html else text


def name_of(message: Message) -> str:
    """Return the sender's name, else the sender's id, else that nobody knows."""
    name = one_line(message.sender_name) or one_line(message.sender_id)
    return name or "unknown sender"


def describe_change(message: Message) -> str:
    """Return a system message in words."""
    content = message.content
    if isinstance(content.get("topic"), str):
        return f"The topic is now: {one_line(content['topic'])}"
    people = content.get("participants")
    names = ", ".join(map(person, people)) if isinstance(people, list) else ""
    if message.type == "participantAdded":
        return f"{names or 'Somebody'} joined"
    if message.type == "participantRemoved":
        return f"{names or 'Somebody'} left"
    return one_line(message.type) or "system message"


def person(participant: object) -> str:
    if not isinstance(participant, dict):
        return "somebody"
    raw = raw_id(participant.get("communicationIdentifier"))
    return one_line(str(participant.get("displayName") or raw or "somebody"))


def display_text(message: Message, version: Version) -> str:
    """Return the text to show for a version, or why there is none."""
    if version.erased:
        return "[erased on request]"
    if message.is_system:
        return describe_change(message)
    if version.content is None:
        return "[content not known]"
    text = text_of(version, is_html=message.is_html)
    return (
        text if message.type in SPOKEN_TYPES else f"[{one_line(message.type)}] {text}"
    )


def told_otherwise(message: Message) -> str:
    """Return what a listing tells otherwise, in words on one line; "" for nothing.

    Of the newest version where it does; `transcript.json` has it of all.
    """
    if not (listed := message.listed):
        return ""
    said = "; ".join(
        f"{name.replace('_', ' ')} {one_line(value_in_words(value)) or 'none'}"
        for name, value in listed.items()
    )
    return f"the listing tells otherwise: {said}"


def value_in_words(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else json_line.compact(value)


def version_to_read(message: Message) -> Version:
    """Return the newest version with content, or else the current one."""
    spoken = [version for version in message.versions if version.is_known]
    return spoken[-1] if spoken else message.current


def attachments(message: Message, besides: Collection[str] = ()) -> list[str]:
    """Return a line for each attachment, except those at the addresses `besides`."""
    content = version_to_read(message).content or {}
    return [
        one_line(f"{name_of_file(attachment)} {attachment.get('url') or ''}")
        for attachment in json_line.dicts_in(content.get("attachments"))
        if address_of(attachment) not in besides
    ]


def name_of_file(attachment: Mapping[str, Any]) -> str:
    return str(attachment.get("name") or attachment.get("id") or "attachment")


def title(transcript: Transcript) -> str:
    return one_line(transcript.topic) or one_line(transcript.thread_id)


def erased_note(transcript: Transcript) -> str:
    """Return how many messages were erased, to follow on another statement, or ""."""
    count = transcript.tally.erased
    return f", {plural(count, 'message')} erased on request" if count else ""


def when(time: str) -> str:
    """Return an RFC 3339 time as people read it, to the second, in UTC."""
    return time[:19].replace("T", " ") if time else "time unknown"
