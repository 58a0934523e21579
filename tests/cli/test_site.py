"""`chat-archive site`: what stands in the folder, and what a build again changes."""

import asyncio
import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from browser import tab

from builders import (
    BOB,
    FIRST_ID,
    THREAD,
    deleted,
    edited,
    received,
    thread_created,
    who,
)
from evidence_archives import OTHER
from shared.domain.layout import thread_folder
from shared.usecases.reading.site.build_site import INDEX, THREADS
from shared.usecases.reading.site.site_state import STATE_FILE
from verifying import write
from world import World

ROOT = Path(__file__).parents[2]
WHY = ("--reason", "request 7", "--execute")
SECRET = "zebra0420"
BY_BOB = {
    "senderCommunicationIdentifier": who(BOB),
    "senderDisplayName": "Bob <b>& sons</b>",
}
SCHEMES = pytest.mark.parametrize("scheme", ["light", "dark"])


async def conversations():
    world = World(formats=("json",))
    await world.receive(
        thread_created(properties={"topic": "Order </script><b>4711</b>"}),
        received(0, "We promise a full refund by Friday"),
        edited(0, "We promise nothing"),
        received(1, f"The code is {SECRET}", **BY_BOB),
        deleted(1, **BY_BOB),
        *(received(1000 + n, f"Item {n} of the order") for n in range(1200)),
        thread_created(
            threadId=OTHER,
            properties={"topic": "Ärger mit Order 4712"},
            participants=[],
        ),
        received(3, "ein Fahrrad", threadId=OTHER),
        received(4, "</script><script>alert(1)</script>", threadId=OTHER),
    )
    await world.finalize(THREAD)
    await world.finalize(OTHER)
    return world.archive.files


@pytest.fixture(scope="module")
def files():
    return asyncio.run(conversations())


@pytest.fixture
def site(run, folder, tmp_path):
    """A site that was built, and its folder."""
    run("site", folder, "--output", "site")
    return tmp_path / "site"


