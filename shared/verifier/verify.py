"""Verifies an archive of chat threads, a package, or the proof of a message.

It needs Python 3.11 or newer, nothing else, and shares no code with what wrote the
archive. It is one file on purpose: it travels alone, in every package.

  python verify.py [FOLDER] [--checkpoint FILE] [--proof FILE]

FOLDER is an archive or a package; without one it is the folder that this file is in.
--checkpoint compares with a checkpoint that was kept elsewhere.
--proof verifies the proof of a message instead of a folder.
Exit status: 0 verified, 1 failed, with a line for each failure, 2 nothing to read.
It reads line by line: memory grows with the number of lines of the largest thread and
of the ledger, about 200 bytes a line, and not with what they hold.
What it does not check: that rendered files say what the input says (their seals only),
and time stamps of a checkpoint.
"""

from __future__ import annotations

import argparse
import base64
import codecs
import hashlib
import json
import os
import re
import stat
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

BROKEN = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    OverflowError,
    RecursionError,
    OSError,
)
"""What reading raises where something is not of the expected form."""


# Encoding


LARGEST = 2**53 - 1
ID = re.compile("[0-9]{1,16}")
SHA256 = re.compile("[0-9a-f]{64}")
RANDOM = re.compile("[0-9a-f]{32}")
RANGE = re.compile("(0|[1-9][0-9]{0,14})-([1-9][0-9]{0,14})")
TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
"""A string, which may lack its end, or a bracket outside of strings."""
DEEPEST = 64


def sha256(data: bytes) -> bytes:
    """Return the SHA-256 of data."""
    return hashlib.sha256(data).digest()


def canonical(value: Any, longest: int = 256) -> bytes:
    """Return the one encoding of a value; ValueError where it has none."""
    require(is_plain(value, longest))
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return text.replace("\x7f", "\\u007f").encode("ascii")


def is_plain(value: Any, longest: int) -> bool:
    """Return whether a value is made of short strings, small integers and booleans."""
    if isinstance(value, str):
        return len(value) <= longest and not re.search("[\ud800-\udfff]", value)
    if isinstance(value, int):
        return abs(value) <= LARGEST
    if isinstance(value, list):
        return all(is_plain(item, longest) for item in value)
    return isinstance(value, dict) and is_plain([*value, *value.values()], longest)


def require(condition: object) -> None:
    """Raise ValueError where a condition does not hold."""
    if not condition:
        raise ValueError("not of the expected form")


def refuse(token: str) -> Any:
    """Raise ValueError for a number, or a word, that canonical JSON does not have."""
    raise ValueError(token[:20])


def short_integer(token: str) -> int:
    """Return an integer; a long token is refused without converting it."""
    return int(token) if len(token) <= 16 else int(refuse(token))


STRICT = json.JSONDecoder(
    parse_int=short_integer, parse_float=refuse, parse_constant=refuse
)


def from_canonical(data: bytes, longest: int = 256) -> Any:
    """Return the value of a canonical encoding; ValueError where it is none."""
    require(not is_deep(data))
    value = STRICT.decode(data.decode("ascii"))
    require(canonical(value, longest) == data)
    return value


def from_file(data: bytes, longest: int = 256) -> Any:
    """Return the value of a file that is canonical JSON with an LF at its end."""
    require(data.endswith(b"\n"))
    return from_canonical(data[:-1], longest)


def is_deep(text: bytes) -> bool:
    """Return whether brackets outside of strings are nested deeper than is read."""
    if text.count(b"{") + text.count(b"[") <= DEEPEST:
        return False
    level = 0
    for token in TOKEN.finditer(text):
        first = text[token.start()]
        level += (first in b"[{") - (first in b"]}")
        if level > DEEPEST:
            return True
    return False


class OtherNumber:
    """A number that cannot be an id, whatever its value."""


OTHER_NUMBER = OtherNumber()
LENIENT = json.JSONDecoder(
    parse_int=lambda token: int(token) if ID.fullmatch(token) else OTHER_NUMBER,
    parse_float=lambda _: OTHER_NUMBER,
    parse_constant=refuse,
)


# Shapes: which members an object has, and what each must be


def is_integer(value: Any, least: int = 0) -> bool:
    """Return whether a value is an integer, and not true or false."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def is_number(value: Any) -> bool:
    """Return whether a value counts from 1."""
    return is_integer(value, 1)


def is_text(value: Any) -> bool:
    """Return whether a value is a string that is not empty."""
    return isinstance(value, str) and value != ""


def is_string(value: Any) -> bool:
    """Return whether a value is a string."""
    return isinstance(value, str)


def is_list(value: Any) -> bool:
    """Return whether a value is a list."""
    return isinstance(value, list)


def is_texts(value: Any) -> bool:
    """Return whether a value is a list of texts."""
    return isinstance(value, list) and all(map(is_text, value))


def is_set(value: Any) -> bool:
    """Return whether a value is a list of texts, sorted, each once."""
    return is_texts(value) and value == sorted(set(value))


def matching(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    """Return a check that a value is a string of this pattern."""
    return lambda value: isinstance(value, str) and bool(pattern.fullmatch(value))


def word_of(*words: str) -> Callable[[Any], bool]:
    """Return a check that a value is one of these words."""
    return lambda value: isinstance(value, str) and value in words


is_digest = matching(SHA256)
is_random = matching(RANDOM)
is_id = matching(ID)
is_range = matching(RANGE)


def is_format_2(value: Any) -> bool:
    """Return whether a value is the number of this format."""
    return is_integer(value) and value == 2


def has_shape(value: Any, shape: Mapping[str, Callable[[Any], bool]]) -> bool:
    """Return whether a value is an object with exactly these members."""
    return (
        isinstance(value, dict)
        and value.keys() == shape.keys()
        and all(check(value[name]) for name, check in shape.items())
    )


TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})"
    r"(?:\.([0-9]{1,9}))?(?:Z|([+-])([0-9]{2}):([0-9]{2}))?"
)
GIVEN_TIME = re.compile(r"[0-9T:-]{19}(?:\.[0-9]{1,6})?Z")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def time_in(text: Any) -> datetime | None:
    """Return the time that a text tells, in UTC; None where it tells none."""
    match = TIME.fullmatch(text) if isinstance(text, str) else None
    if not match:
        return None
    *numbers, fraction, sign, hours, minutes = match.groups()
    try:
        micro = int(((fraction or "") + "000000")[:6])
        moment = datetime(*map(int, numbers), micro, tzinfo=UTC)  # type: ignore[misc,arg-type]
        if sign:
            require(int(hours) < 24 and int(minutes) < 60)
            offset = timedelta(hours=int(hours), minutes=int(minutes))
            moment = moment - offset if sign == "+" else moment + offset
    except (ValueError, OverflowError):
        return None
    return moment


def is_time(value: Any) -> bool:
    """Return whether a value is a time as writers give it."""
    return matching(GIVEN_TIME)(value) and time_in(value) is not None


def is_day(value: Any) -> bool:
    """Return whether a value is a day."""
    return isinstance(value, str) and len(value) == 10 and is_time(f"{value}T00:00:00Z")


def microseconds(text: str) -> int:
    """Return the microseconds from 1970 to a time that was checked before."""
    moment = time_in(text)
    require(moment)
    return (moment - EPOCH) // timedelta(microseconds=1)  # type: ignore[operator]


# Trees: RFC 6962, and RFC 9162 for the paths


class Tree:
    """A tree that grows leaf by leaf, holding one hash for each full subtree."""

    def __init__(self) -> None:
        self.size = 0
        self.subtrees: list[tuple[int, bytes]] = []

    def add(self, leaf: bytes) -> None:
        """Add a leaf's hash."""
        size = 1
        while self.subtrees and self.subtrees[-1][0] == size:
            leaf = sha256(b"\1" + self.subtrees.pop()[1] + leaf)
            size *= 2
        self.subtrees.append((size, leaf))
        self.size += 1

    def root(self) -> str:
        """Return the root over all leaves so far, in hexadecimal."""
        if not self.subtrees:
            return sha256(b"").hex()
        root = self.subtrees[-1][1]
        for _, left in self.subtrees[-2::-1]:
            root = sha256(b"\1" + left + root)
        return root.hex()


def leaf_of(entry: Any) -> bytes:
    """Return the hash of the leaf that holds a value."""
    return sha256(b"\0" + canonical(entry))


def root_of_path(leaf: bytes, index: int, size: int, path: list[str]) -> bytes:
    """Return the root that an inclusion path leads to; ValueError where it cannot."""
    if (index, size, path) == (0, 1, []):
        return leaf
    require(path and 0 <= index < size)
    *below, top = path
    # The left half is the largest full tree that leaves something on the right.
    half = 1 << ((size - 1).bit_length() - 1)
    sibling = bytes.fromhex(top)
    if index < half:
        return sha256(b"\1" + root_of_path(leaf, index, half, below) + sibling)
    return sha256(
        b"\1" + sibling + root_of_path(leaf, index - half, size - half, below)
    )


class Checkpoint(NamedTuple):
    """The head of a ledger: its name, its number of lines, and the root over them."""

    origin: str
    size: int
    root: str


CHECKPOINT = re.compile(
    r"([^\n]+)\n(0|[1-9][0-9]{0,14})\n([A-Za-z0-9+/]{43}=)\n(?:[^\n]+\n)*"
)


def read_checkpoint(data: bytes) -> Checkpoint:
    """Return the checkpoint in a file; CR before LF means nothing.

    Windows PowerShell writes UTF-16, and Notepad a byte order mark.
    """
    is_utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = data.decode("utf-16" if is_utf16 else "utf-8-sig").replace("\r\n", "\n")
    body = text.partition("\n\n")[0].rstrip("\n")
    match = CHECKPOINT.fullmatch(body + "\n")
    if not match:
        raise ValueError("not a checkpoint")
    root = base64.b64decode(match[3], validate=True)
    require(base64.b64encode(root).decode() == match[3])
    return Checkpoint(match[1], int(match[2]), root.hex())


