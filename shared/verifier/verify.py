#!/usr/bin/env python3
"""Verifies an archive of chat threads, or the proof of one message.

It needs Python 3.9 or newer, nothing else, and shares no code with what wrote the archive.
It does not replay the events; it compares them with the transcript instead.

  python verify.py [FOLDER | PROOF.json] [CHECKPOINT]

CHECKPOINT is a file that was kept elsewhere. Without a path it checks where it stands.
Exit status: 0 verified, 1 failed, with a line for each failure, 2 nothing to read.
"""

import base64
import hashlib
import json
import os
import re
import stat
import sys
from typing import Any
from urllib.parse import quote, unquote

MOST_BYTES = 2 * 1024**3
EVENT = re.compile(
    r"Microsoft\.Communication\.ChatMessage(Received|Edited|Deleted)(InThread)?"
)
WITHHELD = re.compile(rb'\{"withheld":"([0-9a-f]{64})"\}')
SEGMENT = re.compile(r"ledger/(\d{4}-\d\d-\d\d)(?:\.(\d{4,}))?\.jsonl")
INPUTS = ("events.jsonl", "listing.jsonl", "quarantine.jsonl", "attachments.jsonl")
BREAKS = {0x2028: "\\u2028", 0x2029: "\\u2029", 0x85: "\\u0085"}
BROKEN = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    RecursionError,
    OSError,
)


def read(path: str) -> bytes:
    if os.path.getsize(path) > MOST_BYTES:
        raise ValueError("larger than can be read here")
    with open(path, "rb") as file:
        return file.read()


def canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")


