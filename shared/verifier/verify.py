"""Verifies an archive of chat threads, or the proof of one message.

It needs Python 3.9 or newer, nothing else, and shares no code with what wrote the
archive. It is one file on purpose: it travels alone, in every package.
It does not replay the events; it compares them with the transcript instead.

  python verify.py [FOLDER | PROOF.json] [CHECKPOINT]

CHECKPOINT is a file that was kept elsewhere. Without a path it checks where it stands.
Exit status: 0 verified, 1 failed, with a line for each failure, 2 nothing to read.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import stat
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

BROKEN = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    RecursionError,
    OSError,
)
"""What reading raises where a file, or the JSON in it, is not of the expected form."""


# Encoding and hashing


LINE_BREAKS = {0x2028: "\\u2028", 0x2029: "\\u2029", 0x85: "\\u0085"}
"""Characters that some readers take for the end of a line; JSON leaves them bare."""


def canonical(value: Any) -> bytes:
    """Return the one encoding of a value that digests are made of."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")


def compact(value: Any) -> bytes:
    """Return a value as it stands in a line of the archive."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.translate(LINE_BREAKS).encode("utf-8", "backslashreplace")


def digest(data: bytes) -> str:
    """Return the SHA-256 of data, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def commitment_to(salt: str, content: Any) -> str:
    """Return what commits to a content; without the salt nobody can guess it."""
    return digest(bytes.fromhex(salt) + canonical(content))


def with_own_digest(value: dict[str, Any]) -> bytes:
    """Return the line of the ledger that holds a value, and the value's digest."""
    return compact({**value, "sha256": digest(canonical(value))})


# Trees: RFC 6962, and RFC 9162 for the paths


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of a leaf. Its prefix keeps it from being taken for a node."""
    return hashlib.sha256(b"\0" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return hashlib.sha256(b"\1" + left + right).digest()


def tree_root(leaves: list[bytes]) -> str:
    """Return the root of the tree over these leaf hashes, in hexadecimal."""
    if not leaves:
        return digest(b"")
    level = leaves
    while len(level) > 1:
        above = [
            node_hash(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)
        ]
        if len(level) % 2:
            above.append(level[-1])  # a node without a sibling moves up as it is
        level = above
    return level[0].hex()


def root_of_path(leaf: bytes, index: int, size: int, path: list[str]) -> bytes:
    """Return the root that an inclusion path leads to.

    `index` is the leaf's place in a tree of `size` leaves, and `path` the siblings on
    the way up. A path that is too short or too long is a ValueError.
    """
    if (index, size, path) == (0, 1, []):
        return leaf
    *below, top = path
    # The left half is the largest full tree that leaves something on the right.
    half = 1 << ((size - 1).bit_length() - 1)
    sibling = bytes.fromhex(top)
    if index < half:
        return node_hash(root_of_path(leaf, index, half, below), sibling)
    return node_hash(sibling, root_of_path(leaf, index - half, size - half, below))


def read_checkpoint(text: str) -> tuple[int, str]:
    """Return how many lines of the ledger a checkpoint is of, and their root."""
    # Mail and editors may have put a byte order mark or CR there.
    lines = text.lstrip("\ufeff").replace("\r\n", "\n").split("\n")
    _, size, root = lines[:3]
    return int(size), base64.b64decode(root, validate=True).hex()


# Reading files


MOST_BYTES = 2 * 1024**3
"""A file is read as a whole, and no archive has a larger one."""


def read(path: Path) -> bytes:
    """Return what a file holds."""
    if path.stat().st_size > MOST_BYTES:
        raise ValueError("larger than can be read here")
    return path.read_bytes()


def thread_folder(thread_id: str) -> str:
    """Return the name of a thread's folder."""
    # quote() leaves "~" as it is, and a name must not end with a dot on Windows.
    name = quote(thread_id, safe="", errors="surrogatepass").replace("~", "%7E")
    return "thread=" + re.sub(r"\.$", "%2E", name)


def manifest_of(line: Any) -> str:
    """Return the path of the manifest that a line of the ledger is about."""
    folder = thread_folder(line["thread_id"])
    return f"{folder}/rev={line['revision']:04d}/manifest.json"


