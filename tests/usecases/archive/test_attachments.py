"""Attachments from message to archive, with everything else that happens to a revision."""

import asyncio
import json
import re

import pytest

from builders import ALICE, FIRST_ID, THREAD, listed, received
from fakes.archive_store import MemoryArchiveStore
from shared.domain.errors import Transient
from shared.domain.log.commitment import sha256
from shared.usecases.evidence.erase import Erase
from shared.usecases.evidence.erase_plan import Choice
from shared.usecases.reading.choose import Chosen
from shared.usecases.reading.package import Package
from shared.verifier import verify as standalone
from verifying import in_memory, verify, write
from world import World

PHOTO = b"\x89PNG photo"
URL = "https://contoso.communication.azure.com/images/1?sig=SECRET"
DOCUMENT = "https://files.contoso.com/a.pdf"


def pictured(number=0, url=URL, **more):
    attachment = {"id": "i", "attachmentType": "image", "name": "a.png", "url": url}
    content = {"message": "<p>see</p>", "attachments": [attachment]}
    return listed(number, type="html", content=content, **more)


def sharing(number=0, url=DOCUMENT):
    files = [{"name": "contract.pdf", "url": url}]
    return received(number, metadata={"fileSharingMetadata": json.dumps(files)})


@pytest.fixture
async def world():
    """One thread: an image that is there, and a document that is not."""
    world = World(formats=("json", "html"))
    world.images.files[URL] = PHOTO
    await world.receive(sharing(0))
    world.chat.shows(THREAD, ALICE, pictured(1))
    await world.finalize(THREAD)
    return world


def attached(world, revision=1):
    return world.manifest(revision)["content"]["attachments"]


async def test_a_file_stands_under_its_digest_and_in_the_manifest(world):
    assert world.file(f"attachments/{sha256(PHOTO)}") == PHOTO
    assert {one["name"]: one["bytes"] for one in world.manifest()["content"]["files"]}[
        f"attachments/{sha256(PHOTO)}"
    ] == len(PHOTO)
    assert attached(world) == [
        {
            "message": str(FIRST_ID), "number": 1, "origin": "link", "revision": 1,
            "sha256": "", "bytes": 0, "reason": "there is no such file",
        },
        {
            "message": str(FIRST_ID + 1), "number": 1, "origin": "attachment",
            "revision": 1, "sha256": sha256(PHOTO), "bytes": len(PHOTO), "reason": "",
        },
    ]  # fmt: skip


async def test_an_image_is_asked_for_as_who_reads_the_thread(world):
    assert world.images.asked == [(URL, ALICE)]


async def test_what_is_missing_is_said(world):
    content = world.manifest()["content"]

    assert not content["complete"]
    assert "1 of 2 attached files is not held" in [
        one["reason"] for one in content["gaps"]
    ]


async def test_neither_name_nor_address_of_a_file_stands_in_the_manifest(world):
    manifest = world.file("manifest.json")

    assert b"SECRET" not in manifest
    assert b"contract" not in manifest


async def test_it_verifies_with_both_verifiers(world, tmp_path):
    write(tmp_path, world.archive.files)

    assert (await verify(world.archive))[1] == []
    assert standalone.main(str(tmp_path)) == 0


async def test_transcript_and_page_lead_to_the_file(world):
    held = world.transcript()["attachments"][1]

    assert (held["name"], held["url"], held["content_type"]) == (
        "a.png",
        URL,
        "image/png",
    )
    page = world.file("transcript.html").decode()
    assert f'href="../rev=0001/attachments/{sha256(PHOTO)}" download="a.png"' in page
    assert "contract.pdf</bdi>: not held: there is no such file" in page
    # Each once: with what became of it, not beside it.
    lists = re.findall(r'<ul class="files">(.*?)</ul>', page, re.DOTALL)
    assert [one.count("<li>") for one in lists] == [1, 1]
    assert URL not in page


async def test_a_later_revision_names_the_file_of_the_earlier_one(world):
    await world.receive(received(9, "later"))

    await world.finalize(THREAD)

    assert [one["revision"] for one in attached(world, 2)] == [2, 1]
    names = [one["name"] for one in world.manifest(2)["content"]["files"]]
    assert f"attachments/{sha256(PHOTO)}" not in names
    assert [url for url, _ in world.images.asked] == [URL]
    assert (await verify(world.archive))[1] == []


async def test_what_could_not_be_had_is_tried_again_by_the_next_look(world):
    world.links.files[DOCUMENT] = b"%PDF"

    finalized = await world.finalize(THREAD, relist=True)

    assert (finalized.revision, finalized.written) == (2, True)
    assert world.file(f"attachments/{sha256(b'%PDF')}", 2) == b"%PDF"
    assert world.manifest(2)["content"]["attachments"][0]["revision"] == 2
    assert (await verify(world.archive))[1] == []


async def test_failing_again_is_no_news(world):
    before = dict(world.archive.files)

    finalized = await world.finalize(THREAD, relist=True)

    assert not finalized.written
    assert world.archive.files == before


async def test_the_same_file_in_two_messages_is_kept_once():
    world = World()
    world.images.files = {URL: PHOTO, f"{URL}2": PHOTO}
    await world.receive(received())
    world.chat.shows(THREAD, ALICE, pictured(1), pictured(2, url=f"{URL}2"))

    await world.finalize(THREAD)

    assert len([one for one in world.archive.files if "attachments/" in one]) == 1
    assert [one["sha256"] for one in attached(world)] == [sha256(PHOTO)] * 2
    assert (await verify(world.archive))[1] == []


