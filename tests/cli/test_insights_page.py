"""The page of insights in a browser: open to everybody, and each citation leads on."""

import asyncio

import pytest
from browser import tab

from builders import FIRST_ID, THREAD, edited, received, thread_created
from insight_worlds import BY_BOB, PAID
from local.language_model.server import language_model
from world import World

ARABIC = "هل دُفعت الفاتورة؟"
LONG = "word" * 400


async def talk():
    world = World(formats=("json",))
    await world.receive(
        thread_created(properties={"topic": f"<b>{LONG}</b> \u202e {ARABIC}"}),
        *(received(n, f"Item {n} of the order is here.") for n in range(1002)),
        received(2000, PAID),
        received(2001, ARABIC, **BY_BOB),
        received(2002, "<img src=x onerror=alert(1)> Please look."),
        edited(2002, f"{LONG} I will look."),
    )
    await world.finalize(THREAD)
    return world.archive.files


@pytest.fixture(scope="module")
def files():
    return asyncio.run(talk())


@pytest.fixture
def page(run, folder, tmp_path):
    with language_model() as server:
        model = ("--endpoint", server.address, "--deployment", f"<i>{LONG[:40]}</i>")
        run("insights", "run", folder, *model, "--label", "order", "--label", "<b>item")
    run("site", folder, "--output", "site")
    (found,) = (tmp_path / "site").rglob("insights.html")
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1100])
async def test_it_is_open_to_everybody(page, scheme, width):
    size = {"width": width, "height": 900}
    near = page.parents[2].as_uri() + "/"
    async with tab(page.as_uri(), origin=near, scheme=scheme, viewport=size) as it:
        assert await it.violations() == []
        wide = "document.documentElement.scrollWidth <= innerWidth"
        assert await it.page.evaluate(wide)
        assert it.errors == []
        assert await it.page.locator("img, script, i").count() == 0


async def test_a_citation_leads_to_its_message_without_a_script(page):
    near = page.parents[2].as_uri() + "/"
    async with tab(page.as_uri(), origin=near, scripts=False) as it:
        link = it.page.locator(f'a[href$="#m-{FIRST_ID + 2002}"]').first
        assert (await link.get_attribute("href")).startswith("transcript.0002.html#")
        await link.click()
        said = it.page.locator(f"#m-{FIRST_ID + 2002}")
        assert "I will look." in await said.text_content()
        assert await it.page.locator(":target").get_attribute("id") == (
            f"m-{FIRST_ID + 2002}"
        )
        await it.page.get_by_role("link", name="What a model says of it").click()
        await it.page.get_by_text("Made by a model").wait_for()
        await it.page.get_by_role("link", name="The thread itself").click()
        await it.page.get_by_role("link", name="All threads").click()