class Orders(NamedTuple):
    """The orders to erase that a revision has: how many, and their file's digest."""

    number: int
    sha256: str


class Findings:
    """What has been found so far, and what the ledger has to say of it."""

    def __init__(self) -> None:
        self.threads = 0
        self.erased_versions = 0
        self.failures = 0
        self.revision_lines: dict[str, bytes] = {}
        """By the path of each manifest: the line of the ledger that records it."""
        self.orders: dict[str, Orders] = {}
        """By the path of a manifest: orders that came after its revision."""

    def fail(self, path: str, reason: str) -> None:
        """Print a failure, and count it."""
        self.failures += 1
        # A path, or an id in a reason, may hold what cannot be printed.
        line = f"FAILED {path}: {reason}".encode("utf-8", "backslashreplace")
        print(line.decode())


STRANGERS = (".DS_Store", "Thumbs.db", "desktop.ini")
"""What file managers leave in folders that they show: no part of an archive."""


def files_below(root: Path, folder: str, findings: Findings) -> list[str]:
    """Return the paths of all files below a folder, sorted.

    What is neither a file nor a folder is a failure. Links are never followed: they
    lead out of the archive.
    """
    found = []
    with os.scandir(root / folder) as entries:
        for entry in entries:
            path = folder + entry.name
            if entry.is_dir(follow_symlinks=False):
                found += files_below(root, path + "/", findings)
            elif stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode):
                if entry.name not in STRANGERS:
                    found.append(path)
            else:
                findings.fail(path, "this is a link or a device")
    return sorted(found)


# One revision: its manifest, and the files that it names


INPUTS = ("events.jsonl", "listing.jsonl", "quarantine.jsonl", "attachments.jsonl")
ALWAYS_THERE = INPUTS[:2]
MANIFEST = "manifest.json"
ERASURES = "erasures.json"
TRANSCRIPT = "transcript.json"


class Revision(NamedTuple):
    """A revision that was read: what the next one has to follow on."""

    number: int
    manifest_sha256: str
    inputs: dict[str, Any]
    """Its input files, as its manifest, or its last erasure, describes them."""


def revision_line(manifest: Any, sha256: str) -> bytes:
    """Return the line of the ledger that records a revision."""
    content = manifest["content"]
    return with_own_digest(
        {
            "schema": 1,
            "kind": "revision",
            "thread_id": content["thread_id"],
            "revision": content["revision"],
            "manifest_sha256": sha256,
            "archived_on": manifest["run"]["archived_on"],
        }
    )