async def test_a_thread_with_too_many_slow_files_is_archived_all_the_same():
    world = World()
    for number in range(3):
        await world.receive(sharing(number, url=f"{DOCUMENT}{number}"))
    fetch = world.links.fetch

    async def slowly(url, reader):
        world.clock.pass_time(minutes=7)
        return await fetch(url, reader)

    world.links.fetch = slowly
    await world.finalize(THREAD)

    assert [one["reason"] for one in attached(world)] == [
        "there is no such file",
        "there is no such file",
        "the thread's files took over 0:10:00",
    ]


async def test_a_file_that_cannot_be_kept_leaves_no_revision():
    world = World()
    world.links.files[DOCUMENT] = b"%PDF"
    await world.receive(sharing())
    create = world.archive.create

    async def full(path, data):
        if "attachments/" in path:
            raise Transient("disk full")
        await create(path, data)

    world.archive.create = full
    with pytest.raises(Transient):
        await world.finalize(THREAD)
    world.archive.create = create
    await world.finalize(THREAD)

    assert (await verify(world.archive))[1] == []
    assert len(world.ledger_lines()) == 1


def eraser(world):
    return Erase(
        archive=world.archive,
        ledger=world.archive,
        log=world.log,
        leases=world.leases,
        clock=world.clock,
    )


async def erase(world, *messages):
    use = eraser(world)
    choice = Choice(messages=frozenset(map(str, messages)), threads=(THREAD,))
    async for plan in use.plan(choice, pytest.fail):
        await use(plan, choice, by="Dana", reason="request 12")


async def test_an_erased_message_takes_its_file_along(world, tmp_path):
    await world.receive(received(9, "later"))
    await world.finalize(THREAD)
    manifests = [world.file("manifest.json", one) for one in (1, 2)]

    await erase(world, FIRST_ID + 1)

    stored = b"".join(world.archive.files.values())
    assert PHOTO not in stored
    assert b"SECRET" not in stored
    assert world.file(f"attachments/{sha256(PHOTO)}") == b""
    assert manifests == [world.file("manifest.json", one) for one in (1, 2)]
    assert (await verify(world.archive))[1] == []
    write(tmp_path, world.archive.files)
    assert standalone.main(str(tmp_path)) == 0
    assert "file erased on request" in world.file("transcript.html", 2).decode()


async def test_a_file_that_another_message_names_too_stays_until_that_goes():
    world = World()
    world.images.files = {URL: PHOTO, f"{URL}2": PHOTO}
    await world.receive(received())
    world.chat.shows(THREAD, ALICE, pictured(1), pictured(2, url=f"{URL}2"))
    await world.finalize(THREAD)

    await erase(world, FIRST_ID + 1)
    assert world.file(f"attachments/{sha256(PHOTO)}") == PHOTO
    assert (await verify(world.archive))[1] == []
    await erase(world, FIRST_ID + 2)

    assert world.file(f"attachments/{sha256(PHOTO)}") == b""
    assert (await verify(world.archive))[1] == []


async def test_an_erased_message_is_not_fetched_for_again(world):
    await erase(world, FIRST_ID + 1)
    world.clock.pass_time(hours=1)
    await world.receive(received(9, "later"))
    asked = len(world.images.asked)

    await world.finalize(THREAD)

    assert len(world.images.asked) == asked
    assert (await verify(world.archive))[1] == []


def damaged(files, kind):
    path = next(one for one in files if "attachments/" in one)
    if kind == "removed":
        return {one: data for one, data in files.items() if one != path}
    if kind == "changed":
        return files | {path: b"\x89PNG phota"}
    if kind == "emptied":
        return files | {path: b""}
    if kind == "added":
        return files | {f"{path[:-64]}{'0' * 64}": b"x"}
    return files | {f"{path}/x": b"x"}


@pytest.mark.parametrize("kind", ["removed", "changed", "emptied", "added", "nested"])
async def test_both_verifiers_find_a_file_that_is_not_what_it_was(
    world, kind, tmp_path
):
    files = damaged(dict(world.archive.files), kind)

    assert (await verify(in_memory(files)))[1]
    if kind != "nested":  # no folder can hold a file and a folder of one name
        write(tmp_path, files)
        assert standalone.main(str(tmp_path)) == 1


async def test_a_package_holds_the_files(world, tmp_path):
    target = MemoryArchiveStore()
    pack = Package(
        archive=world.archive,
        target=target,
        clock=world.clock,
        on_bytes=lambda _: None,
    )

    await pack(Chosen(threads=(THREAD,)), by="Dana", reason="case 7", origin="log")

    write(tmp_path, target.files)
    assert PHOTO in target.files.values()
    assert standalone.main(str(tmp_path)) == 0


@pytest.mark.parametrize("url", [["x"], {"a": 1}, 5, None])
async def test_an_address_that_is_no_text_is_no_reason_to_stop(url):
    world = World(formats=("json", "html"))
    world.chat.shows(THREAD, ALICE, pictured(1, url=url))

    await world.finalize(THREAD, readers=(ALICE,), relist=True)

    assert "a.png" in world.file("transcript.html").decode()
    assert "attachments" not in world.manifest()["content"]


async def test_files_that_are_refused_at_once_do_not_hold_the_loop():
    world, turns = World(formats=("json",)), 0

    async def others():
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    world.chat.shows(THREAD, ALICE, *(pictured(number) for number in range(300)))
    await world.receive(received())
    task = asyncio.create_task(others())

    await world.finalize(THREAD)

    task.cancel()
    assert len(world.manifest()["content"]["attachments"]) == 300
    assert turns >= 290
