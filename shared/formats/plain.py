"""Plain text: of html, of system messages, and safe to show in a line."""

import re
from collections.abc import Collection
from html.parser import HTMLParser

from shared.domain.log.event import raw_id
from shared.domain.thread.attachments import address_of, dicts_in
from shared.domain.thread.transcript import Message, Transcript, Version

BLOCKS = frozenset(
    ("p", "div", "br", "li", "tr", "blockquote", "pre", "h1", "h2", "h3", "h4", "ul")
)
HIDDEN = frozenset(("script", "style", "template", "head"))
REPLACEMENT = "\ufffd"
NEVER = dict.fromkeys((*range(32), *range(127, 160)), REPLACEMENT)
for kept in (ord("\t"), ord("\n")):
    del NEVER[kept]
NEVER |= dict.fromkeys(range(55296, 57344), REPLACEMENT)
NEVER |= {0xFFFE: REPLACEMENT, 0xFFFF: REPLACEMENT, 0x2028: "\n", 0x2029: "\n"}
ANY_NEVER = re.compile(f"[{re.escape(''.join(map(chr, NEVER)))}]")
BIDI = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)), None)
"""Characters that turn the direction of whatever follows on them."""


def readable(text: str) -> str:
    """Return text without what no reader shows, with LF at the ends of its lines."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    # Hardly any text holds one, and looking is ten times as fast as translating.
    return text.translate(NEVER) if ANY_NEVER.search(text) else text


def one_line(text: str) -> str:
    """Return text, such as a name, that stays on its line and in its direction."""
    return " ".join(readable(text).translate(BIDI).split())


def text_of(version: Version, *, is_html: bool) -> str:
    """Return what a version says, as plain text."""
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
    """Gathers the text of html; a link keeps its address."""

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
    """Return who sent a message: their name, else their id, else the system."""
    return one_line(message.sender_name) or one_line(message.sender_id) or "system"


def happened(message: Message) -> str:
    """Return what a system message tells."""
    content = message.content
    if isinstance(content.get("topic"), str):
        return f"The topic is now: {one_line(content['topic'])}"
    people = content.get("participants")
    names = ", ".join(person(one) for one in people) if isinstance(people, list) else ""
    if message.type == "participantAdded":
        return f"{names or 'Somebody'} joined"
    if message.type == "participantRemoved":
        return f"{names or 'Somebody'} left"
    return one_line(message.type) or "system message"


def person(one: object) -> str:
    if not isinstance(one, dict):
        return "somebody"
    raw = raw_id(one.get("communicationIdentifier"))
    return one_line(str(one.get("displayName") or raw or "somebody"))


def is_system(message: Message) -> bool:
    return message.type not in ("text", "html")


def said(message: Message, version: Version) -> str:
    """Return a version in words: its text, or why there is none."""
    if version.erased:
        return "[erased on request]"
    if is_system(message):
        return happened(message)
    if version.content is None:
        return "[content not known]"
    return text_of(version, is_html=message.type == "html")


def message_status(message: Message) -> Version:
    """Return the version to read: the newest that is no deletion, if there is one."""
    spoken = [one for one in message.versions if one.is_known]
    return spoken[-1] if spoken else message.current


def attachments(message: Message, besides: Collection[str] = ()) -> list[str]:
    """Return what is attached, a line each; nothing of the addresses `besides`."""
    found = message_status(message).content or {}
    return [
        one_line(
            f"{one.get('name') or one.get('id') or 'attachment'} {one.get('url') or ''}"
        )
        for one in dicts_in(found.get("attachments"))
        if address_of(one) not in besides
    ]


def title(transcript: Transcript) -> str:
    return one_line(transcript.topic) or one_line(transcript.thread_id)


def when(time: str) -> str:
    """Return a time of ours as people read it, to the second, in UTC."""
    return time[:19].replace("T", " ") if time else "time unknown"
