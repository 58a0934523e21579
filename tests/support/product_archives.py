"""Small archives that the real writer made, to be attacked."""

import asyncio
import functools
import json
from dataclasses import dataclass

from builders import (
    ALICE,
    BOB,
    FIRST_ID,
    THREAD,
    deleted,
    edited,
    listed,
    received,
    thread_created,
)
from evidence_archives import BY_BOB, OTHER, SECRET
from shared.domain.evidence.checkpoint import Checkpoint
from shared.domain.evidence.ledger import LedgerReader, blob_numbers, blob_path
from shared.domain.evidence.paths import THREAD_FILE
from shared.domain.evidence.thread_file import decode_thread_file
from shared.domain.layout import thread_folder
from shared.usecases.evidence.erase import Erase
from shared.usecases.evidence.erase_plan import Choice
from shared.usecases.evidence.holds import Holds
from world import World

FORMATS = ("json", "csv", "html", "rsmf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """An archive that the product wrote, and the checkpoint from just after."""

    files: dict

    def checkpoint(self):
        reader = LedgerReader()
        for number in blob_numbers(self.files):
            reader.begin(number)
            for line in self.files[blob_path(number)].split(b"\n")[:-1]:
                reader.read(line)
        head = Checkpoint(origin="test", size=reader.tree.size, root=reader.tree.root)
        return head.body.encode()

    def key(self, thread):
        data = self.files[thread_folder(thread) + THREAD_FILE]
        return decode_thread_file(data).thread_key


async def small_world():
    """Two threads, one of two revisions, with attachments; a blob that is closed."""
    world = World(readers=(ALICE,), formats=FORMATS)
    await world.receive(
        thread_created(),
        received(0, "hello"),
        received(1, SECRET, **BY_BOB),
        received(2, "goodbye"),
        received(9, "elsewhere", threadId=OTHER),
    )
    await world.ingest(json.dumps(received(0, "junk", version="none")))
    files = [
        {
            "id": str(at),
            "attachmentType": "image",
            "name": f"{at}.png",
            "url": f"https://x/{at}",
        }
        for at in range(2)
    ]
    for at, file in enumerate(files):
        world.images.files[file["url"]] = b"PNG %d" % at
    world.chat.shows(
        THREAD,
        ALICE,
        listed(1, content={"message": SECRET, "attachments": files[1:]}, **BY_BOB),
        listed(0, content={"message": "hello", "attachments": files[:1]}),
        others=(BOB,),
    )
    await world.finalize(THREAD)
    await world.finalize(OTHER)
    world.clock.pass_time(days=1, hours=1)
    await world.receive(edited(1, SECRET + "!", **BY_BOB), deleted(2))
    await world.finalize(THREAD)
    return world


async def erased_world(**choice):
    world = await small_world()
    world.clock.pass_time(minutes=5)
    await erase(world, **choice or {"messages": frozenset([str(FIRST_ID + 1)])})
    return world


async def erase(world, thread=THREAD, **choice):
    async def finalize(thread_id, lease):
        await world.finalize.under_lease(thread_id, lease)

    use = Erase(
        archive=world.archive,
        ledger=world.ledger,
        holds=Holds(archive=world.archive, ledger=world.ledger, draw=world.salts),
        log=world.log,
        leases=world.leases,
        draw=world.salts,
        finalize=finalize,
    )
    return await use(thread, Choice(**choice), by="dpo", reason="a request")


async def later_world():
    """An erasure, and a revision after it, to which something comes again."""
    world = await erased_world()
    world.clock.pass_time(days=1)
    await world.receive(received(1, SECRET, **BY_BOB), received(3, "new"))
    await world.finalize(THREAD)
    return world


async def tiny_world():
    world = World()
    await world.receive(received(0, "a"), received(1, "b"))
    await world.finalize(THREAD)
    return world


async def tiny_erased_world():
    world = await tiny_world()
    world.clock.pass_time(minutes=5)
    await erase(world, messages=frozenset([str(FIRST_ID + 1)]))
    return world


MAKERS = {
    "small": small_world,
    "erased": erased_world,
    "later": later_world,
    "tiny": tiny_world,
    "tiny erased": tiny_erased_world,
}


@functools.cache
def files_of(name):
    return asyncio.run(MAKERS[name]()).archive.files


def product(name):
    """Return an archive of this name, made once."""
    return Product(files=dict(files_of(name)))
