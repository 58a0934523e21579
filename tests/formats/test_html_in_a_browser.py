"""`transcript.html` in a real browser, from file://: what people do with it."""

import pytest
from browser import tab
from inputs import logged

from builders import BOB, THREAD, edited, received, to_log, who
from shared.domain.thread.replay import replay
from shared.formats.registry import FORMATS, written
from threads import rich

BY_BOB = {"senderCommunicationIdentifier": who(BOB), "senderDisplayName": "Bob"}
SCHEMES = pytest.mark.parametrize("scheme", ["light", "dark"])


def put(transcript, folder):
    for name, data in written([FORMATS["html"]], transcript):
        (folder / name).write_bytes(data)
    return (folder / "transcript.html").as_uri()


@pytest.fixture
def long(tmp_path):
    events = [
        received(n * 60_000, f"order {n} café", **(BY_BOB if n % 2 else {}))
        for n in range(2100)
    ]
    events.append(edited(2 * 60_000, "order two, changed"))
    return put(replay(THREAD, logged(to_log(*events)), []), tmp_path)


@SCHEMES
@pytest.mark.parametrize("width", [400, 1000])
async def test_nothing_keeps_anybody_out(tmp_path, scheme, width):
    url = put(rich(), tmp_path)
    async with tab(url, scheme=scheme, viewport={"width": width, "height": 900}) as it:
        for summary in await it.page.locator("summary").all():
            await summary.click()
        assert await it.violations() == []
        assert await it.page.evaluate(
            "document.documentElement.scrollWidth <= innerWidth"
        )


async def test_a_search_finds_marks_and_walks(long):
    async with tab(long) as it:
        page, box = it.page, it.page.get_by_role("searchbox")
        status = page.get_by_role("status")
        await box.fill("CAFE 99")
        await page.wait_for_selector(".hit")
        hits = [n for n in range(1000) if "99" in str(n)]
        assert await status.inner_text() == f"1 of {len(hits)}"
        assert "99" in await page.locator(".hit").inner_text()
        marks = await page.locator(".hit mark").all_inner_texts()
        assert {"café", "99"} <= set(marks)
        for step, expected in (("Enter", 2), ("Enter", 3), ("Shift+Enter", 2)):
            await box.press(step)
            assert (await status.inner_text()).startswith(f"{expected} of")
        where = await page.locator(".hit").bounding_box()
        assert 0 <= where["y"] < 720
        await box.press("Escape")
        assert await page.locator("mark").count() == 0
        hit = page.get_by_text("order 199 café", exact=True)
        assert await hit.count() == 1
        assert await page.evaluate("scrollY") > 500  # it stays at the hit


SAME = [
    ("strasse", ["Straße", "STRASSE"]),
    ("STRAßE", ["Straße", "STRASSE"]),
    ("isparta", ["ısparta", "İSPARTA"]),
    ("σοφος", ["σοφός", "ΣΟΦΟΣ"]),
    ("smorrebrod", ["smørrebrød"]),
    ("E\u0301COLE", ["école"]),
    ("fine", ["ﬁne"]),
    ("ss", ["ß", "SS"]),
    ("مُحَمَّد", ["محمد"]),
    ("का", ["का"]),
    ("각", ["각"]),
    ("가", []),
    ("京都", ["京都"]),
    ("softly", ["soft\u00adly"]),
    ("warehouse", ["war", "eh", "ouse"]),
    ("reho", ["r", "eh", "o"]),
    ("ouse war", ["ouse", "war"]),
]


