"""One storage account: its settings, or an address, become the adapters over it."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from shared.bootstrap.identity import STORAGE_SCOPE, managed_identity, utc_now
from shared.config.settings import StorageSettings
from shared.domain import layout

if TYPE_CHECKING:
    from azure.storage.blob.aio import BlobServiceClient

    from shared.adapters.azure.sign_in import SignedIn
    from shared.adapters.storage.append_log import BlobAppendLog
    from shared.adapters.storage.archive_store import BlobArchiveStore
    from shared.adapters.storage.clients import Account
    from shared.adapters.storage.leases import BlobLeases
    from shared.adapters.storage.poisoned_events import (
        ExpiringEvents,
        PoisonedEvents,
    )
    from shared.adapters.storage.thread_logs import BlobThreadLogs
    from shared.adapters.storage.unprocessed_events import BlobUnprocessedEvents
    from shared.adapters.storage.work_queue import StorageWorkQueue
    from shared.usecases.evidence.ledger import Ledger
    from shared.usecases.inventory.sweep_log import SweepLog


class Closable(Protocol):
    async def close(self) -> None:
        """Close it, once what is under way is done."""
        ...


Opened = TypeVar("Opened", bound=Closable)


class Storage:
    """The adapters over one account, each made when it is first needed, and once.

    Use it inside one running loop; `close` closes what was opened.
    """

    def __init__(
        self,
        settings: StorageSettings,
        *,
        container: str = layout.ARCHIVE,
        options: Mapping[str, Any] | None = None,
        block_bytes: int | None = None,
        signed_in: "SignedIn | None" = None,
    ) -> None:
        """`container` holds the archive; `options` go to clients that do not append.

        `block_bytes` is the most that one append may take. `signed_in` is a command's
        credential, where the app's own would be tried again and again.
        """
        self.settings = settings
        self.container = container
        self.options = options
        self.block_bytes = block_bytes
        self.signed_in = signed_in
        self.opened: list[Closable] = []

    def register(self, part: Opened) -> Opened:
        """Note what has to be closed."""
        self.opened.append(part)
        return part

    async def close(self) -> None:
        """Close, the newest first: logs before the clients that they append by."""
        while self.opened:
            await self.opened.pop().close()

    @cached_property
    def account(self) -> "Account":
        from shared.adapters.storage.clients import Account

        settings = self.settings
        credential: Any = None
        if settings.needs_identity:
            own = self.signed_in or managed_identity(settings.client_id)
            credential = self.register(own)
        return Account(
            connection_string=settings.connection_string,
            blob_uri=settings.blob_uri,
            queue_uri=settings.queue_uri,
            credential=credential,
        )

    async def check_signed_in(self) -> None:
        """See that a command may sign in, where that is how the account is opened.

        Raises:
            NotSignedIn: it may not.

        """
        if self.account.credential is not None and self.signed_in is not None:
            await self.signed_in.check(STORAGE_SCOPE)

    @cached_property
    def appends(self) -> "BlobServiceClient":
        """Blobs, for appends, which must end within a delivery's time."""
        from shared.adapters.storage.clients import APPEND_OPTIONS

        return self.register(self.account.blobs(**APPEND_OPTIONS))

    @cached_property
    def others(self) -> "BlobServiceClient":
        """Blobs, for everything else."""
        from shared.adapters.storage.clients import OTHER_OPTIONS

        return self.register(self.account.blobs(**(self.options or OTHER_OPTIONS)))

    @cached_property
    def log(self) -> "BlobThreadLogs":
        from shared.adapters.storage.thread_logs import BlobThreadLogs

        bounds = {"block_bytes": self.block_bytes} if self.block_bytes else {}
        return self.register(BlobThreadLogs(self.appends, self.others, **bounds))

    @cached_property
    def ledger(self) -> "Ledger":
        from shared.adapters.storage.ledger_blobs import BlobLedgerBlobs
        from shared.usecases.evidence.ledger import Ledger

        container = self.appends.get_container_client(self.container)
        blobs = BlobLedgerBlobs(container, self.archive)
        return Ledger(blobs=blobs, clock=utc_now)

    @cached_property
    def control(self) -> "BlobAppendLog":
        """The log of sweeps and of backfills."""
        return self.append_log(layout.CONTROL)

    @cached_property
    def sweep_log(self) -> "SweepLog":
        from shared.usecases.inventory.sweep_log import SweepLog

        files = self.files(layout.CONTROL)
        return SweepLog(log=self.control, files=files, clock=utc_now)

    @cached_property
    def archive(self) -> "BlobArchiveStore":
        return self.files(self.container)

    @cached_property
    def leases(self) -> "BlobLeases":
        from shared.adapters.storage.leases import BlobLeases

        return BlobLeases(self.others)

    @cached_property
    def queue(self) -> "StorageWorkQueue":
        return self.queue_named(layout.FINALIZE_QUEUE)

    @cached_property
    def poison(self) -> "StorageWorkQueue":
        return self.queue_named(layout.POISON_QUEUE)

    @cached_property
    def events_queue(self) -> "StorageWorkQueue":
        return self.queue_named(layout.EVENTS_QUEUE)

    @cached_property
    def events_poison(self) -> "StorageWorkQueue":
        return self.queue_named(layout.EVENTS_POISON_QUEUE)

    def poisoned_events(self, *, takes: bool) -> "PoisonedEvents":
        from shared.adapters.storage.poisoned_events import PoisonedEvents

        queue = self.register(self.account.queue(layout.EVENTS_POISON_QUEUE))
        return PoisonedEvents(queue, takes=takes)

    def expiring_events(self, within: timedelta) -> "ExpiringEvents":
        from shared.adapters.storage.poisoned_events import ExpiringEvents

        queue = self.register(self.account.queue(layout.EVENTS_POISON_QUEUE))
        return ExpiringEvents(queue, within=within, clock=utc_now)

    def append_log(self, container: str) -> "BlobAppendLog":
        from shared.adapters.storage.append_log import BlobAppendLog

        blobs = self.appends.get_container_client(container)
        return self.register(BlobAppendLog(blobs))

    def files(self, container: str) -> "BlobArchiveStore":
        from shared.adapters.storage.archive_store import BlobArchiveStore

        return BlobArchiveStore(self.others, container=container)

    def queue_named(self, name: str) -> "StorageWorkQueue":
        from shared.adapters.storage.work_queue import StorageWorkQueue

        return StorageWorkQueue(self.register(self.account.queue(name)))

    def unprocessed(self, container: str, prefix: str = "") -> "BlobUnprocessedEvents":
        from shared.adapters.storage.unprocessed_events import BlobUnprocessedEvents

        blobs = self.others.get_container_client(container)
        return BlobUnprocessedEvents(blobs, prefix)
