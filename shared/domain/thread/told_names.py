"""Names that messages tell of people: of their senders, and of who joined or left."""

from collections.abc import Iterator

from shared.domain import json_line
from shared.domain.identity import raw_id
from shared.domain.thread.message import Message


def told_names(message: Message) -> Iterator[tuple[str, str]]:
    """Yield each raw id that a message has with the name it tells; each may be ""."""
    yield message.sender_id, message.sender_name
    if message.is_system:
        for version in message.versions:
            people = (version.content or {}).get("participants")
            yield from map(told_name, json_line.dicts_in(people))


def told_name(participant: object) -> tuple[str, str]:
    """Return the raw id and the name of a listed participant; "" for what is absent."""
    if not isinstance(participant, dict):
        return "", ""
    name = participant.get("displayName")
    who = raw_id(participant.get("communicationIdentifier"))
    return who, name if isinstance(name, str) else ""
