"""Any revision can be rendered again, and says whether it is the same."""

from dataclasses import replace

import pytest
from erasing import erase

from builders import BOB, FIRST_ID, THREAD, received
from fakes.archive_store import MemoryArchiveStore
from shared.domain import layout
from shared.domain.errors import IntegrityError
from shared.formats import registry
from shared.ports.archive_store import AlreadyExists
from shared.usecases.reading.render_again import Likeness, RenderAgain
from verifying import small_world
from world import World

NAMES = ["messages.csv", "history.csv", "reconciliation.json", "transcript.json"]


async def again(world, revision, thread=THREAD):
    target = MemoryArchiveStore()
    done = await RenderAgain(archive=world.archive, target=target)(thread, revision)
    return {file.name: file.likeness for file in done}, target.files


async def grown():
    """Return a world of three revisions, of which the first has no renderings left."""
    world = World()
    kept = {}
    for number in range(3):
        await world.receive(received(number, f"text {number}"))
        await world.finalize(THREAD)
        kept |= world.archive.files
        world.clock.pass_time(hours=1)
    assert layout.revision_path(THREAD, 1, "transcript.json") not in world.archive.files
    return world, kept


@pytest.mark.parametrize("revision", [1, 2, 3])
async def test_every_revision_comes_out_byte_for_byte(revision):
    world, kept = await grown()

    likeness, files = await again(world, revision)

    assert likeness == dict.fromkeys(NAMES, Likeness.SAME)
    assert files == {path: kept[path] for path in files}
    assert len(files) == len(NAMES)


async def test_after_an_erasure_it_says_what_cannot_be_compared():
    world, _ = await grown()
    await erase(world, messages=frozenset([str(FIRST_ID)]))

    older, files = await again(world, 2)
    newest, _ = await again(world, 3)

    assert older == dict.fromkeys(NAMES, Likeness.ERASED)
    assert b"text 0" not in b"".join(files.values())
    assert newest == dict.fromkeys(NAMES, Likeness.ORDERED)


async def test_another_renderer_and_another_file_are_told_apart(monkeypatch):
    world, _ = await grown()
    newer = replace(registry.FORMATS["csv"], version=2)

    json_format = registry.FORMATS["json"]

    def write(transcript, options):
        for name, _ in json_format.write(transcript, options):
            yield name, iter([b"{}"])

    other = replace(json_format, write=write)
    changed = {**registry.FORMATS, "csv": newer, "json": other}
    monkeypatch.setattr(registry, "FORMATS", changed)

    likeness, _ = await again(world, 1)

    assert likeness["messages.csv"] is Likeness.SAME  # its bytes are the same
    assert likeness["transcript.json"] is Likeness.DIFFERENT
    monkeypatch.setattr(
        registry, "FORMATS", changed | {"json": replace(other, version=2)}
    )
    likeness, _ = await again(world, 1)
    assert likeness["transcript.json"] is Likeness.OTHER_RENDERER


@pytest.mark.parametrize(("thread", "revision"), [(THREAD, 9), (BOB, 1)])
async def test_what_is_not_there_is_said(thread, revision):
    world = await small_world()

    with pytest.raises(IntegrityError, match="no such thread or revision"):
        await again(world, revision, thread)


async def test_nothing_is_written_over():
    world = await small_world()
    use = RenderAgain(archive=world.archive, target=MemoryArchiveStore())
    await use(THREAD, 1)

    with pytest.raises(AlreadyExists):
        await use(THREAD, 1)
