"""A second export: what is there is refused, replaced or left, file by file."""

import pytest

from builders import ALICE, THREAD, listed
from fakes.archive_store import MemoryArchiveStore
from shared.formats.held_files import in_export
from shared.formats.part import Options
from shared.formats.registry import FORMATS
from shared.ports.archive_store import AlreadyExists
from shared.usecases.reading.export import Export
from shared.usecases.reading.find import Selection
from shared.usecases.reading.put import IfThere
from shared.usecases.reading.render_again import Likeness, RenderAgain
from verifying import OTHER, small_world
from world import World

OPTIONS = Options(roles={ALICE: "assistant"}, place=in_export)
OLD = b"an earlier export"
URL = "https://contoso.communication.azure.com/images/1"
PHOTO = b"\x89PNG photo"


async def export(world, target, *names, if_there=IfThere.REFUSE, **selection):
    use = Export(
        archive=world.archive,
        target=target,
        on_bytes=lambda _: None,
        if_there=if_there,
    )
    formats = [FORMATS[name] for name in names]
    return await use(Selection(**selection), formats, OPTIONS)


async def pictured():
    """Return a world whose thread has a picture that the archive holds."""
    world = World(formats=("json", "html"))
    world.images.files[URL] = PHOTO
    attachment = {"id": "i", "attachmentType": "image", "name": "a.png", "url": URL}
    content = {"message": "<p>see</p>", "attachments": [attachment]}
    world.chat.shows(THREAD, ALICE, listed(1, type="html", content=content))
    await world.finalize(THREAD, readers=(ALICE,), relist=True)
    return world


async def whole(world, *names):
    target = MemoryArchiveStore()
    await export(world, target, *names)
    return target.files


@pytest.mark.parametrize("names", [("json",), ("csv", "txt"), ("finetune",), ("eml", "finetune")])  # fmt: skip
async def test_what_is_there_is_replaced_and_nothing_else(names):
    world = await small_world()
    files = await whole(world, *names)
    target = MemoryArchiveStore()
    target.files = dict.fromkeys(files, OLD) | {"thread=gone/transcript.json": OLD}

    exported = await export(world, target, *names, if_there=IfThere.REPLACE)

    assert target.files == files | {"thread=gone/transcript.json": OLD}
    assert (exported.threads, exported.files, exported.left) == (2, len(files), 0)


@pytest.mark.parametrize("names", [("json",), ("csv", "txt"), ("finetune",), ("eml", "finetune")])  # fmt: skip
async def test_what_is_there_is_left_and_counted(names):
    world = await small_world()
    files = await whole(world, *names)
    there = sorted(files)[::2]
    target = MemoryArchiveStore()
    target.files = dict.fromkeys(there, OLD)

    exported = await export(world, target, *names, if_there=IfThere.LEAVE)

    assert target.files == files | dict.fromkeys(there, OLD)
    assert exported.threads == 2
    assert (exported.files, exported.left) == (len(files) - len(there), len(there))


async def test_a_file_to_train_with_that_is_left_has_no_notes():
    world = await small_world()
    target = MemoryArchiveStore()
    target.files = {"finetune.jsonl": OLD}

    exported = await export(world, target, "finetune", if_there=IfThere.LEAVE)

    assert target.files == {"finetune.jsonl": OLD}
    assert (exported.files, exported.left, exported.notes) == (0, 1, [])


@pytest.mark.parametrize("if_there", IfThere)
async def test_a_picture_that_a_page_brings_along_is_treated_alike(if_there):
    world = await pictured()
    files = await whole(world, "html")
    (path,) = (path for path in files if "attachments/" in path)
    target = MemoryArchiveStore()
    target.files = {path: OLD}

    if if_there is IfThere.REFUSE:
        with pytest.raises(AlreadyExists):
            await export(world, target, "html")
    else:
        exported = await export(world, target, "html", if_there=if_there)
        assert exported.files + exported.left == 2

    assert files[path] == PHOTO
    is_new = if_there is IfThere.REPLACE
    assert target.files[path] == (PHOTO if is_new else OLD)


@pytest.mark.parametrize("if_there", IfThere)
async def test_a_picture_that_the_archive_lost_is_named_and_not_written(if_there):
    world = await pictured()
    (path,) = (path for path in world.archive.files if "/attachments/" in path)
    del world.archive.files[path]
    target = MemoryArchiveStore()

    exported = await export(world, target, "html", if_there=if_there)

    assert [name.rpartition("/")[2] for name in target.files] == ["transcript.html"]
    (failure,) = exported.failures
    assert failure.startswith(THREAD)


async def test_threads_that_are_new_are_written_beside_those_that_are_left():
    world = await small_world()
    target = MemoryArchiveStore()
    await export(world, target, "json", threads=(OTHER,))

    exported = await export(world, target, "json", if_there=IfThere.LEAVE)

    assert (exported.threads, exported.files, exported.left) == (2, 1, 1)
    assert target.files == await whole(world, "json")


async def test_a_revision_is_rendered_again_over_what_is_there():
    world, target = await small_world(), MemoryArchiveStore()
    await RenderAgain(archive=world.archive, target=target)(THREAD, 1)
    files = dict(target.files)
    old, *_ = sorted(files)
    target.files[old] = OLD

    leave = RenderAgain(archive=world.archive, target=target, if_there=IfThere.LEAVE)
    assert {file.likeness for file in await leave(THREAD, 1)} == {Likeness.LEFT}
    assert target.files == files | {old: OLD}

    del target.files[old]
    done = {file.name: file.likeness for file in await leave(THREAD, 1)}
    assert done.pop(old.rpartition("/")[2]) is Likeness.SAME
    assert set(done.values()) == {Likeness.LEFT}

    target.files[old] = OLD
    replace = RenderAgain(
        archive=world.archive, target=target, if_there=IfThere.REPLACE
    )
    assert {file.likeness for file in await replace(THREAD, 1)} == {Likeness.SAME}
    assert target.files == files
    with pytest.raises(AlreadyExists):
        await RenderAgain(archive=world.archive, target=target)(THREAD, 1)
