"""After an erasure, no byte of a real account holds what was erased, in any coding.

Storage is Azurite, in every format that is archived. All containers are read: names,
metadata and bytes, snapshots and what is not committed; and the queues.
"""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from builders import (
    ALICE,
    BOB,
    FIRST_ID,
    THREAD,
    edited,
    listed,
    received,
    thread_created,
    thread_event,
    who,
)
from byte_search import found_in
from evidence_verifiers import failures
from fakes.file_fetcher import MemoryFileFetcher
from fakes.service import MemoryChatService, page
from fakes.topic import MemoryAnnouncer
from shared.bootstrap.app import App
from shared.bootstrap.identity import new_salt
from shared.config.settings import Settings
from shared.domain import layout
from shared.domain.thread.attachment import Origin
from shared.domain.thread.listing import PageKind
from shared.formats import ARCHIVED
from shared.usecases.evidence.erase import Erase
from shared.usecases.evidence.erase_plan import Choice
from shared.usecases.evidence.holds import Holds
from world import finalizer

CODINGS = ("json", "jsonl", "csv", "html", "md", "txt", "rsmf", "eml", "chunks")
BY_BOB = {"senderCommunicationIdentifier": who(BOB)}
NOISE = '=cmd "quoted", <b>, Grüße 👩🏽‍💼\u2028\r\n\\ \ud800 '
"""Text around a token that makes each format write it in a coding of its own."""


@dataclass(slots=True)
class Account:
    """The product over one account, but for the chat service; clocks can be turned."""

    app: App
    connection_string: str
    turned: timedelta = timedelta()
    chat: MemoryChatService = field(default_factory=MemoryChatService)
    announcer: MemoryAnnouncer = field(default_factory=MemoryAnnouncer)
    images: MemoryFileFetcher = field(default_factory=MemoryFileFetcher)

    def clock(self):
        return datetime.now(UTC) + self.turned

    @property
    def draw(self):
        return new_salt

    @property
    def fetchers(self):
        return {Origin.ATTACHMENT: self.images, Origin.LINK: self.images}

    def __getattr__(self, name):
        return getattr(self.app.storage, name)

    async def finalize(self, thread_id=THREAD, lease=None, *, relist=False):
        run = finalizer(self, readers=(ALICE,), formats=CODINGS)
        if lease:
            return await run.under_lease(thread_id, lease)
        return await run(thread_id, relist=relist)

    async def erase(self, **choice):
        use = Erase(
            archive=self.archive,
            ledger=self.ledger,
            holds=Holds(archive=self.archive, ledger=self.ledger, draw=new_salt),
            log=self.log,
            leases=self.leases,
            draw=new_salt,
            finalize=self.finalize,
        )
        done = await use(THREAD, Choice(**choice), by="dpo", reason="a request")
        assert done.left == []

    async def sweep_tomorrow(self):
        self.turned += timedelta(days=1)
        swept = await replace(self.app.sweep, clock=self.clock)()
        assert swept.failures == []
        return swept

    def bytes(self):
        """Return all that there is, by place."""
        found = {}
        with BlobServiceClient.from_connection_string(self.connection_string) as blobs:
            for container in blobs.list_containers(include_metadata=True):
                client = blobs.get_container_client(container.name)
                every = ["metadata", "snapshots", "uncommittedblobs", "deleted"]
                for blob in client.list_blobs(include=every):
                    path = f"{container.name}/{blob.name}"
                    said = [blob.metadata, blob.content_settings, container.metadata]
                    found[f"{path} (metadata)"] = json.dumps(said, default=str).encode()
                    found[path] = client.download_blob(blob.name).readall()
        with QueueServiceClient.from_connection_string(
            self.connection_string
        ) as queues:
            for queue in queues.list_queues():
                client = queues.get_queue_client(queue.name)
                texts = [message.content for message in client.peek_messages(32)]
                found[f"queue {queue.name}"] = "\n".join(texts).encode()
        return found


@pytest.fixture
async def account(blobs, running_azurite):
    settings = {
        "CHAT_STORAGE": running_azurite.connection_string,
        "ACS_CONNECTION_STRING": "endpoint=https://127.0.0.1:1/;accesskey=a2V5",
        "SWEEP_SCHEDULE": "0 */15 * * * *",
        "LOG_KEEP": "900d",
    }
    app = App(Settings.from_env(settings, known_formats=ARCHIVED))
    yield Account(app=app, connection_string=running_azurite.connection_string)
    await app.close()


TOKENS = {
    name: f"{name}7q{at}x"
    for at, name in enumerate(
        ("alicesaid", "bobsaid", "bobsname", "alicesname", "thetopic", "bobsedit", "kept",
         "bobsfile", "bobsbytes", "bobsmeta", "junk", "odd", "torn", "listedonly")
    )
}  # fmt: skip
OF_BOB = {
    "bobsaid",
    "bobsname",
    "bobsedit",
    "bobsfile",
    "bobsbytes",
    "bobsmeta",
    "listedonly",
}
OF_ANY_ORDER = {"junk", "odd", "torn"}


def text(name):
    return NOISE + TOKENS[name] + NOISE