async def test_a_search_finds_what_that_of_all_threads_calls_the_same(tmp_path):
    text = (
        "Straße STRASSE ısparta İSPARTA σοφός ΣΟΦΟΣ smørrebrød école ﬁne محمد "
        "कि का 각 東京都 soft\u00adly"
    )
    html = received(1, "<p>war<b>eh</b>ouse</p>", type="Html")
    url = put(replay(THREAD, logged(to_log(received(0, text), html)), []), tmp_path)
    async with tab(url) as it:
        before = await it.page.locator("#messages").inner_html()
        for said, marked in SAME:
            await it.page.get_by_role("searchbox").fill(said)
            await it.page.get_by_role("searchbox").press("Enter")
            found = await it.page.locator("mark").all_inner_texts()
            assert sorted(found) == sorted(marked), said
        await it.page.get_by_role("searchbox").press("Escape")
        after = await it.page.locator("#messages").inner_html()
        assert after.replace(' class="msg "', ' class="msg"') == before


async def test_a_search_finds_senders(long):
    async with tab(long) as it:
        await it.page.get_by_role("searchbox").fill("bob 7")
        await it.page.wait_for_selector(".hit")
        assert await it.page.locator("h3 mark").first.inner_text() == "Bob"
        said = await it.page.locator(".hit .text").inner_text()
        assert said == "order 7 café"


async def test_filters_keep_what_somebody_wrote_and_what_was_edited(long):
    async with tab(long) as it:
        shown = it.page.locator(".msg:not([hidden])")
        await it.page.get_by_label("Person").select_option("Bob")
        assert await shown.count() == 500
        await it.page.get_by_label("Person").select_option("everybody")
        await it.page.get_by_label("Show").select_option("edited")
        assert await shown.locator(".text").all_inner_texts() == ["order two, changed"]
        assert await it.page.get_by_role("status").inner_text() == "1 of 1000 messages"
        await it.page.locator(".mark summary").click()
        went = await it.page.locator(".version del").all_inner_texts()
        assert went == ["2", "café"]


async def test_pages_lead_to_each_other(long):
    async with tab(long) as it:
        await it.page.get_by_role("link", name="Next").first.click()
        await it.page.get_by_text("Page 2 of 3").first.wait_for()
        assert await it.page.locator(".msg").count() == 1000
        await it.page.get_by_role("link", name="Last").first.click()
        await it.page.get_by_text("Page 3 of 3").first.wait_for()
        assert await it.page.locator(".msg").count() == 100


async def test_without_scripts_all_can_be_read_and_no_tool_is_shown(long):
    async with tab(long, scripts=False) as it:
        assert not await it.page.locator("#tools").is_visible()
        assert await it.page.get_by_text("order 5 café", exact=True).is_visible()
        await it.page.locator(".jump summary").click()
        await it.page.locator(".jump a").last.click()
        await it.page.get_by_role("link", name="Next").first.click()
        await it.page.get_by_text("Page 2 of 3").first.wait_for()


async def test_times_can_be_those_of_the_computer(tmp_path):
    url = put(rich(), tmp_path)
    async with tab(url, timezone_id="Asia/Tokyo") as it:
        time = it.page.locator(".msg time").first
        assert await time.inner_text() == "12:00"
        await it.page.get_by_label("local times").check()
        assert await time.inner_text() == "21:00"
        assert "Asia/Tokyo" in await it.page.locator("#zone").inner_text()
        await it.page.get_by_label("local times").uncheck()
        assert await time.inner_text() == "12:00"


async def test_a_thread_prints_with_every_version(tmp_path):
    url = put(rich(), tmp_path)
    async with tab(url) as it:
        assert (await it.page.pdf()).startswith(b"%PDF")
        await it.page.emulate_media(media="print")
        await it.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert await it.page.get_by_text("I will look.").first.is_visible()
        assert not await it.page.locator("#tools").is_visible()


async def test_what_people_wrote_runs_nothing(tmp_path):
    url = put(rich(), tmp_path)
    async with tab(url) as it:
        fired = []
        it.page.on("dialog", lambda dialog: fired.append(dialog.message))
        await it.page.get_by_role("searchbox").fill("<script>alert(1)")
        await it.page.wait_for_selector("mark")
        assert fired == []