class RevisionVerifier:
    """Compares one revision with its manifest, and with the revision before it.

    Each method raises one of BROKEN where something is not of the expected form.
    """

    def __init__(
        self,
        root: Path,
        folder: str,
        present: set[str],
        previous: Revision | None,
        findings: Findings,
    ) -> None:
        self.root = root
        self.folder = folder
        self.present = present
        """The names of the files that are there."""
        self.previous = previous
        self.findings = findings
        self.described: dict[str, Any] = {}
        """By name: what each file has to be."""
        self.erased: dict[VersionKey, str] = {}
        """The erased versions, and what committed to each."""

    def verify(self, thread_id: str, number: int) -> Revision:
        """Return the revision, with every failure reported."""
        data = read(self.root / self.folder / MANIFEST)
        sha256 = digest(data)
        manifest = json.loads(data.decode())
        content = manifest["content"]
        self.check_place(content, thread_id, number)
        self.check_manifest(manifest, number)
        path = self.folder + MANIFEST
        self.findings.revision_lines[path] = revision_line(manifest, sha256)
        self.described = {file["name"]: file for file in content["files"]}
        if ERASURES in self.present:
            self.apply_erasures()
        self.check_names()
        files = self.read_files()
        self.check_inputs_of_previous(files)
        if TRANSCRIPT in files:
            transcript = TranscriptVerifier(
                self.folder + TRANSCRIPT, self.erased, self.findings
            )
            transcript.verify(content, files[TRANSCRIPT], files["events.jsonl"])
        inputs = {
            name: self.described[name] for name in INPUTS if name in self.described
        }
        return Revision(number, sha256, inputs)

    def check_place(self, content: Any, thread_id: str, number: int) -> None:
        """Check that the manifest is of this place, and follows on the one before."""
        chain = None
        if self.previous:
            chain = {
                "revision": self.previous.number,
                "manifest_sha256": self.previous.manifest_sha256,
            }
        place = (content["thread_id"], content["revision"], content["previous"])
        if place != (thread_id, number, chain):
            self.findings.fail(
                self.folder + MANIFEST,
                "it is another revision's, or follows on another",
            )

    def check_manifest(self, manifest: Any, number: int) -> None:
        """Check the manifest's own digest, and that it names its attachments' files."""
        content = manifest["content"]
        attached = {
            attachment["sha256"]
            for attachment in content.get("attachments", ())
            if attachment["revision"] == number
        }
        attached.discard("")  # what could not be had has no file
        stored = {
            file["sha256"]
            for file in content["files"]
            if file["name"].startswith("attachments/")
        }
        if (
            manifest["schema"] != 1
            or manifest["content_sha256"] != digest(canonical(content))
            or attached != stored
        ):
            self.findings.fail(
                self.folder + MANIFEST,
                "it does not match its own digest, or not its files",
            )

    def apply_erasures(self) -> None:
        """Describe the files as the erasures left them, and note what they erased."""
        data = read(self.root / self.folder / ERASURES)
        erasures = json.loads(data.decode())
        in_manifest = self.described.pop(ERASURES, None)
        # Orders that were there when the revision was written stand in its manifest,
        # and the ledger has no line of them for this revision.
        if in_manifest is None or in_manifest["sha256"] != digest(data):
            self.findings.orders[self.folder + MANIFEST] = Orders(
                len(erasures["orders"]), digest(data)
            )
        for file in erasures["files"]:
            if file["name"] in self.described:
                self.described[file["name"]] = file
        for version in erasures["versions"]:
            key = VersionKey(version["message"], version["version"], version["kind"])
            self.erased[key] = version.get("commitment", "")
        self.findings.erased_versions += len(self.erased)

    def check_names(self) -> None:
        """Check that no file is there that nothing describes."""
        known = {*self.described, MANIFEST, ERASURES}
        for name in sorted(self.present - known):
            self.findings.fail(self.folder + name, "the manifest names no such file")

    def read_files(self) -> dict[str, bytes]:
        """Return every file that has to be there, by name, checked."""
        files = {}
        for name in sorted({*self.described, *ALWAYS_THERE}):
            # Only what was found in the folder is opened: a name is data, and may be
            # such as "../../x".
            is_there = name in self.present
            body = read(self.root / self.folder / name) if is_there else b""
            files[name] = body
            actual = {
                "name": name,
                "sha256": digest(body),
                "bytes": len(body),
                "lines": body.count(b"\n"),
            }
            if not is_there or actual != self.described.get(name):
                self.findings.fail(
                    self.folder + name, "it is missing, or not what the manifest says"
                )
        return files

    def check_inputs_of_previous(self, files: dict[str, bytes]) -> None:
        """Check that each input begins with what the revision before had of it."""
        if self.previous is None:
            return
        for name, before in self.previous.inputs.items():
            beginning = files.get(name, b"")[: before["bytes"]]
            if digest(beginning) != before["sha256"]:
                self.findings.fail(
                    self.folder + name,
                    "it lacks something that the revision before had",
                )


# The transcript: what it says against what was committed to, and against the events


EVENT_TYPE = re.compile(
    r"Microsoft\.Communication\.ChatMessage(Received|Edited|Deleted)(InThread)?"
)
HEAD = b'{"schema":'
GLANCE = 4096


class VersionKey(NamedTuple):
    """Which version of which message: the same in events, transcript and erasures."""

    message: str
    version: str
    kind: str


