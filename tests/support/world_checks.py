"""What has to hold of a history of the real use cases, after each of its steps."""

import re

from byte_search import found_in
from evidence_histories import THREADS
from evidence_verifiers import failures, findings, notes
from shared.domain import layout
from shared.domain.archive.read_chain import transcript_of
from shared.domain.evidence.checkpoint import Checkpoint
from shared.domain.evidence.ledger import LedgerReader, blob_numbers, blob_path
from shared.domain.evidence.lines import parts_of
from shared.domain.evidence.seals import seal_of, sha256_of
from shared.formats.registry import formats_of, written
from shared.usecases.evidence.carry_out import last_touching
from shared.usecases.evidence.thread_archive import read_thread
from shared.usecases.evidence.verify_rendered import check_rendered
from world_histories import WorldHistory

TOKEN = re.compile(rb"tk[0-9]{5}zq")


async def run_history(seed, drawn, **options):
    """Run the steps of a history, and check it after each; return it."""
    checked = CheckedHistory(WorldHistory(seed, **options))
    for name, *arguments in drawn:
        await checked.step(name, *arguments)
    await checked.end()
    return checked.history


class CheckedHistory:
    """A history, every step of which is checked."""

    def __init__(self, history):
        self.history = history
        self.world, self.model = history.world, history.model
        self.roots = {}
        """By size: the root of every checkpoint so far."""
        self.salts = {}
        """By commitment: the salt that an un-erased line had."""

    async def step(self, name, *arguments):
        history = self.history
        await history.step(name, *arguments)
        if history.killed:
            found = failures(self.world.archive.files, self.checkpoint())
            assert all("not finished" in reason for _, reason in found), found
            await history.recover()
        self.check()
        if name == "turn_day":
            await self.check_closely()

    async def end(self):
        """Check what holds once a day has passed."""
        await self.step("turn_day")

    def checkpoint(self):
        if not self.roots:
            return b""
        size = max(self.roots)
        head = Checkpoint(origin="test", size=size, root=self.roots[size])
        return head.body.encode()

    def check(self):
        files = self.world.archive.files
        found = failures(files, self.checkpoint())
        assert found == [], found
        self.check_roots()
        self.note_salts()
        self.check_tokens()

    def check_roots(self):
        """Every earlier checkpoint holds."""
        reader, roots = LedgerReader(), {0: LedgerReader().tree.root}
        files = self.world.archive.files
        for number in blob_numbers(files):
            reader.begin(number)
            for line in files[blob_path(number)].split(b"\n")[:-1]:
                reader.read(line)
                roots[reader.tree.size] = reader.tree.root
        assert self.roots.items() <= roots.items()
        self.roots[reader.tree.size] = reader.tree.root

    def input_lines(self):
        for path, data in self.world.archive.files.items():
            if path.startswith("thread=") and path.endswith(
                (
                    "events.jsonl",
                    "listing.jsonl",
                    "quarantine.jsonl",
                    "attachments.jsonl",
                )
            ):
                yield from data.split(b"\n")[:-1]

    def note_salts(self):
        for line in self.input_lines():
            parts = parts_of(line)
            if parts.salt:
                self.salts[parts.commitment] = parts.salt

    def check_tokens(self):
        """Nothing is lost that was not erased, and nothing stands that was."""
        files = self.world.archive.files
        there = {
            token.decode() for data in files.values() for token in TOKEN.findall(data)
        }
        self.wanted, self.gone = self.model.states()
        assert not there & self.gone, self.about(there & self.gone)
        by_thread = {thread: self.texts(thread) for thread in THREADS}
        for token, numbers in self.wanted.items():
            one = self.model.said[numbers[0]]
            lines, transcript = by_thread[one.thread]
            assert token in lines, ("lost", self.about([token]))
            if one.message and not one.follows and not one.unreadable:
                assert token in transcript, ("not rendered", self.about([token]))

    def texts(self, thread):
        """Return the tokens of input and attachments, and of the newest transcript."""
        folder, files = layout.thread_folder(thread), self.world.archive.files
        lines, newest = set(), b""
        for path in sorted(files):
            if path.startswith(folder) and path.endswith("transcript.json"):
                newest = files[path]
            elif path.startswith(folder) and (
                path.endswith(".jsonl") or "/attachments/" in path
            ):
                lines |= set(TOKEN.findall(files[path]))
        return tuple(
            {t.decode() for t in found} for found in (lines, set(TOKEN.findall(newest)))
        )

    def about(self, tokens):
        return [
            (number, one, self.model.is_covered(number))
            for number, one in enumerate(self.model.said)
            if set(one.tokens) & set(tokens)
        ], self.model.orders

    async def check_closely(self):
        """Nothing that was erased stands in any byte, and all can be rendered again."""
        erased = {
            parts.commitment
            for parts in map(parts_of, self.input_lines())
            if not parts.salt
        }
        salts = [self.salts[c].hex() for c in erased if c in self.salts]
        everything = self.everything()
        found = found_in(everything, sorted(self.gone))
        assert found == [], (found, self.about([found[0].split(": ")[1]]))
        assert not [
            (path, salt)
            for path, data in everything.items()
            for salt in salts
            if salt.encode() in data
        ]
        assert "took what" not in notes(self.world.archive.files)
        anew = findings(self.world.archive.files, check_rendered=check_rendered)
        assert [finding for finding in anew if finding.is_failure] == []
        for thread in THREADS:
            if self.history.is_archived(thread):
                await self.render_again(thread)

    def everything(self):
        """Return all bytes of log, quarantine, markers, archive, control and queue."""
        world = self.world
        return {
            **world.archive.files,
            **{f"log/{path}": blob.data for path, blob in world.log.blobs.items()},
            **{
                f"log/{path}": text.encode() for path, text in world.log.markers.items()
            },
            **{f"control/{path}": data for path, data in world.control.files.items()},
            "queue": repr(world.queue.messages).encode(),
        }

    async def render_again(self, thread_id):
        thread = await read_thread(self.world.archive, thread_id)
        for number, manifest in thread.manifests.items():
            chain = thread.chain.up_to(number)
            names = [file.name for file in manifest.files]
            rendered = dict(written(formats_of(names), transcript_of(chain)))
            order, sealed = last_touching(thread.orders, manifest), manifest.files
            if order and order.revision > number:
                continue
            sealed = order.files if order else manifest.files
            salts = chain.salts()
            assert {f.name: f.seal for f in sealed} == {
                name: seal_of(name, salts, sha256_of(data))
                for name, data in rendered.items()
            }, (thread_id, number)
