"""`chat-archive view`: an archive and its log in a browser, for one person alone."""

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, urlsplit

import pytest
from browser import tab
from viewing import ask, served

from builders import BOB, FIRST_ID, THREAD, edited, received, thread_created, who
from shared.cli.view import has_screen
from verifying import write
from world import World

pytestmark = pytest.mark.azurite
GONE = b"The archive cannot be read: No such file or directory.\n"
BY_BOB = {
    "senderCommunicationIdentifier": who(BOB),
    "senderDisplayName": "Bob <b>& sons</b>",
}


async def conversations(more=()):
    world = World(formats=("json",))
    await world.receive(
        thread_created(properties={"topic": "Order 4711"}),
        received(0, "We promise a full refund by Friday"),
        edited(0, "We promise nothing"),
        received(1, "</script><script>alert(1)</script>", **BY_BOB),
        *more,
    )
    await world.finalize(THREAD)
    return world.archive.files


@pytest.fixture(scope="module")
def files():
    return asyncio.run(conversations())


@pytest.fixture(scope="module")
def long_thread():
    more = [received(1000 + n, f"Item {n} of the order") for n in range(5000)]
    return asyncio.run(conversations(more))


@pytest.fixture
def view(folder):
    with served(folder) as url:
        yield url


def test_nobody_gets_in_without_the_token_and_from_elsewhere(view):
    host = urlsplit(view)
    token = host.path.strip("/")

    assert len(token) >= 32
    assert ask(view)[0] == 200
    assert ask(view, Host="evil.example")[0] == 421
    assert ask(view, Host=f"evil.example:{host.port}")[0] == 421
    assert ask(view, method="HEAD")[::2] == (200, b"")
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
        assert ask(view, method=method)[0] == 405
    for path in (
        "",
        "x",
        token[:-1],
        token + "x",
        token.upper(),
        "%00",
        "%C3%A9",
        "..",
    ):
        wrong = f"http://{host.netloc}/{path}"
        status, headers, body = ask(wrong)
        assert status == 404, path
        assert b"Order" not in body
        assert token not in str(headers)


def test_nothing_is_kept_and_nothing_asked_elsewhere(view):
    for path in ("", "index.html", "site.js", "data/threads.1.js", "find.json", "no"):
        headers = ask(view, path)[1]
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "'unsafe" not in headers["Content-Security-Policy"]


def test_a_path_leads_nowhere_but_to_pages(view, folder):
    for path in (
        "threads/", "threads/x/transcript.html", "../archive", "threads/../index.html",
        "%2e%2e/index.html", "live.html", "events.json", "ask_server.js", "list.html",
    ):  # fmt: skip
        assert ask(view, path)[0] == 404, path


def test_what_is_asked_in_an_odd_way_is_refused_in_words(view):
    for asked in (
        "", "[]", "{}", "1", '{"words":1}', '{"words":"a","limit":"x"}', '{"a":1}',
        '{"words":"a","person":["x"]}', '{"words":"a","after":1e400}', "{" * 2000,
        '{"words":"a","limit":-5}', '{"words":"a","after":99999999999999999999}',
        '{"words":"a","offset":-1}', '{"words":"a","limit":1e9}', "[" * 2000,
        '{"words":"a","offset":[]}', '{"words":"a","offset":1e400}',
    ):  # fmt: skip
        status, _, body = ask(view, f"find.json?asked={quote(asked)}")
        assert status == 200, asked
        assert {"error"} == json.loads(body).keys() or "hits" in json.loads(body), asked


def test_without_words_the_limits_choose(view):
    for asked, count in (
        ({"words": " ", "edited": True, "limit": 9}, 1),
        ({"words": "", "deleted": True}, 0),
        ({"words": "", "person": []}, 0),
    ):
        body = ask(view, f"find.json?asked={quote(json.dumps(asked))}")[2]
        assert json.loads(body)["count"] == len(json.loads(body)["hits"]) == count
    nothing = quote(json.dumps({"words": ""}))
    assert "error" in json.loads(ask(view, f"find.json?asked={nothing}")[2])


async def test_it_shows_what_a_site_shows(view):
    async with tab(view) as it:
        await it.page.get_by_label("Search everything").fill("refund")
        await it.page.get_by_label("Search everything").press("Enter")
        hit = it.page.locator("#hits li")
        await hit.wait_for()
        assert await hit.locator("mark").all_inner_texts() == ["refund"]
        await hit.get_by_role("link").click()
        message = it.page.locator(f"#m-{FIRST_ID}")
        await message.locator("summary").click()
        assert await message.get_by_text("refund").first.is_visible()
        await it.page.get_by_role("link", name="All threads").click()
        await it.page.goto(view + "#find?words=bob")
        await hit.wait_for()
        assert await hit.locator("bdi mark").all_inner_texts() == ["Bob"]
        await it.page.goto(view + "#find?words=(a")
        await it.page.get_by_text("a bracket is left open").wait_for()
        await it.page.goto(view + "#people")
        await it.page.get_by_role("link", name="Bob <b>& sons</b>").wait_for()
        assert await it.violations() == []


async def test_a_reload_shows_what_the_archive_has_now(folder, files):
    more = [received(50_000, "brand new")]
    with served(folder) as url:
        async with tab(url) as it:
            assert await it.page.get_by_text("3 messages").count() == 0
            for path, data in (await conversations(more)).items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(data)
            await it.page.wait_for_timeout(5500)
            await it.page.reload()
            await it.page.get_by_text("3 messages").wait_for()


def test_an_archive_that_is_gone_is_said_and_nothing_is_kept(folder):
    with served(folder) as url:
        folder.rename(folder.with_name("elsewhere"))
        status, headers, body = ask(url)
        assert (status, body) == (500, GONE)
        assert headers["Cache-Control"] == "no-store"

        folder.with_name("elsewhere").rename(folder)
        assert ask(url)[0] == 200


def test_a_long_thread_holds_up_no_other_page(tmp_path, long_thread):
    write(tmp_path / "long", long_thread)
    ended = []

    def page(url, path):
        assert ask(url, path)[0] == 200
        ended.append(path)

    with served(tmp_path / "long") as url:
        row = ask(url, "data/threads.1.js")[2].decode()
        key = json.loads(row.partition(",")[2][:-1])[0][0]
        thread = f"threads/{key}/transcript.html"
        with ThreadPoolExecutor() as browser:
            for path in (thread, thread, "index.html"):
                browser.submit(page, url, path)
                time.sleep(0.1)

    assert ended == ["index.html", thread, thread]


def test_a_taken_port_is_named(run, folder, view):
    port = urlsplit(view).port
    said = run("view", folder, "--no-browser", "--port", port, status=2)

    assert f"port {port} cannot be used" in said


def test_a_folder_has_no_log(run, folder):
    assert "has no log" in run("view", folder, "--log", "--no-browser", status=2)


@pytest.mark.parametrize(
    ("platform", "env", "has"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("darwin", {}, True),
        ("win32", {}, True),
    ],
)
def test_a_browser_is_opened_where_it_has_a_window(monkeypatch, platform, env, has):
    monkeypatch.setattr("sys.platform", platform)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)

    assert has_screen() == has
