"""Emails with the same bytes every time: own boundaries, no clock, no host name."""

import base64
import hashlib
from collections import Counter
from collections.abc import Sequence
from email.header import Header
from email.utils import format_datetime, formataddr
from itertools import groupby
from typing import TYPE_CHECKING
from urllib.parse import quote

from shared.domain.thread.message import Message
from shared.domain.thread.transcript import Transcript
from shared.domain.times import parse_time
from shared.formats.one_line import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

CRLF = "\r\n"
DOMAIN = "acs-chat.invalid"
"""A domain that never receives mail (RFC 2606)."""
BASE64_LINE = 76
ENCODED_LINE = 75
"""Characters of an encoded word (RFC 2047)."""
LONGEST_NAME = 60
"""Characters of a name that stays on one line as it is."""
LONGEST_WORD = 200
"""Characters of a word that stays as it is: an id on a line that is longer than the 78
that are asked for is better than one that a reader has to decode."""
FIRST_YEAR = 1900
LONGEST_LOCAL = 57
"""Octets before the @: RFC 5321 takes 64, a line of 78 has no place for more."""


def days(transcript: Transcript) -> "Iterator[tuple[str, list[Message]]]":
    """Yield the messages of each UTC day, once; "undated" for those without a time.

    Messages are in the order of their ids, so a day may come again after another; its
    messages are held until it has come for the last time.
    """
    left = Counter(day for day, _ in groupby(transcript.messages, day_of))
    held: dict[str, list[Message]] = {}
    for day, messages in groupby(transcript.messages, day_of):
        held.setdefault(day, []).extend(messages)
        left[day] -= 1
        if not left[day]:
            yield day, held.pop(day)


def day_of(message: Message) -> str:
    return message.created_on[:10] or "undated"


def address(raw_id: str, name: str) -> str:
    """Return an email address that stands for a raw id, folded (RFC 5322, 2047)."""
    shown = one_line(name) or one_line(raw_id)
    if len(shown) <= LONGEST_NAME and stays(shown):
        words = formataddr((shown, "")).removesuffix("<>").rstrip()
    else:
        words = encoded_words("From", shown, "utf-8")
    return f"{words}{CRLF} <{local_part(raw_id)}@{DOMAIN}>"


def local_part(raw_id: str) -> str:
    """Return the part before the @: the id, or its beginning and its digest."""
    local = quote(raw_id, safe="", errors="replace") or "unknown"
    if len(local) <= LONGEST_LOCAL:
        return local
    digest = hashlib.sha256(raw_id.encode("utf-8", "replace")).hexdigest()
    return f"{local[:24]}.{digest[:32]}"


def header(name: str, value: str) -> str:
    """Return a header value, encoded and folded."""
    shown = one_line(value)
    if not stays(shown):
        return encoded_words(name, shown, "utf-8")
    # Header would fold before a long word, and leave the first line empty.
    return encoded_words(name, shown, "us-ascii") if " " in shown else shown


def encoded_words(name: str, text: str, charset: str) -> str:
    value = Header(text, charset, maxlinelen=ENCODED_LINE, header_name=name)
    return value.encode(linesep=CRLF)


def stays(text: str) -> bool:
    """Return whether a header can hold text as it is, folded between its words."""
    is_encoded = "=?" in text  # or looks so, and would be read as what it is not
    longest = max(map(len, text.split()), default=0)
    return text.isascii() and not is_encoded and longest <= LONGEST_WORD


def date_of(time: str) -> str:
    """Return a time as mail writes it (RFC 5322), which knows no year before 1900."""
    moment = parse_time(time)
    if moment is None or moment.year < FIRST_YEAR:
        return "Thu, 01 Jan 1970 00:00:00 +0000"
    return format_datetime(moment)


def boundary(*parts: str) -> str:
    """Return a boundary derived from its content; base64 can never contain it."""
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()
    return f"=_{digest[:40]}"


def encoded(data: bytes) -> str:
    text = base64.b64encode(data).decode()
    lines = [text[at : at + BASE64_LINE] for at in range(0, len(text), BASE64_LINE)]
    return CRLF.join(lines)


def part(content_type: str, data: bytes, disposition: str = "") -> str:
    """Return a part of an email, in base64, so that any text survives any gateway."""
    more = f"Content-Disposition: {disposition}{CRLF}" if disposition else ""
    return (
        f"Content-Type: {content_type}{CRLF}Content-Transfer-Encoding: base64{CRLF}"
        f"{more}{CRLF}{encoded(data)}{CRLF}"
    )


def mail(headers: Sequence[tuple[str, str]], kind: str, parts: Sequence[str]) -> bytes:
    """Return an email with these headers, encoded already, and parts."""
    mark = boundary(*(value for _, value in headers), kind)
    lines = [f"{name}: {value}" for name, value in headers]
    lines += ["MIME-Version: 1.0", f"Content-Type: {kind};", f' boundary="{mark}"']
    lines += ["", ""]
    body = "".join(f"--{mark}{CRLF}{part}" for part in parts)
    return (CRLF.join(lines) + body + f"--{mark}--{CRLF}").encode("ascii")
