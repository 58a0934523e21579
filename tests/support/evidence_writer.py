"""A reference writer, in memory: what the verifiers are tested on.

It does what the format says in the simplest way, one write after the other, and can be
killed before any of them. It renders two small files, so that there is something to
seal. It holds back nothing for speed.
"""

import json
import random
from datetime import UTC, timedelta

from builders import NOON, THREAD
from shared.domain.evidence import paths
from shared.domain.evidence.checkpoint import Checkpoint
from shared.domain.evidence.content import content_of
from shared.domain.evidence.ledger import (
    LedgerReader,
    blob_numbers,
    blob_path,
    closed_line,
)
from shared.domain.evidence.ledger_lines import LineKind, decode_line, encode_line
from shared.domain.evidence.lines import (
    attachment_name,
    cut_line,
    make_erased_line,
    make_line,
)
from shared.domain.evidence.manifest import Cover, InputRoot, Manifest, decode_manifest
from shared.domain.evidence.orders import (
    Order,
    ScopeKind,
    decode_orders,
    encode_orders,
    lines_named,
    named_lines,
)
from shared.domain.evidence.pages import ranges_of, split_page
from shared.domain.evidence.scope import (
    Senders,
    order_due,
    orders_before,
    wanted_senders,
)
from shared.domain.evidence.seals import seal_file
from shared.domain.evidence.thread_file import ThreadFile, decode_thread_file
from shared.domain.evidence.tree import Tree
from shared.domain.evidence.words import INPUT_FILES
from shared.domain.layout import thread_folder

RENDERER = "test 1"
OUTCOME = b'{"reader":"8:acs:x","since":"","reason":"","refused":[],"torn":0,"api_version":"2025-03-15","refused_version":"","no_receipts":""}'


class Killed(Exception):  # noqa: N818 - what happened, not an error of ours
    """The writer was killed before a write."""


class World:
    """What a thread's log and the service hold, before anything is archived."""

    def __init__(self):
        self.log = []  # (text, salt, received_on)
        self.quarantine = []
        self.fetched = []  # (content, bytes)
        self.messages = {}
        self.participants = []
        self.topic = "A topic"
        self.is_listed = False


