"""The composition root: settings to a working app, each part made when it is needed.

SDK clients and use cases are imported and made on the first call, never before: a
wrong setting must not hide the functions from the host, and cold start is paid by every
scale-out. An instance that only keeps events never imports what archives them.
"""

import functools
import logging
import os
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from shared.config.settings import (
    ChatSettings,
    FetchSettings,
    Settings,
    TopicSettings,
    parse_acs,
)
from shared.domain import layout
from shared.domain.log.record import SALT_BYTES
from shared.formats import ARCHIVED
from shared.usecases.capture.ingest import Ingest

if TYPE_CHECKING:
    from azure.storage.blob.aio import BlobServiceClient

    from shared.adapters.chat.clients import ChatClients
    from shared.adapters.storage.append_log import BlobAppendLog
    from shared.adapters.storage.archive_store import BlobArchiveStore
    from shared.adapters.storage.clients import Account
    from shared.adapters.storage.leases import BlobLeases
    from shared.adapters.storage.thread_logs import BlobThreadLogs
    from shared.adapters.storage.work_queue import StorageWorkQueue
    from shared.adapters.topic import SilentAnnouncer, TopicAnnouncer
    from shared.ports.archive_store import ArchiveStore
    from shared.usecases.archive.attachments import FetchAttachments
    from shared.usecases.archive.finalize import Finalize
    from shared.usecases.archive.listing import ListService
    from shared.usecases.capture.sweep import Sweep
    from shared.usecases.inventory.discover import Discover


class Closable(Protocol):
    async def close(self) -> None:
        """Close it, once what is under way is done."""
        ...


Opened = TypeVar("Opened", bound=Closable)


class App:
    """The three use cases, and what each is wired to; `close` closes what was opened.

    Use it inside one running loop.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.opened: list[Closable] = []

    async def close(self) -> None:
        """Close, the newest first: logs before the clients that they append by."""
        while self.opened:
            await self.opened.pop().close()

    @cached_property
    def ingest(self) -> Ingest:
        return Ingest(
            log=self.log,
            queue=self.queue,
            clock=utc_now,
            new_salt=new_salt,
            settle_for=self.settings.settle_for,
        )

    @cached_property
    def sweep(self) -> "Sweep":
        from shared.usecases.capture.sweep import Sweep
        from shared.usecases.evidence.ledger import CloseLedger

        return Sweep(
            log=self.log,
            archive=self.archive,
            queue=self.queue,
            poison=self.queue_named(layout.POISON_QUEUE),
            discover=self.discover if self.settings.discover else None,
            close_ledger=CloseLedger(
                archive=self.archive,
                ledger=self.ledger,
                leases=self.leases,
                clock=utc_now,
            ),
            sweep_log=self.sweep_log,
            clock=utc_now,
            quiet_for=self.settings.quiet_for,
            max_open=self.settings.max_open,
            log_keep=self.settings.log_keep,
        )

    @cached_property
    def discover(self) -> "Discover":
        from shared.adapters.chat.finder import AcsThreadFinder
        from shared.adapters.storage.archive_store import BlobArchiveStore
        from shared.usecases.inventory.backfill import PutOnQueue
        from shared.usecases.inventory.discover import Discover

        return Discover(
            finder=AcsThreadFinder(self.chat_clients, self.settings.chat.list_within),
            archiver=PutOnQueue(queue=self.queue),
            archive=self.archive,
            log=self.sweep_log,
            files=BlobArchiveStore(self.others, layout.CONTROL),
            leases=self.leases,
            clock=utc_now,
            reader_ids=self.settings.chat.reader_ids,
            quiet_for=self.settings.quiet_for,
            max_open=self.settings.max_open,
        )

    @cached_property
    def finalize(self) -> "Finalize":
        from shared.usecases.archive.finalize import Finalize

        return Finalize(
            log=self.log,
            ledger=self.ledger,
            archive=self.archive,
            leases=self.leases,
            announcer=self.announcer,
            fetch_attachments=attachments_by(
                self.settings.fetch, self.chat_clients, self.archive
            ),
            list_service=listing_by(self.settings.chat, self.chat_clients),
            clock=utc_now,
            formats=self.settings.formats,
        )

    @cached_property
    def account(self) -> "Account":
        from shared.adapters.storage.clients import Account

        storage = self.settings.storage
        return Account(
            connection_string=storage.connection_string,
            blob_uri=storage.blob_uri,
            queue_uri=storage.queue_uri,
            credential=None
            if storage.connection_string
            else self.register(managed_identity(storage.client_id)),
        )

    @cached_property
    def appends(self) -> "BlobServiceClient":
        """Blobs, for appends, which must end within a delivery's time."""
        from shared.adapters.storage.clients import APPEND_OPTIONS

        return self.register(self.account.blobs(**APPEND_OPTIONS))

    @cached_property
    def others(self) -> "BlobServiceClient":
        """Blobs, for everything else."""
        from shared.adapters.storage.clients import OTHER_OPTIONS

        return self.register(self.account.blobs(**OTHER_OPTIONS))

    @cached_property
    def log(self) -> "BlobThreadLogs":
        from shared.adapters.storage.thread_logs import BlobThreadLogs

        return self.register(
            BlobThreadLogs(
                self.appends, self.others, block_bytes=self.settings.log_block_bytes
            )
        )

    @cached_property
    def ledger(self) -> "BlobAppendLog":
        return self.append_log(layout.ARCHIVE)

    @cached_property
    def sweep_log(self) -> "BlobAppendLog":
        return self.append_log(layout.CONTROL)

    def append_log(self, container: str) -> "BlobAppendLog":
        from shared.adapters.storage.append_log import BlobAppendLog

        return self.register(
            BlobAppendLog(self.appends.get_container_client(container))
        )

    @cached_property
    def archive(self) -> "BlobArchiveStore":
        from shared.adapters.storage.archive_store import BlobArchiveStore

        return BlobArchiveStore(self.others)

    @cached_property
    def leases(self) -> "BlobLeases":
        from shared.adapters.storage.leases import BlobLeases

        return BlobLeases(self.others)

    @cached_property
    def queue(self) -> "StorageWorkQueue":
        return self.queue_named(layout.FINALIZE_QUEUE)

    def queue_named(self, name: str) -> "StorageWorkQueue":
        from shared.adapters.storage.work_queue import StorageWorkQueue

        return StorageWorkQueue(self.register(self.account.queue(name)))

    @cached_property
    def chat_clients(self) -> "ChatClients":
        return self.register(open_chat_clients(self.settings.chat))

    @cached_property
    def announcer(self) -> "TopicAnnouncer | SilentAnnouncer":
        return self.register(open_topic(self.settings.topic))

    def register(self, one: Opened) -> Opened:
        """Note what has to be closed."""
        self.opened.append(one)
        return one