# Facts: what follows from a content


INPUTS = ("events", "listing", "quarantine", "attachments")
ARCHIVE_INPUTS = ("people", "decisions", "chat-logs", "inventory", "imports")
KINDS = (
    "message",
    "thread",
    "participant",
    "receipt",
    "properties",
    "page",
    "outcome",
    "attachment",
    "input",
    "other",
    "unreadable",
)
CHANGES = ("received", "edited", "deleted", "created", "updated", "added", "removed")
TYPES = (
    "text",
    "html",
    "topicUpdated",
    "participantAdded",
    "participantRemoved",
    "other",
)
LISTED = {
    "messages": "message",
    "participants": "participant",
    "receipts": "receipt",
    "properties": "properties",
}
VISIBILITIES = ("full", "partial", "snapshot", "events_only")
ORIGINS = ("attachment", "link")
FETCHED = ("stored", "gone", "refused", "too_large", "unreachable")
MESSAGE_TIMES = {
    "received": "composeTime",
    "edited": "editTime",
    "deleted": "deleteTime",
}
THREAD_TIMES = {"created": "createTime", "updated": "editTime", "deleted": "deleteTime"}
TIMES = {
    **{("message", change): name for change, name in MESSAGE_TIMES.items()},
    **{("thread", change): name for change, name in THREAD_TIMES.items()},
    ("participant", "added"): "time",
    ("participant", "removed"): "time",
}
EVENT = re.compile(
    "(?:Microsoft\\.Communication\\.)?Chat(?:"
    "Message(?P<message>Received|Edited|Deleted)(?:InThread)?"
    "|Thread(?P<created>Created)(?:WithUser)?"
    "|ThreadProperties(?P<updated>Updated)(?:PerUser)?"
    "|Thread(?:WithUser)?(?P<deleted>Deleted)"
    "|ThreadParticipant(?P<participant>Added|Removed)"
    "|(?:Participant|Member)(?:(?P<added>Added)To|(?P<removed>Removed)From)ThreadWithUser"
    ")"
)
TYPE_NAMES = {
    "text": "text",
    "html": "html",
    "richtext/html": "html",
    "topicupdated": "topicUpdated",
    "threadactivity/topicupdate": "topicUpdated",
    "participantadded": "participantAdded",
    "threadactivity/addmember": "participantAdded",
    "participantremoved": "participantRemoved",
    "threadactivity/deletemember": "participantRemoved",
}
WHO = "CommunicationIdentifier"
ACTORS = [
    name + WHO
    for name in (
        "createdBy",
        "editedBy",
        "deletedBy",
        "addedBy",
        "removedBy",
        "initiator",
    )
]
UNSEARCHED = {"sender" + WHO, "recipient" + WHO, "metadata", *ACTORS}


def facts_of(stated: dict[str, Any], content: bytes) -> dict[str, Any]:
    """Return what the facts of a content have to be; the given ones are as stated."""
    given = {name: stated[name] for name in GIVEN if name in stated}
    facts = {**given, "schema": 1}
    try:
        require(not is_deep(content))
        derived = derive(given, LENIENT.decode(content.decode()))
        canonical(derived)
    except BROKEN:
        return {**facts, "kind": "unreadable"}
    found = {name: value for name, value in derived.items() if value not in ("", [])}
    return facts | found


def derive(given: dict[str, Any], value: Any) -> dict[str, Any]:
    """Return the facts that follow from a content; ValueError where there are none."""
    file = given["file"]
    require(isinstance(value, dict) and file != "quarantine")
    if file == "events":
        return derive_event(value)
    if file == "attachments":
        message, number = id_in(value.get("message")), value.get("number")
        require(message and is_number(number))
        return {"kind": "attachment", "message": message, "number": number}
    if file in ARCHIVE_INPUTS:
        people = value.get("people")
        people = people if isinstance(people, list) else []
        return {"kind": "input", "people": sorted({*filter(is_text, people)})}
    for name in ("outcome", "page"):
        if name in given:
            return {"kind": name}
    return derive_item(given["origin"], value)


def derive_event(event: dict[str, Any]) -> dict[str, Any]:
    """Return the facts of an event, in either of the two envelopes."""
    # Event Grid's own schema has "eventType", CloudEvents has "type".
    name, data = event.get("eventType", event.get("type")), event.get("data")
    if not is_text(name) or not isinstance(data, dict):
        raise ValueError("not an event")
    kind, change = kind_of_event(str(name))
    message, version = id_in(data.get("messageId")), id_in(data.get("version"))
    is_message = kind == "message"
    require(not is_message or (message and version))
    time = time_fact(data.get(TIMES.get((kind, change), "")))
    return {
        "kind": kind,
        "change": change,
        "type": type_in(data) if is_message else "",
        "message": message,
        "version": version,
        "time": time or time_fact(event.get("eventTime", event.get("time"))),
        "sender": raw_id(data.get("sender" + WHO)),
        "actor": actor_in(data),
        **people_and_topic(data),
    }


def kind_of_event(name: str) -> tuple[str, str]:
    """Return kind and change of a type of event."""
    match = EVENT.fullmatch(name)
    if not match:
        return "other", ""
    group = match.lastgroup or ""
    kind = group if group in ("message", "participant") else "thread"
    kind = "participant" if group in ("added", "removed") else kind
    return kind, match[group].lower()


def derive_item(listed: str, item: dict[str, Any]) -> dict[str, Any]:
    """Return the facts of an item of a listing."""
    facts: dict[str, Any] = {"kind": LISTED[listed], **people_and_topic(item)}
    if listed == "messages":
        change = "deleted" if item.get("deletedOn") else "received"
        change = "edited" if change == "received" and item.get("editedOn") else change
        member = {"deleted": "deletedOn", "edited": "editedOn"}.get(change, "createdOn")
        content = item.get("content")
        facts |= {
            "change": change,
            "type": type_in(item),
            "message": id_in(item.get("id")),
            "version": id_in(item.get("version")),
            "time": time_fact(item.get(member)),
            "sender": raw_id(item.get("sender" + WHO)),
            "actor": actor_in(content) if isinstance(content, dict) else "",
        }
        require(facts["message"] and facts["version"])
    elif listed == "participants":
        facts["time"] = time_fact(item.get("shareHistoryTime"))
    elif listed == "receipts":
        facts["message"] = id_in(item.get("chatMessageId"))
        facts["time"] = time_fact(item.get("readOn"))
        facts["sender"] = raw_id(item.get("sender" + WHO))
    else:
        facts["time"] = time_fact(item.get("createdOn"))
        facts["actor"] = actor_in(item)
    return facts


def id_in(value: Any) -> str:
    """Return an id or a version; "" for none, ValueError for one of another form."""
    if value is None or value == "":
        return ""
    text = str(value) if is_integer(value) else value
    require(is_id(text))
    return str(text)


def type_in(value: dict[str, Any]) -> str:
    """Return the type of a message as a fact."""
    name = value.get("type")
    return TYPE_NAMES.get(name.lower(), "other") if isinstance(name, str) else ""


def time_fact(value: Any) -> str:
    """Return a time of the content as a fact; "" where it tells none."""
    moment = time_in(value)
    if moment is None:
        return ""
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def raw_id(value: Any) -> str:
    """Return the raw id of a communication identifier, told or by its typed part."""
    if not isinstance(value, dict):
        return ""
    found = value.get("rawId")
    if isinstance(found, str) and found:
        return found
    return next(filter(None, typed_ids(value)), "")


def typed_ids(value: dict[str, Any]) -> Iterator[str]:
    """Yield the raw id that each typed part stands for; "" where it is not there."""
    yield typed(value, "communicationUser", "id")
    phone = typed(value, "phoneNumber", "value")
    yield f"4:{phone}" if phone else ""
    name = "microsoftTeamsUser"
    member, cloud = typed(value, name, "userId"), cloud_of(value, name)
    if member and value[name].get("isAnonymous") is True:
        cloud = "teamsvisitor"
    yield f"8:{cloud}:{member}" if member else ""
    name = "microsoftTeamsApp"
    app = typed(value, name, "appId")
    yield f"28:{cloud_of(value, name)}:{app}" if app else ""
    name = "teamsExtensionUser"
    ids = [typed(value, name, key) for key in ("resourceId", "tenantId", "userId")]
    cloud = cloud_of(value, name)
    head = "8:acs:" if cloud == "orgid" else f"8:{cloud}-acs:"
    yield head + "_".join(ids) if all(ids) else ""


def typed(value: dict[str, Any], name: str, key: str) -> str:
    """Return a text in a part of an object; "" where it is not there."""
    part = value.get(name)
    found = part.get(key) if isinstance(part, dict) else None
    return found if isinstance(found, str) else ""


def cloud_of(value: dict[str, Any], name: str) -> str:
    """Return the cloud of an identifier as raw ids have it."""
    cloud = typed(value, name, "cloud").lower()
    return cloud if cloud in ("dod", "gcch") else "orgid"


def actor_in(value: dict[str, Any]) -> str:
    """Return the raw id of whoever made a change; "" where nobody is named."""
    return next(filter(None, (raw_id(value.get(name)) for name in ACTORS)), "")


def people_and_topic(value: Any) -> dict[str, Any]:
    """Return whom a value is about, and whether it carries a topic, at any depth."""
    people, has_topic, todo = set(), False, [value]
    while todo:
        inner = todo.pop()
        if isinstance(inner, dict):
            people.add(raw_id(inner))
            has_topic = has_topic or "topic" in inner
            todo.extend(inner[name] for name in inner.keys() - UNSEARCHED)
        elif isinstance(inner, list):
            todo.extend(inner)
    facts: dict[str, Any] = {"people": sorted(people - {""})}
    return {**facts, "topic": True} if has_topic else facts


def is_ranges(value: Any) -> bool:
    """Return whether a value is a list of ranges of lines."""
    return is_texts(value) and value != [] and all(map(is_span, value))


def is_span(value: str) -> bool:
    """Return whether a text is a range of at least one line."""
    match = RANGE.fullmatch(value)
    return match is not None and int(match[1]) < int(match[2])


