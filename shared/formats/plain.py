"""Plain text: from HTML, for system messages, and safe to show on one line."""

import re
from collections.abc import Collection, Mapping
from html.parser import HTMLParser
from typing import Any

from shared.domain.log.event import raw_id
from shared.domain.thread.attachments import address_of, dicts_in
from shared.domain.thread.transcript import Message, Transcript, Version

BLOCKS = frozenset(
    ("p", "div", "br", "li", "tr", "blockquote", "pre", "h1", "h2", "h3", "h4", "ul")
)
HIDDEN = frozenset(("script", "style", "template", "head"))
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
    return readable(without_tags(message) if is_html else message)


def without_tags(html: str) -> str:
    parser = TextParser()
    parser.feed(html)
    parser.close()
    lines = "".join(parser.parts).split("\n")
    return "\n".join(line.rstrip() for line in lines).strip("\n")


class TextParser(HTMLParser):
    """Collects the text of HTML; a link is followed by its address."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.hidden = 0
        self.address = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in HIDDEN:
            self.hidden += 1
        elif tag == "a":
            self.address = dict(attrs).get("href") or ""
        elif tag == "img":
            self.parts.append(f"[{dict(attrs).get('alt') or 'image'}]")
        elif tag in BLOCKS and self.parts and not self.parts[-1].endswith("\n"):
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in HIDDEN:
            self.hidden = max(0, self.hidden - 1)
        elif tag == "a":
            if self.address and self.address not in "".join(self.parts[-1:]):
                self.parts.append(f" ({self.address})")
            self.address = ""
        elif tag == "p" and self.parts and not self.parts[-1].endswith("\n"):
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.parts.append(data)


def name_of(message: Message) -> str:
    """Return the sender's name, else the sender's id, else "system"."""
    return one_line(message.sender_name) or one_line(message.sender_id) or "system"


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


def is_system(message: Message) -> bool:
    return message.type not in ("text", "html")


def display_text(message: Message, version: Version) -> str:
    """Return the text to show for a version, or why there is none."""
    if version.erased:
        return "[erased on request]"
    if is_system(message):
        return describe_change(message)
    if version.content is None:
        return "[content not known]"
    return text_of(version, is_html=message.type == "html")


def version_to_read(message: Message) -> Version:
    """Return the newest version with content, or else the current one."""
    spoken = [version for version in message.versions if version.is_known]
    return spoken[-1] if spoken else message.current


def attachments(message: Message, besides: Collection[str] = ()) -> list[str]:
    """Return a line for each attachment, except those at the addresses `besides`."""
    content = version_to_read(message).content or {}
    return [
        one_line(f"{name_of_file(attachment)} {attachment.get('url') or ''}")
        for attachment in dicts_in(content.get("attachments"))
        if address_of(attachment) not in besides
    ]


def name_of_file(attachment: Mapping[str, Any]) -> str:
    return str(attachment.get("name") or attachment.get("id") or "attachment")


def title(transcript: Transcript) -> str:
    return one_line(transcript.topic) or one_line(transcript.thread_id)


def when(time: str) -> str:
    """Return an RFC 3339 time as people read it, to the second, in UTC."""
    return time[:19].replace("T", " ") if time else "time unknown"
