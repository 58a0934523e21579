"""Threads that a model is asked about, and the real client of the local server."""

from contextlib import asynccontextmanager

from builders import (
    BOB,
    THREAD,
    deleted,
    edited,
    received,
    thread_created,
    who,
)
from evidence_archives import OTHER
from indexes import build, reader
from shared.adapters.ai.chat import ChatModel
from shared.adapters.ai.client import make_client
from shared.adapters.storage.archive_folder import FolderArchive
from shared.domain.insights.terms import Terms
from shared.ports.archive_index import Filter
from shared.usecases.insights.kept_insights import KeptInsights
from shared.usecases.insights.make import MakeInsights
from shared.usecases.insights.subjects import Subjects
from world import World

BY_BOB = {
    "senderCommunicationIdentifier": who(BOB),
    "senderDisplayName": "Bob <i>Bauer</i>",
}
SECRET = "zebra0420"
PAID = "I have not paid the invoice 4711."
PROMISE = "Please send the parcel to me by Friday."
MAIL = "alice@example.com"


async def conversation():
    """Return a world with a thread of versions, a deletion and personal data."""
    world = World(formats=("json",))
    await world.receive(
        thread_created(properties={"topic": "Invoice <b>4711</b>"}),
        received(0, PAID),
        received(1, "We will pay it on Monday", **BY_BOB),
        edited(1, "We will pay it on Tuesday", **BY_BOB),
        received(2, f"The code is {SECRET}"),
        deleted(2),
        received(3, f"Write to {MAIL}. {PROMISE}"),
        received(4, "ok"),
        thread_created(threadId=OTHER, properties={"topic": "Bicycle"}),
        received(9, "The bicycle is blue.", threadId=OTHER),
    )
    await world.finalize(THREAD)
    await world.finalize(OTHER)
    return world


async def subjects_of(world, tmp_path, **more):
    """Return what is asked about, of an index that is built now."""
    path = tmp_path / "index.sqlite"
    await build(world, path)
    terms = more.pop("terms", Terms(labels=("invoice", "complaint")))
    return Subjects(
        index=reader(path),
        kept=KeptInsights(FolderArchive(tmp_path / "insights")),
        terms=terms,
        **{"chosen": Filter(threads=(THREAD,)), **more},
    )


async def subject_of(world, tmp_path, **more):
    subjects = await subjects_of(world, tmp_path, **more)
    (facts,) = subjects.threads()
    return subjects, subjects.subject_of(facts)


@asynccontextmanager
async def asking(server, world, terms, retries=2):
    """Yield what asks the local server, through the SDK."""
    client = make_client(server.address, server.key or "none", retries=retries)
    try:
        yield MakeInsights(
            model=ChatModel(client, "extractive"),
            deployment="extractive",
            terms=terms,
            clock=world.clock,
        )
    finally:
        await client.close()
