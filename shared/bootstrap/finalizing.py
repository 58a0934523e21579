"""What archives a thread, wired once: for the function app, and for a backfill here."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from shared.bootstrap.identity import (
    CHAT_SCOPE,
    managed_identity,
    new_salt,
    signed_in,
    utc_now,
)
from shared.config.connection_strings import parse_acs
from shared.config.reader import SettingsReader
from shared.config.settings import (
    ChatSettings,
    FetchSettings,
    TopicSettings,
    read_chat,
    read_fetch,
    read_formats,
    read_topic,
)
from shared.formats import ARCHIVED

if TYPE_CHECKING:
    from shared.adapters.chat.clients import ChatClients
    from shared.adapters.topic import SilentAnnouncer, TopicAnnouncer
    from shared.ports.announcer import Announcer
    from shared.ports.append_log import ThreadLogs
    from shared.ports.archive_store import ArchiveStore, ErasableArchive
    from shared.ports.leases import Leases
    from shared.usecases.archive.attachments import FetchAttachments
    from shared.usecases.archive.finalize import Finalize
    from shared.usecases.archive.listing import ListService
    from shared.usecases.evidence.beside import Beside
    from shared.usecases.evidence.ledger import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """Where archives are made: a storage account's containers, or a folder."""

    log: "ThreadLogs"
    ledger: "Ledger"
    archive: "ErasableArchive"
    leases: "Leases"


@dataclass(frozen=True, slots=True, kw_only=True)
class HereSettings:
    """The settings of the app that a command keeps to when it archives a thread."""

    chat: ChatSettings
    fetch: FetchSettings
    topic: TopicSettings
    formats: tuple[str, ...]
    keep_superseded: timedelta
    whole_pass_every: timedelta

    @classmethod
    def read(cls, reader: SettingsReader) -> "HereSettings":
        return cls(
            chat=read_chat(reader),
            fetch=read_fetch(reader),
            topic=read_topic(reader),
            formats=read_formats(reader, ARCHIVED),
            keep_superseded=reader.duration("KEEP_SUPERSEDED"),
            whole_pass_every=reader.duration("WHOLE_PASS_EVERY"),
        )


@asynccontextmanager
async def finalize_here(
    stores: Stores, settings: HereSettings, chat_clients: "ChatClients"
) -> AsyncIterator["Finalize"]:
    """Yield what archives a thread in this process."""
    announcer = open_topic(settings.topic)
    try:
        yield finalize(
            stores,
            settings.chat,
            settings.fetch,
            chat_clients,
            announcer,
            settings.formats,
            keep_superseded=settings.keep_superseded,
            whole_pass_every=settings.whole_pass_every,
        )
    finally:
        await announcer.close()


def finalize(
    stores: Stores,
    chat: ChatSettings,
    fetch: FetchSettings,
    chat_clients: "ChatClients",
    announcer: "Announcer",
    formats: Sequence[str],
    *,
    keep_superseded: timedelta,
    whole_pass_every: timedelta,
) -> "Finalize":
    from shared.usecases.archive.archive_readme import ArchiveReadme
    from shared.usecases.archive.close import CloseRevision
    from shared.usecases.archive.collect import Collect
    from shared.usecases.archive.finalize import Finalize
    from shared.usecases.evidence.beside import Beside
    from shared.usecases.evidence.carry_out import CarryOut
    from shared.usecases.evidence.finish_orders import FinishOrders

    beside = Beside()
    return Finalize(
        log=stores.log,
        archive=stores.archive,
        leases=stores.leases,
        collect=Collect(
            archive=stores.archive,
            list_service=list_service(chat, chat_clients, beside),
            fetch_attachments=fetch_attachments(fetch, chat_clients, stores.archive),
            draw=new_salt,
            beside=beside,
        ),
        finish_orders=FinishOrders(
            archive=stores.archive,
            ledger=stores.ledger,
            carry_out=CarryOut(archive=stores.archive, log=stores.log),
        ),
        close=CloseRevision(ledger=stores.ledger, announcer=announcer, log=stores.log),
        readme=ArchiveReadme(stores.archive),
        clock=utc_now,
        draw=new_salt,
        formats=formats,
        keep_superseded=keep_superseded,
        whole_pass_every=whole_pass_every,
        beside=beside,
    )


@asynccontextmanager
async def chat_clients_of_command(
    settings: ChatSettings, *, checked: bool = True
) -> AsyncIterator["ChatClients"]:
    """Yield the way into the ACS resource for a command.

    It is not `checked` where the resource may not be needed at all.

    Raises:
        NotSignedIn: it takes somebody who is signed in, and nobody is.

    """
    credential = None
    if not settings.connection_string:
        credential = signed_in(settings.client_id)
    async with open_chat_clients(settings, credential=credential) as clients:
        if credential and checked:
            await credential.check(CHAT_SCOPE)
        yield clients


def open_chat_clients(
    settings: ChatSettings, *, credential: Any = None, **options: Any
) -> "ChatClients":
    """Return the way into the ACS resource: its endpoint, and tokens for its users.

    `credential` is used in place of the app's own, where there is no key. `options` go
    to the SDK's clients, over those that are usual here.
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
        credential = credential or managed_identity(settings.client_id)
        client = CommunicationIdentityClient(endpoint, credential, **paced)
    return ChatClients(
        endpoint.rstrip("/"),
        Tokens(client),
        limiter=limiter,
        options=options,
        credential=credential,
        api_version=settings.api_version,
    )


def list_service(
    settings: ChatSettings, chat_clients: "ChatClients", beside: "Beside"
) -> "ListService":
    from shared.adapters.chat.service import AcsChatService
    from shared.usecases.archive.listing import ListService

    return ListService(
        chat=AcsChatService(chat_clients, settings.list_within),
        clock=utc_now,
        reader_ids=settings.reader_ids,
        beside=beside,
    )


def fetch_attachments(
    settings: FetchSettings, chat_clients: "ChatClients", archive: "ArchiveStore"
) -> "FetchAttachments":
    from shared.adapters.chat.images import ImageFetcher
    from shared.adapters.links import LinkFetcher
    from shared.domain.thread.attachment import Origin
    from shared.ports.file_fetcher import FileFetcher
    from shared.usecases.archive.attachments import FetchAttachments, Limits

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
    return FetchAttachments(
        archive=archive,
        fetchers=fetchers,
        limits=Limits(files=settings.thread_files, bytes=settings.thread_bytes),
        clock=utc_now,
        draw=new_salt,
    )


def open_topic(settings: TopicSettings) -> "TopicAnnouncer | SilentAnnouncer":
    """Return what announces new archives: a topic, or nothing where none is named."""
    from shared.adapters.topic import SilentAnnouncer, TopicAnnouncer

    if not settings.endpoint:
        return SilentAnnouncer()
    from azure.core.credentials import AzureKeyCredential
    from azure.eventgrid.aio import EventGridPublisherClient

    if settings.key:
        key = AzureKeyCredential(settings.key)
        return TopicAnnouncer(EventGridPublisherClient(settings.endpoint, key))
    credential = managed_identity(settings.client_id)
    client = EventGridPublisherClient(settings.endpoint, credential)
    return TopicAnnouncer(client, credential)
