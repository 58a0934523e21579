"""Files of messages in a site and in a view: shown where they stood, and erased."""

import asyncio

import pytest
from browser import tab
from viewing import ask, served

from builders import ALICE, FIRST_ID, THREAD, listed, received
from local.picture import png
from world import World

URL = "https://contoso.communication.azure.com/images/1"
PICTURE = png(60, 40)
WHY = ("--reason", "request 7", "--execute")


async def pictured():
    world = World(formats=("json",))
    world.images.files[URL] = PICTURE
    attachment = {"id": "i", "attachmentType": "image", "name": "a.png", "url": URL}
    content = {
        "message": '<p>see <img alt="a cat" id="i"></p>',
        "attachments": [attachment],
    }
    await world.receive(received(0, "look"))
    world.chat.shows(THREAD, ALICE, listed(1, type="html", content=content))
    await world.finalize(THREAD)
    return world.archive.files


@pytest.fixture(scope="module")
def files():
    return asyncio.run(pictured())


IS_SHOWN = "document.querySelector('.text img').naturalWidth"


async def look(it):
    await it.page.locator("#threads tbody a").click()
    picture = it.page.locator(".text img")
    await picture.wait_for()
    await picture.scroll_into_view_if_needed()
    await it.page.wait_for_timeout(300)
    assert await it.page.evaluate(IS_SHOWN) == 60


async def test_a_site_shows_pictures_and_an_erasure_takes_them(run, folder, tmp_path):
    await asyncio.to_thread(run, "site", folder, "--output", "site")
    site = tmp_path / "site"
    (stored,) = site.glob("threads/*/attachments/*.png")
    assert stored.read_bytes() == PICTURE
    async with tab((site / "index.html").as_uri()) as it:
        await look(it)

    message = ("--thread", THREAD, "--message", str(FIRST_ID + 1))
    await asyncio.to_thread(run, "erase", folder, *message, *WHY)
    await asyncio.to_thread(run, "site", folder, "--output", "site")

    assert not [path for path in site.rglob("*") if path.suffix == ".png"]
    assert not [
        path
        for path in site.rglob("*")
        if path.is_file() and PICTURE in path.read_bytes()
    ]


async def test_a_view_shows_pictures_and_says_what_they_are(folder):
    with served(folder) as url:
        async with tab(url) as it:
            await look(it)
            address = await it.page.evaluate("document.querySelector('.text img').src")
        status, headers, body = ask(url, address.removeprefix(url))
    assert (status, headers["Content-Type"], body) == (200, "image/png", PICTURE)


def test_a_file_that_is_missing_is_named_and_costs_nothing_else(run, folder, tmp_path):
    (held,) = folder.glob("*/rev=*/attachments/*")
    held.unlink()

    said = run("site", folder, "--output", "site", status=1)

    assert "NOT IN THE SITE" in said
    assert "is missing from the archive" in said
    assert "1 thread" in said
    assert list((tmp_path / "site").glob("threads/*/transcript.html"))
