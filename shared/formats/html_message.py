"""Messages in `transcript.html`: text, versions, files and pictures of each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

from shared.domain import json_line
from shared.domain.thread.attachment import Attachment
from shared.domain.thread.attachments import address_of, image_address, image_ids
from shared.domain.thread.message import SPOKEN_TYPES, Message, Version
from shared.domain.words import plural
from shared.formats.held_files import Place, ending, is_shown
from shared.formats.html_changes import with_changes
from shared.formats.message_html import page_html
from shared.formats.names import Names
from shared.formats.one_line import one_line, readable
from shared.formats.plain import (
    attachments,
    describe_change,
    told_otherwise,
    version_to_read,
    when,
)


@dataclass(frozen=True, slots=True)
class MessageFiles:
    """The files of one message by address. Without a `place` none is linked."""

    by_address: Mapping[str, Attachment] = field(default_factory=dict)
    place: Place | None = None

    def listed(self) -> list[str]:
        """Return a line for each: where the archive holds it, or why it does not."""
        return [held(file, self.place) for file in self.by_address.values()]

    def picture(self, ids: Mapping[str, str], attributes: Mapping[str, str]) -> str:
        """Return what stands in place of a picture; "" if it has no file.

        Html names a picture by its address or by an id, of which `ids` has the address.
        """
        address = attributes.get("src", "")
        if address not in self.by_address:
            address = ids.get(attributes.get("id", ""), "")
        file = self.by_address.get(address)
        if file is None:
            return ""
        text = one_line(attributes.get("alt", "")) or name_of_file(file)
        if not file.is_held or file.erased:
            why = "erased on request" if file.erased else f"not held: {file.reason}"
            return f"<em>[{escape(f'{text}: {one_line(why)}')}]</em>"
        if self.place is None:
            return f"<em>[{escape(text)}]</em>"
        at = self.place(file)
        if is_shown(file):
            return f'<img src="{at}" alt="{escape(text)}" loading="lazy">'
        return f'<a href="{at}" download="{save_as(file)}">[{escape(text)}]</a>'


def addresses(version: Version) -> dict[str, str]:
    """Return the address of each picture that a version names, by its id."""
    content = version.content or {}
    found = {
        str(attachment.get("id") or ""): address_of(attachment) or ""
        for attachment in json_line.dicts_in(content.get("attachments"))
    }
    metadata = content.get("metadata")
    if isinstance(metadata, dict):
        found |= {image: image_address(image) for image in image_ids(metadata)}
    return found


def files_by_message(
    files: Iterable[Attachment], place: Place | None
) -> dict[str, MessageFiles]:
    """Return the files of each message that has any, by its id."""
    found: dict[str, dict[str, Attachment]] = {}
    for file in files:
        key = file.url or str(file.number)  # an erased file no longer has an address
        found.setdefault(file.message_id, {})[key] = file
    return {message: MessageFiles(named, place) for message, named in found.items()}


def note(message: Message, names: Names) -> str:
    """Return a message of the service's own."""
    text = (
        "erased on request"
        if message.current.erased
        else describe_change(message, names)
    )
    return (
        f'<p class="note" id="{anchor(message.id)}">'
        f'<bdi dir="auto">{escape(text)}</bdi> {at(message)}</p>{differs(message)}\n'
    )


def anchor(message_id: str) -> str:
    """Return the id of a message in the page."""
    return f"m-{shown_id(message_id)}"


def shown_id(message_id: str) -> str:
    """Return a message's id as html; nearly every one is a number."""
    return message_id if message_id.isalnum() else escape(one_line(message_id))


def at(message: Message) -> str:
    """Return when a message was sent and its id, which is a link to it."""
    return (
        f'<span class="at">{time_of(message.created_on, short=True)} '
        f'<a href="#{anchor(message.id)}">{shown_id(message.id)}</a></span>'
    )


def time_of(time: str, *, short: bool = False) -> str:
    """Return a time as people read it, in UTC; the script can show it in local time."""
    if not time:
        return when(time)
    shown = when(time)[11:16] if short else when(time)
    return f'<time datetime="{escape(time)}">{escape(shown)}</time>'


