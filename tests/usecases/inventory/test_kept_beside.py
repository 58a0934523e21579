"""What a backfill keeps beside threads, before and after somebody in it was erased."""

import asyncio
import hashlib

import pytest
from erasing import eraser

from builders import ALICE, BOB
from evidence_verifiers import failures
from shared.domain.inventory.facts import (
    Began,
    Ended,
    ThreadFound,
    UserListed,
    UserMet,
    UserState,
)
from shared.domain.inventory.state import Inventory
from shared.usecases.evidence.archive_input import ArchiveInput
from shared.usecases.evidence.erase_input import EraseInput
from shared.usecases.inventory.chat_logs import ChatLog, LogRow, keep_chat_log
from shared.usecases.inventory.kept_inventory import inventory_kept, keep_inventory
from world import World

NOW = "2026-11-22T12:00:00Z"
LOST = "19:lost@thread.v2"


def keeper(world):
    return ArchiveInput(
        archive=world.archive,
        ledger=world.ledger,
        leases=world.leases,
        draw=world.salts,
    )


async def erase(world, person):
    use = EraseInput(
        archive=world.archive,
        ledger=world.ledger,
        holds=eraser(world).holds,
        leases=world.leases,
        draw=world.salts,
    )
    await use(person, by="dpo", reason="request 12")
    world.clock.pass_time(days=1)


def log_of(*rows, name="logs.csv"):
    data = repr(rows).encode()
    return ChatLog(
        name=name,
        sha256=hashlib.sha256(data).hexdigest(),
        taken_on="2026-11-22",
        rows=[
            LogRow(user_id=who, thread_id="", value={"UserId": who, "What": what})
            for who, what in rows
        ],
    )


async def kept_rows(world):
    there = await keeper(world).read("chat-logs")
    values = [kept.value for kept in there.values("chat-logs")]
    rows = [(v["row"]["UserId"], v["row"]["What"]) for v in values if "row" in v]
    return rows, [value for value in values if "row" not in value]


def test_a_chat_log_that_is_given_again_brings_nobody_back_who_was_erased():
    log = log_of((ALICE, "secret"), (BOB, "one"), (BOB, "one"), ("", "none"))

    async def run():
        world = World()
        assert await keep_chat_log(keeper(world), log)
        assert not await keep_chat_log(keeper(world), log)
        await erase(world, ALICE)
        assert not await keep_chat_log(keeper(world), log)
        more = log_of((ALICE, "secret"), (BOB, "one"), (BOB, "two"), name="more.csv")
        assert await keep_chat_log(keeper(world), more)
        assert not await keep_chat_log(keeper(world), more)
        return world, await kept_rows(world)

    world, (rows, heads) = asyncio.run(run())
    assert failures(world.archive.files) == []
    assert rows == [(BOB, "one"), (BOB, "one"), ("", "none"), (BOB, "two")]
    # A digest of the whole file would let a guess at the erased row be tested.
    assert [(head["file"], "sha256" in head) for head in heads] == [("more.csv", False)]
    assert b"secret" not in b"".join(world.archive.files.values())


@pytest.mark.parametrize("odd", ["8:acs:" + "x" * 300, "8:acs:\ud800"])
def test_a_row_that_any_erasure_takes_leaves_no_digest_either(odd):
    async def run():
        world = World()
        log = log_of((odd, "secret"), (BOB, "one"))
        assert await keep_chat_log(keeper(world), log)
        assert not await keep_chat_log(keeper(world), log)
        await keeper(world).add("people", [{"people": [ALICE], "name": "Ann"}])
        await erase(world, ALICE)
        return world, await kept_rows(world)

    world, (rows, heads) = asyncio.run(run())
    assert failures(world.archive.files) == []
    assert rows == [(BOB, "one")]
    assert not any("sha256" in head for head in heads)
    assert b"secret" not in b"".join(world.archive.files.values())


def test_an_inventory_that_is_kept_again_brings_nobody_back_who_was_erased():
    inventory = Inventory()
    for fact in (
        Began(NOW),
        UserMet(ALICE, "users.txt"),
        UserListed(ALICE, UserState.LISTED, threads=1),
        ThreadFound(LOST, ALICE),
        Ended(NOW),
    ):
        inventory.apply(fact)

    async def run():
        world = World()
        assert await keep_inventory(keeper(world), "estate", inventory) == 5
        await erase(world, ALICE)
        assert await keep_inventory(keeper(world), "estate", inventory) == 1
        assert await keep_inventory(keeper(world), "estate", inventory) == 0
        return world, await keeper(world).read()

    world, there = asyncio.run(run())
    assert failures(world.archive.files) == []
    found = inventory_kept(there, "estate")
    assert not found.users
    assert found.threads[LOST].readers == ()


def test_every_second_row_is_erased_and_each_of_the_others_stays():
    rows = [(ALICE if number % 2 else BOB, str(number)) for number in range(2000)]

    async def run():
        world = World()
        await keep_chat_log(keeper(world), log_of(*rows))
        await erase(world, ALICE)
        return world, await kept_rows(world)

    world, (left, _) = asyncio.run(run())
    assert left == [row for row in rows if row[0] == BOB]
    assert failures(world.archive.files) == []
    path = "archive-input/chat-logs/000001.jsonl"
    erased = world.archive.files[path].splitlines(keepends=True)
    erased[101], erased[103] = erased[103], erased[101]
    world.archive.files[path] = b"".join(erased)
    assert failures(world.archive.files)
