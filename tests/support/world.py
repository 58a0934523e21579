"""The whole archiver in memory: every use case wired to fakes, one clock for all."""

import json
from dataclasses import replace
from datetime import timedelta

from builders import THREAD, Clock, Salts
from fakes.archive_store import MemoryArchiveStore
from fakes.file_fetcher import MemoryFileFetcher
from fakes.leases import MemoryLeases
from fakes.service import MemoryChatService
from fakes.thread_logs import MemoryThreadLogs
from fakes.topic import MemoryAnnouncer
from fakes.unprocessed_events import MemoryUnprocessedEvents
from fakes.work_queue import MemoryWorkQueue
from schemas import TRANSCRIPT
from shared.domain import layout
from shared.domain.thread.attachment import Origin
from shared.usecases.archive.attachments import FetchAttachments
from shared.usecases.archive.close import CloseRevision
from shared.usecases.archive.finalize import Finalize
from shared.usecases.archive.listing import ListService
from shared.usecases.capture.handle_work import HandleWork
from shared.usecases.capture.ingest import Ingest
from shared.usecases.capture.rescue import Rescue
from shared.usecases.capture.sweep import Sweep
from shared.usecases.evidence.ledger import CloseLedger
from shared.usecases.evidence.recorded import RecordedRevisions
from shared.usecases.inventory.sweep_log import SweepLog


class World:
    def __init__(self, *, readers=(), formats=("json", "csv")):
        self.clock = Clock()
        self.log = MemoryThreadLogs(self.clock)
        self.archive = MemoryArchiveStore()
        self.control = MemoryArchiveStore()
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
        self.salts = Salts()
        self.ingest = Ingest(
            log=self.log,
            queue=self.queue,
            clock=self.clock,
            new_salt=self.salts,
            settle_for=timedelta(),
        )
        self.finalize = Finalize(
            log=self.log,
            archive=self.archive,
            leases=self.leases,
            list_service=ListService(
                chat=self.chat,
                clock=self.clock,
                new_salt=self.salts,
                reader_ids=readers,
            ),
            fetch_attachments=FetchAttachments(
                archive=self.archive,
                fetchers={Origin.ATTACHMENT: self.images, Origin.LINK: self.links},
                clock=self.clock,
            ),
            close=CloseRevision(
                ledger=self.archive,
                recorded=RecordedRevisions(self.archive),
                announcer=self.announcer,
                log=self.log,
                clock=self.clock,
            ),
            clock=self.clock,
            formats=formats,
        )
        self.handle_work = HandleWork(
            finalize=self.finalize,
            queue=self.queue,
            sweep_log=self.sweep_log,
            clock=self.clock,
        )
        self.close_ledger = CloseLedger(
            archive=self.archive,
            ledger=self.archive,
            leases=self.leases,
            clock=self.clock,
        )
        self.sweep = self.new_sweep()

    def ingest_that_settles(self):
        """Ingest that puts a deleted thread on the queue for a while later."""
        return replace(self.ingest, settle_for=timedelta(minutes=5), settling={})

    def new_sweep(self, *, log_keep=timedelta(days=30), discover=None):
        return Sweep(
            log=self.log,
            archive=self.archive,
            queue=self.queue,
            poison=self.poison,
            events_poison=self.events_poison,
            rescue=Rescue(expiring=self.expiring_events, ingest=self.ingest),
            discover=discover,
            close_ledger=self.close_ledger,
            sweep_log=self.sweep_log,
            clock=self.clock,
            quiet_for=timedelta(hours=24),
            max_open=timedelta(days=7),
            log_keep=log_keep,
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

    def transcript(self, revision=1):
        """Return a transcript that is one of the published schema."""
        value = json.loads(self.file("transcript.json", revision))
        TRANSCRIPT.validate(value)
        return value

    def ledger_lines(self):
        return [
            json.loads(line)
            for path, data in self.archive.files.items()
            if path.startswith("ledger/")
            for line in data.splitlines()
        ]
