"""The doctor, wired: what is named becomes steps, and what is not named says so."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from shared.bootstrap.archive import ArchiveAddress, NoArchive, at_address
from shared.bootstrap.identity import (
    CHAT_SCOPE,
    MANAGEMENT_SCOPE,
    STORAGE_SCOPE,
    signed_in,
    utc_now,
)
from shared.bootstrap.installation import own_lock, wrong_settings
from shared.bootstrap.opened_archive import OpenedArchive
from shared.bootstrap.storage import Storage
from shared.bootstrap.unwaited import UnwaitedThreads
from shared.config.reader import read_settings
from shared.config.settings import ChatSettings, DueSettings, read_chat
from shared.domain.errors import ConfigError, NotSignedIn
from shared.ports.archive_index import MissingIndex, NoIndex
from shared.usecases.capture.doctor.account import STORAGE, Account, container_step
from shared.usecases.capture.doctor.app import DeployedApp
from shared.usecases.capture.doctor.chat import SERVICE, ChatResource
from shared.usecases.capture.doctor.examine import (
    NOBODY,
    SIGN_IN,
    Found,
    Step,
    failure,
    not_checked,
    ok,
    warning,
)
from shared.usecases.capture.doctor.subscription import (
    NAME_IT,
    SUBSCRIPTION,
    TOPIC,
    EventSubscription,
)

if TYPE_CHECKING:
    from shared.adapters.azure.sign_in import SignedIn

SIGNED_IN = "sign-in"
SIGNED_IN_WITHIN = 12.0
TOPIC_ID = "EVENT_TOPIC_ID"
NAME_ARCHIVE = "export ARCHIVE_URL=https://<account>.blob.core.windows.net/chat-archive"
BEGIN_ARCHIVE = (
    "look at the path; a new archive begins with: "
    "chat-archive backfill --users users.txt --follow --here <folder>"
)
NAME_CHAT = "chat-archive doctor --acs-endpoint https://<name>.communication.azure.com"


@dataclass(slots=True, kw_only=True)
class Doctor:
    """Puts steps together; what has to be closed is on the stack.

    `management` is Azure's management interface; "" for the real one.
    """

    env: Mapping[str, str]
    stack: AsyncExitStack
    management: str = ""
    problems: list[str] = field(default_factory=list)
    remedy: str = "docs/settings.md says what each one takes"
    wanted: dict[str, tuple["SignedIn", str]] = field(default_factory=dict)
    """For what somebody has to be signed in: the credential, and the token's scope."""
    credentials: dict[str, "SignedIn"] = field(default_factory=dict)

    def steps(self, address: ArchiveAddress) -> list[Step]:
        """Return every step, in the order in which they are read."""
        settings = Step(name="settings", look=self.settings)
        archive = self.archive(address)
        self.problems += wrong_settings(self.env)
        chat = self.chat_settings()
        topic_id = self.topic_id()
        below = [
            *self.of_account(archive),
            *self.of_chat(chat),
            *self.of_topic(topic_id, archive),
            self.of_index(archive),
        ]
        first = Step(name=SIGNED_IN, look=self.sign_in, within=SIGNED_IN_WITHIN)
        return [settings, first, *below]

    async def settings(self) -> Found:
        if not self.problems:
            return ok("all that are set can be read")
        is_unnamed = self.problems[0].startswith("Say which archive")
        return failure(
            " ".join(
                problem if problem.endswith(".") else f"{problem}."
                for problem in self.problems
            ),
            NAME_ARCHIVE if is_unnamed else self.remedy,
        )

    async def sign_in(self) -> Found:
        """See whether there is a token for all that needs one."""
        if not self.wanted:
            return ok("nobody needs to be: nothing is asked without a key")
        for credential, scope in self.wanted.values():
            try:
                await credential.check(scope)
            except NotSignedIn:
                return failure(NOBODY, SIGN_IN)
        return ok(f"tokens for {', '.join(self.wanted)}")

    def archive(self, address: ArchiveAddress) -> OpenedArchive | None:
        try:
            return at_address(address)
        except ConfigError as error:
            self.problems += error.problems
        except NoArchive as error:
            self.problems.append(str(error))
            self.remedy = BEGIN_ARCHIVE
        return None

    def chat_settings(self) -> ChatSettings | None:
        """Return how the ACS resource is reached; None where none is named rightly."""
        if not any(
            self.env.get(n, "").strip()
            for n in ("ACS_CONNECTION_STRING", "ACS_ENDPOINT")
        ):
            return None
        try:
            return read_settings(self.env, read_chat)
        except ConfigError:
            return None

    def topic_id(self) -> str:
        text = self.env.get(TOPIC_ID, "").strip()
        if text and not TOPIC.fullmatch(text):
            self.problems.append(
                f"{TOPIC_ID} is no id of a system topic; write /subscriptions/…/"
                "providers/Microsoft.EventGrid/systemTopics/…"
            )
            return ""
        return text

    def needs(self, what: str, credential: "SignedIn", scope: str) -> tuple[str, ...]:
        """Note that something takes somebody who is signed in."""
        self.wanted[what] = (credential, scope)
        return (SIGNED_IN,)

    def credential(self, client_id: str) -> "SignedIn":
        """Return the credential of an identity: one for all that is asked as it."""
        if client_id not in self.credentials:
            self.credentials[client_id] = signed_in(client_id)
            self.stack.push_async_callback(self.credentials[client_id].close)
        return self.credentials[client_id]

    def of_account(self, archive: OpenedArchive | None) -> list[Step]:
        if archive is None:
            why = "no archive is named that could be opened"
            return [said(STORAGE, not_checked(why, NAME_ARCHIVE))]
        storage = archive.storage
        if storage is None:
            why = "a folder has no account, and so no log, no queues and no sweeps"
            return [said(STORAGE, not_checked(why))]
        from shared.adapters.storage.account_look import LOOK_OPTIONS, StorageLook

        self.stack.push_async_callback(storage.close)
        needs: tuple[str, ...] = ()
        if storage.settings.needs_identity and storage.signed_in:
            # The storage has opened it, and closes it.
            self.credentials[storage.settings.client_id] = storage.signed_in
            needs = self.needs("storage", storage.signed_in, STORAGE_SCOPE)
        blobs = storage.register(storage.account.blobs(**LOOK_OPTIONS))
        account = Account(
            look=StorageLook(
                blobs, lambda name: storage.account.queue(name, **LOOK_OPTIONS)
            ),
            clock=utc_now,
            host=host_of(storage),
            name=str(blobs.account_name or ""),
            archive=storage.container,
            by_key="accountkey=" in storage.settings.connection_string.lower(),
        )
        due = DueSettings(quiet_for=timedelta(), max_open=timedelta())
        app = DeployedApp(read=archive.status(due), lock=own_lock())
        return [*account.steps(needs), *app.steps()]

    def of_chat(self, settings: ChatSettings | None) -> list[Step]:
        if settings is None:
            return [said(SERVICE, not_checked("no ACS resource is named", NAME_CHAT))]
        from shared.adapters.chat.chat_look import LOOK_OPTIONS, AcsLook
        from shared.bootstrap.finalizing import open_chat_clients

        needs: tuple[str, ...] = ()
        credential = None
        if not settings.connection_string:
            credential = self.credential(settings.client_id)
            needs = self.needs("the chat service", credential, CHAT_SCOPE)
        clients = open_chat_clients(settings, credential=credential, **LOOK_OPTIONS)
        self.stack.push_async_callback(clients.close)
        resource = ChatResource(
            look=AcsLook(clients),
            host=urlsplit(clients.endpoint).netloc.rpartition("@")[2],
            by_key=bool(settings.connection_string),
            reader=(settings.reader_ids or ("",))[0],
            api_version=settings.api_version,
        )
        return resource.steps(needs)

    def of_topic(self, topic_id: str, archive: OpenedArchive | None) -> list[Step]:
        if not topic_id:
            why = "its topic is not named"
            return [said(SUBSCRIPTION, not_checked(why, NAME_IT))]
        from shared.adapters.azure.management import ENDPOINT, ResourceManager

        credential = self.credential("")
        storage = archive.storage if archive else None
        subscription = EventSubscription(
            management=ResourceManager(credential, self.management or ENDPOINT),
            topic_id=topic_id,
            account=str(storage.others.account_name or "") if storage else "",
        )
        needs = self.needs("Azure's management", credential, MANAGEMENT_SCOPE)
        return subscription.steps(needs)

    def of_index(self, archive: OpenedArchive | None) -> Step:
        if archive is None:
            return said("index", not_checked("no archive is named"))
        storage = archive.storage
        needs = (container_step(storage.container),) if storage else ()

        async def look() -> Found:
            return await index_found(archive)

        return Step(name="index", look=look, needs=needs)


