"""Attachments from message to archive, with everything else that happens to a revision."""

import asyncio
import json
import re

import pytest
from erasing import erase as erase_in

from builders import ALICE, FIRST_ID, THREAD, listed, received
from shared.domain.errors import Transient
from shared.domain.evidence.lines import attachment_name
from shared.domain.thread.attachment import MORE_NAMED
from shared.usecases.archive.attachments import Limits
from verifying import in_memory, verify
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
    return world.transcript(revision).get("attachments", [])


def files_of(world):
    """Return the attachments that are stored, by path."""
    return {
        path: data
        for path, data in world.archive.files.items()
        if "/attachments/" in path
    }


async def test_a_file_stands_under_its_salted_digest_and_its_line_names_it(world):
    ((path, data),) = files_of(world).items()
    missing, held = world.lines("attachments")

    assert data == PHOTO
    assert path.endswith(f"rev=0001/attachments/{held.facts['stored']}")
    assert held.facts["stored"] == attachment_name(held.salt, PHOTO)
    assert held.facts["message"] == str(FIRST_ID + 1)
    assert missing.facts["outcome"] == "gone"
    assert "stored" not in missing.facts
    document, photo = attached(world)
    assert (document["outcome"], document["reason"]) == (
        "gone",
        "there is no such file",
    )
    assert (photo["outcome"], photo["bytes"]) == ("stored", len(PHOTO))


async def test_an_image_is_asked_for_as_who_reads_the_thread(world):
    assert world.images.asked == [(URL, ALICE)]


async def test_what_is_missing_is_said(world):
    manifest = world.manifest()

    assert manifest["grade"] == "may_be_incomplete"
    assert manifest["grade_reason"] == "attachments_missing"
    assert "1 of 2 attached files is not held" in [
        one["reason"] for one in world.transcript()["gaps"]
    ]


async def test_neither_name_nor_address_of_a_file_stands_in_the_facts(world):
    for line in world.lines("attachments"):
        for text in ("SECRET", "contract", "a.png", "http"):
            assert text not in str(line.facts)
    assert b"SECRET" not in world.file("manifest.json")


async def test_it_verifies_with_both_verifiers(world):
    assert verify(world.archive) == []


async def test_transcript_and_page_lead_to_the_file(world):
    held = world.transcript()["attachments"][1]

    assert (held["name"], held["url"], held["content_type"]) == (
        "a.png",
        URL,
        "image/png",
    )
    page = world.file("transcript.html").decode()
    assert f'href="../rev=0001/attachments/{held["stored"]}" download="a.png"' in page
    assert "contract.pdf</bdi>: not held: there is no such file" in page
    # Each once: with what became of it, not beside it.
    lists = re.findall(r'<ul class="files">(.*?)</ul>', page, re.DOTALL)
    assert [one.count("<li>") for one in lists] == [1, 1]
    assert URL not in page


async def test_a_later_revision_names_the_file_of_the_earlier_one(world):
    await world.receive(received(9, "later"))

    await world.finalize(THREAD)

    assert [one["revision"] for one in attached(world, 2)] == [2, 1]
    assert len(files_of(world)) == 1
    assert [url for url, _ in world.images.asked] == [URL]
    assert verify(world.archive) == []


async def test_what_could_not_be_had_is_tried_again_by_the_next_look(world):
    world.links.files[DOCUMENT] = b"%PDF"

    finalized = await world.finalize(THREAD, relist=True)

    assert (finalized.revision, finalized.written) == (2, True)
    assert attached(world, 2)[0]["revision"] == 2
    assert world.file(f"attachments/{attached(world, 2)[0]['stored']}", 2) == b"%PDF"
    assert verify(world.archive) == []


async def test_failing_again_is_no_news(world):
    before = dict(world.archive.files)

    finalized = await world.finalize(THREAD, relist=True)

    assert not finalized.written
    assert world.archive.files == before


async def test_the_same_file_in_two_messages_is_stored_for_each():
    """So that it goes with each, and no name tells that they are the same."""
    world = World()
    world.images.files = {URL: PHOTO, f"{URL}2": PHOTO}
    await world.receive(received())
    world.chat.shows(THREAD, ALICE, pictured(1), pictured(2, url=f"{URL}2"))
    await world.finalize(THREAD)
    assert [*files_of(world).values()] == [PHOTO] * 2

    await erase(world, FIRST_ID + 1)

    assert [*files_of(world).values()] == [PHOTO]
    assert verify(world.archive) == []
    await erase(world, FIRST_ID + 2)
    assert files_of(world) == {}
    assert verify(world.archive) == []


async def test_a_thread_with_too_many_slow_files_is_archived_all_the_same():
    world = World()
    for number in range(3):
        await world.receive(sharing(number, url=f"{DOCUMENT}{number}"))
    fetch = world.links.fetch

    async def slowly(url, reader, thread_id):
        world.clock.pass_time(minutes=7)
        return await fetch(url, reader, thread_id)

    world.links.fetch = slowly
    await world.finalize(THREAD)

    assert [one["reason"] for one in attached(world)] == [
        "there is no such file",
        "there is no such file",
        "the thread's files took over 0:10:00",
    ]


def limited(world, **limits):
    world.finalize = world.new_finalizer(world.ledger, limits=Limits(**limits))


