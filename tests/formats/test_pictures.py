"""Pictures of messages: shown where they are held, named where they are not."""

import json
import re
from dataclasses import replace
from email import message_from_bytes
from email.policy import default
from html.parser import HTMLParser

import pytest
from inputs import logged

from builders import FIRST_ID, THREAD, edited, listed, received, to_log
from shared.domain.thread.attachment import Attachment, FetchOutcome, Origin
from shared.domain.thread.attachments import image_ids, missing_files
from shared.domain.thread.replay import replay
from shared.formats.held_files import ending, in_export
from shared.formats.part import Options
from shared.formats.registry import FORMATS, written
from threads import listing

URL = "https://contoso.example/chat/threads/19:x/images/i1/views/original"
STORED = "ab" * 32
AT = f"../rev=0001/attachments/{STORED}"


def file(**facts):
    return Attachment(
        **{
            "message_id": str(FIRST_ID),
            "number": 1,
            "origin": Origin.ATTACHMENT,
            "name": "cat.png",
            "url": URL,
            "revision": 1,
            "content_type": "image/png",
            "outcome": FetchOutcome.STORED,
            "stored": STORED,
            "bytes": 5,
            **facts,
        }
    )


LOST = {"stored": "", "reason": "there is no such file", "outcome": FetchOutcome.GONE}


def page_of(transcript, *files, options=None):
    transcript = transcript.with_attachments(files)
    ((_, data),) = written([FORMATS["html"]], transcript, options or Options())
    return data.decode()


def sent(html, files=({"id": "i1", "name": "cat.png", "url": URL},)):
    item = listed(0, type="html", content={"message": html, "attachments": list(files)})
    return replay(THREAD, logged(b""), [listing(item)])


def body(page):
    return re.search(r'<div class="text" dir="auto">(.*?)</div>', page, re.DOTALL)[1]


def policy(page):
    return re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]


@pytest.mark.parametrize("named", ['id="i1"', f'src="{URL}"', f'id="i1" src="{URL}"'])
def test_a_picture_that_is_held_is_shown(named):
    page = page_of(sent(f'<p>see <img alt="a cat" {named}></p>'), file())

    assert body(page) == (f'<p>see <img src="{AT}" alt="a cat" loading="lazy"></p>')
    assert f'<a href="{AT}" download="cat.png">' in page
    assert "img-src 'self'" in policy(page)


@pytest.mark.parametrize(
    ("facts", "shown"),
    [
        (LOST, "<em>[a cat: not held: there is no such file]</em>"),
        ({"erased": True}, "<em>[a cat: erased on request]</em>"),
        (
            {"content_type": "image/svg+xml"},
            f'<a href="{AT}" download="cat.png">[a cat]</a>',
        ),
        (
            {"content_type": "text/html", "name": 'x".html'},
            f'<a href="{AT}" download="x&quot;.html.bin">[a cat]</a>',
        ),
    ],
)
def test_any_other_is_named_and_linked_where_it_is_held(facts, shown):
    page = page_of(sent('<img id="i1" alt="a cat">'), file(**facts))

    assert body(page) == shown
    assert "img-src" not in policy(page)


def test_a_picture_without_a_file_leaves_its_text():
    page = page_of(
        sent('<img id="other" alt="a cat"><img src="https://x/y">', files=())
    )

    assert body(page) == "[a cat][image]"


def test_a_picture_within_a_link_stays_within_it():
    held = file(content_type="application/pdf", name="a.pdf")

    page = page_of(sent('<a href="https://x.example/"><img id="i1" alt="c"></a>'), held)

    assert body(page).endswith(">[c]</a>")
    assert body(page).count("<a ") == 1


def test_an_image_of_plain_chat_is_shown_in_every_version_that_had_it():
    ids = {"amsreferences": json.dumps(["0-wus-1"])}
    html = '<p><img id="0-wus-1" alt="first"></p>'
    events = [
        received(0, html, type="RichText/Html", metadata=ids),
        edited(0, "<p>gone</p>", type="RichText/Html"),
    ]
    transcript = replay(THREAD, logged(to_log(*events)), [])

    page = page_of(
        transcript, file(url="images/0-wus-1/views/original", name="0-wus-1")
    )

    assert body(page) == "<p>gone</p>"
    assert f'<p><img src="{AT}" alt="first" loading="lazy"></p>' in page


