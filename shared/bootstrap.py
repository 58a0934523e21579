"""The composition root: settings to a working app, built on the first call.

SDK clients are imported and made here, never at import time: a wrong setting must not
hide the functions from the host, and cold start is paid by every scale-out.
"""

import functools
import logging
import os
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from shared.config.settings import (
    ChatSettings,
    FetchSettings,
    Settings,
    TopicSettings,
    parse_acs,
)
from shared.domain import layout
from shared.domain.record import SALT_BYTES
from shared.domain.transcript import Origin
from shared.formats import ARCHIVED
from shared.ports.archive_store import ArchiveStore
from shared.ports.file_fetcher import FileFetcher
from shared.usecases.attachments import FetchAttachments
from shared.usecases.backfill import PutOnQueue
from shared.usecases.discover import Discover
from shared.usecases.finalize import Finalize
from shared.usecases.ingest import Ingest
from shared.usecases.ledger import CloseLedger
from shared.usecases.list_service import ListService
from shared.usecases.sweep import Sweep

if TYPE_CHECKING:
    from shared.announce.topic import SilentAnnouncer, TopicAnnouncer
    from shared.chat.access import Access


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """The three use cases, wired; `close` waits for what is under way."""

    ingest: Ingest
    sweep: Sweep
    finalize: Finalize
    close: Callable[[], Awaitable[None]]


@functools.cache
def current_app() -> App:
    """Give this process's app, built from its environment on the first call.

    Call it inside the running loop.

    Raises:
        ConfigError: on every call, until the settings are mended.

    """
    quieten_sdk_logs()
    return build_app(os.environ)


def build_app(env: Mapping[str, str]) -> App:
    """Wire an app of real parts."""
    settings = Settings.from_env(env, known_formats=ARCHIVED)

    from shared.chat.finder import AcsThreadFinder
    from shared.storage.append_log import BlobAppendLog
    from shared.storage.archive_store import BlobArchiveStore
    from shared.storage.clients import APPEND_OPTIONS, OTHER_OPTIONS, Account
    from shared.storage.leases import BlobLeases
    from shared.storage.thread_logs import BlobThreadLogs
    from shared.storage.work_queue import StorageWorkQueue

    account = Account(
        connection_string=settings.storage.connection_string,
        blob_uri=settings.storage.blob_uri,
        queue_uri=settings.storage.queue_uri,
        credential=None
        if settings.storage.connection_string
        else managed_identity(settings.storage.client_id),
    )
    appends = account.blobs(**APPEND_OPTIONS)
    others = account.blobs(**OTHER_OPTIONS)
    finalize_queue = account.queue(layout.FINALIZE_QUEUE)
    poison_queue = account.queue(layout.POISON_QUEUE)
    log = BlobThreadLogs(appends, others, block_bytes=settings.log_block_bytes)
    ledger = BlobAppendLog(appends.get_container_client(layout.ARCHIVE))
    journal = BlobAppendLog(appends.get_container_client(layout.CONTROL))
    archive = BlobArchiveStore(others)
    queue = StorageWorkQueue(finalize_queue)
    leases = BlobLeases(others)
    access = chat_access(settings.chat)
    announcer = open_topic(settings.topic)
    discover = Discover(
        finder=AcsThreadFinder(access, settings.chat.list_within),
        archiver=PutOnQueue(queue=queue),
        archive=archive,
        log=journal,
        files=BlobArchiveStore(others, layout.CONTROL),
        leases=leases,
        clock=utc_now,
        reader_ids=settings.chat.reader_ids,
        quiet_for=settings.quiet_for,
        max_open=settings.max_open,
    )

    async def close() -> None:
        await log.close()
        await ledger.close()
        await journal.close()
        for client in (
            appends,
            others,
            finalize_queue,
            poison_queue,
            access,
            announcer,
        ):
            await client.close()
        if account.credential:
            await account.credential.close()

    return App(
        ingest=Ingest(
            log=log,
            queue=queue,
            clock=utc_now,
            new_salt=new_salt,
            settle_for=settings.settle_for,
        ),
        sweep=Sweep(
            log=log,
            archive=archive,
            queue=queue,
            poison=StorageWorkQueue(poison_queue),
            discover=discover if settings.discover else None,
            close_ledger=CloseLedger(
                archive=archive, ledger=ledger, leases=leases, clock=utc_now
            ),
            journal=journal,
            clock=utc_now,
            quiet_for=settings.quiet_for,
            max_open=settings.max_open,
            log_keep=settings.log_keep,
        ),
        finalize=Finalize(
            log=log,
            ledger=ledger,
            archive=archive,
            leases=leases,
            announcer=announcer,
            fetch_attachments=attachments_by(settings.fetch, access, archive),
            list_service=listing_by(settings.chat, access),
            clock=utc_now,
            formats=settings.formats,
        ),
        close=close,
    )


def chat_access(settings: ChatSettings, **options: Any) -> "Access":
    """Give the way into the ACS resource: its endpoint, and tokens for its users.

    `options` go to the SDK's clients, over those that are usual here.
    """
    from azure.communication.identity.aio import CommunicationIdentityClient

    from shared.chat.access import OPTIONS, Access
    from shared.chat.limits import Limiter, LimitPolicy
    from shared.chat.tokens import Tokens

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
    return Access(
        endpoint.rstrip("/"), Tokens(client), limiter=limiter, options=options
    )


def listing_by(settings: ChatSettings, access: "Access") -> ListService:
    """Give what lists threads as the readers there are."""
    from shared.chat.service import AcsChatService

    return ListService(
        chat=AcsChatService(access, settings.list_within),
        clock=utc_now,
        new_salt=new_salt,
        reader_ids=settings.reader_ids,
    )


def attachments_by(
    settings: FetchSettings, access: "Access", archive: ArchiveStore
) -> FetchAttachments:
    """Give who fetches the files that messages name into an archive."""
    from shared.chat.images import ImageFetcher
    from shared.links.fetcher import LinkFetcher

    fetchers: Mapping[Origin, FileFetcher] = {
        Origin.ATTACHMENT: ImageFetcher(
            access if settings.images else None,
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
    """Give who tells of new archives: the topic, or nobody."""
    from shared.announce.topic import SilentAnnouncer, TopicAnnouncer

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
    """Give the credential of the deployed app, or of the developer on their machine."""
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