FACTS: dict[str, Callable[[Any], bool]] = {
    "schema": lambda value: is_integer(value) and value == 1,
    "file": word_of(*INPUTS, *ARCHIVE_INPUTS),
    "kind": word_of(*KINDS),
    "received_on": is_time,
    "origin": is_text,
    "outcome": is_text,
    "listing": is_number,
    "page": is_number,
    "items": is_ranges,
    "stored": is_digest,
    "order": is_number,
    "message": is_id,
    "version": is_id,
    "change": word_of(*CHANGES),
    "type": word_of(*TYPES),
    "time": lambda value: is_time(value) and len(value) == 27,
    "sender": is_text,
    "actor": is_text,
    "people": lambda value: is_set(value) and value != [],
    "topic": lambda value: value is True,
    "number": is_number,
}
GIVEN = (
    "file",
    "received_on",
    "origin",
    "outcome",
    "listing",
    "page",
    "items",
    "stored",
)
"""The facts that the content does not hold."""


def check_facts(facts: dict[str, Any], *, is_erased: bool) -> None:
    """Raise ValueError for facts of another form than lines have."""
    require(all(name in FACTS and FACTS[name](facts[name]) for name in facts))
    require({"schema", "file", "kind"} <= facts.keys())
    require(is_erased or "order" not in facts)
    file, given = facts["file"], facts.keys() & {*GIVEN} - {"items"}
    expected = {"file", "received_on"}
    if file == "attachments":
        expected |= {"origin", "outcome"}
        if facts.get("outcome") == "stored":
            expected |= {"stored"}
        require(facts["origin"] in ORIGINS and facts["outcome"] in FETCHED)
    elif file == "listing":
        if "outcome" in facts:
            expected |= {"listing", "outcome"}
        elif "page" in facts:
            expected |= {"listing", "page", "origin"}
        else:
            expected = {"file", "origin"}
        require(facts.get("origin", "messages") in LISTED)
        require(facts.get("outcome", "full") in VISIBILITIES)
    require(given == expected and ("page" in facts or "items" not in facts))


# Lines


KEPT = re.compile(
    rb'\{"facts":(\{.*?\}),"salt":"([0-9a-f]{32})","content":(.+)\}', re.DOTALL
)
ERASED = re.compile(rb'\{"facts":(\{.*?\}),"commitment":"([0-9a-f]{64})"\}', re.DOTALL)


class InputLine(NamedTuple):
    """A line of the input; salt and content are empty where it is erased."""

    facts: dict[str, Any]
    commitment: bytes
    salt: bytes
    content: bytes


def read_line(data: bytes) -> InputLine:
    """Return a line, its facts checked against its content; ValueError for no line."""
    if match := KEPT.fullmatch(data):
        facts, content = from_canonical(match[1]), match[3]
        salt = bytes.fromhex(match[2].decode())
        check_facts(facts, is_erased=False)
        require(facts_of(facts, content) == facts)
        return InputLine(facts, sha256(salt + content), salt, content)
    match = ERASED.fullmatch(data)
    if not match:
        raise ValueError("not a line")
    facts = from_canonical(match[1])
    check_facts(facts, is_erased=True)
    return InputLine(facts, bytes.fromhex(match[2].decode()), b"", b"")


def leaf_of_line(line: InputLine) -> bytes:
    """Return the hash of a line's leaf: the same before and after it is erased."""
    return leaf_of({"facts": line.facts, "commitment": line.commitment.hex()})


# Orders to erase


FILE_NAME = re.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
SEALED = {"name": matching(FILE_NAME), "renderer": is_text, "seal": is_digest}
RESERVED = {"manifest.json", *(f"{file}.jsonl" for file in INPUTS)}


def is_files(value: Any) -> bool:
    """Return whether a value is a list of sealed files, sorted, each name once."""
    if not isinstance(value, list) or not all(
        has_shape(file, SEALED) for file in value
    ):
        return False
    names = [file["name"] for file in value]
    return names == sorted(set(names)) and not {*names} & RESERVED


ORDER = {
    "number": is_number,
    "random": is_random,
    "revision": is_number,
    "who": is_text,
    "when": is_time,
    "why": is_string,
    "scope": word_of("message", "participant", "topic"),
    "ids": is_set,
    "holds": is_set,
    "lines": is_texts,
    "files": is_files,
}


def start_of(span: range) -> int:
    return span.start


class Order:
    """An order to erase, and the line of the ledger that records it."""

    def __init__(self, value: Any) -> None:
        require(has_shape(value, ORDER))
        require(bool(value["ids"]) != (value["scope"] == "topic"))
        self.value = value
        self.number: int = value["number"]
        self.revision: int = value["revision"]
        self.when = microseconds(value["when"])
        self.ids = frozenset(value["ids"])
        self.spans: dict[str, list[range]] = {}
        """By file: the lines that it names."""
        files = [*INPUTS, *ARCHIVE_INPUTS]
        last = (-1, 0)
        for name in value["lines"]:
            file, _, numbers = name.partition(":")
            require(file in files and is_range(numbers) and is_span(numbers))
            first, end = map(int, numbers.split("-"))
            # In order, and joined where they meet: one way to name the same lines.
            require((files.index(file), first) > last)
            last = (files.index(file), end)
            self.spans.setdefault(file, []).append(range(first, end))
        require(self.spans)

    def names(self, file: str, index: int) -> bool:
        """Return whether the order names a line."""
        spans = self.spans.get(file, [])
        # An order may name every second line of very many: they stand in order.
        at = bisect_right(spans, index, key=start_of) - 1
        return at >= 0 and index in spans[at]

    def members_in_ledger(self) -> dict[str, Any]:
        """Return what the order's line of the ledger holds."""
        members = {
            name: self.value[name] for name in ("number", "random", "who", "when")
        }
        return {**members, "order": sha256(canonical(self.value)).hex()}


def read_orders(data: bytes) -> list[Order]:
    """Return the orders in `erasures.json`."""
    value = from_file(data)
    require(has_shape(value, {"format": is_format_2, "orders": is_list}))
    orders = [Order(order) for order in value["orders"]]
    require(
        orders and [order.number for order in orders] == [*range(1, len(orders) + 1)]
    )
    revisions = [order.revision for order in orders]
    require(revisions == sorted(revisions))
    return orders


class Senders:
    """Who sent each message, and since which revision a line says so."""

    def __init__(self, orders: list[Order]) -> None:
        self.since: dict[tuple[str, str], int] = {}
        self.wanted = {
            person
            for order in orders
            if order.value["scope"] == "participant"
            for person in order.ids
        }

    def add(self, facts: dict[str, Any], revision: int) -> None:
        """Note what a line says of its message's sender."""
        if facts.get("kind") == "message" and facts.get("sender") in self.wanted:
            key = (facts["message"], facts["sender"])
            self.since[key] = min(revision, self.since.get(key, revision))

    def know(self, message: Any, people: Iterable[str], revision: int) -> bool:
        """Return whether a line up to a revision says that one of these sent it."""
        since = (self.since.get((message, person)) for person in people)
        return any(number is not None and number <= revision for number in since)


def covers(
    order: Order, facts: dict[str, Any], revision: int, senders: Senders
) -> bool:
    """Return whether an order covers a line, by the line's facts alone."""
    scope = order.value["scope"]
    is_meant = scope == "message" and facts.get("message") in order.ids
    if revision > order.revision:
        time = facts.get("time", facts.get("received_on"))
        if "message" in facts:
            moment = int(facts["message"]) * 1000
        else:
            moment = order.when - 1 if time is None else microseconds(time)
        if moment >= order.when:
            return is_meant
    else:
        revision = order.revision
    if is_meant or facts["kind"] == "unreadable":
        return True
    if scope == "message":
        return False
    if scope == "topic":
        return "topic" in facts or facts["file"] == "quarantine"
    people = {facts.get("actor"), *facts.get("people", ())}
    if "sender" in facts:
        return bool(order.ids & {*people, facts["sender"]})
    return bool(order.ids & people) or senders.know(
        facts.get("message"), order.ids, revision
    )


# What has been found


class Findings:
    """Failures, and what else a reader of the verdict has to know."""

    def __init__(self) -> None:
        self.failures: list[tuple[str, str]] = []
        self.notes: list[tuple[str, str]] = []
        self.said: list[str] = []
        """All that is to say, in the order in which it was found."""
        self.archive_input: dict[str, int] = {}
        """Lines that concern no single thread, by kind."""
        self.threads = self.revisions = self.lines = self.ledger_lines = 0
        self.root = ""
        """The ledger's, in hexadecimal."""
        self.checkpoint = ""
        """Which checkpoint the ledger was compared with; "" for none."""
        self.grades: dict[tuple[str, str], int] = {}
        """By grade and reason: how many threads have it in their newest revision."""

    def fail(self, path: str, reason: str) -> None:
        """Note a failure."""
        self.failures.append((path, reason))
        self.said.append(f"FAILED {path}: {reason}")

    def note(self, path: str, reason: str) -> None:
        """Note what is no failure."""
        self.notes.append((path, reason))
        self.said.append(f"note: {path}: {reason}")

    def erase(self, order: Order, where: str) -> None:
        """Note what was erased: by which order, when, who and why."""
        self.said.append(f"ERASED {erased_by(order, where)}")


class Files:
    """The files below a folder. Links are never followed: they lead out of it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.odd: list[str] = []
        """What is neither a file nor a folder."""

    def names(self) -> list[str]:
        """Return the paths of all files, sorted."""
        return sorted(self.below(""))

    def below(self, folder: str) -> Iterator[str]:
        """Yield the paths of all files below a folder."""
        with os.scandir(self.root / folder) as entries:
            for entry in entries:
                path = folder + entry.name
                if entry.is_dir(follow_symlinks=False):
                    yield from self.below(path + "/")
                    continue
                if not stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode):
                    self.odd.append(path)
                yield path

    def chunks(self, path: str) -> Iterator[bytes]:
        """Yield the bytes of a file; a link or a device is an OSError."""
        if path in self.odd:
            raise OSError("a link or a device")
        with (self.root / path).open("rb") as file:
            while chunk := file.read(1 << 20):
                yield chunk

    def read(self, path: str) -> bytes:
        """Return what a file holds."""
        return b"".join(self.chunks(path))


def lines_of(chunks: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Yield each line without its LF, and whether it had one."""
    rest = [b""]
    for chunk in chunks:
        first, *others = chunk.split(b"\n")
        rest.append(first)
        for line in others:
            yield b"".join(rest), True
            rest = [line]
    if any(rest):
        yield b"".join(rest), False


