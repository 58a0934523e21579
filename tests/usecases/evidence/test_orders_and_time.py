"""Orders and time: holds that come meanwhile, lines that come later, clocks that err."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from erasing import erase, eraser

from builders import (
    ALICE,
    FIRST_ID,
    NOON,
    THREAD,
    Clock,
    listed,
    listed_edited,
    received,
)
from evidence_verifiers import failures, reasons
from shared.domain.errors import IntegrityError
from shared.domain.thread.listing import Page, PageKind
from shared.usecases.evidence.erase import Erase, Refused, Unfinished
from shared.usecases.evidence.erase_plan import Choice
from shared.usecases.evidence.holds import Holds
from world import World

SECRET = "my secret"
MESSAGE = frozenset([str(FIRST_ID + 1)])


async def small_world(**options):
    world = World(readers=(ALICE,), **options)
    world.chat.shows(THREAD, ALICE, listed(0, "keep"), listed(1, SECRET))
    await world.finalize(THREAD)
    world.clock.pass_time(minutes=5)
    return world


def stored(world, text=SECRET):
    return [name for name, data in world.archive.files.items() if text.encode() in data]


@pytest.mark.parametrize("earlier", [frozenset(), frozenset([str(FIRST_ID)])])
async def test_a_hold_that_comes_while_an_erasure_renders_stops_it(
    monkeypatch, earlier
):
    world = await small_world()
    if earlier:
        await erase(world, messages=earlier)
    before = dict(world.archive.files)
    kind, real = type(world.archive), type(world.archive).replace

    async def hold_first(self, path, data):
        if path.endswith("erasures.json"):
            monkeypatch.setattr(kind, "replace", real)
            holds = Holds(archive=self, ledger=world.ledger, draw=world.salts)
            await holds.add(thread_id=THREAD, why="court", who="legal")
        await real(self, path, data)

    monkeypatch.setattr(kind, "replace", hold_first)

    with pytest.raises(Refused, match="court"):
        await erase(world, messages=MESSAGE)

    after = dict(world.archive.files)
    assert {name: data for name, data in after.items() if "ledger" not in name} == {
        name: data for name, data in before.items() if "ledger" not in name
    }
    assert failures(after) == []


async def test_a_message_stays_erased_where_the_storages_clock_was_behind():
    storage = Clock(NOON - timedelta(days=2))
    world = await small_world(storage=storage, clock=Clock(NOON))
    await erase(world, messages=MESSAGE)
    storage.pass_time(minutes=5)
    world.clock.pass_time(minutes=5)

    edit = listed_edited(1, f"{SECRET} again")
    world.chat.shows(THREAD, ALICE, listed(0, "keep"), edit)
    await world.finalize(THREAD, relist=True)

    assert stored(world) == []
    assert failures(world.archive.files) == []


@pytest.mark.parametrize("file", ["events", "listing", "attachments"])
async def test_an_order_takes_no_line_that_comes_later(monkeypatch, file):
    world = await small_world()
    manifest = json.loads(world.file("manifest.json", 1))
    first = next(e["lines"] for e in manifest["inputs"] if e["file"] == file)
    real = Erase.order

    async def order(self, thread, plan, *more, **why):
        ranges = {**plan.ranges}
        ranges[file] = [*ranges.get(file, ()), range(first, first + 5)]
        return await real(self, thread, replace(plan, ranges=ranges), *more, **why)

    monkeypatch.setattr(Erase, "order", order)
    with pytest.raises(Unfinished, match=f"lines of {file} that came after it"):
        await eraser(world)(THREAD, Choice(messages=MESSAGE), by="x", reason="y")
    monkeypatch.undo()

    assert f"order 1 names lines of {file} that are not there" in reasons(
        world.archive.files
    )
    await world.receive(received(50, "said since"), received(51, "said since"))
    before = dict(world.archive.files)
    with pytest.raises(IntegrityError):
        await world.finalize(THREAD)
    assert world.archive.files == before


@pytest.mark.parametrize("number", ["1e400", "9" * 5000, "-1e999"])
async def test_a_number_that_no_reader_takes_stops_no_thread(number):
    world = await small_world()
    items = [listed(0, "keep"), listed(2, "said since")]
    odd = json.dumps(listed(3, "odd"))[:-1] + f', "x": {number}}}'
    texts = ", ".join([*map(json.dumps, items), odd])
    world.chat.shows(THREAD, ALICE, *items)
    shown = world.chat.pages[THREAD, ALICE]
    messages = Page(kind=PageKind.MESSAGES, body=f'{{"value":[{texts}]}}')
    pages = (shown.pages[0], messages, shown.pages[-1])
    world.chat.pages[THREAD, ALICE] = replace(shown, pages=pages)

    await world.finalize(THREAD, relist=True)

    document = json.loads(world.file("transcript.json", 2))
    said = [m["versions"][-1]["content"]["message"] for m in document["messages"]]
    assert said[-1] == "said since"
    assert any("could not be read" in gap["reason"] for gap in document["gaps"])
    assert number in world.file("listing.jsonl", 2).decode()
    assert failures(world.archive.files) == []