class TranscriptVerifier:
    """Compares a transcript with its manifest, and with the events."""

    def __init__(
        self, path: str, erased: dict[VersionKey, str], findings: Findings
    ) -> None:
        self.path = path
        self.erased = erased
        self.findings = findings
        self.leaves: list[bytes] = []
        """The hash of each version, in the order of the transcript."""
        self.salts: dict[VersionKey, str] = {}
        """The salts of the versions of which an event is known."""

    def verify(self, content: Any, transcript: bytes, events: bytes) -> None:
        """Rebuild the Merkle tree and the counts; compare the versions with the events.

        `content` is the manifest's. One of BROKEN where the transcript is malformed.
        """
        value = json.loads(transcript.decode())
        outcomes = dict.fromkeys(content["reconciliation"], 0)
        for message in value["messages"]:
            # An outcome that the manifest does not count is a KeyError.
            outcomes[message["outcome"]] += 1
            for version in message["versions"]:
                self.add_version(value["thread_id"], message, version)
        if (
            value["thread_id"] != content["thread_id"]
            or tree_root(self.leaves) != content["merkle_root"]
            or outcomes != content["reconciliation"]
        ):
            self.findings.fail(
                self.path, "its Merkle root or outcomes are not those of the manifest"
            )
        if self.salts != versions_in(events):
            self.findings.fail(
                self.path, "its versions are not those that the events tell"
            )

    def add_version(self, thread_id: str, message: Any, version: Any) -> None:
        """Check a version's commitment, and add the version to the tree."""
        key = VersionKey(message["id"], version["version"], version["kind"])
        if self.commitment_due(key, version) != version["commitment"]:
            self.findings.fail(
                self.path, f"message {key.message}: content and commitment disagree"
            )
        facts = {
            "thread": thread_id,
            "message": message["id"],
            "version": int(version["version"]),
            "kind": version["kind"],
            "on": version["on"],
            "sender": message["sender"]["id"],
            "commitment": version["commitment"],
        }
        self.leaves.append(leaf_hash(canonical(facts)))
        if "event" in version["sources"]:
            self.salts[key] = version["salt"]

    def commitment_due(self, key: VersionKey, version: Any) -> str:
        """Return the commitment that a version must have; "" where it can have none."""
        commitment = commitment_to(version["salt"], version["content"])
        if not version["erased"]:
            return commitment
        return "" if version["content"] else self.erased.get(key, "")


def versions_in(events: bytes) -> dict[VersionKey, str]:
    """Return the versions that the records tell, each with its lowest salt.

    The lowest, because an event that came twice has a salt in each of its records, and
    which of them stands first must not matter.
    """
    salts: dict[VersionKey, str] = {}
    for line in events.split(b"\n"):
        start = record_start(line)
        for piece in (line[:start], line[start:]):
            try:
                add_salt(salts, json.loads(piece.decode()))
            except BROKEN:
                continue
    return salts


def record_start(line: bytes) -> int:
    """Return where the record of a line begins; it may follow on one that was torn.

    It is looked for from the end: a text that ends before its value does can be part of
    no record, and a value that ends early is a part of the record around it.
    """
    start = line.rfind(HEAD)
    while start > 0:
        if not is_short(line[start : start + GLANCE]):
            text = line[start:].decode("utf-8", "replace")
            try:
                _, end = json.JSONDecoder().raw_decode(text)
                if end == len(text):
                    return start
            except json.JSONDecodeError as error:
                if is_cut_short(error, text):
                    return 0
            except RecursionError:
                return 0
        start = line.rfind(HEAD, 0, start)
    return 0


def is_short(glance: bytes) -> bool:
    """Return whether a value ends, or is seen to be none, before a glance does.

    Most do; reading on would cost each of them the rest of the line.
    """
    text = glance.decode("utf-8", "replace")
    if len(glance) < GLANCE:
        return False
    try:
        _, end = json.JSONDecoder().raw_decode(text)
    except json.JSONDecodeError as error:
        # The cut through a literal or an escape is noticed some characters before it.
        return error.pos < len(text) - 16 and not is_cut_short(error, text)
    except RecursionError:
        return False
    return end < len(text)


def is_cut_short(error: json.JSONDecodeError, text: str) -> bool:
    return error.pos >= len(text) or error.msg.startswith("Unterminated string")


def add_salt(salts: dict[VersionKey, str], record: Any) -> None:
    """Add the version that a record tells; a record of anything else tells none."""
    event, salt = record["event"], record["salt"]
    # Event Grid's own schema has "eventType", CloudEvents has "type".
    event_type = EVENT_TYPE.fullmatch(event.get("eventType", event.get("type")))
    if not event_type or record["schema"] != 1:
        return
    data = event["data"]
    number = str(int(data["version"]))
    key = VersionKey(data["messageId"], number, event_type[1].lower())
    salts[key] = min(salts.get(key, salt), salt)