def orders_in(files: Files, path: str, findings: Findings) -> list[Order]:
    """Return the orders in a file; none, and a failure, where it cannot be read."""
    try:
        return read_orders(files.read(path))
    except BROKEN:
        findings.fail(path, "it cannot be read")
        return []


# The ledger


LEDGER = {
    "closed": {"blob": is_number, "lines": is_number, "root": is_digest, "day": is_day},
    "revision": {"revision": is_number, "manifest": is_digest},
    "erasure": {
        "number": is_number,
        "random": is_random,
        "who": is_text,
        "when": is_time,
        "order": is_digest,
    },
    "hold": {
        "action": word_of("add", "release"),
        "hold": is_random,
        "random": is_random,
        "participant": is_string,
        "message": is_string,
        "who": is_text,
        "when": is_time,
        "why": is_string,
    },
    "package": {"random": is_random, "request": is_digest},
    "input": {
        "input": word_of(*ARCHIVE_INPUTS),
        "number": is_number,
        "lines": is_number,
        "root": is_digest,
    },
}
"""What a line of each kind holds, besides its kind and the key of its thread."""
BLOB = re.compile("ledger/([0-9]{6}|[1-9][0-9]{6,11})\\.jsonl")


class LedgerLine(NamedTuple):
    """A line of the ledger; without members where a package withholds it."""

    kind: str
    key: str
    members: dict[str, Any]
    place: int
    blob: int
    leaf: bytes


def read_ledger_line(data: bytes) -> tuple[str, str, dict[str, Any], bytes]:
    """Return kind, key, members and leaf of a line; ValueError for no line."""
    members = from_canonical(data)
    kind, key = members.pop("kind"), members.pop("thread_key")
    require(isinstance(kind, str) and kind in LEDGER and (key == "" or is_random(key)))
    require(key == "" or kind not in ("closed", "package", "input"))
    require(key != "" or kind != "revision")
    if has_shape(members, {"rest": is_digest}) and kind != "closed":
        rest, members = members["rest"], {}
    else:
        require(has_shape(members, LEDGER[kind]))
        rest = sha256(canonical(members)).hex()
    return kind, key, members, leaf_of({"kind": kind, "rest": rest, "thread_key": key})


class Ledger:
    """The lines of all blobs, in order, and the tree over them."""

    def __init__(self, findings: Findings, checkpoint: Checkpoint | None) -> None:
        self.findings = findings
        self.checkpoint = checkpoint
        self.tree = Tree()
        self.seen: set[bytes] = set()
        self.lines: dict[tuple[str, str], list[LedgerLine]] = {}
        """By kind and key of a thread."""
        self.withheld: dict[str, int] = {}
        """By kind: how many lines a package withholds."""
        self.withheld_keys: set[str] = set()
        self.days: dict[int, str] = {}
        """By blob: the day on which it was closed."""
        self.last: LedgerLine | None = None
        self.root_at_checkpoint = self.tree.root()

    def read(self, files: Files, paths: list[str]) -> None:
        """Read every blob, and compare the whole with the checkpoint."""
        blobs = {
            int(match[1]): match[0] for match in map(BLOB.fullmatch, paths) if match
        }
        for number in sorted(blobs):
            path = blobs[number]
            if number > 1 and number - 1 not in blobs:
                self.findings.fail(path, "the blob before it is missing")
            try:
                self.read_blob(number, path, files, is_last=number == max(blobs))
            except BROKEN:
                self.findings.fail(path, "it cannot be read")
        if self.checkpoint is None:
            return
        if self.tree.size < self.checkpoint.size:
            self.findings.fail(
                "ledger", "it is older than the checkpoint, or its end was removed"
            )
        elif self.root_at_checkpoint != self.checkpoint.root:
            self.findings.fail("ledger", "it does not begin as the checkpoint says")

    def read_blob(self, number: int, path: str, files: Files, *, is_last: bool) -> None:
        """Read the lines of one blob."""
        is_first = True
        for data, is_whole in lines_of(files.chunks(path)):
            if not is_whole:
                reason = "its last line is torn, and counts for nothing"
                (self.findings.note if is_last else self.findings.fail)(path, reason)
                continue
            try:
                self.add(data, number, is_first=is_first)
            except BROKEN as error:
                place = (
                    str(error)
                    if isinstance(error, Misplaced)
                    else "no line of a ledger"
                )
                self.findings.fail(path, place)
            is_first = False
        if is_first and not is_last:
            self.findings.fail(path, "it holds no line")

    def add(self, data: bytes, blob: int, *, is_first: bool) -> None:
        """Add a line to the tree; a line that stood before counts where it stood."""
        size, root = self.tree.size, ""
        try:
            kind, key, members, leaf = read_ledger_line(data)
        except BROKEN:
            self.count(sha256(b"\0" + data))
            raise
        if leaf in self.seen and not (is_first and blob > 1):
            return
        self.seen.add(leaf)
        if kind == "closed":
            root = self.tree.root()
        self.count(leaf)
        line = self.last = LedgerLine(kind, key, members, size, blob, leaf)
        self.lines.setdefault((kind, key), []).append(line)
        if not members:
            self.withheld[kind] = self.withheld.get(kind, 0) + 1
            self.withheld_keys.add(key)
        if (kind == "closed") != (is_first and blob > 1):
            raise Misplaced(
                "a blob begins with a line `closed`, which stands nowhere else"
            )
        if kind == "closed":
            self.close(blob - 1, members, size, root)

    def close(self, blob: int, members: dict[str, Any], size: int, root: str) -> None:
        """Check the line that closes a blob against all lines before it."""
        day = members["day"]
        if members != {"blob": blob, "lines": size, "root": root, "day": day}:
            raise Misplaced("the line `closed` does not fit the lines before it")
        if day < self.days.get(blob - 1, ""):
            raise Misplaced("a blob was closed before the one before it")
        self.days[blob] = day

    def count(self, leaf: bytes) -> None:
        """Add a leaf to the tree."""
        self.tree.add(leaf)
        if self.checkpoint and self.tree.size == self.checkpoint.size:
            self.root_at_checkpoint = self.tree.root()

    def of(self, kind: str, key: str) -> list[LedgerLine]:
        """Return the lines of a kind that concern a thread, but for withheld ones."""
        return [line for line in self.lines.get((kind, key), ()) if line.members]


class Misplaced(ValueError):
    """A line that stands where it may not; its text says why."""


# The lines of one thread, or of the archive-level input


class Input:
    """Checks lines one by one, in the order of the input."""

    def __init__(
        self, orders: list[Order], senders: Senders, findings: Findings
    ) -> None:
        self.orders = orders
        self.senders = senders
        self.findings = findings
        self.trees: dict[str, Tree] = {}
        self.salts = bytearray()
        """All salts that are left, in the order of the input."""
        self.kept: dict[bytes, bytes] = {}
        """By salt: the beginning of its commitment."""
        self.gone: set[bytes] = set()
        """The beginnings of the commitments of erased lines."""
        self.listed = bytearray()
        """For each line of the listing: 1 where it is an item."""
        self.attachments: dict[str, bytes] = {}
        """By name: the salt of each file that this revision's lines say is there."""
        self.pending: set[str] = set()
        """Names of files that go when an erasure is finished."""
        self.unfinished: set[int] = set()
        """The orders that name a line which still has its content."""
        self.holds: dict[int, list[dict[str, Any]]] = {}
        """By order: the holds that were in force and that it does not name."""
        self.broken: set[tuple[int, str]] = set()
        """Orders and holds: which took what which covers, without a word."""

    def read(self, path: str, file: str, revision: int, files: Files) -> None:
        """Check the lines of one file."""
        for data, is_whole in lines_of(files.chunks(path)):
            tree = self.trees.setdefault(file, Tree())
            place = f"{path}, line {tree.size} of {file}"
            try:
                require(is_whole)
                line = read_line(data)
                require(line.facts["file"] == file)
                tree.add(leaf_of_line(line))
            except BROKEN:
                tree.add(sha256(data))
                self.listed.extend(b"\0" if file == "listing" else b"")
                self.findings.fail(place, "no line, or not one of this file")
                continue
            self.check(place, line, revision, tree.size - 1)

    def check(self, place: str, line: InputLine, revision: int, index: int) -> None:
        """Check one line against the orders and the lines before it."""
        facts = line.facts
        if reason := self.problem_of_order(line, revision, index):
            self.findings.fail(place, reason)
        self.check_holds(facts, revision, index)
        beginning = line.commitment[:16]
        if not line.salt:
            self.gone.add(beginning)
        else:
            self.salts += line.salt
            if self.kept.setdefault(line.salt, beginning) != beginning:
                self.findings.fail(place, "its salt was used before")
        if facts["file"] == "listing":
            self.check_page(place, line, index)
        if facts.get("stored") and line.salt:
            named = any(order.names("attachments", index) for order in self.orders)
            self.attachments[facts["stored"]] = line.salt
            self.pending |= {facts["stored"]} if named else set()

    def check_holds(self, facts: dict[str, Any], revision: int, index: int) -> None:
        """Note which holds cover a line that an order names."""
        for order in self.orders if self.holds else ():
            if not order.names(facts["file"], index):
                continue
            for hold in self.holds.get(order.number, ()):
                person, message = hold["participant"], hold["message"]
                concerned = {facts.get("actor"), *facts.get("people", ())}
                concerned |= {facts.get("sender")}
                is_held = person in {"", *concerned} or (
                    "sender" not in facts
                    and self.senders.know(facts.get("message"), [person], revision)
                )
                if is_held and message in ("", facts.get("message")):
                    self.broken.add((order.number, hold["hold"]))

    def problem_of_order(self, line: InputLine, revision: int, index: int) -> str:
        """Return what is wrong between a line and the orders; "" for nothing."""
        facts, file = line.facts, line.facts["file"]
        naming = [order.number for order in self.orders if order.names(file, index)]
        covering = [
            order
            for order in self.orders
            if covers(order, facts, revision, self.senders)
        ]
        older = [order.number for order in covering if order.revision < revision]
        due = [order.number for order in covering if order.revision >= revision][:1]
        if "order" in facts:
            if naming or facts["order"] not in older:
                return "it was written erased, and that order does not cover it"
            return ""
        if naming != due:
            return f"orders {naming} name it, and orders {due} cover it"
        if not line.salt:
            return "" if naming else "it is erased, and no order names it"
        if naming:
            self.unfinished.add(naming[0])
            return f"an erasure is not finished: order {naming[0]} names this line"
        return f"order {older[0]} covers it, and it has its content" if older else ""

    def check_page(self, place: str, line: InputLine, index: int) -> None:
        """Check that a page is made of items that stand before it."""
        facts = line.facts
        spans = [map(int, span.split("-")) for span in facts.get("items", ())]
        indexes = [range(first, end) for first, end in spans]
        count = sum(map(len, indexes))
        is_item = "page" not in facts and "outcome" not in facts
        self.listed.append(is_item)
        for span in indexes:
            if span.stop > index or b"\0" in self.listed[span.start : span.stop]:
                self.findings.fail(
                    place, "it is made of lines that are no items before it"
                )
        if facts["kind"] == "page" and line.salt and not is_page(line.content, count):
            self.findings.fail(place, "it has another number of items")

    def finish(self, path: str) -> None:
        """Check what only all lines together tell."""
        for order in self.orders:
            for file, spans in order.spans.items():
                if spans[-1].stop > self.root(file)[0]:
                    reason = f"order {order.number} names lines of {file} that are not"
                    self.findings.fail(path, f"{reason} there")
        if not self.gone.isdisjoint(self.kept.values()):
            self.findings.fail(path, "an erased line stands with its content elsewhere")

    def root(self, file: str) -> tuple[int, str]:
        """Return the number of lines of a file so far, and the root over them."""
        tree = self.trees.setdefault(file, Tree())
        return tree.size, tree.root()