@functools.cache
def current_app() -> App:
    """Return this process's app, from its environment.

    Raises:
        ConfigError: on every call, until the settings are mended.

    """
    quieten_sdk_logs()
    return App(Settings.from_env(os.environ, known_formats=ARCHIVED))


def open_chat_clients(settings: ChatSettings, **options: Any) -> "ChatClients":
    """Return the way into the ACS resource: its endpoint, and tokens for its users.

    `options` go to the SDK's clients, over those that are usual here.
    """
    from azure.communication.identity.aio import CommunicationIdentityClient

    from shared.adapters.chat.clients import OPTIONS, ChatClients
    from shared.adapters.chat.limits import Limiter, LimitPolicy
    from shared.adapters.chat.tokens import Tokens

    limiter = Limiter()
    options = {**OPTIONS, **options}
    paced = {**options, "per_retry_policies": [LimitPolicy(limiter)]}
    if settings.connection_string:
        endpoint = parse_acs(settings.connection_string)
        client = CommunicationIdentityClient.from_connection_string(
            settings.connection_string, **paced
        )
    else:
        endpoint = settings.endpoint
        credential = managed_identity(settings.client_id)
        client = CommunicationIdentityClient(endpoint, credential, **paced)
    return ChatClients(
        endpoint.rstrip("/"), Tokens(client), limiter=limiter, options=options
    )


def listing_by(settings: ChatSettings, chat_clients: "ChatClients") -> "ListService":
    """Return what lists threads as the readers there are."""
    from shared.adapters.chat.service import AcsChatService
    from shared.usecases.archive.listing import ListService

    return ListService(
        chat=AcsChatService(chat_clients, settings.list_within),
        clock=utc_now,
        new_salt=new_salt,
        reader_ids=settings.reader_ids,
    )


def attachments_by(
    settings: FetchSettings, chat_clients: "ChatClients", archive: "ArchiveStore"
) -> "FetchAttachments":
    """Return who fetches the files that messages name into an archive."""
    from shared.adapters.chat.images import ImageFetcher
    from shared.adapters.links import LinkFetcher
    from shared.domain.thread.transcript import Origin
    from shared.ports.file_fetcher import FileFetcher
    from shared.usecases.archive.attachments import FetchAttachments

    fetchers: Mapping[Origin, FileFetcher] = {
        Origin.ATTACHMENT: ImageFetcher(
            chat_clients if settings.images else None,
            most_bytes=settings.most_bytes,
            within=settings.within,
        ),
        Origin.LINK: LinkFetcher(
            settings.links_from,
            most_bytes=settings.most_bytes,
            within=settings.within,
        ),
    }
    return FetchAttachments(archive=archive, fetchers=fetchers, clock=utc_now)


def open_topic(settings: TopicSettings) -> "TopicAnnouncer | SilentAnnouncer":
    """Return who tells of new archives: the topic, or nobody."""
    from shared.adapters.topic import SilentAnnouncer, TopicAnnouncer

    if not settings.endpoint:
        return SilentAnnouncer()
    from azure.core.credentials import AzureKeyCredential
    from azure.eventgrid.aio import EventGridPublisherClient

    credential = (
        AzureKeyCredential(settings.key)
        if settings.key
        else managed_identity(settings.client_id)
    )
    return TopicAnnouncer(EventGridPublisherClient(settings.endpoint, credential))


def managed_identity(client_id: str) -> Any:
    """Return the credential of the deployed app, or of a developer on their machine."""
    from azure.identity.aio import DefaultAzureCredential

    return DefaultAzureCredential(managed_identity_client_id=client_id or None)


def quieten_sdk_logs() -> None:
    """Keep one line per HTTP request, with addresses in it, out of the log (P9)."""
    logging.getLogger("azure.core.pipeline.policies.http_logging_policy").setLevel(
        logging.WARNING
    )


def utc_now() -> datetime:
    return datetime.now(UTC)


def new_salt() -> bytes:
    return secrets.token_bytes(SALT_BYTES)
