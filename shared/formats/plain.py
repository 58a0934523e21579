"""Plain text: from HTML, for system messages, and safe to show on one line."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from shared.domain import json_line
from shared.domain.identity import raw_id
from shared.domain.thread.attachments import address_of, image_address, image_ids
from shared.domain.thread.message import SPOKEN_TYPES, Message, Version
from shared.domain.thread.transcript import Transcript
from shared.domain.words import plural
from shared.formats.message_html import plain_text
from shared.formats.names import Names
from shared.formats.one_line import one_line, readable

MOVES = {
    "participantAdded": ("joined", "added"),
    "participantRemoved": ("left", "removed"),
}
"""What people did by themselves, or with others, by type of the system message."""


def text_of(version: Version) -> str:
    """Return a version's text as plain text; "" if it has none."""
    message = (version.content or {}).get("message")
    if not isinstance(message, str):
        return ""
    text = readable(message)  # without surrogates, which nh3 does not take
    # Html can write any character by its number, the ends of lines among them.
    return readable(plain_text(text)) if version.is_html else text


def describe_change(
    message: Message, names: Names, version: Version | None = None
) -> str:
    """Return a system message in words, on one line: what its current version says."""
    content = (version or message.current).content or {}
    initiator = raw_id(content.get("initiatorCommunicationIdentifier"))
    if message.type in MOVES:
        people = content.get("participants")
        listed = people if isinstance(people, list) else []
        return describe_move(message.type, initiator, listed, names)
    topic = content.get("topic")
    if isinstance(topic, str) or message.type == "topicUpdated":
        return describe_topic(topic, names.of(initiator))
    return one_line(message.type) or "system message"


def describe_topic(topic: object, by: str) -> str:
    """Return what became of the topic, and by whom; `by` is "" where nobody knows."""
    if not isinstance(topic, str):
        return f"{by} changed the topic" if by else "The topic was changed"
    shown = one_line(topic)
    if not shown:
        return f"{by} cleared the topic" if by else "The topic was cleared"
    return f"{by} changed the topic to: {shown}" if by else f"The topic is now: {shown}"


def describe_move(
    kind: str, initiator: str, people: Sequence[object], names: Names
) -> str:
    """Return who joined or left: `kind` is the message's type.

    Whoever adds or removes nobody else joins or leaves. `initiator` is a raw id, or "".
    """
    alone, did = MOVES[kind]
    moved = [(names.id_of(person), names.person(person)) for person in people]
    if not initiator:
        return f"{', '.join(name for _, name in moved) or 'Somebody'} {alone}"
    own = [name for who, name in moved if who == initiator]
    others = ", ".join(name for who, name in moved if who != initiator)
    if not own:
        return f"{names.of(initiator)} {did} {others or 'somebody'}"
    return f"{own[0]} {alone}" + (f" and {did} {others}" if others else "")


def read_text(message: Message, version: Version, names: Names) -> str:
    """Return a version's text as people read it; "" where it says nothing."""
    if version.erased or version.content is None:
        return ""
    if message.is_system:
        return readable(describe_change(message, names, version))
    return text_of(version)


def display_text(message: Message, version: Version, names: Names) -> str:
    """Return the text to show for a version, or why there is none."""
    if version.erased:
        return "[erased on request]"
    if message.is_system:
        return describe_change(message, names, version)
    if version.content is None:
        return "[content not known]"
    text = text_of(version)
    is_known = not version.type or version.type in SPOKEN_TYPES
    return text if is_known else f"[{one_line(version.type)}] {text}"


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
    """Return a line for each file, except those at the addresses `besides`."""
    content = version_to_read(message).content or {}
    attached = [*json_line.dicts_in(content.get("attachments"))]
    names = [
        f"{name_of_file(attachment)} {attachment.get('url') or ''}"
        for attachment in attached
        if address_of(attachment) not in besides
    ]
    metadata = content.get("metadata")
    images = image_ids(metadata) if isinstance(metadata, dict) else ()
    ids = {str(attachment.get("id")) for attachment in attached}
    names += [
        f"image {image}"
        for image in images
        if image not in ids and image_address(image) not in besides
    ]
    return list(map(one_line, names))


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