def is_page(content: bytes, items: int) -> bool:
    """Return whether a content is that of a page with so many items."""
    try:
        page = from_canonical(content, 2**31)
        offsets, length = page["offsets"], len(page["text"].encode())
        require(page.keys() == {"offsets", "text"} and all(map(is_integer, offsets)))
        require(offsets == sorted(offsets) and all(at <= length for at in offsets))
        return len(offsets) == items
    except BROKEN:
        return False


def recorded_orders(
    path: str,
    orders: list[Order],
    key: str,
    lines: dict[int, int],
    ledger: Ledger,
    today: str,
) -> list[Order]:
    """Return the orders that the ledger records, each checked against its line.

    `lines` has the place in the ledger of each revision's line.
    """
    fail, recorded, at = ledger.findings.fail, [], -1
    entries = ledger.of("erasure", key)
    for order in orders:
        place = f"{path}, order {order.number}"
        members = order.members_in_ledger()
        found = [entry for entry in entries if entry.members == members]
        if not found:
            is_last = all(entry.members["number"] < order.number for entry in entries)
            fail(place, NOT_RECORDED if is_last else "the ledger records another order")
            continue
        recorded.append(order)
        entry = found[0]
        after = min((n for n in lines if n > order.revision), default=0)
        end = lines.get(after, ledger.tree.size)
        if not max(at, lines.get(order.revision, ledger.tree.size)) < entry.place < end:
            fail(place, "its line stands at another place of the ledger")
        if order.value["when"][:10] > days_after(ledger.days.get(entry.blob, today)):
            fail(
                place, "it is dated over a week after the day on which it was recorded"
            )
        at = entry.place
    known = [order.members_in_ledger() for order in orders]
    for entry in entries:
        if entry.members not in known:
            fail(path, f"it lacks order {entry.members['number']} of the ledger")
    return recorded


def days_after(day: str) -> str:
    """Return the last day of `when` that may stand in a blob that was closed that day.

    A clock may have been ahead when the order was given.
    """
    try:
        return str(date.fromisoformat(day) + timedelta(days=7))
    except (ValueError, OverflowError):
        return day


NOT_RECORDED = "an erasure is not finished: the ledger has no line of this order"


# One thread


INPUT = {"file": is_text, "first": is_integer, "lines": is_integer, "root": is_digest}
COVER = {"records": is_integer, "created_on": is_time}


def is_inputs(value: Any) -> bool:
    """Return whether a value has an entry for each file of the input, in order."""
    if not isinstance(value, list) or not all(
        has_shape(entry, INPUT) for entry in value
    ):
        return False
    in_order = [entry["file"] for entry in value] == [*INPUTS]
    return in_order and all(entry["first"] <= entry["lines"] for entry in value)


def is_covers(value: Any) -> bool:
    """Return whether a value says how much of each segment of the log is in."""
    return isinstance(value, dict) and all(
        has_shape(cover, COVER) for cover in value.values()
    )


MANIFEST = {
    "format": is_format_2,
    "thread_id": is_text,
    "thread_key": is_random,
    "revision": is_number,
    "previous": lambda value: has_shape(
        value, {"revision": is_integer, "manifest": is_string}
    ),
    "inputs": is_inputs,
    "files": is_files,
    "covers": is_covers,
    "grade": word_of("complete", "all_the_service_had", "may_be_incomplete"),
    "grade_reason": word_of(
        "",
        "events_missing",
        "listing_partial",
        "listing_snapshot",
        "events_only",
        "records_unreadable",
        "attachments_missing",
        "unverifiable",
        "differs",
    ),
    "written_on": is_time,
    "archiver_version": is_text,
}


def read_manifest(data: bytes) -> dict[str, Any]:
    """Return what a manifest holds."""
    manifest: dict[str, Any] = from_file(data)
    require(has_shape(manifest, MANIFEST))
    before = manifest["previous"]
    is_none = before == {"revision": 0, "manifest": ""}
    require(is_none or (before["revision"] > 0 and is_digest(before["manifest"])))
    return manifest


def folder_of(thread_id: str) -> str:
    """Return the name of a thread's folder."""
    # quote() leaves "~" as it is, and a name must not end with a dot on Windows.
    return "thread=" + re.sub(
        r"\.\Z", "%2E", quote(thread_id, safe="").replace("~", "%7E")
    )


IN_REVISION = re.compile("rev=((?!0000/)[0-9]{4}|[1-9][0-9]{4,8})/(.+)", re.DOTALL)
LEFT_BY_SYSTEMS = {".DS_Store", "Thumbs.db", "desktop.ini"}
STUB = re.compile(
    "ledger|archive-input(/[a-z-]+)?|thread=[^/]+(/rev=[0-9]+(/attachments)?)?|.*/",
    re.DOTALL,
)