def count_lines(world):
    """Return how many lines there are about files, in all revisions."""
    stored = (
        data
        for path, data in world.archive.files.items()
        if path.endswith("/attachments.jsonl")
    )
    return sum(data.count(b"\n") for data in stored)


async def more(world):
    """Make the next revision: something new was said."""
    world.clock.pass_time(hours=1)
    await world.receive(received(50 + len(world.ledger_lines()), "later"))
    await world.finalize(THREAD)


async def test_of_many_files_so_many_are_fetched_and_the_rest_is_said():
    world = World(formats=("json", "html"))
    limited(world, files=2, bytes=2**20)
    for number in range(5):
        world.links.files[f"{DOCUMENT}{number}"] = b"%PDF"
        await world.receive(sharing(number, url=f"{DOCUMENT}{number}"))

    await world.finalize(THREAD)

    assert [file["reason"] for file in attached(world)] == ["", "", MORE_NAMED]
    assert len(world.links.asked) == 2
    assert any(MORE_NAMED in gap["reason"] for gap in world.transcript()["gaps"])
    await more(world)
    assert count_lines(world) == 3
    limited(world, files=9, bytes=2**20)
    await more(world)
    assert len(world.links.asked) == 5
    assert {file["reason"] for file in attached(world, 3)} == {""}
    assert not [
        gap for gap in world.transcript(3)["gaps"] if gap["kind"] == "attachments"
    ]
    assert verify(world.archive) == []


async def test_the_bytes_of_a_thread_are_limited():
    world = World(formats=("json",))
    limited(world, files=9, bytes=10)
    for number, size in enumerate((6, 6, 4, 1)):
        world.links.files[f"{DOCUMENT}{number}"] = bytes(size)
        await world.receive(sharing(number, url=f"{DOCUMENT}{number}"))

    await world.finalize(THREAD)

    assert [file["bytes"] for file in attached(world)] == [6, 0, 4, 0]
    assert attached(world)[1]["outcome"] == attached(world)[3]["outcome"] == "too_large"
    assert "FETCH_THREAD_BYTES" in attached(world)[3]["reason"]
    assert len(world.links.asked) == 3
    assert sum(map(len, files_of(world).values())) == 10


async def test_what_is_refused_without_a_request_is_said_once():
    world = World(formats=("json",))
    limited(world, files=9, bytes=1)
    world.links.files[DOCUMENT] = b"%"
    await world.receive(sharing(0), sharing(1, url=f"{DOCUMENT}1"))
    await world.finalize(THREAD)

    for _ in range(7):
        await more(world)

    assert count_lines(world) == 2
    limited(world, files=9, bytes=9)
    world.links.files[f"{DOCUMENT}1"] = b"%"
    await more(world)
    assert [file["tries"] for file in attached(world, 9)] == [1, 2]
    assert {file["outcome"] for file in attached(world, 9)} == {"stored"}


async def test_a_file_that_is_gone_is_asked_for_five_times():
    world = World(formats=("json",))
    await world.receive(sharing(0))
    await world.finalize(THREAD)

    for _ in range(7):
        await more(world)

    assert len(world.links.asked) == 5
    assert attached(world, 8)[0]["tries"] == 5


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

    assert verify(world.archive) == []
    assert len(world.ledger_lines()) == 1


async def erase(world, *messages):
    chosen = frozenset(map(str, messages))
    await erase_in(world, messages=chosen, threads=(THREAD,))


async def test_an_erased_message_takes_its_file_along(world):
    await world.receive(received(9, "later"))
    await world.finalize(THREAD)
    manifests = [world.file("manifest.json", one) for one in (1, 2)]

    await erase(world, FIRST_ID + 1)

    stored = b"".join(world.archive.files.values())
    assert PHOTO not in stored
    assert b"SECRET" not in stored
    assert files_of(world) == {}
    assert manifests == [world.file("manifest.json", one) for one in (1, 2)]
    assert verify(world.archive) == []
    assert "file erased on request" in world.file("transcript.html", 2).decode()


async def test_what_an_older_order_covers_is_not_fetched(world):
    world.clock.pass_time(hours=1)
    await erase(world, FIRST_ID + 1)
    world.images.asked.clear()
    world.chat.shows(THREAD, ALICE, pictured(1, version=str(FIRST_ID + 2)))
    world.clock.pass_time(hours=1)
    await world.receive(received(9, "later"))

    await world.finalize(THREAD)

    assert world.images.asked == []
    assert verify(world.archive) == []


async def test_an_erased_message_is_not_fetched_for_again(world):
    await erase(world, FIRST_ID + 1)
    world.clock.pass_time(hours=1)
    await world.receive(received(9, "later"))
    asked = len(world.images.asked)

    await world.finalize(THREAD)

    assert len(world.images.asked) == asked
    assert verify(world.archive) == []


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
async def test_both_verifiers_find_a_file_that_is_not_what_it_was(world, kind):
    assert verify(in_memory(damaged(dict(world.archive.files), kind)))


@pytest.mark.parametrize("url", [["x"], {"a": 1}, 5, None])
async def test_an_address_that_is_no_text_is_no_reason_to_stop(url):
    world = World(formats=("json", "html"))
    world.chat.shows(THREAD, ALICE, pictured(1, url=url))

    await world.finalize(THREAD, readers=(ALICE,), relist=True)

    assert "a.png" in world.file("transcript.html").decode()
    assert attached(world) == []


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
    assert len(world.lines("attachments")) == 300
    assert turns >= 290