# The ledger: what happened to the archive, in order


SEGMENT = re.compile(r"ledger/([0-9]{4}-[0-9]{2}-[0-9]{2})(?:\.([0-9]{4,}))?\.jsonl")
WITHHELD = re.compile(rb'\{"withheld":"([0-9a-f]{64})"\}')


def match_segment(path: str) -> re.Match[str] | None:
    """Return day and number of a file of the ledger; None for any other path."""
    match = SEGMENT.fullmatch(path)
    try:
        datetime.strptime(match[1] if match else "", "%Y-%m-%d")  # noqa: DTZ007 - a day
    except ValueError:
        return None  # no calendar has this day
    return match


def segments_by_day(paths: list[str]) -> dict[str, list[str]]:
    """Return the ledger's files by day, in order; any other file is left out."""
    segments = []
    for path in paths:
        match = match_segment(path)
        if match:
            segments.append((match[1], int(match[2] or 0), path))
    days: dict[str, list[str]] = {}
    for day, _, path in sorted(segments):
        days.setdefault(day, []).append(path)
    return days


class LedgerVerifier:
    """Reads the ledger from its first line to its last.

    Its lines stand in files by day. A day ends with a line `closed`, which holds the
    root over the day's lines and the digest of the line that closed the day before.
    """

    def __init__(self, findings: Findings, *, may_withhold: bool) -> None:
        self.findings = findings
        self.may_withhold = may_withhold
        """Whether lines of other threads may be left out, as in a package."""
        self.head: list[bytes] = []
        """The hashes of all lines up to now: what a checkpoint is of."""
        self.day = ""
        self.day_lines: list[bytes] = []
        """The hashes of the lines of the day that is being read."""
        self.closing = b""
        """The line that closed it; empty while it is open."""
        self.previous_end: dict[str, Any] | None = None
        """The day that was closed last, and the digest of the line that closed it."""
        self.has_open_day = False
        """Whether a day before this one was not closed."""
        self.recorded: set[str] = set()
        """The manifests that a line is about."""
        self.orders: dict[str, Orders] = {}
        """By the path of a manifest: the newest orders that a line is about."""

    def verify(self, root: Path, checkpoint: str) -> None:
        """Check every line, the checkpoint, and that every revision is recorded.

        One of BROKEN where a line is not of the expected form.
        """
        paths = (
            files_below(root, "ledger/", self.findings)
            if (root / "ledger").is_dir()
            else []
        )
        for path in paths:
            if not match_segment(path):
                self.findings.fail(path, "no archive has such a file")
        for day, segments in segments_by_day(paths).items():
            self.day, self.day_lines, self.closing = day, [], b""
            for path in segments:
                self.read_segment(path, read(root / path))
            self.has_open_day = self.has_open_day or not self.closing
        self.check_checkpoint(checkpoint)
        self.check_revisions()

    def read_segment(self, path: str, data: bytes) -> None:
        """Check the lines of one file."""
        *lines, torn = data.split(b"\n")
        for raw in lines:
            self.read_line(path, raw)
        if torn:
            self.read_line(path, torn, is_torn=True)

    def read_line(self, path: str, raw: bytes, *, is_torn: bool = False) -> None:
        """Check a line, and add it to the tree of its day and to that of all lines."""
        withheld = WITHHELD.fullmatch(raw)
        line_hash = bytes.fromhex(withheld[1].decode()) if withheld else leaf_hash(raw)
        # A checkpoint ends with the first day that is still open: lines that are yet to
        # come stand there, before those of later days.
        if not self.has_open_day:
            self.head.append(line_hash)
        is_hidden = withheld is not None and self.may_withhold
        value = {} if is_hidden else object_in(raw)
        facts = {name: value[name] for name in value if name != "sha256"}
        is_own_encoding = is_hidden or raw == with_own_digest(facts)
        if is_torn or not is_own_encoding:
            self.findings.fail(path, "a line does not match its own digest")
        kind = value.get("kind")
        # The same end may stand twice, where the answer to writing it was lost.
        if self.closing and raw != self.closing:
            self.findings.fail(path, "a line stands after the day's end")
        elif kind == "closed" and not self.closing:
            self.close_day(path, raw, facts)
        if kind != "closed":
            self.day_lines.append(line_hash)
        if kind == "erasure":
            self.note_orders(value)
        elif kind == "revision":
            self.check_revision(value, raw)

    def close_day(self, path: str, raw: bytes, facts: dict[str, Any]) -> None:
        """Check the line that ends a day against what is before it."""
        end = {
            "schema": 1,
            "kind": "closed",
            "day": self.day,
            "lines": len(self.day_lines),
            "root": tree_root(self.day_lines),
            "previous": self.previous_end,
        }
        # A day is closed only after all days before it.
        if facts != end or self.has_open_day:
            self.findings.fail(path, "the day's end does not match what is before it")
        self.closing = raw
        self.previous_end = {"day": self.day, "sha256": digest(raw)}

    def note_orders(self, value: Any) -> None:
        """Note the orders of a revision; with each erasure there are more of them."""
        path = manifest_of(value)
        orders = Orders(value["orders"], value["erasures_sha256"])
        self.orders[path] = max(self.orders.get(path, orders), orders)

    def check_revision(self, value: Any, raw: bytes) -> None:
        """Check the line of a revision against the manifest that is there."""
        path = manifest_of(value)
        self.recorded.add(path)
        if self.findings.revision_lines.get(path) != raw:
            self.findings.fail(path, "the ledger names another, or it is gone")

    def check_checkpoint(self, checkpoint: str) -> None:
        """Check that the ledger begins with what a checkpoint was made of."""
        if not checkpoint:
            return
        size, root = read_checkpoint(checkpoint)
        if len(self.head) < size or tree_root(self.head[:size]) != root:
            self.findings.fail(
                "ledger/", "its first lines are not those of the checkpoint"
            )

    def check_revisions(self) -> None:
        """Check that the ledger has every revision, and the newest orders of each."""
        for path in self.findings.revision_lines:
            has_orders = self.orders.get(path) == self.findings.orders.get(path)
            if path not in self.recorded or not has_orders:
                self.findings.fail(
                    path, "the ledger does not tell of it, or of its erasures"
                )