async def index_found(archive: OpenedArchive) -> Found:
    """See whether there is an index of an archive, as new as the archive itself."""
    from shared.bootstrap.index import StaleIndex, open_index

    where = f" {archive.folder}" if archive.folder else ""
    try:
        async with open_index(archive) as index:
            return ok(f"as new as the archive, of {index.about.built_on}")
    except MissingIndex:
        return ok("none: searches read the archive itself, which takes longer")
    except StaleIndex:
        return warning(
            "older than the archive, and not used", f"chat-archive index{where}"
        )
    except NoIndex as error:
        return warning(str(error), f"chat-archive index{where}")


@asynccontextmanager
async def open_doctor(
    address: ArchiveAddress, env: Mapping[str, str], *, management: str = ""
) -> AsyncIterator[list[Step]]:
    """Yield the steps of an examination; nothing has been asked yet.

    `management` is a loopback address in place of Azure's management interface.
    """
    asyncio.get_running_loop().set_default_executor(UnwaitedThreads())
    async with AsyncExitStack() as stack:
        yield Doctor(env=env, stack=stack, management=management).steps(address)


def host_of(storage: Storage) -> str:
    return urlsplit(storage.others.url).netloc.rpartition("@")[2]


def said(name: str, found: Found) -> Step:
    """Return a step whose answer is known already."""

    async def look() -> Found:
        return found

    return Step(name=name, look=look)