class Thread:
    """Checks one thread: every revision, each against the one before."""

    def __init__(
        self, folder: str, names: list[str], files: Files, ledger: Ledger, prefix: str
    ) -> None:
        self.folder, self.path = folder, prefix + folder
        self.files, self.ledger, self.findings = files, ledger, ledger.findings
        self.revisions: dict[int, set[str]] = {}
        """By number: the names of its files."""
        self.names: set[str] = set()
        """The names of the files that are in no revision."""
        for name in names:
            self.place(name)
        self.manifests: dict[int, dict[str, Any]] = {}
        self.thread_id = self.key = ""
        self.orders: list[Order] = []

    def place(self, name: str) -> None:
        """Note a file; a name that no thread has is a failure."""
        match = IN_REVISION.fullmatch(name)
        if name.rsplit("/", 1)[-1] in LEFT_BY_SYSTEMS or is_stub(
            self.files, self.path + "/" + name, f"{self.folder}/{name}"
        ):
            self.findings.note(
                f"{self.path}/{name}", "left by a system, not the archive's"
            )
        elif match:
            self.revisions.setdefault(int(match[1]), set()).add(match[2])
        elif name in ("thread.json", "erasures.json"):
            self.names.add(name)
        else:
            self.findings.fail(f"{self.path}/{name}", "no thread has such a file")

    def verify(self, today: str) -> None:
        """Check everything that the thread's folder holds."""
        self.read_identity()
        digests = self.read_manifests()
        places = self.check_revision_lines(digests)
        self.read_orders(places, today)
        holds = {order.number: self.unnamed_holds(order) for order in self.orders}
        senders = Senders(self.orders)
        senders.wanted |= {
            hold["participant"] for unnamed in holds.values() for hold in unnamed
        }
        if senders.wanted:
            self.find_senders(senders)
        lines = Input(self.orders, senders, self.findings)
        lines.holds = holds
        before: tuple[int, str] = (0, "")
        for number, manifest in self.manifests.items():
            self.check_chain(number, manifest, before)
            before = (number, digests[number])
            self.check_inputs(number, manifest, lines)
            self.check_attachments(number, lines)
            self.check_rendered(number, manifest, lines)
        lines.finish(self.path)
        self.note_holds(lines)
        self.count(lines)

    def count(self, lines: Input) -> None:
        """Count what was looked at, and the grade of the newest revision."""
        self.findings.threads += 1
        self.findings.revisions += len(self.manifests)
        self.findings.lines += sum(tree.size for tree in lines.trees.values())
        if self.manifests:
            manifest = self.manifests[max(self.manifests)]
            grade = (manifest["grade"], manifest["grade_reason"])
            self.findings.grades[grade] = self.findings.grades.get(grade, 0) + 1

    def read_identity(self) -> None:
        """Read the thread's id and key."""
        try:
            value = from_file(self.files.read(f"{self.path}/thread.json"))
            shape = {
                "format": is_format_2,
                "thread_id": is_text,
                "thread_key": is_random,
            }
            require(has_shape(value, shape))
            self.thread_id, self.key = value["thread_id"], value["thread_key"]
            require(folder_of(self.thread_id) == self.folder)
        except BROKEN:
            self.findings.fail(
                f"{self.path}/thread.json", "it is missing, or not that of this folder"
            )

    def read_manifests(self) -> dict[int, str]:
        """Read the manifests; return the digest of each, by revision."""
        digests = {}
        for number in sorted(self.revisions):
            place = f"{self.path}/rev={number:04d}"
            if "manifest.json" not in self.revisions[number]:
                self.findings.note(place, "an attempt that was not finished")
                continue
            try:
                data = self.files.read(f"{place}/manifest.json")
                manifest = read_manifest(data)
            except BROKEN:
                self.findings.fail(f"{place}/manifest.json", "it cannot be read")
                continue
            self.manifests[number] = manifest
            digests[number] = sha256(data).hex()
            identity = (
                manifest["thread_id"],
                manifest["thread_key"],
                manifest["revision"],
            )
            if identity != (self.thread_id, self.key, number):
                self.findings.fail(
                    f"{place}/manifest.json", "it is of another revision"
                )
        return digests

    def check_revision_lines(self, digests: dict[int, str]) -> dict[int, int]:
        """Compare ledger and manifests; return the place of each revision's line."""
        places: dict[int, int] = {}
        for line in self.ledger.of("revision", self.key):
            number = line.members["revision"]
            place = f"{self.path}/rev={number:04d}"
            if digests.get(number) != line.members["manifest"] or number in places:
                self.findings.fail(
                    place, "it is gone, or not the one that was recorded"
                )
            if places and number < max(places):
                self.findings.fail(place, "it was recorded after a later one")
            places.setdefault(number, line.place)
        for number in digests:
            if number in places:
                continue
            place = f"{self.path}/rev={number:04d}"
            if number == max(digests):
                self.findings.note(place, "the ledger does not record it yet")
            else:
                self.findings.fail(place, "the ledger does not record it")
        if self.key in self.ledger.withheld_keys:
            self.findings.fail(self.path, "lines of the ledger about it are withheld")
        return places

    def read_orders(self, places: dict[int, int], today: str) -> None:
        """Read the orders, and compare them with the ledger."""
        path = f"{self.path}/erasures.json"
        is_there = "erasures.json" in self.names
        orders = orders_in(self.files, path, self.findings) if is_there else []
        self.orders = recorded_orders(
            path, orders, self.key, places, self.ledger, today
        )
        for order in self.orders:
            self.findings.erase(order, self.thread_id)
            if order.revision not in self.manifests:
                self.findings.fail(path, f"order {order.number} is of no revision")

    def find_senders(self, senders: Senders) -> None:
        """Read who sent each message, as far as an order asks."""
        for number in self.manifests:
            for file in INPUTS:
                if f"{file}.jsonl" not in self.revisions[number]:
                    continue
                path = f"{self.path}/rev={number:04d}/{file}.jsonl"
                try:
                    for data, _ in lines_of(self.files.chunks(path)):
                        match = KEPT.fullmatch(data) or ERASED.fullmatch(data)
                        if match:
                            add_sender(senders, match[1], number)
                except OSError:
                    continue  # it is reported where the lines are checked

    def check_chain(
        self, number: int, manifest: dict[str, Any], before: tuple[int, str]
    ) -> None:
        """Check that a manifest follows on the one before it."""
        if manifest["previous"] != {"revision": before[0], "manifest": before[1]}:
            path = f"{self.path}/rev={number:04d}/manifest.json"
            self.findings.fail(path, "it does not follow on the one before it")

    def check_inputs(self, number: int, manifest: dict[str, Any], lines: Input) -> None:
        """Check the lines of a revision, and the roots over all lines so far."""
        lines.attachments, lines.pending = {}, set()
        for entry in manifest["inputs"]:
            file = entry["file"]
            name = f"{file}.jsonl"
            path = f"{self.path}/rev={number:04d}/{name}"
            first, _ = lines.root(file)
            if name in self.revisions[number]:
                try:
                    lines.read(path, file, number, self.files)
                except BROKEN:
                    self.findings.fail(path, "it cannot be read")
            size, root = lines.root(file)
            if (entry["first"], entry["lines"], entry["root"]) != (first, size, root):
                self.findings.fail(path, "its lines are not those of the manifest")
            if (name in self.revisions[number]) != (size > first):
                self.findings.fail(path, "it holds no line")

    def check_attachments(self, number: int, lines: Input) -> None:
        """Check that the files are there which the lines say, and are the same."""
        folder, prefix = f"{self.path}/rev={number:04d}/", "attachments/"
        there = {name for name in self.revisions[number] if name.startswith(prefix)}
        for name in sorted(there | {prefix + name for name in lines.attachments}):
            salt = lines.attachments.get(name[len(prefix) :])
            if salt is None:
                self.findings.fail(folder + name, "no line has it, or it was erased")
                continue
            if name not in there and name[len(prefix) :] in lines.pending:
                continue  # the erasure that removed it is reported as not finished
            try:
                digest = hashlib.sha256(b"\2" + salt)
                for chunk in self.files.chunks(folder + name):
                    digest.update(chunk)
                require(digest.hexdigest() == name[len(prefix) :])
            except BROKEN:
                self.findings.fail(folder + name, "it is missing, or another file")

    def check_rendered(
        self, number: int, manifest: dict[str, Any], lines: Input
    ) -> None:
        """Check a revision's rendered files against its manifest, or its last order."""
        order = self.last_order(number, manifest)
        folder = f"{self.path}/rev={number:04d}/"
        there = {
            name
            for name in self.revisions[number] - RESERVED
            if not name.startswith("attachments/")
        }
        if lines.unfinished:
            return  # the erasure is reported, and the files are not yet what it says
        doubt = "an erasure is not finished, or " if order else ""
        sealed = [] if order and order.revision > number else manifest["files"]
        if order and order.revision == number:
            sealed = order.value["files"]
            who = f"order {order.number} of {order.value['when']}, {order.value['who']}"
            self.findings.note(folder, f"its rendered files are vouched for by {who}")
        names = {file["name"] for file in sealed}
        for name in sorted(there - names):
            self.findings.fail(folder + name, doubt + "it does not belong there")
        for file in sealed:
            is_there = file["name"] in there
            if is_there and not self.is_sealed(folder, file, lines):
                self.findings.fail(folder + file["name"], doubt + "it was changed")
            if not is_there and number == max(self.manifests):
                self.findings.fail(folder + file["name"], doubt + "it is missing")

    def last_order(self, number: int, manifest: dict[str, Any]) -> Order | None:
        """Return the last order since a revision that names a line up to it."""
        lines = {entry["file"]: entry["lines"] for entry in manifest["inputs"]}
        found = None
        for order in self.orders:
            touches = any(
                span.start < lines.get(file, 0)
                for file, spans in order.spans.items()
                for span in spans
            )
            if order.revision >= number and touches:
                found = order
        return found

    def is_sealed(self, folder: str, file: dict[str, Any], lines: Input) -> bool:
        """Return whether a file is the one that a seal was made of."""
        key = sha256(file["name"].encode() + lines.salts)
        digest = hashlib.sha256()
        try:
            for chunk in self.files.chunks(folder + file["name"]):
                digest.update(chunk)
        except OSError:
            return False
        return bool(sha256(key + digest.digest()).hex() == file["seal"])

    def unnamed_holds(self, order: Order) -> list[dict[str, Any]]:
        """Return the holds in force when an order was given that it does not name."""
        members = order.members_in_ledger()
        lines = self.ledger.of("erasure", self.key)
        end = next(line.place for line in lines if line.members == members)
        holds: dict[str, dict[str, Any]] = {}
        found = [*self.ledger.of("hold", self.key), *self.ledger.of("hold", "")]
        for line in sorted(found, key=lambda line: line.place):
            if line.place < end and line.members["action"] == "add":
                holds[line.members["hold"]] = line.members
            elif line.place < end:
                holds.pop(line.members["hold"], None)
        return [holds[name] for name in holds if name not in order.value["holds"]]

    def note_holds(self, lines: Input) -> None:
        """Note each order that was given while a hold was in force."""
        for number, hold in sorted(lines.broken):
            reason = f"order {number} took what hold {hold} covers, and does not say so"
            self.findings.note(f"{self.path}/erasures.json", reason)
        for order in self.orders:
            if order.value["holds"]:
                holds = ", ".join(order.value["holds"])
                self.findings.note(
                    f"{self.path}/erasures.json",
                    f"order {order.number} was given under these holds: {holds}",
                )


def add_sender(senders: Senders, facts: bytes, revision: int) -> None:
    """Note the sender in the facts of a line; what cannot be read says nothing."""
    try:
        senders.add(from_canonical(facts), revision)
    except BROKEN:
        return


def is_stub(files: Files, path: str, name: str) -> bool:
    """Return whether a file is empty and stands for a folder, as some storages do."""
    try:
        return STUB.fullmatch(name) is not None and next(files.chunks(path), b"") == b""
    except OSError:
        return False


def erased_by(order: Order, where: str) -> str:
    """Return what an order had erased, in words."""
    count = sum(len(span) for spans in order.spans.values() for span in spans)
    value = order.value
    return (
        f"{plural(count, 'line')} of {where} by order {order.number} "
        f"of {value['when']} by {value['who']}: {value['why']}"
    )