def object_in(raw: bytes) -> dict[str, Any]:
    """Return the JSON object of a line; an empty one, which no line is, for another."""
    try:
        value = json.loads(raw.decode())
    except BROKEN:
        return {}
    return value if isinstance(value, dict) else {}


# A whole archive


FILE_OF_REVISION = re.compile(r"rev=(\d{4}|[1-9]\d{4,})/((?:attachments/)?[^/]+)")


def verify_archive(root: Path, checkpoint: str) -> Findings:
    """Return what was found; the failures are printed on the way.

    One of BROKEN where the ledger, or a folder, cannot be read.
    """
    findings = Findings()
    for entry in sorted(os.scandir(root), key=lambda entry: entry.name):
        is_folder = entry.is_dir(follow_symlinks=False)
        thread_id = thread_of(entry.name)
        if is_folder and entry.name == thread_folder(thread_id):
            verify_thread(root, thread_id, findings)
        elif entry.name in STRANGERS and not is_folder:
            continue
        elif not is_folder or entry.name != "ledger":
            findings.fail(entry.name, "no archive has that")
    may_withhold = (root / ".." / "request.json").exists()
    LedgerVerifier(findings, may_withhold=may_withhold).verify(root, checkpoint)
    return findings


def thread_of(folder: str) -> str:
    """Return the id of a thread by its folder's name; "" for any other name."""
    try:
        return unquote(folder[len("thread=") :], errors="surrogatepass")
    except UnicodeDecodeError:
        return ""


def verify_thread(root: Path, thread_id: str, findings: Findings) -> None:
    """Check every revision of a thread, each against the one before."""
    findings.threads += 1
    folder = thread_folder(thread_id) + "/"
    revisions: dict[int, set[str]] = {}
    for path in files_below(root, folder, findings):
        match = FILE_OF_REVISION.fullmatch(path[len(folder) :])
        if match:
            revisions.setdefault(int(match[1]), set()).add(match[2])
        else:
            findings.fail(path, "no revision has such a file")
    previous: Revision | None = None
    for number, present in sorted(revisions.items()):
        if MANIFEST not in present:
            continue  # a torn attempt: a revision exists once its manifest does
        place = f"{folder}rev={number:04d}/"
        verifier = RevisionVerifier(root, place, present, previous, findings)
        try:
            previous = verifier.verify(thread_id, number)
        except BROKEN:
            findings.fail(place, "it cannot be read")


