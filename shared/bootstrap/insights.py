"""Insights, wired: where they are kept, and the model that makes them.

They stand apart from the archive: beside its folder, or in a container of their own.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from shared.bootstrap.address import without_secrets
from shared.bootstrap.archive import in_container, is_archive
from shared.bootstrap.identity import utc_now
from shared.bootstrap.opened_archive import OpenedArchive
from shared.domain import layout
from shared.domain.errors import ArchiverError, IntegrityError
from shared.domain.insights.terms import Terms
from shared.ports.archive_index import IndexReader
from shared.ports.archive_store import ErasableArchive
from shared.ports.indexed import IndexedThread
from shared.usecases.evidence.revisions import NOTHING_FINISHED
from shared.usecases.evidence.thread_archive import read_thread
from shared.usecases.insights.batch_notes import BatchNotes
from shared.usecases.insights.check_all import CheckAll
from shared.usecases.insights.kept_insights import KeptInsights
from shared.usecases.insights.make import MakeInsights
from shared.usecases.insights.show import ShowInsights
from shared.usecases.insights.submit import Sender
from shared.usecases.reading.indexed import indexed
from shared.usecases.reading.raw_thread import load

if TYPE_CHECKING:
    from openai import AsyncOpenAI

BESIDE = "-insights"
KEY = "INSIGHTS_API_KEY"
OTHERS = (layout.LOG, layout.ARCHIVE, layout.CONTROL, layout.DEAD_LETTER)
OnThread = Callable[[int, int], None]


class NoPlace(ArchiverError):
    """Insights cannot be kept there. The text says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where insights are kept; `name` is what people are told."""

    name: str
    files: ErasableArchive
    folder: Path | None = None

    @property
    def kept(self) -> KeptInsights:
        return KeptInsights(self.files)

    @property
    def notes(self) -> BatchNotes:
        return BatchNotes(self.files)


@asynccontextmanager
async def open_place(archive: OpenedArchive, named: str = "") -> AsyncIterator[Place]:
    """Open where the insights of an archive are kept; "" is the usual place.

    Nothing is made before something is written.

    Raises:
        NoPlace: it is in an archive, or is no place.
        InsideArchive: it is in this archive.

    """
    async with AsyncExitStack() as stack:
        if named.startswith("https://"):
            yield await in_named_container(archive, named, stack)
        elif named:
            yield in_folder(archive, Path(named))
        elif archive.storage:
            name = archive.origin.rpartition("/")[0] + f"/{layout.INSIGHTS}"
            yield Place(name=name, files=archive.storage.files(layout.INSIGHTS))
        elif archive.folder:
            folder = archive.folder.resolve()
            yield in_folder(archive, folder.with_name(folder.name + BESIDE))
        else:
            raise NoPlace(
                "an archive on this file system has no usual place for insights: give "
                "--insights a folder"
            )


async def in_named_container(
    archive: OpenedArchive, address: str, stack: AsyncExitStack
) -> Place:
    container = urlsplit(address).path.strip("/").rpartition("/")[2]
    if container in OTHERS:
        raise NoPlace(f"the container {container} holds something else: name another")
    opened = in_container(address)
    stack.push_async_callback(opened.account().close)
    if opened.origin == archive.origin:
        raise NoPlace("that is the archive itself: name another container")
    return Place(name=opened.origin, files=opened.archive)


def in_folder(archive: OpenedArchive, folder: Path) -> Place:
    from shared.adapters.storage.archive_folder import FolderArchive

    if folder.is_dir():
        archive.check_outside(folder)
        if is_archive(folder):
            raise NoPlace(f"{folder} is an archive: name a folder of its own")
    elif folder.exists():
        raise NoPlace(f"{folder} is no folder")
    else:
        archive.check_outside(folder)
    return Place(name=str(folder), files=FolderArchive(folder), folder=folder)


@asynccontextmanager
async def shown_insights(
    archive: OpenedArchive, index: IndexReader
) -> AsyncIterator[ShowInsights | None]:
    """Yield what returns the insights of threads, as far as they may be shown.

    None where there is no place for them, or none that this user may look into: whoever
    may read an archive need not be allowed to read what a model says of it.
    """
    async with AsyncExitStack() as stack:
        try:
            place = await stack.enter_async_context(open_place(archive))
            async for _ in place.kept.threads():
                break
        except ArchiverError:
            yield None
        else:
            yield ShowInsights(place.kept, index)


def check_all(archive: OpenedArchive, place: Place, on_thread: OnThread) -> CheckAll:
    """Return what checks insights against an archive itself, not its index."""

    async def read(thread_id: str) -> IndexedThread:
        raw = await load(archive.archive, thread_id)
        thread = await read_thread(raw, thread_id)
        if thread.newest is None:
            raise IntegrityError(NOTHING_FINISHED)
        return indexed(thread)

    return CheckAll(kept=place.kept, read=read, on_thread=on_thread)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelAddress:
    """A deployment of a model: where it is, and the key to it, or "" to sign in."""

    endpoint: str
    deployment: str
    key: str = ""

    @property
    def service(self) -> str:
        """The host, as people are told."""
        return urlsplit(without_secrets(self.endpoint)).netloc.rpartition("@")[2]


def model_address(
    endpoint: str, deployment: str, env: Mapping[str, str]
) -> ModelAddress:
    """Return which model is meant.

    Raises:
        NoModel: something is missing, or nothing may be sent there.

    """
    from shared.adapters.ai.client import NoModel, check_address

    if not endpoint.strip() or not deployment.strip():
        raise NoModel(
            "say which model: --endpoint (INSIGHTS_ENDPOINT), such as "
            "https://NAME.openai.azure.com/openai/v1/, and --deployment "
            "(INSIGHTS_DEPLOYMENT)"
        )
    return ModelAddress(
        endpoint=check_address(endpoint),
        deployment=deployment.strip(),
        key=env.get(KEY, "").strip(),
    )


@asynccontextmanager
async def open_client(address: ModelAddress) -> AsyncIterator["AsyncOpenAI"]:
    """Yield a client: with a key, else on Azure as who is signed in.

    Raises:
        NoModel: the SDK is missing.

    """
    from shared.adapters.ai.client import is_azure, make_client

    async with AsyncExitStack() as stack:
        key: str | Callable[[], Awaitable[str]] = address.key
        if not key and is_azure(address.endpoint):
            from shared.adapters.ai.tokens import token_provider

            key = await token_provider(stack)
        client = make_client(address.endpoint, key or "none")
        stack.push_async_callback(client.close)
        yield client


@asynccontextmanager
async def open_make(address: ModelAddress, terms: Terms) -> AsyncIterator[MakeInsights]:
    """Yield what asks a model about threads."""
    async with open_client(address) as client:
        from shared.adapters.ai.chat import ChatModel

        yield MakeInsights(
            model=ChatModel(client, address.deployment),
            deployment=address.deployment,
            terms=terms,
            clock=utc_now,
        )


@asynccontextmanager
async def open_sender(
    address: ModelAddress, terms: Terms, place: Place
) -> AsyncIterator[Sender]:
    """Yield what sends batches to a model."""
    async with open_client(address) as client:
        from shared.adapters.ai.batches import ServiceBatches

        yield Sender(
            batches=ServiceBatches(client, address.deployment),
            notes=place.notes,
            service=address.service,
            deployment=address.deployment,
            terms=terms,
            clock=utc_now,
        )