class EvidenceWriter:
    """Writes an archive into `files`, by path."""

    def __init__(self, seed=0):
        self.files = {}
        self.random = random.Random(seed)
        self.now = NOON
        """The storage's time."""
        self.skew = timedelta()
        """How far the writer's own clock is off."""
        self.worlds = {}
        self.fuse = None
        self.repeats = False
        """Whether the next append to the ledger happens twice."""

    # Storage

    def write(self, path, data):
        self.burn()
        self.files[path] = data

    def remove(self, path):
        self.burn()
        del self.files[path]

    def burn(self):
        if self.fuse is None:
            return
        if self.fuse == 0:
            raise Killed
        self.fuse -= 1

    @property
    def today(self):
        return self.now.date().isoformat()

    def clock(self):
        return stamp(self.now + self.skew)

    def draw(self):
        return self.random.randbytes(16)

    def world(self, thread):
        return self.worlds.setdefault(thread, World())

    # What happens outside of the archive

    def receive(self, event, thread=THREAD):
        text = event if isinstance(event, bytes) else json.dumps(event).encode()
        self.world(thread).log.append((text, self.draw(), self.clock()))

    def receive_twice(self, thread=THREAD):
        """Append the last record once more, as after an append that was repeated."""
        log = self.world(thread).log
        log.extend(log[-1:])

    def quarantine(self, text, thread=THREAD):
        self.world(thread).quarantine.append((text, self.draw(), self.clock()))

    def show(self, item, thread=THREAD):
        """Have the service list a message."""
        self.world(thread).messages[item["id"]] = item

    def fetch(self, message, data, thread=THREAD, number=1):
        content = {
            "message": str(message),
            "number": number,
            "name": "a.png",
            "url": "",
        }
        line = (json.dumps(content).encode(), self.draw(), self.clock(), data)
        self.world(thread).fetched.append(line)

    # The ledger

    def ledger(self):
        reader = LedgerReader()
        self.placed = []
        for number in blob_numbers(self.files):
            reader.begin(number)
            for line in self.files[blob_path(number)].split(b"\n")[:-1]:
                placed = reader.read(line)
                if placed:
                    self.placed.append(placed)
        return reader

    def append(self, line, *, close=False):
        numbers = blob_numbers(self.files)
        if not numbers:
            self.write(blob_path(1), b"")
            self.begun_on = self.today
            numbers = [1]
        last = blob_path(numbers[-1])
        if numbers == [1] and not self.files[last]:
            self.begun_on = self.today  # a kill left it: an empty one is not closed
        if numbers[-1] > 1 and not self.files[last]:
            self.begin_blob(numbers[-1])
        if close or self.today > self.begun(numbers[-1]):
            self.write(blob_path(numbers[-1] + 1), b"")
            self.begin_blob(numbers[-1] + 1)
            last = blob_path(numbers[-1] + 1)
        if line:
            self.write(last, self.files[last] + line)
            if self.repeats:
                self.write(last, self.files[last] + line)
        self.repeats = False

    def begin_blob(self, number):
        data = {
            path: data for path, data in self.files.items() if path != blob_path(number)
        }
        before = EvidenceWriter()
        before.files = data
        self.write(
            blob_path(number), closed_line(number - 1, before.ledger().tree, self.today)
        )

    def begun(self, number):
        if number == 1:
            return self.begun_on
        return json.loads(self.files[blob_path(number)].split(b"\n")[0])["day"]

    def is_recorded(self, line):
        self.ledger()
        leaf = decode_line(line[:-1]).leaf
        return any(placed.line.leaf == leaf for placed in self.placed)

    def record(self, line):
        if not self.is_recorded(line):
            self.append(line)

    def checkpoint(self):
        tree = self.ledger().tree
        return Checkpoint(origin="test", size=tree.size, root=tree.root).body.encode()

    def hold(self, *, participant="", thread=THREAD, action="add", hold=None):
        key = self.key(thread) if thread else ""
        members = {
            "action": action,
            "hold": hold or self.draw().hex(),
            "random": self.draw().hex(),
            "participant": participant,
            "message": "",
            "who": "counsel",
            "when": stamp(self.now),
            "why": "a lawsuit",
        }
        self.append(encode_line(LineKind.HOLD, key, members))
        return members["hold"]

    # One thread

    def key(self, thread):
        path = thread_folder(thread) + paths.THREAD_FILE
        if path not in self.files:
            key = self.draw().hex()
            self.write(path, ThreadFile(thread_id=thread, thread_key=key).stored)
        return decode_thread_file(self.files[path]).thread_key

    def revisions(self, thread):
        """Return the manifests, by revision."""
        found = {}
        for path in sorted(self.files):
            place = paths.thread_path(path)
            is_here = place and place.folder + "/" == thread_folder(thread)
            if is_here and place.revision and place.name == paths.MANIFEST_FILE:
                found[place.revision] = decode_manifest(self.files[path])
        return found

    def path(self, thread, revision, name):
        return f"{thread_folder(thread)}rev={revision:04d}/{name}"

    def chain(self, thread):
        """Return all lines: by file, a list of (revision, line)."""
        lines = {file: [] for file in INPUT_FILES}
        for revision in sorted(self.revisions(thread)):
            for file in INPUT_FILES:
                data = self.files.get(self.path(thread, revision, f"{file}.jsonl"), b"")
                lines[file] += [
                    (revision, cut_line(line)) for line in data.split(b"\n")[:-1]
                ]
        return lines

    def orders(self, thread):
        path = thread_folder(thread) + paths.ORDERS_FILE
        return list(decode_orders(self.files[path])) if path in self.files else []

    def salts(self, lines, revision):
        numbers = sorted({number for file in lines.values() for number, _ in file})
        return b"".join(
            line.salt
            for number in numbers
            if number <= revision
            for file in INPUT_FILES
            for found, line in lines[file]
            if found == number
        )

    def render(self, thread, lines):
        """Return the rendered files: a function of the input."""
        rows = [
            line.content if not line.is_erased else b'"erased"'
            for file in INPUT_FILES
            for _, line in lines[file]
        ]
        return {
            "messages.csv": b"\r\n".join(rows),
            "transcript.json": b"[" + b",".join(rows) + b"]\n",
        }

    def renderer(self, name):
        return RENDERER

    def grade(self, thread, lines):
        return {"grade": "may_be_incomplete", "grade_reason": "events_missing"}

    def senders(self, lines, orders):
        senders = Senders(wanted_senders(orders))
        for file in INPUT_FILES:
            for revision, line in lines[file]:
                senders.add(line.facts, revision)
        return senders

    def finalize(self, thread=THREAD):
        """Write a revision, where there is anything new; return its number or None."""
        self.recover(thread)
        key, world = self.key(thread), self.world(thread)
        lines, orders = self.chain(thread), self.orders(thread)
        manifests = self.revisions(thread)
        torn = [paths.thread_path(path) for path in self.files]
        folder = thread_folder(thread)[:-1]
        used = [place.revision for place in torn if place and place.folder == folder]
        number = max(used, default=0) + 1
        new, attached = self.new_lines(thread, lines, number)
        if not any(new.values()) and manifests:
            return None
        for file in INPUT_FILES:
            lines[file] += [(number, line) for line in new[file]]
        self.write_erased(lines, orders, number)
        for file in INPUT_FILES:
            data = b"".join(
                line.stored for found, line in lines[file] if found == number
            )
            if data:
                self.write(self.path(thread, number, f"{file}.jsonl"), data)
        for found, line in lines["attachments"]:
            if found == number and not line.is_erased and "stored" in line.facts:
                name = f"{paths.ATTACHMENTS}{line.facts['stored']}"
                self.write(
                    self.path(thread, number, name), attached[line.facts["stored"]]
                )
        salts = self.salts(lines, number)
        rendered = self.render(thread, lines)
        for name, data in rendered.items():
            self.write(self.path(thread, number, name), data)
        previous = manifests[max(manifests)] if manifests else None
        manifest = Manifest(
            thread_id=thread,
            thread_key=key,
            revision=number,
            previous_revision=previous.revision if previous else 0,
            previous=previous.digest if previous else "",
            inputs=tuple(self.root(file, lines[file], number) for file in INPUT_FILES),
            files=tuple(
                seal_file(name, self.renderer(name), salts, data)
                for name, data in sorted(rendered.items())
            ),
            covers={
                "2026-11-22.jsonl": Cover(
                    records=len(world.log), created_on=stamp(NOON)
                )
            },
            **self.grade(thread, lines),
            written_on=self.clock(),
            archiver_version="0.3.0",
        )
        self.write(self.path(thread, number, paths.MANIFEST_FILE), manifest.stored)
        self.record(manifest.ledger_line)
        return number

    def write_erased(self, lines, orders, number):
        """Take the content out of new lines that an older order covers."""
        senders = self.senders(lines, orders)
        for file in INPUT_FILES:
            for at, (revision, line) in enumerate(lines[file]):
                if revision == number:
                    before = orders_before(orders, line.facts, number, senders)
                    if before:
                        lines[file][at] = (number, make_erased_line(line, before[0]))

    def root(self, file, lines, number):
        tree = Tree()
        for _, line in lines:
            tree.add(line.leaf)
        first = sum(revision < number for revision, _ in lines)
        return InputRoot(file=file, first=first, lines=len(lines), root=tree.root)

    def new_lines(self, thread, lines, number):
        """Return the lines that no earlier revision has, and the bytes of attachments."""
        world = self.world(thread)
        new = {file: [] for file in INPUT_FILES}
        known = {line.commitment for file in INPUT_FILES for _, line in lines[file]}
        logged = [("events", *record) for record in world.log]
        logged += [("quarantine", *record) for record in world.quarantine]
        for file, text, salt, received_on in logged:
            given = {"file": file, "received_on": received_on}
            line = make_line(given, content_of(text), salt)
            if line.commitment not in known:
                known.add(line.commitment)
                new[file].append(line)
        attached = {}
        for text, salt, received_on, data in world.fetched:
            given = {
                "file": "attachments",
                "received_on": received_on,
                "origin": "attachment",
                "outcome": "stored",
                "stored": attachment_name(salt, data),
            }
            line = make_line(given, content_of(text), salt)
            attached[given["stored"]] = data
            if line.commitment not in known:
                new["attachments"].append(line)
        if world.is_listed:
            new["listing"] = self.listing(
                thread, [line for _, line in lines["listing"]], number
            )
        return new, attached

    def listing(self, thread, lines, number):
        """List the service; return the new lines: items, pages, the outcome."""
        world, new = self.world(thread), []
        created = {"topic": world.topic, "createdOn": "2026-11-22T11:00:00Z"}
        answers = [
            ("properties", created),
            ("messages", {"value": list(world.messages.values())}),
            ("participants", {"value": world.participants}),
        ]
        for page, (origin, answer) in enumerate(answers, 1):
            split = split_page(
                json.dumps(answer).encode(), is_list=origin != "properties"
            )
            indexes = []
            for item in split.items:
                given = {"file": "listing", "origin": origin}
                line = make_line(given, item, self.draw())
                at = known_item(lines + new, line)
                if at is None:
                    at = len(lines) + len(new)
                    new.append(line)
                indexes.append(at)
            given = {
                "file": "listing",
                "received_on": self.clock(),
                "listing": number,
                "page": page,
                "origin": origin,
            }
            if indexes:
                given["items"] = ranges_of(indexes)
            new.append(make_line(given, split.content, self.draw()))
        given = {
            "file": "listing",
            "received_on": self.clock(),
            "listing": number,
            "outcome": "full",
        }
        new.append(make_line(given, OUTCOME, self.draw()))
        world.is_listed = False
        return new

    def erase(self, scope, *ids, thread=THREAD, why="a request"):
        """Order and carry out an erasure; return the order, or None where it is nobody."""
        self.recover(thread)
        self.finalize(thread)
        manifests, lines = self.revisions(thread), self.chain(thread)
        orders = self.orders(thread)
        newest = max(manifests)
        plan = Order(
            number=len(orders) + 1,
            random=self.draw().hex(),
            revision=newest,
            who="dpo",
            when=stamp(self.now),
            why=why,
            scope=ScopeKind(scope),
            ids=tuple(sorted(ids)),
            lines=(),
        )
        senders = self.senders(lines, [plan])
        ranges = {
            file: [
                range(at, at + 1)
                for at, (revision, line) in enumerate(lines[file])
                if not line.is_erased
                and order_due([plan], line.facts, revision, senders)
            ]
            for file in INPUT_FILES
        }
        if not any(ranges.values()):
            return None
        left = self.blanked(lines, ranges)
        salts = self.salts(left, newest)
        rendered = self.render(thread, left)
        order = Order(
            **{name: getattr(plan, name) for name in plan.__slots__}
            | {
                "lines": lines_named(ranges),
                "files": tuple(
                    seal_file(name, self.renderer(name), salts, data)
                    for name, data in sorted(rendered.items())
                ),
            }
        )
        path = thread_folder(thread) + paths.ORDERS_FILE
        self.write(path, encode_orders([*orders, order]))
        self.append(order.ledger_line(self.key(thread)))
        self.carry_out(thread)
        return order

    def blanked(self, lines, ranges):
        return {
            file: [
                (revision, line.erased())
                if any(at in span for span in ranges.get(file, ()))
                else (revision, line)
                for at, (revision, line) in enumerate(lines[file])
            ]
            for file in INPUT_FILES
        }

    def recover(self, thread):
        """Finish whatever a killed writer began."""
        manifests = self.revisions(thread)
        if manifests:
            self.record(manifests[max(manifests)].ledger_line)
        orders = self.orders(thread)
        key = self.key(thread)
        recorded = [o for o in orders if self.is_recorded(o.ledger_line(key))]
        if recorded != orders:
            # Seal the last blob: a late append of the order's line cannot land then.
            self.append(b"", close=True)
            path = thread_folder(thread) + paths.ORDERS_FILE
            if recorded:
                self.write(path, encode_orders(recorded))
            else:
                self.remove(path)
        if recorded:
            self.carry_out(thread)

    def carry_out(self, thread):
        """Do all that the orders say; what is done already is left as it is."""
        orders, lines = self.orders(thread), self.chain(thread)
        manifests = self.revisions(thread)
        ranges = {}
        for order in orders:
            for file, spans in named_lines(order).items():
                ranges.setdefault(file, []).extend(spans)
        left = self.blanked(lines, ranges)
        for revision, line in left["attachments"]:
            stored = line.facts.get("stored")
            path = self.path(thread, revision, f"{paths.ATTACHMENTS}{stored}")
            if line.is_erased and path in self.files:
                self.remove(path)
        self.remove_attempts(thread, manifests)
        self.forget(thread, left)
        self.blank(thread, left, manifests)
        for revision, manifest in manifests.items():
            if any(o.revision >= revision and touches(o, manifest) for o in orders):
                newest = revision == max(manifests)
                self.render_anew(
                    thread, revision, self.render(thread, left), newest=newest
                )

    def blank(self, thread, left, manifests):
        for revision in manifests:
            for file in INPUT_FILES:
                path = self.path(thread, revision, f"{file}.jsonl")
                lines = [line.stored for found, line in left[file] if found == revision]
                if self.files.get(path, b"") != b"".join(lines):
                    self.write(path, b"".join(lines))

    def render_anew(self, thread, revision, rendered, *, newest):
        """Remove the rendered files of a revision, and write the newest one's anew."""
        for name, data in rendered.items():
            path = self.path(thread, revision, name)
            if path in self.files and not (newest and self.files[path] == data):
                self.remove(path)
            if newest and path not in self.files:
                self.write(path, data)

    def remove_attempts(self, thread, manifests):
        for path in sorted(self.files):
            place = paths.thread_path(path)
            if not place or place.folder + "/" != thread_folder(thread):
                continue
            if place.revision and place.revision not in manifests:
                self.remove(path)

    def forget(self, thread, left):
        """Take what is erased out of the log, the quarantine and the fetched files."""
        world = self.world(thread)
        gone = {
            ln.commitment
            for file in INPUT_FILES
            for _, ln in left[file]
            if ln.is_erased
        }
        for name in ("log", "quarantine", "fetched"):
            file = {"log": "events", "quarantine": "quarantine"}.get(name)
            records = getattr(world, name)
            if file:
                kept = [
                    (text, salt, when)
                    for text, salt, when in records
                    if make_line(
                        {"file": file, "received_on": when}, content_of(text), salt
                    ).commitment
                    not in gone
                ]
                setattr(world, name, kept)

    def remove_superseded(self, thread=THREAD):
        """Remove the rendered files of all revisions but the newest."""
        manifests = self.revisions(thread)
        for revision in sorted(manifests)[:-1]:
            for file in manifests[revision].files:
                if self.path(thread, revision, file.name) in self.files:
                    self.remove(self.path(thread, revision, file.name))


def known_item(lines, line):
    """Return the place of a line that a listed item is; None for none."""
    for at, known in enumerate(lines):
        is_item = "page" not in known.facts and "outcome" not in known.facts
        if is_item and not known.is_erased and known.content == line.content:
            return at
        if known.is_erased and "version" in line.facts:
            facts = {name: known.facts[name] for name in known.facts if name != "order"}
            if facts == line.facts:
                return at
    return None


def touches(order, manifest):
    lines = {entry.file: entry.lines for entry in manifest.inputs}
    return any(
        span.start < lines.get(file, 0)
        for file, spans in named_lines(order).items()
        for span in spans
    )


def stamp(moment):
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
