"""The live page of `chat-archive view --log`: events as they come, in a browser."""

import json
import os

import pytest
from azure.storage.blob import BlobServiceClient
from browser import tab
from viewing import served

from builders import ALICE, BOB, NOON, THREAD, edited, received, who
from shared.bootstrap.identity import utc_now
from shared.domain import layout
from shared.domain.log.record import encode_quarantined, encode_record
from shared.usecases.capture.live_events import MOST_KEPT

pytestmark = pytest.mark.azurite
BY_BOB = {
    "senderCommunicationIdentifier": who(BOB),
    "senderDisplayName": "Bob <b>& sons</b>",
}
ROUND = 2600
"""Milliseconds in which the page would have shown what came."""


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
        await it.page.wait_for_timeout(ROUND)
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
        await it.page.wait_for_timeout(ROUND)
        assert await rows.count() == 3


async def test_a_raw_id_leaves_room_for_what_was_said(account, live):
    nobody = received(0, "hello", senderDisplayName="")
    append(account, lines(nobody))
    size = {"width": 1100, "height": 600}
    async with tab(live, viewport=size) as it:
        said = it.page.locator("tbody td").last
        await it.page.get_by_text("hello").wait_for()
        box = await said.bounding_box()
        assert box["x"] + box["width"] <= size["width"]
        who = it.page.locator("tbody td").nth(3)
        assert await who.get_attribute("title") == ALICE


async def test_what_it_does_not_show_of_a_busy_day_is_counted(account, live):
    append(account, lines(*(received(n, f"text {n}") for n in range(MOST_KEPT + 3))))
    async with tab(live) as it:
        counts = it.page.locator("#counts")
        await it.page.get_by_text("watching").wait_for()
        for _ in range(2):
            said = await counts.inner_text()
            assert f"{MOST_KEPT} events" in said
            assert "3 that came are no longer kept here" in said
            await it.page.reload()
            await it.page.get_by_text("watching").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_live_page_is_open_to_everybody(account, live, scheme):
    append(account, lines(received(0, "hello")))
    async with tab(live, scheme=scheme, reduced_motion="reduce") as it:
        await it.page.locator("tbody tr").first.wait_for()
        assert await it.violations() == []


async def test_before_anything_is_archived_it_looks_as_it_will(
    running_azurite, account, live
):
    """The first minute of a newcomer: there is a log, and no archive."""
    service = BlobServiceClient.from_connection_string(
        running_azurite.connection_string
    )
    with service:
        service.delete_container(layout.ARCHIVE)
    append(account, lines(received(0, "hello")))
    phone = {"width": 400, "height": 800}
    async with tab(live, scheme="dark", viewport=phone, reduced_motion="reduce") as it:
        await it.page.locator("tbody tr").filter(has_text="hello").wait_for()
        assert await it.violations() == []
        assert await it.page.evaluate(
            "document.documentElement.scrollWidth <= innerWidth"
        )
        await it.page.get_by_role("link", name="All threads").click()
        await it.page.get_by_text("Nothing is archived yet").wait_for()
        assert await it.violations() == []
        await it.page.get_by_role("link", name="Live page").click()
        await it.page.get_by_text("watching").wait_for()


async def test_the_start_page_leads_to_it(account, live):
    async with tab(live.replace("live.html", "")) as it:
        await it.page.get_by_role("link", name="Live page").click()
        await it.page.get_by_text("watching").wait_for()