def plural(count: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


# Archive-level input


INPUT_BLOB = re.compile(
    f"archive-input/({'|'.join(ARCHIVE_INPUTS)})/([0-9]{{6}}|[1-9][0-9]{{6,11}})\\.jsonl"
)


def verify_archive_input(
    files: Files, paths: list[str], ledger: Ledger, today: str
) -> None:
    """Check the input that concerns no single thread."""
    findings = ledger.findings
    blobs: dict[int, tuple[str, str]] = {}
    for match in filter(None, map(INPUT_BLOB.fullmatch, paths)):
        if int(match[2]) in blobs:
            findings.fail(match[0], "its number is used twice")
        blobs.setdefault(int(match[2]), (match[1], match[0]))
    recorded = {line.members["number"]: line for line in ledger.of("input", "")}
    path = "archive-input/erasures.json"
    orders = orders_in(files, path, findings) if path in paths else []
    places = {number: line.place for number, line in recorded.items()}
    orders = recorded_orders(path, orders, "", places, ledger, today)
    for order in orders:
        findings.erase(order, "archive-input")
    lines = Input(orders, Senders(orders), findings)
    for number in sorted(blobs):
        kind, path = blobs[number]
        try:
            lines.read(path, kind, number, files)
        except BROKEN:
            findings.fail(path, "it cannot be read")
        size, root = lines.root(kind)
        findings.archive_input[kind] = size
        members = {"input": kind, "number": number, "lines": size, "root": root}
        if number not in recorded and number == max(blobs):
            findings.note(path, "the ledger does not record it yet")
        elif number not in recorded or recorded[number].members != members:
            findings.fail(path, "it is not what the ledger records")
    lines.finish("archive-input")
    for number in sorted(recorded.keys() - blobs.keys()):
        findings.fail("archive-input", f"number {number} is gone")


# A whole archive, or a package


OWN_FILE = re.compile(
    r"(?!archive/)(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*"
)


def is_own_files(value: Any) -> bool:
    """Return whether a value has the digests of a package's own files by path."""
    return (
        isinstance(value, dict)
        and all(map(is_digest, value.values()))
        and all(OWN_FILE.fullmatch(path) for path in value)
        and "request.json" not in value
    )


REQUEST = {
    "format": is_format_2,
    "random": is_random,
    "recorded": lambda value: isinstance(value, bool),
    "threads": is_set,
    "filters": is_texts,
    "files": is_own_files,
}


def verify(files: Files, checkpoint: bytes = b"", today: str = "") -> Findings:
    """Return what was found in an archive, or in a package."""
    findings = Findings()
    today = today or datetime.now(UTC).date().isoformat()
    names = files.names()
    is_package = "request.json" in names and any(
        n.startswith("archive/") for n in names
    )
    head = None
    try:
        if not checkpoint and is_package and "checkpoint.txt" in names:
            head = read_checkpoint(files.read("checkpoint.txt"))
        elif checkpoint:
            head = read_checkpoint(checkpoint)
    except BROKEN:
        findings.fail("the checkpoint", "it cannot be read")
    if head:
        text = f"{plural(head.size, 'line')} of {head.origin}"
        findings.checkpoint = (
            f"your checkpoint: {text}"
            if checkpoint
            else f"checkpoint of the package itself: {text}; bring your own"
        )
    prefix = "archive/" if is_package else ""
    paths = [name[len(prefix) :] for name in names if name.startswith(prefix)]
    ledger = Ledger(findings, head)
    inner = Inner(files, prefix)
    ledger.read(inner, paths)
    findings.ledger_lines, findings.root = ledger.tree.size, ledger.tree.root()
    ids = verify_threads(inner, paths, ledger, today)
    verify_archive_input(inner, paths, ledger, today)
    if is_package:
        verify_package(files, names, ids, ledger)
    elif ledger.withheld:
        findings.fail("ledger", "lines are withheld, which only a package may do")
    return findings


def verify_threads(
    files: Files, paths: list[str], ledger: Ledger, today: str
) -> set[str]:
    """Check every thread; return their ids."""
    threads: dict[str, list[str]] = {}
    for path in paths:
        folder, slash, name = path.partition("/")
        if folder.startswith("thread=") and slash:
            threads.setdefault(folder, []).append(name)
        elif not (BLOB.fullmatch(path) or INPUT_BLOB.fullmatch(path)):
            note_outside(ledger.findings, path, "archive")
    keys: dict[str, str] = {}
    ids = set()
    for folder, found in sorted(threads.items()):
        thread = Thread(folder, found, files, ledger, "")
        thread.verify(today)
        if thread.key and keys.setdefault(thread.key, folder) != folder:
            ledger.findings.fail(folder, "another thread has the same key")
        ids.add(thread.thread_id)
    check_lost(ledger, keys)
    return ids


class Inner(Files):
    """The files below a folder of others."""

    def __init__(self, files: Files, prefix: str) -> None:
        self.outer, self.prefix = files, prefix

    def chunks(self, path: str) -> Iterator[bytes]:
        """Yield the bytes of a file."""
        return self.outer.chunks(self.prefix + path)


def note_outside(findings: Findings, path: str, whole: str) -> None:
    """Note a file outside of the threads' folders that is no part of the whole."""
    if path != "archive-input/erasures.json":
        findings.note(path, f"it is no part of the {whole}, and was not looked at")


def check_lost(ledger: Ledger, keys: dict[str, str]) -> None:
    """Check that every thread is there of which the ledger says something."""
    for (kind, key), lines in sorted(ledger.lines.items()):
        if key and key not in keys and any(line.members for line in lines):
            ledger.findings.fail(
                "ledger", f"a thread with a line `{kind}` is gone: {key}"
            )


def verify_package(
    files: Files, names: list[str], ids: set[str], ledger: Ledger
) -> None:
    """Check a package's own files, and that it is what was requested."""
    findings = ledger.findings
    try:
        data = files.read("request.json")
        request = from_file(data)
        require(has_shape(request, REQUEST))
    except BROKEN:
        findings.fail("request.json", "it cannot be read")
        return
    for name, digest in sorted(request["files"].items()):
        try:
            require(name in names and sha256(files.read(name)).hex() == digest)
        except BROKEN:
            findings.fail(name, "it is missing, or not the file that was packed")
    # People open what stands at the top: nothing there may pass for verified.
    for folder in sorted({*map(top_of_archive, names)} - {""}):
        reason = "it stands beside the package's archive, and is no part of it"
        findings.fail(folder, reason)
    known = {"request.json", *request["files"]}
    for name in names:
        is_known = name in known or top_of_archive(name)
        if not name.startswith("archive/") and not is_known:
            note_outside(findings, name, "package")
    if sorted(ids) != request["threads"]:
        findings.fail("request.json", "the threads are not those that were requested")
    check_record(request, sha256(data).hex(), ledger)
    for kind, count in sorted(ledger.withheld.items()):
        findings.note("ledger", f"withheld lines of kind {kind}: {count}")


def top_of_archive(path: str) -> str:
    """Return the folder at the top of an archive that a path is in; "" for another."""
    folder, slash, _ = path.partition("/")
    is_top = folder in ("ledger", "archive-input") or folder.startswith("thread=")
    return folder if slash and is_top else ""


def check_record(request: dict[str, Any], digest: str, ledger: Ledger) -> None:
    """Check that the ledger of a recorded package ends with the package's line."""
    if not request["recorded"]:
        reason = "not recorded: these threads only, nothing is proven of others"
        ledger.findings.note("request.json", reason)
        return
    members = {"random": request["random"], "request": digest}
    if not (ledger.last and ledger.last.members == members):
        reason = "the ledger does not end with this package"
        ledger.findings.fail("request.json", reason)


# The proof of one message


def is_path(value: Any) -> bool:
    """Return whether a value is a path of hashes."""
    return isinstance(value, list) and all(map(is_digest, value))


IN_LEDGER = {"index": is_integer, "line": is_text, "path": is_path}
PROVEN = {
    "file": word_of(*INPUTS),
    "index": is_integer,
    "facts": lambda value: isinstance(value, dict),
    "commitment": is_digest,
    "path": is_path,
}
PROOF = {
    "format": is_format_2,
    "message": is_text,
    "lines": lambda value: isinstance(value, list) and value != [],
    "manifest": is_string,
    "ledger": lambda value: has_shape(value, IN_LEDGER),
    "orders": is_list,
    "checkpoint": is_string,
}
ORDER_OF_PROOF = {
    "order": lambda value: isinstance(value, dict),
    "ledger": lambda value: has_shape(value, IN_LEDGER),
}


def check_proof(data: bytes, checkpoint: bytes = b"") -> tuple[list[str], list[str]]:
    """Return what a proof proves, and what is wrong with it; BROKEN for no proof."""
    proof = from_file(data, 2**31)
    require(has_shape(proof, PROOF))
    require(all(has_shape(entry, ORDER_OF_PROOF) for entry in proof["orders"]))
    own = read_checkpoint(proof["checkpoint"].encode())
    require(re.fullmatch("[^\n]+\n[0-9]+\n[^\n]+\n", proof["checkpoint"]))
    head = read_checkpoint(checkpoint) if checkpoint else own
    manifest_data = proof["manifest"].encode("ascii")
    manifest = read_manifest(manifest_data)
    orders = [Order(entry["order"]) for entry in proof["orders"]]
    problems = [*problems_of_ledger(proof, manifest, orders, head)]
    places = [(proven["file"], proven["index"]) for proven in proof["lines"]]
    if len(set(places)) != len(places):
        problems.append("a line stands twice")
    for proven in proof["lines"]:
        problems += problems_of_line(proof, proven, manifest)
    return ([] if problems else statements(proof, manifest, orders)), problems


def problems_of_ledger(
    proof: Any, manifest: Any, orders: list[Order], head: Checkpoint
) -> Iterator[str]:
    """Yield which lines are not in the ledger of a checkpoint."""
    key, digest = manifest["thread_key"], sha256(proof["manifest"].encode()).hex()
    expected = {"revision": manifest["revision"], "manifest": digest}
    if not is_line_of(proof["ledger"], "revision", key, expected):
        yield "the line of the ledger is not that of the manifest"
    for order, entry in zip(orders, proof["orders"], strict=True):
        if not is_line_of(entry["ledger"], "erasure", key, order.members_in_ledger()):
            yield "an order's line of the ledger is not its own in this thread"
        if not any(is_erased_by(proven, order) for proven in proof["lines"]):
            yield "an order has none of these lines erased"
    yield from problems_of_checkpoint(proof, head)


def problems_of_checkpoint(proof: Any, head: Checkpoint) -> Iterator[str]:
    """Yield why a proof's lines of the ledger are not in a checkpoint's tree."""
    is_manifest_in = is_in_ledger(proof["ledger"], head)
    are_orders_in = all(
        is_in_ledger(entry["ledger"], head) for entry in proof["orders"]
    )
    own = read_checkpoint(proof["checkpoint"].encode())
    if head.size != own.size and not (is_manifest_in and are_orders_in):
        # Its paths lead to the root over so many lines, and to no other root.
        yield (
            f"it was made for a checkpoint of {plural(own.size, 'line')}, yours has "
            f"{head.size}: nothing is proven with yours; ask for a proof made with "
            "`prove --checkpoint`"
        )
        return
    if not is_manifest_in:
        yield "the manifest's line of the ledger is not in the checkpoint's tree"
    if not are_orders_in:
        yield "an order's line of the ledger is not in the checkpoint's tree"


def is_line_of(place: Any, kind: str, key: str, members: dict[str, Any]) -> bool:
    """Return whether a proof's line of the ledger has this kind, key and members."""
    try:
        return read_ledger_line(place["line"].encode("ascii"))[:3] == (
            kind,
            key,
            members,
        )
    except BROKEN:
        return False


def is_in_ledger(place: Any, head: Checkpoint) -> bool:
    """Return whether a proof's line of the ledger is in the tree of a checkpoint."""
    try:
        leaf = read_ledger_line(place["line"].encode("ascii"))[3]
        root = root_of_path(leaf, place["index"], head.size, place["path"])
    except BROKEN:
        return False
    return root.hex() == head.root


def problems_of_line(proof: Any, proven: Any, manifest: Any) -> Iterator[str]:
    """Yield what is wrong with a line of a proof."""
    is_erased = has_shape(proven, PROVEN)
    require(
        is_erased
        or has_shape(proven, {**PROVEN, "salt": is_random, "content": is_text})
    )
    facts = proven["facts"]
    canonical(facts)
    check_facts(facts, is_erased=is_erased)
    entry = manifest["inputs"][INPUTS.index(proven["file"])]
    leaf = leaf_of({"facts": facts, "commitment": proven["commitment"]})
    try:
        root = root_of_path(leaf, proven["index"], entry["lines"], proven["path"]).hex()
    except BROKEN:
        root = ""
    if root != entry["root"]:
        yield "a line is not in the tree of its file"
    if (facts["file"], facts.get("message")) != (proven["file"], proof["message"]):
        yield "a line does not tell this message"
    if not is_erased:
        content = proven["content"].encode()
        commitment = sha256(bytes.fromhex(proven["salt"]) + content).hex()
        if commitment != proven["commitment"] or facts_of(facts, content) != facts:
            yield "a content does not match its commitment, or not its facts"


def is_erased_by(proven: Any, order: Order) -> bool:
    """Return whether an order names an erased line, or stands in its facts."""
    if "content" in proven:
        return False
    number = proven["facts"].get("order")
    if number is not None:
        return bool(number == order.number)
    return order.names(proven["file"], proven["index"])


SOURCES = {"events": "event, ", "listing": "listed, "}
"""By file: who tells a line, the event or the service when it was asked."""
LISTED_TIMES = "of what is listed, the service gives times in whole seconds"


def statements(proof: Any, manifest: Any, orders: list[Order]) -> list[str]:
    """Return what a proof proves, in words: the message, and each version of it."""

    def version_order(proven: Any) -> tuple[bool, int]:
        version = proven["facts"].get("version", "")
        return version == "", int(version or 0)

    # An event that was delivered twice is said once, with both commitments.
    told: dict[str, list[str]] = {}
    for proven in sorted(proof["lines"], key=version_order):
        same = told.setdefault(statement(proven, orders), [])
        same.append(proven["commitment"])
    is_listed = any(proven["file"] == "listing" for proven in proof["lines"])
    return [
        f"thread {manifest['thread_id']}",
        f"message {proof['message']}",
        *(
            line
            for text, same in told.items()
            for line in (text, f"commitment{'s' * (len(same) > 1)} {', '.join(same)}")
        ),
        *([LISTED_TIMES] if is_listed else []),
        f"as of revision {manifest['revision']}",
        "other lines about this message may exist",
    ]


def statement(proven: Any, orders: list[Order]) -> str:
    """Return what one line of a proof says, in words."""
    facts = proven["facts"]
    name = facts["kind"]
    if "version" in facts:
        name = f"version {facts['version']}, {facts.get('change', name)}"
    elif "number" in facts:
        name += f" {facts['number']}"
    if "time" in facts:
        name += f" on {facts['time']}"
    people = [f"{word} {facts[word]}" for word in ("sender", "actor") if word in facts]
    said = SOURCES.get(facts["file"], "") + ", ".join([name, *people])
    order = next((order for order in orders if is_erased_by(proven, order)), None)
    if order:
        value = order.value
        text = f"erased by order {order.number} of {value['when']} by {value['who']}"
        text += f": {value['why']}"
    elif "content" in proven:
        text = text_in(facts, proven["content"])
    else:
        text = "text not shown"
    return ": ".join(filter(None, [said, text]))


def text_in(facts: dict[str, Any], content: str) -> str:
    """Return the text of a message; of anything else all that was received."""
    if facts["kind"] != "message":
        return content
    value = LENIENT.decode(content)
    if facts["file"] == "events":
        found = typed(value, "data", "messageBody")
    else:
        found = typed(value, "content", "message") or typed(value, "content", "topic")
    return found if found or facts.get("change") == "deleted" else content


# The command


def say(text: str) -> None:
    """Print a line; what the terminal cannot print is escaped."""
    encoding = sys.stdout.encoding or "utf-8"
    printable = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
    print(printable.encode(encoding, "backslashreplace").decode(encoding))


GRADES = ("complete", "all_the_service_had", "may_be_incomplete")


def main(arguments: list[str]) -> int:
    """Verify what the arguments name; return the exit status."""
    description, _, rest = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        description=description,
        epilog=rest.partition("\n\n")[2],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent)
    parser.add_argument("--checkpoint", type=Path, metavar="FILE")
    parser.add_argument("--proof", type=Path, metavar="FILE")
    given = parser.parse_args(arguments)
    path, what = given.checkpoint, "checkpoint"
    try:
        checkpoint = b""
        if given.checkpoint:
            checkpoint = path.read_bytes()
            read_checkpoint(checkpoint)
        path, what = given.proof or given.folder, "proof"
        if given.proof:
            told, problems = check_proof(path.read_bytes(), checkpoint)
            return show_proof(path, told, problems, checkpoint)
        what = "archive"
        findings = verify(Files(path), checkpoint)
    except BROKEN as error:
        say(f"UNREADABLE {path}: {why_unreadable(path, what, error)}")
        return 2
    if not (findings.threads or findings.ledger_lines or findings.failures):
        say(f"UNREADABLE {path}: there is no archive")
        return 2
    return show_findings(findings)


