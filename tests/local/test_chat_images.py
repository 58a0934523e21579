"""Images of plain ACS chat, beside those that Teams sends."""

import asyncio
import json
import struct
import zlib

import pytest

from local.chat_service.variant import NEW, OLD, Variant
from local.demo.people import Person
from local.picture import SIGNATURE, png
from serving import served

PHOTO, PREVIEW = png(48, 32), png(12, 8)


@pytest.fixture
async def here(tmp_path):
    async with served(tmp_path) as running:
        yield running


def path_of(thread, image, view="original"):
    return f"/chat/threads/{thread.id}/images/{image}/views/{view}"


def image_of(message):
    (image,) = json.loads(message.metadata["amsreferences"])
    return image


def chunks(data):
    data = data.removeprefix(SIGNATURE)
    while data:
        (size,) = struct.unpack(">I", data[:4])
        kind, content = data[4:8], data[8 : 8 + size]
        (checksum,) = struct.unpack(">I", data[8 + size : 12 + size])
        assert checksum == zlib.crc32(kind + content)
        yield kind, content
        data = data[12 + size :]


def test_a_picture_is_a_png():
    parts = dict(chunks(PHOTO))

    assert PHOTO.startswith(SIGNATURE)
    assert list(parts) == [b"IHDR", b"IDAT", b"IEND"]
    assert struct.unpack(">II", parts[b"IHDR"][:8]) == (48, 32)
    assert len(zlib.decompress(parts[b"IDAT"])) == 32 * (1 + 3 * 48)


async def test_an_image_is_named_by_metadata_and_fetched_in_two_sizes(here):
    thread, (alice, bob) = here.thread("Alice", "Bob")
    sent = here.service.world.add_acs_image(thread, alice, "a.png", PHOTO, PREVIEW)
    image = image_of(sent)

    async with here.caller(bob.id).thread(thread.id, api_version=NEW) as client:
        message = await client.get_message(sent.id)
    fetched = [
        await here.caller(bob.id).request("GET", path_of(thread, image, view), NEW)
        for view in ("original", "small")
    ]

    assert message.type == "html"
    assert f'id="{image}"' in message.content.message
    assert json.loads(message.metadata["amsreferences"]) == [image]
    assert not message.content.attachments
    assert fetched == [(200, PHOTO), (200, PREVIEW)]


async def test_an_address_without_a_version_will_do(here):
    thread, (alice,) = here.thread("Alice")
    sent = here.service.world.add_acs_image(thread, alice, "a.png", PHOTO)

    for view in ("original", "small"):
        path = path_of(thread, image_of(sent), view)
        assert await here.caller(alice.id).request("GET", path) == (200, PHOTO)


async def test_the_old_version_has_no_such_images(tmp_path):
    only_old = Variant(api_versions=(OLD,))
    async with served(tmp_path, variant=only_old) as here:
        thread, (alice,) = here.thread("Alice")
        sent = here.service.world.add_acs_image(thread, alice, "a.png", PHOTO)
        caller, path = here.caller(alice.id), path_of(thread, image_of(sent))
        images = f"/chat/threads/{thread.id}/images"

        answers = [
            await caller.request("GET", path, OLD),
            await caller.request("GET", path, NEW),
            await caller.request("GET", path),
            await caller.request("POST", images, OLD, data=PHOTO),
        ]

    assert [status for status, _ in answers] == [400] * 4


async def test_only_members_see_an_image_and_only_what_is_there(here):
    thread, (alice,) = here.thread("Alice")
    _, (mallory,) = here.thread("Mallory")
    sent = here.service.world.add_acs_image(thread, alice, "a.png", PHOTO)
    path = path_of(thread, image_of(sent))

    assert (await here.caller(mallory.id).request("GET", path, NEW))[0] == 403
    for missing in (path_of(thread, "x"), path_of(thread, image_of(sent), "huge")):
        assert (await here.caller(alice.id).request("GET", missing, NEW))[0] == 404


async def test_an_image_is_uploaded_as_the_api_says(here):
    thread, (alice,) = here.thread("Alice")
    caller = here.caller(alice.id)

    status, body = await caller.request(
        "POST",
        f"/chat/threads/{thread.id}/images",
        NEW,
        data=PHOTO,
        headers={"image-filename": "a.png", "Content-Type": "application/octet-stream"},
    )

    assert status == 201
    assert (body["attachmentType"], body["name"]) == ("inlineImage", "a.png")
    path = path_of(thread, body["id"])
    assert await caller.request("GET", path, NEW) == (200, PHOTO)


async def test_an_image_from_teams_stays_an_attachment(here):
    thread, (alice,) = here.thread("Alice")
    sent = here.service.world.add_image(thread, alice, "a.png", PHOTO)
    caller = here.caller(alice.id)

    for version in (None, OLD, NEW):
        (attachment,) = sent.content["attachments"]
        path = attachment["url"].removeprefix(here.endpoint)
        assert await caller.request("GET", path, version) == (200, PHOTO)
    _, body = await caller.request(
        "GET", f"/chat/threads/{thread.id}/messages/{sent.id}", NEW
    )
    assert body["content"]["attachments"] == [attachment]


async def test_a_person_of_the_demo_shows_a_photo_to_a_service_that_throttles(here):
    thread, (alice,) = here.thread("Alice")
    caller = here.caller(alice.id)
    here.service.behaviour.throttle = 0.5
    here.service.behaviour.retry_after = 0.05
    person = Person("Alice", None, caller.token, here.endpoint, here.ca_file)

    shown = await asyncio.to_thread(person.show, thread.id, "a.png", PHOTO)

    here.service.behaviour.throttle = 0
    image = image_of(thread.messages[shown])
    assert await caller.request("GET", path_of(thread, image), NEW) == (200, PHOTO)
