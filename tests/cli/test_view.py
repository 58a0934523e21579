"""`chat-archive view`: an archive and its log in a browser, for one person alone."""

import asyncio
import json
import os
from urllib.parse import quote, urlsplit

import pytest
from azure.storage.blob import BlobServiceClient
from browser import tab
from viewing import ask, served

from builders import BOB, FIRST_ID, NOON, THREAD, edited, received, thread_created, who
from shared.bootstrap.identity import utc_now
from shared.cli.view import has_screen
from shared.domain import layout
from shared.domain.log.record import encode_quarantined, encode_record
from world import World

pytestmark = pytest.mark.azurite
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
        '{"words":"a","offset":-1}', '{"words":"a","limit":1e9}',
    ):  # fmt: skip
        status, _, body = ask(view, f"find.json?asked={quote(asked)}")
        assert status == 200, asked
        assert {"error"} == json.loads(body).keys() or "hits" in json.loads(body), asked


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


def test_a_taken_port_is_named(run, folder, view):
    port = urlsplit(view).port
    said = run("view", folder, "--no-browser", "--port", port, status=2)

    assert f"port {port} cannot be used" in said


def test_a_folder_has_no_log(run, folder):
    assert "has no log" in run("view", folder, "--log", "--no-browser", status=2)


# The live page


@pytest.fixture
def account(running_azurite, files):
    service = BlobServiceClient.from_connection_string(
        running_azurite.connection_string
    )
    with service:
        for container in service.list_containers():
            service.delete_container(container.name)
        archive = service.create_container(layout.ARCHIVE)
        for path, data in files.items():
            kind = "AppendBlob" if path.startswith("ledger/") else "BlockBlob"
            archive.upload_blob(path, data, blob_type=kind)
        yield service.create_container(layout.LOG)


@pytest.fixture
def live(account, running_azurite, tmp_path):
    env = {
        "CHAT_STORAGE": running_azurite.connection_string,
        "XDG_CACHE_HOME": str(tmp_path),
    }
    with served("--log", **env) as url:
        yield url + "live.html"


def append(log, data, stem=None):
    stem = stem or layout.segment_stem(THREAD, utc_now().date())
    blob = log.get_blob_client(layout.segment_path(stem, 0))
    if not blob.exists():
        blob.create_append_blob()
    blob.append_block(data)


def lines(*events):
    return b"".join(
        encode_record(json.dumps(event), utc_now(), os.urandom(16)) for event in events
    )


async def test_events_are_shown_as_they_come_and_a_reload_loses_nothing(account, live):
    append(account, lines(received(0, "hello")))
    async with tab(live) as it:
        rows = it.page.locator("tbody tr")
        await rows.filter(has_text="hello").wait_for()
        append(account, lines(received(0, "hello"), edited(0, "hello <b>again</b>")))
        reason = "the event has no type"
        quarantined = encode_quarantined("{}", utc_now(), reason, bytes(16))
        append(account, quarantined, layout.quarantine_stem("", NOON.date()))
        await rows.filter(has_text="hello <b>again</b>").wait_for()
        await rows.filter(has_text=reason).wait_for()
        assert await rows.filter(has_text="duplicate").count() == 1
        shown = await rows.all_inner_texts()

        await it.page.reload()
        await rows.nth(3).wait_for()
        assert await rows.all_inner_texts() == shown
        counts = await it.page.locator("#counts").inner_text()
        assert "4 events" in counts
        assert "1 duplicate," in counts
        assert "1 in quarantine" in counts


async def test_it_can_be_paused_and_filtered(account, live):
    append(account, lines(received(0, "one"), received(1, "two", **BY_BOB)))
    async with tab(live) as it:
        rows = it.page.locator("tbody tr")
        await rows.nth(1).wait_for()
        await it.page.get_by_role("button", name="Pause").click()
        append(account, lines(received(2, "three")))
        await it.page.wait_for_timeout(3000)
        assert await rows.count() == 2
        await it.page.get_by_role("button", name="Pause").click()
        await rows.nth(2).wait_for()
        await it.page.get_by_label("Filter").fill("sons")
        assert await rows.count() == 1
        await it.page.get_by_label("Filter").fill("")
        await it.page.get_by_label("Kind").select_option("received")
        assert await rows.count() == 3
        await it.page.get_by_label("Thread").select_option(THREAD)
        assert await rows.count() == 3
        append(account, lines(edited(0, "changed")))
        await it.page.wait_for_timeout(3000)
        assert await rows.count() == 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_live_page_is_open_to_everybody(account, live, scheme):
    append(account, lines(received(0, "hello")))
    async with tab(live, scheme=scheme, reduced_motion="reduce") as it:
        await it.page.locator("tbody tr").first.wait_for()
        assert await it.violations() == []


async def test_the_start_page_leads_to_it(account, live):
    async with tab(live.replace("live.html", "")) as it:
        await it.page.get_by_role("link", name="Live page").click()
        await it.page.get_by_text("watching").wait_for()


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