def article(message: Message, files: MessageFiles, names: Names, read_by: str) -> str:
    """Return what somebody wrote; `read_by` says who had read up to here, or ""."""
    current = version_to_read(message)
    named = [
        f"<li>{escape(attachment)}</li>"
        for attachment in attachments(message, files.by_address)
    ]
    attached = "".join([*named, *files.listed()])
    kinds = {
        "edited": message.is_edited,
        "deleted": message.is_deleted,
        "has-files": bool(attached),
    }
    classes = " ".join(["msg", *(kind for kind in kinds if kinds[kind])])
    return (
        f'<article class="{classes}" id="{anchor(message.id)}">{at(message)}'
        f'<div class="text" dir="auto">{body(current, files)}</div>'
        + (f'<ul class="files">{attached}</ul>' if attached else "")
        + history(message, files, names)
        + differs(message)
        + (f'<p class="mark">{escape(read_by)}</p>' if read_by else "")
        + "</article>\n"
    )


def differs(message: Message) -> str:
    otherwise = told_otherwise(message)
    return (
        f'<p class="mark differs" dir="auto">{escape(otherwise)}</p>'
        if otherwise
        else ""
    )


def name_of_file(file: Attachment) -> str:
    return one_line(file.name) or f"file {file.number}"


def save_as(file: Attachment) -> str:
    """Return the name under which a browser saves a file: with an ending that is safe.

    Whoever sent it chose its name, and what they end it with opens it.
    """
    name, safe = name_of_file(file), ending(file)
    if not safe:
        return escape(f"{name}.bin" if "." in name else name)
    return escape(name if name.lower().endswith(safe) else f"{name}{safe}")


def held(file: Attachment, place: Place | None) -> str:
    """Return where the archive holds a message's file, or why it does not."""
    name = escape(name_of_file(file))
    if file.erased:
        return "<li><em>file erased on request</em></li>"
    if not file.is_held:
        return f"<li><bdi>{name}</bdi>: not held: {escape(one_line(file.reason))}</li>"
    about = escape(one_line(f"{file.content_type}, {plural(file.bytes, 'byte')}"))
    label = f"<bdi>{name}</bdi>"
    if place:
        label = f'<a href="{place(file)}" download="{save_as(file)}">{label}</a>'
    stored = f"<code>{file.stored[:16]}…</code>"
    return f"<li>{label} ({about}), stored as {stored}</li>"


def body(version: Version, files: MessageFiles) -> str:
    """Return the text of a version, as html that is safe in a page."""
    if version.erased:
        return "<em>erased on request</em>"
    if version.content is None:
        return "<em>content not known</em>"
    text = version.content.get("message")
    text = readable(text) if isinstance(text, str) else ""
    is_known = not version.type or version.type in SPOKEN_TYPES
    mark = "" if is_known else f"<em>[{escape(one_line(version.type))}]</em> "
    if not version.is_html:
        return mark + escape(text).replace("\n", "<br>")

    ids = addresses(version)

    def picture(attributes: Mapping[str, Any]) -> str:
        return files.picture(ids, attributes)

    return mark + page_html(text, picture)


def history(message: Message, files: MessageFiles, names: Names) -> str:
    """Return the edit and deletion marks of a message, and all of its versions.

    In each version it is marked what the next one lacks, and what is new in it.
    """
    marks = []
    if message.is_edited:
        marks.append(f"edited {time_of(message.edited_on)}")
    if message.is_deleted:
        marks.append(f"deleted {time_of(message.deleted_on)}")
    if not marks:
        return ""
    label = ", ".join(marks)
    known = [version for version in message.versions if version.is_known]
    if len(known) < 2:  # noqa: PLR2004 - the only one is shown already
        return f'<p class="mark">{label}</p>'
    versions = plural(len(known), "version")
    texts = with_changes([body(version, files) for version in known])
    listed = "".join(
        f"<li><small>{time_of(version.on)}, {version.kind}, "
        f"by <bdi>{escape(names.of(version.by))}</bdi></small>"
        f'<div class="version" dir="auto">{text}</div></li>'
        for version, text in zip(known, texts, strict=True)
    )
    return (
        f'<details class="mark"><summary>{label} · {versions}</summary>'
        f"<ol>{listed}</ol></details>"
    )
