"""A long thread is written as pages; each can be read, and leads to the others."""

import re

import pytest
from inputs import logged

from builders import BOB, FIRST_ID, THREAD, edited, received, to_log, who
from shared.domain.thread.compressed_messages import BLOCK, CompressedMessages
from shared.domain.thread.replay import replay
from shared.formats.html_pages import MOST_MESSAGES, page_name, page_of
from shared.formats.part import PLAIN, Options
from shared.formats.registry import FORMATS, renderer_of, written

BY_BOB = {"senderCommunicationIdentifier": who(BOB), "senderDisplayName": "Bob"}


def pages_of(count, options=PLAIN, each=3_600_000):
    events = [
        received(n * each, f"text {n}", **(BY_BOB if n % 2 else {}))
        for n in range(count)
    ]
    transcript = replay(THREAD, logged(to_log(*events)), [])
    return {
        name: data.decode()
        for name, data in written([FORMATS["html"]], transcript, options)
    }


def ids(page):
    return re.findall(r'id="m-(\d+)"', page)


@pytest.mark.parametrize(
    ("count", "pages"), [(0, 1), (1, 1), (1000, 1), (1001, 2), (2500, 3)]
)
def test_a_page_has_up_to_a_thousand_messages(count, pages):
    found = pages_of(count)

    assert list(found) == [page_name(number) for number in range(1, pages + 1)]
    assert max(len(ids(page)) for page in found.values()) <= MOST_MESSAGES
    listed = [message for page in found.values() for message in ids(page)]
    assert listed == [str(FIRST_ID + n * 3_600_000) for n in range(count)]
    for ordinal in {0, count // 2, max(0, count - 1)} if count else ():
        assert listed[ordinal] in ids(found[page_name(page_of(ordinal))])


def test_pages_are_named_as_the_format_says():
    for name in pages_of(2500):
        assert renderer_of(name) == "html 2"
    assert page_name(2) == "transcript.0002.html"
    assert not FORMATS["html"].is_mine("transcript.2.html")


def test_every_page_leads_to_the_others_and_says_where_it_is():
    first, second, third = pages_of(2500).values()

    assert "Page 2 of 3: messages 1,001 to 2,000 of 2,500" in second
    for page, links in ((first, {2, 3}), (second, {1, 3}), (third, {1, 2})):
        (nav, again) = re.findall(r'<nav class="pages".*?</nav>', page, re.DOTALL)
        found = re.findall('href="([^"]*)"', nav)
        assert set(found) == {page_name(number) for number in links}
        assert found == re.findall('href="([^"]*)"', again)


def test_a_link_to_a_month_leads_to_its_first_day():
    pages = pages_of(2500)
    months = re.search(r"Months: (.*?)</p>", pages[page_name(1)])[1]

    links = re.findall(r'<a href="([^"#]*)#([^"]*)">([^<]*)</a>', months)
    assert [month for _, _, month in links][:2] == ["2026-11", "2026-12"]
    for name, anchor, month in links:
        assert f'<h2 class="day" id="{anchor}">' in pages[name]
        assert anchor.startswith(f"d-{month}-")
        before = pages[name].partition(f'id="{anchor}"')[0]
        assert f'id="d-{month}-' not in before


def test_a_day_that_comes_again_has_an_id_of_its_own():
    events = [
        received(0, "a"),
        received(1, "b", composeTime="2026-11-25T00:00:00Z"),
        received(2, "c"),
        received(3, "d", composeTime="once"),
    ]
    transcript = replay(THREAD, logged(to_log(*events)), [])
    ((_, data),) = written([FORMATS["html"]], transcript)
    days = re.findall(r'<h2 class="day" id="([^"]*)"', data.decode())

    assert len(days) == len(set(days))


def test_one_person_has_one_colour_on_every_page():
    pages = pages_of(1500)

    for page in pages.values():
        groups = set(re.findall(r'class="group (h\d+)" data-by="(\d+)"', page))
        assert groups == {("h0", "0"), ("h1", "1")}
        assert '<option value="0">Alice</option><option value="1">Bob' in page


def test_a_page_says_what_it_is_of_and_how_to_verify_it():
    (archived,) = pages_of(1).values()
    (copied,) = pages_of(1, Options(is_copy=True)).values()

    assert "renders this page again" in archived
    assert "this page is a copy" in copied
    for page in (archived, copied):
        assert f"of thread <code>{THREAD}</code>" in page
        assert "1 record in the event log" in page
        assert "All times are UTC." in page


def test_a_page_of_a_site_has_the_site_s_style_and_script():
    (page,) = pages_of(1, Options(site="../../", is_copy=True)).values()

    assert '<link rel="stylesheet" href="../../page.css">' in page
    assert '<script src="../../page.js"></script>' in page
    assert '<a href="../../index.html">All threads</a>' in page
    assert "<style>" not in page
    assert "default-src 'none'" in page


def test_a_part_of_a_page_is_read_without_the_rest(monkeypatch):
    messages = replay(
        THREAD, logged(to_log(*(received(n, str(n)) for n in range(700)))), []
    ).messages
    packed = CompressedMessages(messages)
    for part in (slice(0, 3), slice(250, 520), slice(690, 900), slice(5, 5)):
        assert list(packed[part]) == list(messages[part])
    assert list(packed[600:3:-250]) == list(messages[600:3:-250])
    opened = []
    monkeypatch.setattr(
        "shared.domain.thread.compressed_messages.decompress",
        lambda block: opened.append(block) or (),
    )
    with pytest.raises(IndexError):
        packed[BLOCK : BLOCK + 2]
    assert len(opened) == 1


def test_an_edit_shows_what_changed():
    events = [received(0, "It comes on Firday."), edited(0, "It comes on Friday.")]
    transcript = replay(THREAD, logged(to_log(*events)), [])
    ((_, data),) = written([FORMATS["html"]], transcript)
    page = data.decode()

    assert "It comes on <del>Firday</del>." in page
    assert "It comes on <ins>Friday</ins>." in page
    assert '<div class="text" dir="auto">It comes on Friday.</div>' in page
    assert '<article class="msg edited"' in page