@pytest.mark.parametrize("kind", [None, 5, "x", ["i1"], {"i1": 1}, [None, 5]])
def test_attachments_of_no_form_leave_the_text_of_a_picture(kind):
    item = listed(
        0, type="html", content={"message": '<img id="i1">', "attachments": kind}
    )

    page = page_of(replay(THREAD, logged(b""), [listing(item)]))

    assert body(page) == "[image]"


def test_what_a_message_says_of_its_picture_is_text():
    evil = '"><script>alert(1)</script>'
    html = f"<img id='i1' alt='{evil}' onerror='alert(1)' style='x'>"

    page = page_of(sent(html), file(name=evil))

    class Scripts(HTMLParser):
        found = 0

        def handle_starttag(self, tag, attrs):
            self.found += tag == "script" or any(
                name.startswith("on") for name, _ in attrs
            )

    reader = Scripts()
    reader.feed(page)
    assert reader.found == 1  # the page's own


def test_a_mail_names_its_pictures_and_links_none():
    transcript = sent('<img id="i1" alt="a cat">').with_attachments((file(),))

    ((_, mail),) = written([FORMATS["eml"]], transcript, Options())

    assert b"attachments/" not in mail


def test_an_exported_page_leads_to_files_with_an_ending_that_opens():
    page = page_of(sent('<img id="i1">'), file(), options=Options(place=in_export))

    assert f'src="attachments/{STORED}.png"' in page


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"content_type": "image/JPEG; q=1"}, ".jpg"),
        ({"content_type": "application/pdf"}, ".pdf"),
        ({"content_type": "", "name": "Offer.DOCX"}, ".docx"),
        ({"content_type": "application/octet-stream", "name": "a\\b\\c.txt"}, ".txt"),
        ({"content_type": "text/html", "name": "x.html"}, ""),
        ({"content_type": "image/svg+xml", "name": "x.svg"}, ""),
        ({"content_type": "", "name": "run.exe"}, ""),
        ({"content_type": "", "name": "../../.png"}, ""),
        ({"content_type": "", "name": ""}, ""),
        # Its server says what it is, whatever the sender calls it.
        ({"content_type": "image/png", "name": "x.html"}, ".png"),
    ],
)
def test_no_ending_runs_what_somebody_sent(facts, expected):
    assert ending(replace(file(), **facts)) == expected


def test_the_pictures_of_a_version_are_looked_up_once(monkeypatch):
    asked = []

    def counted(metadata):
        asked.append(metadata)
        return image_ids(metadata)

    monkeypatch.setattr("shared.formats.html_message.image_ids", counted)
    ids = json.dumps([f"i{n}" for n in range(50)])
    html = "".join(f'<img id="i{n}">' for n in range(50))
    event = received(0, html, type="RichText/Html", metadata={"amsreferences": ids})

    page_of(replay(THREAD, logged(to_log(event)), []))

    assert len(asked) == 1


@pytest.mark.parametrize("name", ["md", "txt", "eml", "chunks"])
def test_a_picture_of_plain_chat_leaves_its_name_in_every_text(name):
    metadata = {"amsreferences": '["0-wus-1"]'}
    html = "<p>see <img id='0-wus-1'></p>"
    event = received(0, html, type="RichText/Html", metadata=metadata)
    transcript = replay(THREAD, logged(to_log(event)), [])

    files = dict(written([FORMATS[name]], transcript, Options()))

    assert "image 0-wus-1" in "".join(map(text_in, files.items()))


def text_in(file):
    name, data = file
    if not name.endswith(".eml"):
        return data.decode().replace("\\", "")
    mail = message_from_bytes(data, policy=default)
    return mail.get_body(("plain",)).get_content()


def test_an_image_that_is_attached_too_is_one_file():
    attachment = {"id": "i1", "name": "cat.png", "url": URL}
    content = {"message": "", "attachments": [attachment]}
    item = listed(0, content=content, metadata={"amsreferences": '["i1", "i2"]'})

    found = missing_files(replay(THREAD, logged(b""), [listing(item)]), revision=1)

    assert [file.name for file in found] == ["cat.png", "i2"]
