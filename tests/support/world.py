"""The whole archiver in memory: every use case wired to fakes, one clock for all."""

import copy
import json
from dataclasses import replace
from datetime import timedelta

from builders import THREAD, Clock, Salts
from fakes.archive_store import MemoryArchiveStore
from fakes.file_fetcher import MemoryFileFetcher
from fakes.leases import MemoryLeases
from fakes.ledger_blobs import MemoryLedgerBlobs
from fakes.service import MemoryChatService
from fakes.thread_logs import MemoryThreadLogs
from fakes.topic import MemoryAnnouncer
from fakes.unprocessed_events import MemoryUnprocessedEvents
from fakes.work_queue import MemoryWorkQueue
from schemas import TRANSCRIPT
from shared.domain import layout
from shared.domain.evidence.lines import cut_line
from shared.domain.thread.attachment import Origin
from shared.usecases.archive.archive_readme import ArchiveReadme
from shared.usecases.archive.attachments import FetchAttachments, Limits
from shared.usecases.archive.close import CloseRevision
from shared.usecases.archive.collect import Collect
from shared.usecases.archive.finalize import Finalize
from shared.usecases.archive.listing import ListService
from shared.usecases.capture.handle_work import HandleWork
from shared.usecases.capture.ingest import Ingest
from shared.usecases.capture.prune import Prune
from shared.usecases.capture.rescue import Rescue
from shared.usecases.capture.sweep import Sweep
from shared.usecases.evidence.beside import Beside
from shared.usecases.evidence.carry_out import CarryOut
from shared.usecases.evidence.finish_orders import FinishOrders
from shared.usecases.evidence.ledger import Ledger
from shared.usecases.inventory.sweep_log import SweepLog

LIMITS = Limits(files=1000, bytes=2**30)


def finalizer(
    parts,
    *,
    readers=(),
    formats=("json",),
    keep_superseded=timedelta(days=30),
    whole_pass_every=timedelta(days=7),
    limits=LIMITS,
):
    """Return a finalizer over these parts."""
    beside = Beside()
    return Finalize(
        log=parts.log,
        archive=parts.archive,
        leases=parts.leases,
        collect=Collect(
            archive=parts.archive,
            list_service=ListService(
                chat=parts.chat, clock=parts.clock, reader_ids=readers, beside=beside
            ),
            fetch_attachments=FetchAttachments(
                archive=parts.archive,
                fetchers=parts.fetchers,
                limits=limits,
                clock=parts.clock,
                draw=parts.draw,
            ),
            draw=parts.draw,
            beside=beside,
        ),
        finish_orders=FinishOrders(
            archive=parts.archive,
            ledger=parts.ledger,
            carry_out=CarryOut(archive=parts.archive, log=parts.log),
        ),
        close=CloseRevision(
            ledger=parts.ledger, announcer=parts.announcer, log=parts.log
        ),
        readme=ArchiveReadme(parts.archive),
        clock=parts.clock,
        draw=parts.draw,
        formats=formats,
        keep_superseded=keep_superseded,
        whole_pass_every=whole_pass_every,
        beside=beside,
    )


class World:
    def __init__(
        self,
        *,
        readers=(),
        formats=("json", "csv"),
        storage=None,
        clock=None,
        salts=None,
    ):
        """`storage` is the storage's clock, where it is another than the writer's."""
        self.clock = clock or storage or Clock()
        self.storage = storage or self.clock
        self.readers, self.formats = readers, formats
        self.log = MemoryThreadLogs(self.storage)
        self.archive = MemoryArchiveStore()
        self.control = MemoryArchiveStore()
        self.blobs = MemoryLedgerBlobs(self.archive, self.storage)
        self.ledger = Ledger(blobs=self.blobs, clock=self.clock)
        self.leases = MemoryLeases()
        self.chat = MemoryChatService()
        self.announcer = MemoryAnnouncer()
        self.images, self.links = MemoryFileFetcher(), MemoryFileFetcher()
        self.queue = MemoryWorkQueue(self.clock)
        self.poison = MemoryWorkQueue(self.clock)
        self.events_poison = MemoryWorkQueue(self.clock)
        self.expiring_events = MemoryUnprocessedEvents({})
        self.sweep_log = SweepLog(
            log=self.control, files=self.control, clock=self.clock
        )
        self.salts = self.draw = salts or Salts()
        self.ingest = Ingest(
            log=self.log,
            queue=self.queue,
            clock=self.clock,
            new_salt=self.salts,
            settle_for=timedelta(),
        )
        self.fetchers = {Origin.ATTACHMENT: self.images, Origin.LINK: self.links}
        self.finalize = self.new_finalizer(self.ledger)
        self.handle_work = HandleWork(
            finalize=self.finalize,
            queue=self.queue,
            sweep_log=self.sweep_log,
            clock=self.clock,
        )
        self.sweep = self.new_sweep()

    def new_finalizer(self, ledger, **more):
        """Return a finalizer of a process that has its own view of the ledger."""
        parts = copy.copy(self)
        parts.ledger = ledger
        return finalizer(parts, readers=self.readers, formats=self.formats, **more)

    def ingest_that_settles(self):
        """Ingest that puts a deleted thread on the queue for a while later."""
        return replace(self.ingest, settle_for=timedelta(minutes=5), settling={})

    def new_sweep(
        self,
        *,
        log_keep=timedelta(days=30),
        keep_superseded=timedelta(days=30),
        discover=None,
    ):
        return Sweep(
            log=self.log,
            prune=Prune(
                log=self.log,
                archive=self.archive,
                log_keep=log_keep,
                keep_superseded=keep_superseded,
            ),
            queue=self.queue,
            poison=self.poison,
            events_poison=self.events_poison,
            rescue=Rescue(expiring=self.expiring_events, ingest=self.ingest),
            discover=discover,
            ledger=self.ledger,
            sweep_log=self.sweep_log,
            clock=self.clock,
            quiet_for=timedelta(hours=24),
            max_open=timedelta(days=7),
            next_due=lambda now: now + timedelta(hours=1),
        )

    async def receive(self, *events):
        for event in events:
            await self.ingest(json.dumps(event))

    def queued(self):
        return [work.thread_id for work, _ in self.queue.messages]

    def file(self, name, revision=1, thread=THREAD):
        return self.archive.files[layout.revision_path(thread, revision, name)]

    def manifest(self, revision=1):
        return json.loads(self.file("manifest.json", revision))

    def reconciliation(self, revision=1):
        return json.loads(self.file("reconciliation.json", revision))

    def lines(self, name, revision=1):
        """Return the lines that a revision has of a file of the input."""
        stored = self.file(f"{name}.jsonl", revision).splitlines()
        return [cut_line(line) for line in stored]

    def transcript(self, revision=1):
        """Return a transcript that is one of the published schema."""
        value = json.loads(self.file("transcript.json", revision))
        TRANSCRIPT.validate(value)
        return value

    def ledger_lines(self, kind=""):
        """Return the lines of the ledger, but for those that close a blob."""
        lines = [
            json.loads(line)
            for path, data in sorted(self.archive.files.items())
            if path.startswith("ledger/")
            for line in data.splitlines()
        ]
        return [
            line
            for line in lines
            if line["kind"] == kind or (line["kind"] != "closed" and not kind)
        ]