def said_in(folder):
    """Return every file of a folder, with its bytes."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_it_says_what_it_wrote_and_as_of_which_ledger(run, folder, site):
    again = json.loads(run("site", folder, "--output", "site", "--json"))

    assert (again["threads"], again["messages"]) == (2, 1204)
    assert again["threads_rendered"] == 0
    assert again["files_written"] <= 3  # the state, and the page that says the time
    page = (site / INDEX).read_text()
    head = json.loads(run("index", folder, "--json"))["ledger_root"]
    assert f"<code>{head}</code>" in page
    assert "A copy of <time" in page
    assert "was changed or erased in the archive since is unchanged here" in page


def test_every_file_but_pages_is_small(site):
    sizes = {
        name: len(data)
        for name, data in said_in(site).items()
        if not name.startswith(THREADS)
    }

    assert max(sizes.values()) < 1_000_000
    assert {"index.html", "page.css", "page.js", "search/m.js"} <= sizes.keys()


def test_nobody_else_may_read_it(site):
    assert all(path.stat().st_mode & 0o077 == 0 for path in site.rglob("*"))


def test_nothing_that_was_erased_is_in_any_file_of_the_next_build(run, folder, site):
    assert any(SECRET.encode() in data for data in said_in(site).values())
    message = str(FIRST_ID + 1)
    run("erase", folder, "--thread", THREAD, "--message", message, *WHY)

    run("site", folder, "--output", "site")

    after = said_in(site)
    assert [name for name, data in after.items() if SECRET.encode() in data] == []
    assert any(b"erased on request" in data for data in after.values())


def test_a_thread_that_cannot_be_read_is_named_and_leaves_no_file(run, folder, site):
    (folder.parent / f"{folder.name}-index.sqlite").unlink()
    (broken,) = [
        path
        for path in folder.iterdir()
        if path.name == thread_folder(OTHER).rstrip("/")
    ]
    for file in broken.rglob("*.jsonl"):
        file.write_bytes(b"")

    said = run("site", folder, "--output", "site", status=1)

    assert f"NOT IN THE SITE {OTHER}" in said
    assert len(list((site / "threads").iterdir())) == 1
    after = b"".join(said_in(site).values())
    assert b"ein Fahrrad" not in after
    assert b"Threads that could not be read" in after


def test_a_build_that_was_stopped_is_begun_anew(run, folder, site):
    before = said_in(site)
    state = json.loads((site / STATE_FILE).read_text())
    (site / STATE_FILE).write_text(json.dumps({**state, "finished": False}))
    key = state["threads"][THREAD][0]
    page = site / THREADS / key / "transcript.html"
    page.write_text("half")
    (site / THREADS / "left").mkdir()
    (site / THREADS / "left" / "transcript.html").write_text("of a thread that went")

    run("site", folder, "--output", "site")

    after = said_in(site)
    assert after.keys() == before.keys()
    assert {name for name in after if after[name] != before[name]} <= {INDEX}


def test_a_folder_with_something_else_is_left_as_it_is(run, folder, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")

    said = run("site", folder, "--output", "mine", status=2)

    assert "holds something else" in said
    assert said_in(tmp_path / "mine") == {"letter.txt": b"dear"}


def test_the_site_of_another_archive_is_left_as_it_is(run, folder, site, tmp_path):
    before = said_in(site)
    folder.rename(tmp_path / "moved")

    said = run("site", tmp_path / "moved", "--output", "site", status=2)

    assert "the site of another archive" in said
    assert said_in(site) == before


def test_a_site_of_another_format_is_written_anew(run, folder, site):
    before = said_in(site)
    state = json.loads((site / STATE_FILE).read_text())
    (site / STATE_FILE).write_text(json.dumps({**state, "format": "0"}))
    (site / "old.js").write_text("of that format")

    run("site", folder, "--output", "site")

    assert said_in(site).keys() == before.keys()
    for text in ("", "[]", "{", '{"format": "1"}', "null"):
        (site / STATE_FILE).write_text(text)
        said = run("site", folder, "--output", "site", status=2)
        assert "not that of a site" in said


def test_it_is_never_written_into_the_archive(run, folder):
    said = run("site", folder, "--output", folder / "site", status=2)

    assert "in the archive itself" in said
    assert not (folder / "site").exists()


# In a browser


async def test_a_word_is_found_with_what_it_said_before(site):
    async with tab((site / INDEX).as_uri()) as it:
        page = it.page
        await page.get_by_label("Search everything").fill("refund")
        await page.get_by_label("Search everything").press("Enter")
        hit = page.locator("#hits li")
        await hit.wait_for()
        assert await hit.locator("mark").all_inner_texts() == ["refund"]
        assert "an earlier version" in await hit.inner_text()
        await hit.get_by_role("link").click()
        message = page.locator(f"#m-{FIRST_ID}")
        await message.wait_for()
        assert "We promise nothing" in await message.locator(".text").inner_text()
        await message.locator("summary").click()
        assert await message.get_by_text("refund").first.is_visible()
        await page.go_back()
        await hit.wait_for()


async def test_a_hit_leads_to_its_page_of_a_long_thread(site):
    async with tab((site / INDEX).as_uri() + "#find?words=%22item%201150%22") as it:
        link = it.page.locator("#hits li a")
        await link.click()
        await it.page.locator(":target").wait_for()
        assert it.page.url.endswith(f"/transcript.0002.html#m-{FIRST_ID + 2150}")
        await it.page.get_by_role("link", name="All threads").click()
        await it.page.locator("#threads tbody tr").nth(1).wait_for()


async def test_what_cannot_be_found_or_asked_is_said(site):
    async with tab((site / INDEX).as_uri()) as it:
        status = it.page.locator("#hits [role=status]")
        for said, answer in (
            ("nowhere", "Nothing was found."),
            ("(a", "This cannot be searched for: a bracket is left open."),
            ("item", "1,200 messages, newest first"),
        ):
            await it.page.get_by_label("Search everything").fill(said)
            await it.page.get_by_role("button", name="Search").click()
            await it.page.wait_for_selector(f"#hits [role=status]:text-is('{answer}')")
            assert await status.inner_text() == answer
        assert await it.page.locator("#hits li").count() == 50
        await it.page.get_by_role("button", name="More", exact=True).click()
        await it.page.wait_for_selector("#hits li:nth-child(100)")


async def test_a_search_takes_person_days_and_kinds(site):
    async with tab((site / INDEX).as_uri()) as it:
        for given, count in (
            ("words=code&person=bob", 1),
            ("words=code&person=alice", 0),
            ("words=item*&person=Alice&after=2026-11-22&before=2026-11-22", 1200),
            ("words=item*&after=2026-11-23", 0),
            ("words=promise&edited=on", 1),
            ("words=code&deleted=on", 1),
            ("words=code&files=on", 0),
            ("deleted=on", 1),
            ("person=bob", 1),
        ):
            await it.page.goto((site / INDEX).as_uri() + "#threads")
            await it.page.goto((site / INDEX).as_uri() + "#find?" + given)
            words = f"{count:,} message" if count else "Nothing"
            await it.page.wait_for_selector(f"#hits [role=status]:has-text('{words}')")
            assert await it.page.locator("#hits li").count() == min(count, 50)


async def test_threads_are_sorted_and_filtered(site):
    async with tab((site / INDEX).as_uri()) as it:
        topics = it.page.locator("#threads tbody th")
        assert "4711" in (await topics.all_inner_texts())[0]
        await it.page.get_by_role("button", name="Messages", exact=True).click()
        assert "4711" in (await topics.all_inner_texts())[0]
        await it.page.get_by_role("button", name="Messages", exact=True).click()
        assert "4712" in (await topics.all_inner_texts())[0]
        await it.page.get_by_label("Topic, person or id").fill("arger")
        assert await topics.all_inner_texts() == ["Ärger mit Order 4712"]
        await it.page.get_by_label("Topic, person or id").fill("sons")
        assert await topics.count() == 1
        await topics.get_by_role("link").click()
        await it.page.locator(".msg").nth(999).wait_for()


async def test_a_place_on_the_page_leaves_what_is_shown(site):
    async with tab((site / INDEX).as_uri() + "#find?words=refund") as it:
        skip = it.page.get_by_role("link", name="Skip to the content")
        await it.page.locator("#hits li").wait_for()
        await skip.press("Enter")
        assert it.page.url.endswith("#content")
        assert await it.page.locator("#hits li").is_visible()
        await it.page.reload()
        await it.page.locator("#threads tbody tr").first.wait_for()


async def odd_topics():
    world = World(formats=("json",))
    for number, topic in enumerate(("\u200b\u2060", "x" * 5000, "a topic to be read")):
        given = {"threadId": f"19:acsV1_odd{number}@thread.v2"}
        await world.receive(
            thread_created(properties={"topic": topic}, **given),
            received(number, "hello", **given),
        )
        await world.finalize(given["threadId"])
    return world.archive.files


async def test_odd_topics_leave_every_thread_to_be_seen(run, tmp_path):
    write(tmp_path / "odd", await odd_topics())
    await asyncio.to_thread(run, "site", "odd", "--output", "site")
    for width in (400, 1100):
        size = {"width": width, "height": 900}
        index = (tmp_path / "site" / INDEX).as_uri()
        async with tab(index, viewport=size) as it:
            links = it.page.locator("#threads tbody th a")
            topics = await links.all_inner_texts()
            assert min(topics, key=len).startswith("Alice")
            boxes = [await link.bounding_box() for link in await links.all()]
            assert all(box["width"] > 40 and box["height"] < 120 for box in boxes)
            fits = "document.documentElement.scrollWidth <= innerWidth"
            assert await it.page.evaluate(fits)
    assert "\u200b" not in (tmp_path / "site" / "list" / "0001.html").read_text()


async def test_people_lead_to_their_threads(site):
    async with tab((site / INDEX).as_uri() + "#people") as it:
        people = it.page.locator("#people tbody tr")
        assert await people.count() >= 2
        await it.page.get_by_role("link", name="Bob <b>& sons</b>").click()
        await it.page.get_by_text("1 of 2").wait_for()


async def test_the_plain_list_is_open_to_everybody(site):
    async with tab((site / "list" / "0001.html").as_uri(), origin=site.as_uri()) as it:
        assert await it.violations() == []


@SCHEMES
@pytest.mark.parametrize("width", [400, 1100])
async def test_every_part_is_open_to_everybody(site, scheme, width):
    size = {"width": width, "height": 900}
    async with tab((site / INDEX).as_uri(), scheme=scheme, viewport=size) as it:
        for part in ("#threads", "#people", "#about", "#find?words=order"):
            await it.page.goto((site / INDEX).as_uri() + part)
            if part.startswith("#find"):
                await it.page.wait_for_selector("#hits li")
                await it.page.get_by_text("More", exact=True).first.click()
            assert await it.violations() == [], part
            wide = "document.documentElement.scrollWidth <= innerWidth"
            assert await it.page.evaluate(wide), part


async def test_without_scripts_every_thread_is_in_a_list(site):
    async with tab((site / INDEX).as_uri(), scripts=False) as it:
        await it.page.get_by_role("link", name="all threads as a list").click()
        await it.page.get_by_role("link", name="Ärger").click()
        await it.page.get_by_text("ein Fahrrad").wait_for()
        await it.page.get_by_role("link", name="All threads").click()


async def test_what_people_wrote_runs_nothing(site):
    async with tab((site / INDEX).as_uri() + "#find?words=script") as it:
        fired = []
        it.page.on("dialog", lambda dialog: fired.append(dialog.message))
        await it.page.wait_for_selector("#hits li")
        assert "alert(1)" in await it.page.locator("#hits li").inner_text()
        assert fired == []


def test_the_data_files_are_scripts_that_hold_nothing_but_data(site):
    for path in (site / "data").iterdir():
        text = path.read_text()
        body = re.fullmatch(r'ChatSite\.add\("\w+",(.*)\)', text, re.DOTALL)[1]
        assert isinstance(json.loads(body), list)


DYING = """
import os, signal, sys
from shared.usecases.reading.site.build_site import Writing
put, left = Writing.put, [int(sys.argv.pop())]
async def dying(self, path, data):
    await put(self, path, data)
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
Writing.put = dying
from shared.cli.main import main
main()
"""


def test_a_kill_leaves_a_site_that_the_next_build_makes_whole(run, folder, tmp_path):
    run("site", folder, "--output", "whole")
    for writes in (1, 3, 6, 9):
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                DYING,
                "site",
                folder,
                "--output",
                "cut",
                str(writes),
            ],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=False,
        )
        assert done.returncode == -signal.SIGKILL
    run("site", folder, "--output", "cut")

    whole, cut = said_in(tmp_path / "whole"), said_in(tmp_path / "cut")
    assert cut.keys() == whole.keys()
    assert {name for name in cut if cut[name] != whole[name]} <= {INDEX}


def test_on_a_terminal_the_bars_follow_each_other(folder, tmp_path):
    """Two bars at once are an error of the library that draws them."""
    main, other = pty.openpty()
    command = [sys.executable, "-m", "shared.cli.main", "site", folder]
    try:
        done = subprocess.run(
            [*command, "--output", tmp_path / "on-a-terminal"],
            env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm"},
            stdin=other,
            stdout=other,
            stderr=other,
            check=False,
        )
        said = os.read(main, 100_000).decode()
    finally:
        os.close(main)
        os.close(other)

    assert done.returncode == 0, said
    assert "indexing" in said
    assert "writing" in said