# The proof of one message


def check_proof(proof: Any, checkpoint: str) -> list[str]:
    """Return what is wrong with the proof of one message.

    It leads from the content up to a checkpoint: the one given, else its own. One of
    BROKEN where it is not of the expected form.
    """
    return list(problems_of(proof, checkpoint or proof["checkpoint"]))


def problems_of(proof: Any, checkpoint: str) -> Iterator[str]:
    """Yield what is wrong with a proof, from the content up to the checkpoint."""
    facts, in_ledger = proof["leaf"], proof["ledger"]
    text = proof["manifest"].encode("utf-8", "surrogatepass")
    line = in_ledger["line"].encode("utf-8", "surrogatepass")
    manifest = json.loads(text.decode())
    content = manifest["content"]

    # What was erased has no content left to compare; its facts stay in the tree.
    if proof["erased"] is True:
        if proof["content"] is not None or proof["salt"] != "":
            yield "what was erased has content"
    elif commitment_to(proof["salt"], proof["content"]) != facts["commitment"]:
        yield "the content is not what was committed to"

    leaf, size = leaf_hash(canonical(facts)), content["counts"]["versions"]
    root = root_of_path(leaf, proof["index"], size, proof["path"])
    if root.hex() != content["merkle_root"]:
        yield "the message does not stand in the archive's tree"

    is_unchanged = manifest["content_sha256"] == digest(canonical(content))
    if content["thread_id"] != facts["thread"] or not is_unchanged:
        yield "the manifest was changed"

    if revision_line(manifest, digest(text)) != line:
        yield "the ledger's line is another one's"

    size, head = read_checkpoint(checkpoint)
    root = root_of_path(leaf_hash(line), in_ledger["index"], size, in_ledger["path"])
    if root.hex() != head:
        yield "the ledger's line does not stand in the checkpoint's tree"


# The command line


VERIFIED, FAILED, UNREADABLE = 0, 1, 2
HERE = str(Path(__file__).absolute().parent)


def main(path: str = HERE, checkpoint: str = "") -> int:
    """Verify an archive or a proof, print the verdict, and return the exit status."""
    try:
        text = read(Path(checkpoint)).decode() if checkpoint else ""
        if Path(path).is_file():
            return judge_proof(Path(path), text)
        return judge_archive(Path(path), text)
    except BROKEN as error:
        print(f"UNREADABLE {path}: {error}", file=sys.stderr)
        return UNREADABLE


def judge_proof(path: Path, checkpoint: str) -> int:
    """Verify the proof of one message, and return the exit status."""
    proof = json.loads(read(path).decode())
    problems = check_proof(proof, checkpoint)
    if not problems:
        erased = "; its content was erased, and nothing is proven of it"
        print(f"VERIFIED the message{erased if proof['erased'] is True else ''}")
        return VERIFIED
    for problem in problems:
        print(f"FAILED {problem}")
    return FAILED


def judge_archive(path: Path, checkpoint: str) -> int:
    """Verify the archive in a folder or in a package, and return the exit status."""
    in_package = path / "archive"
    root = in_package if in_package.is_dir() else path
    if not any(
        entry.name.startswith(("ledger", "thread=")) for entry in root.iterdir()
    ):
        raise OSError("there is no archive")
    findings = verify_archive(root, checkpoint)
    verdict = "FAILED" if findings.failures else "VERIFIED"
    erased = plural(findings.erased_versions, "version")
    print(f"{verdict} {plural(findings.threads, 'thread')}, {erased} erased")
    return FAILED if findings.failures else VERIFIED


def plural(count: int, noun: str) -> str:
    """Return a count with its noun."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


if __name__ == "__main__":
    if "-h" in sys.argv or "--help" in sys.argv:
        print(__doc__)
        sys.exit()
    sys.exit(main(*sys.argv[1:3]))