def compact(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(
        BREAKS
    )
    return text.encode("utf-8", "backslashreplace")


def hashed_of(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def leaf(entry: bytes) -> bytes:
    return hashed_of(b"\0", entry)


def digest(data: bytes) -> str:
    return hashed_of(data).hex()


def root_of(level: list[bytes]) -> str:
    """Return the root of an RFC 6962 tree over leaf hashes."""
    while len(level) > 1:
        pairs = [level[at : at + 2] for at in range(0, len(level), 2)]
        level = [hashed_of(b"\1", *pair) if pair[1:] else pair[0] for pair in pairs]
    return (level[0] if level else hashed_of()).hex()


def climb(hashed: bytes, index: int, size: int, path: list[str]) -> bytes:
    """Return the root that an inclusion path leads to (RFC 9162, section 2.1.3)."""
    if (index, size, path) == (0, 1, []):
        return hashed
    *path, top = path
    half = 1 << ((size - 1).bit_length() - 1)
    if index >= half:
        return hashed_of(
            b"\1", bytes.fromhex(top), climb(hashed, index - half, size - half, path)
        )
    return hashed_of(b"\1", climb(hashed, index, half, path), bytes.fromhex(top))


def read_checkpoint(text: str) -> tuple[int, str]:
    _, size, root = text.split("\n")[:3]
    return int(size), base64.b64decode(root, validate=True).hex()


def folder_of(thread: str) -> str:
    name = quote(thread, safe="", errors="surrogatepass").replace("~", "%7E")
    return "thread=" + re.sub(r"\.$", "%2E", name)


def manifest_of(line: Any) -> str:
    return f"{folder_of(line['thread_id'])}/rev={line['revision']:04d}/manifest.json"


def line_of(manifest: Any, sha256: str) -> bytes:
    """Return the ledger's line of a revision."""
    facts = {name: manifest["content"][name] for name in ("thread_id", "revision")}
    facts.update(manifest_sha256=sha256, archived_on=manifest["run"]["archived_on"])
    value = {"schema": 1, "kind": "revision", **facts}
    return compact({**value, "sha256": digest(canonical(value))})


class Verifier:
    """Goes through an archive; gathers what its ledger has to tell, then compares."""

    def __init__(self, root: str, checkpoint: str) -> None:
        self.root, self.checkpoint = os.path.join(root, ""), checkpoint
        self.may_withhold = os.path.exists(os.path.join(root, "..", "request.json"))
        self.threads = self.erased = self.failures = 0
        self.lines, self.orders = dict[str, bytes](), dict[str, tuple[int, str]]()

    def fail(self, path: str, reason: str) -> None:
        self.failures += 1
        print(f"FAILED {path}: {reason}".encode("utf-8", "backslashreplace").decode())

    def below(self, folder: str) -> list[str]:
        """Return the paths of all files below a folder; links are told, not followed."""
        found = []
        for entry in (
            os.scandir(self.root + folder) if os.path.isdir(self.root + folder) else ()
        ):
            if entry.is_dir(follow_symlinks=False):
                found += self.below(folder + entry.name + "/")
            elif stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode):
                found.append(folder + entry.name)
            else:
                self.fail(folder + entry.name, "this is a link or a device")
        return sorted(found)

    def run(self) -> None:
        for entry in os.scandir(self.root):
            thread = unquote(entry.name[7:], errors="surrogatepass")
            is_folder = entry.is_dir(follow_symlinks=False)
            if is_folder and entry.name == folder_of(thread):
                self.thread(entry.name + "/", thread)
            elif not is_folder or entry.name != "ledger":
                self.fail(entry.name, "no archive has that")
        self.ledger()

    def thread(self, folder: str, thread: str) -> None:
        self.threads += 1
        revisions: dict[int, set[str]] = {}
        for path in self.below(folder):
            match = re.fullmatch(
                r"rev=(\d{4}|[1-9]\d{4,})/((?:attachments/)?[^/]+)", path[len(folder) :]
            )
            if match:
                revisions.setdefault(int(match[1]), set()).add(match[2])
            else:
                self.fail(path, "no revision has such a file")
        before = None
        for number in sorted(
            one for one in revisions if "manifest.json" in revisions[one]
        ):
            try:
                place = f"{folder}rev={number:04d}/"
                before = self.revision(
                    place, (thread, number), revisions[number], before
                )
            except BROKEN:
                self.fail(place, "it cannot be read")

    def revision(
        self, place: str, name: tuple[str, int], there: set[str], before: Any
    ) -> Any:
        data = read(self.root + place + "manifest.json")
        manifest = json.loads(data.decode())
        content, is_now, erased = manifest["content"], {}, {}
        chain = before and {
            "revision": before["revision"],
            "manifest_sha256": before["sha256"],
        }
        if (content["thread_id"], content["revision"], content["previous"]) != (
            *name,
            chain,
        ):
            self.fail(
                place + "manifest.json",
                "it is another revision's, or follows on another",
            )
        attached = {
            one["sha256"]
            for one in content.get("attachments", ())
            if one["revision"] == name[1]
        }
        stored = {
            one["sha256"]
            for one in content["files"]
            if one["name"].startswith("attachments/")
        }
        if (1, digest(canonical(content)), attached - {""}) != (
            manifest["schema"],
            manifest["content_sha256"],
            stored,
        ):
            self.fail(
                place + "manifest.json",
                "it does not match its own digest, or not its files",
            )
        self.lines[place + "manifest.json"] = line_of(manifest, digest(data))
        expected = {one["name"]: one for one in content["files"]}
        if "erasures.json" in there:
            text = read(self.root + place + "erasures.json")
            gone = json.loads(text.decode())
            if digest(text) != expected.pop("erasures.json", {"sha256": ""})["sha256"]:
                self.orders[place + "manifest.json"] = (
                    len(gone["orders"]),
                    digest(text),
                )
            expected.update(
                {one["name"]: one for one in gone["files"] if one["name"] in expected}
            )
            erased = {
                (one["message"], one["version"], one["kind"]): one
                for one in gone["versions"]
            }
            self.erased += len(erased)
        for one in there - {*expected, "manifest.json", "erasures.json"}:
            self.fail(place + one, "the manifest names no such file")
        for one in {*expected, *INPUTS[:2]}:
            body = is_now[one] = read(self.root + place + one) if one in there else b""
            facts = {"name": one, "sha256": digest(body), "bytes": len(body)}
            if one not in there or {
                **facts,
                "lines": body.count(b"\n"),
            } != expected.get(one):
                self.fail(place + one, "it is missing, or not what the manifest says")
        for one, was in before["inputs"].items() if before else ():
            if digest(is_now.get(one, b"")[: was["bytes"]]) != was["sha256"]:
                self.fail(
                    place + one, "it lacks something that the revision before had"
                )
        if "transcript.json" in is_now:
            self.transcript(place + "transcript.json", content, is_now, erased)
        return {
            "revision": name[1],
            "sha256": digest(data),
            "inputs": {one: expected[one] for one in INPUTS if one in expected},
        }

    def transcript(
        self, path: str, content: Any, files: dict[str, bytes], erased: Any
    ) -> None:
        """Rebuild the Merkle tree and the counts; compare the versions with the events."""
        value = json.loads(files["transcript.json"].decode())
        tree, known, outcomes = [], {}, dict.fromkeys(content["reconciliation"], 0)
        for message in value["messages"]:
            outcomes[message["outcome"]] += 1
            for one in message["versions"]:
                key = (message["id"], one["version"], one["kind"])
                made = digest(bytes.fromhex(one["salt"]) + canonical(one["content"]))
                if one["erased"]:
                    made = (
                        ""
                        if one["content"]
                        else erased.get(key, {}).get("commitment", "")
                    )
                if made != one["commitment"]:
                    self.fail(
                        path, f"message {key[0]}: content and commitment disagree"
                    )
                facts = {name: one[name] for name in ("kind", "on", "commitment")}
                facts.update(thread=value["thread_id"], message=message["id"])
                facts.update(
                    version=int(one["version"]), sender=message["sender"]["id"]
                )
                tree.append(leaf(canonical(facts)))
                known.update({key: one["salt"]} if "event" in one["sources"] else {})
        told = (content["thread_id"], content["merkle_root"], content["reconciliation"])
        if (value["thread_id"], root_of(tree), outcomes) != told:
            self.fail(path, "its Merkle root or outcomes are not those of the manifest")
        if known != logged(files["events.jsonl"]):
            self.fail(path, "its versions are not those that the events tell")

    def ledger(self) -> None:
        names = [SEGMENT.fullmatch(path) for path in self.below("ledger/")]
        rolls = sorted((one[1], int(one[2] or 0), one[0]) for one in names)  # type: ignore[index]
        head, told = list[bytes](), dict[str, tuple[int, str]]()
        seen, last, is_open = set[str](), None, False
        for day in sorted({day for day, _, _ in rolls}):
            tree, closing = list[bytes](), b""
            for path in [path for one, _, path in rolls if one == day]:
                *lines, torn = read(self.root + path).split(b"\n")
                for raw in [*lines, torn] if torn else lines:
                    withheld = WITHHELD.fullmatch(raw)
                    hashed = (
                        bytes.fromhex(withheld[1].decode()) if withheld else leaf(raw)
                    )
                    value = (
                        {}
                        if withheld and self.may_withhold
                        else json.loads(raw.decode())
                    )
                    head += [] if is_open else [hashed]
                    rest = {name: value[name] for name in value if name != "sha256"}
                    own = compact({**rest, "sha256": digest(canonical(rest))})
                    if (value and own != raw) or raw is torn:
                        self.fail(path, "a line does not match its own digest")
                    if closing and raw != closing:
                        self.fail(path, "a line stands after the day's end")
                    elif value.get("kind") == "closed" and not closing:
                        end = {
                            "day": day,
                            "lines": len(tree),
                            "root": root_of(tree),
                            "previous": last,
                        }
                        if rest != {"schema": 1, "kind": "closed", **end} or is_open:
                            self.fail(
                                path, "the day's end does not match what is before it"
                            )
                        closing, last = raw, {"day": day, "sha256": digest(raw)}
                    tree += [] if value.get("kind") == "closed" else [hashed]
                    if value.get("kind") == "erasure":
                        order = (value["orders"], value["erasures_sha256"])
                        told[manifest_of(value)] = max(
                            told.get(manifest_of(value), order), order
                        )
                    elif value.get("kind") == "revision":
                        seen.add(manifest_of(value))
                        if self.lines.get(manifest_of(value)) != raw:
                            self.fail(
                                manifest_of(value),
                                "the ledger names another, or it is gone",
                            )
            is_open = is_open or not closing
        size, root = (
            read_checkpoint(self.checkpoint) if self.checkpoint else (0, root_of([]))
        )
        if len(head) < size or root_of(head[:size]) != root:
            self.fail("ledger/", "its first lines are not those of the checkpoint")
        for name in self.lines:
            if name not in seen or told.get(name) != self.orders.get(name):
                self.fail(name, "the ledger does not tell of it, or of its erasures")


def logged(events: bytes) -> dict[tuple[str, str, str], str]:
    """Return the versions that the records tell, each with its lowest salt."""
    found: dict[tuple[str, str, str], str] = {}
    for line in events.split(b"\n"):
        # A record may follow on a torn one: the first start from which all is JSON counts.
        for start in re.finditer(rb'^|\{"schema":', line):
            try:
                record = json.loads(line[start.start() :].decode())
                event, salt = record["event"], record["salt"]
                match = EVENT.fullmatch(event.get("eventType", event.get("type")))
                if match and record["schema"] == 1:
                    number = str(int(event["data"]["version"]))
                    key = (event["data"]["messageId"], number, match[1].lower())
                    found[key] = min(found.get(key, salt), salt)
                break
            except BROKEN:
                continue
    return found


def check_proof(proof: Any, checkpoint: str) -> list[str]:
    """Return what is wrong with the proof of one message."""
    facts, ledger = proof["leaf"], proof["ledger"]
    text, raw = (
        one.encode("utf-8", "surrogatepass")
        for one in (proof["manifest"], ledger["line"])
    )
    manifest = json.loads(text.decode())
    content, (size, root) = (
        manifest["content"],
        read_checkpoint(checkpoint or proof["checkpoint"]),
    )
    made = digest(bytes.fromhex(proof["salt"]) + canonical(proof["content"]))
    versions, own = (
        content["counts"]["versions"],
        (content["thread_id"], manifest["content_sha256"]),
    )
    top = climb(leaf(canonical(facts)), proof["index"], versions, proof["path"]).hex()
    head = climb(leaf(raw), ledger["index"], size, ledger["path"]).hex()
    checks = {
        "the content is not what was committed to": proof["erased"]
        or made == facts["commitment"],
        "the message does not stand in the archive's tree": top
        == content["merkle_root"],
        "the manifest was changed": own
        == (facts["thread"], digest(canonical(content))),
        "the ledger's line is another one's": line_of(manifest, digest(text)) == raw,
        "the ledger's line does not stand in the checkpoint's tree": head == root,
    }
    return [problem for problem, holds in checks.items() if not holds]


def main(
    path: str = os.path.dirname(os.path.abspath(__file__)), checkpoint: str = ""
) -> int:
    try:
        checkpoint = checkpoint and read(checkpoint).decode()
        if os.path.isfile(path):
            problems = check_proof(json.loads(read(path).decode()), checkpoint)
            print(
                "\n".join(f"FAILED {one}" for one in problems) or "VERIFIED the message"
            )
            return int(bool(problems))
        inner = os.path.join(path, "archive")
        verifier = Verifier(inner if os.path.isdir(inner) else path, checkpoint)
        if not any(
            one.startswith(("ledger", "thread=")) for one in os.listdir(verifier.root)
        ):
            raise OSError("there is no archive")
        verifier.run()
    except BROKEN as error:
        print(f"UNREADABLE {path}: {error}", file=sys.stderr)
        return 2
    result = "FAILED" if verifier.failures else "VERIFIED"
    print(
        f"{result} {verifier.threads} thread(s), {verifier.erased} version(s) of it erased"
    )
    return int(result == "FAILED")


if __name__ == "__main__":
    sys.exit(
        print(__doc__)
        if "-h" in sys.argv or "--help" in sys.argv
        else main(*sys.argv[1:3])
    )