class Story:
    """What is said in the last hour, all of it on one day of the log."""

    def __init__(self):
        now = datetime.now(UTC)
        self.hour_ago = int((now - timedelta(hours=1)).timestamp() * 1000) - FIRST_ID
        self.day = now.isoformat()

    @property
    def messages(self):
        return {
            name: self.hour_ago + at
            for at, name in enumerate(("alicesaid", "bobsaid", "kept", "listedonly"))
        }

    def id(self, name):
        return str(FIRST_ID + self.messages[name])

    def events(self):
        ids = self.messages
        named = BY_BOB | {"senderDisplayName": text("bobsname")}
        return [
            thread_created(
                properties={"topic": text("thetopic")},
                participants=[
                    {
                        "displayName": text("alicesname"),
                        "participantCommunicationIdentifier": who(ALICE),
                    },
                ],
            ),
            thread_event(
                "ChatThreadParticipantAdded",
                participantAdded={
                    "displayName": text("bobsname"),
                    "participantCommunicationIdentifier": who(BOB),
                },
                time=self.day,
            ),
            received(ids["alicesaid"], text("alicesaid")),
            received(
                ids["bobsaid"],
                text("bobsaid"),
                metadata={"k": text("bobsmeta")},
                **named,
            ),
            edited(ids["bobsaid"], text("bobsedit"), **named),
            received(ids["kept"], text("kept")),
            received(ids["kept"], text("odd"), messageId="x"),
            received(ids["kept"], text("junk"), version="none"),
        ]

    def event(self, name):
        return next(e for e in self.events() if TOKENS[name] in json.dumps(e))

    def listed(self):
        ids = self.messages
        named = BY_BOB | {"senderDisplayName": text("bobsname")}
        file = {
            "id": "a",
            "attachmentType": "image",
            "name": text("bobsfile"),
            "url": "https://files/" + TOKENS["bobsfile"],
        }
        return [
            listed(ids["alicesaid"], text("alicesaid")),
            listed(
                ids["listedonly"],
                content={"message": text("listedonly"), "attachments": [file]},
                **named,
            ),
        ]

    def show(self, account):
        account.chat.shows(THREAD, ALICE, *self.listed(), others=(BOB,))
        topic, pages = (
            {"topic": text("thetopic"), "createdOn": "2026-11-22T08:00:00Z"},
            account.chat.pages[THREAD, ALICE],
        )
        account.chat.pages[THREAD, ALICE] = replace(
            pages, pages=(page(PageKind.PROPERTIES, topic), *pages.pages[1:])
        )
        account.images.files["https://files/" + TOKENS["bobsfile"]] = TOKENS[
            "bobsbytes"
        ].encode("utf-16")

    async def receive(self, account, *events):
        for event in events:
            await account.app.ingest(json.dumps(event | {"eventTime": self.day}))


@pytest.mark.azurite
@pytest.mark.timeout(300)
async def test_what_was_erased_is_in_no_byte_of_the_account(account):
    story = Story()
    await story.receive(account, *story.events())
    torn = b'{"schema":1,"received_on":"' + TOKENS["torn"].encode() + b"\n"
    await account.log.append(layout.segment_stem(THREAD, account.clock().date()), torn)
    story.show(account)
    await account.finalize()
    before = account.bytes()
    for name, token in TOKENS.items():
        assert found_in(before, [token]), name
    archived = {
        path for path in before if "rev=0001" in path and "metadata" not in path
    }
    formats = {path.rpartition(".")[2] for path in archived}
    assert formats >= {"json", "jsonl", "csv", "html", "md", "txt", "rsmf", "eml"}
    for path in archived:
        if path.endswith((".rsmf", ".eml", ".html", ".csv", "transcript.json")):
            assert found_in({path: before[path]}, [TOKENS["alicesaid"]]), path

    gone = set(OF_ANY_ORDER)
    for choice, more in (
        ({"messages": frozenset([story.id("alicesaid")])}, {"alicesaid"}),
        ({"participant": BOB}, OF_BOB),
        ({"topic": True}, {"thetopic", "alicesname"}),
    ):
        await account.erase(**choice)
        gone |= more
        found = account.bytes()
        assert found_in(found, [TOKENS[name] for name in gone]) == []
        kept = TOKENS.keys() - gone - {"alicesname"}
        assert not [name for name in kept if not found_in(found, [TOKENS[name]])]
        assert verified(found) == []

    # All of it comes again: events, and what the service still lists.
    await story.receive(
        account,
        story.event("bobsaid"),
        story.event("alicesaid"),
        story.event("thetopic"),
    )
    await story.receive(account, received(story.messages["kept"] + 1, "new"))
    await account.finalize(relist=True)
    erased = [TOKENS[name] for name in gone]
    places = {place.partition("/")[0] for place in found_in(account.bytes(), erased)}
    assert places == {"chat-log"}  # today's segment, to which others may be appending
    assert verified(account.bytes()) == []

    await account.sweep_tomorrow()

    found = account.bytes()
    assert found_in(found, erased) == []
    assert found_in(found, [TOKENS["kept"]])
    assert verified(found) == []


def verified(found):
    folder = f"{layout.ARCHIVE}/"
    files = {
        path.removeprefix(folder): data
        for path, data in found.items()
        if path.startswith(folder) and not path.endswith("(metadata)")
    }
    assert files
    return failures(files)