def why_unreadable(path: Path, what: str, error: Exception) -> str:
    """Return why nothing can be read at a path, and what to do."""
    if isinstance(error, FileNotFoundError):
        return "there is nothing of this name"
    if path.suffix == ".zip":
        return "it is a zip file: unpack it, then verify the folder"
    if isinstance(error, NotADirectoryError):
        return "it is no folder; a proof goes with --proof"
    if isinstance(error, OSError):
        return error.strerror or "it cannot be read"
    return f"this is no {what}"


def show_proof(
    path: Path, told: list[str], problems: list[str], checkpoint: bytes
) -> int:
    """Print what a proof proves, or what is wrong with it."""
    for problem in problems:
        say(f"FAILED {path}: {problem}")
    say("FAILED: nothing is proven" if problems else "VERIFIED the archive holds this:")
    for line in told:
        say(f"  {line}")
    if not checkpoint:
        say("  against the checkpoint in the proof itself; bring your own")
    elif not problems:
        head = read_checkpoint(checkpoint)
        say(f"  against your checkpoint: {plural(head.size, 'line')} of {head.origin}")
    return 1 if problems else 0


NO_CHECKPOINT = (
    "no checkpoint was compared: this says that the archive agrees with itself"
)
NOT_RENDERED = (
    "rendered files were compared with their seals only; `chat-archive verify` "
    "renders them again"
)


def say_grade(grade: str, findings: Findings) -> None:
    """Print how many threads have a grade, and for which reasons."""
    reasons = {
        reason: count
        for (name, reason), count in sorted(findings.grades.items())
        if name == grade
    }
    if reasons:
        named = ", ".join(
            f"{reason.replace('_', ' ')}: {count}"
            for reason, count in reasons.items()
            if reason
        )
        total = plural(sum(reasons.values()), "thread")
        text = f"  {grade.replace('_', ' ')}: {total}"
        say(f"{text} ({named})" if named else text)


def show_findings(findings: Findings) -> int:
    """Print what was found in an archive."""
    for text in findings.said:
        say(text)
    counts = [
        plural(findings.threads, "thread"),
        plural(findings.revisions, "revision"),
        plural(findings.lines, "line"),
    ]
    head = "VERIFIED"
    if findings.failures:
        head = "FAILED"
        counts.append(plural(len(findings.failures), "failure"))
    say(f"{head} {', '.join(counts)}")
    for grade in GRADES:
        say_grade(grade, findings)
    if findings.archive_input:
        kinds = [f"{kind} {count}" for kind, count in findings.archive_input.items()]
        say(f"  lines that concern no single thread: {', '.join(sorted(kinds))}")
    if findings.ledger_lines:
        lines = plural(findings.ledger_lines, "line")
        say(f"  ledger: {lines}, root {findings.root[:16]}\u2026")
    say(f"  {findings.checkpoint or NO_CHECKPOINT}")
    say(f"  {NOT_RENDERED}")
    return 1 if findings.failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
