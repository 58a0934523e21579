"""The files of a message on their way to Teams: shown, linked or named, where they fit."""

import base64
from dataclasses import replace

import pytest

from builders import ALICE, THREAD, listed, received
from local.picture import png
from shared.domain import layout
from shared.domain.evidence.paths import ATTACHMENTS
from shared.formats.graph_plan import LONGEST_BODY, planned
from shared.formats.held_files import in_export
from shared.formats.part import EntraIdentity, Options
from shared.usecases.reading.find import Find, Selection
from shared.usecases.teams import message_files
from shared.usecases.teams.message_files import MessageFiles
from world import World

AT = "https://files.contoso.com/chats"
URL = "https://contoso.communication.azure.com/images/"
MAP = Options(identities={ALICE: EntraIdentity(id="a", display_name="Ann")})
PICTURE = png(60, 40)
PAPER = b"%PDF-1.7 a contract"


class Sent:
    """One message with a picture and a contract, archived, and as it would be sent."""

    def __init__(self, world, transcript):
        self.world, self.transcript = world, transcript
        self.post = planned(transcript, MAP).posts[-1]

    async def __call__(self, files_at=""):
        files = MessageFiles(
            archive=self.world.archive, transcript=self.transcript, files_at=files_at
        )
        return await files.added_to(self.post)

    @property
    def text(self):
        return self.post.body["body"]["content"]


async def archived(text="see", *, named="A & B.pdf"):
    world = World(formats=("json",))
    world.images.files |= {f"{URL}1": PICTURE, f"{URL}2": PAPER}
    content = {
        "message": text,
        "attachments": [
            {"id": "1", "attachmentType": "image", "name": "a.png", "url": f"{URL}1"},
            {"id": "2", "attachmentType": "image", "name": named, "url": f"{URL}2"},
        ],
    }
    await world.receive(received(0, "look"))
    world.chat.shows(THREAD, ALICE, listed(1, type="html", content=content))
    await world.finalize(THREAD)
    find = Find(archive=world.archive, on_bytes=lambda _: None, on_failure=pytest.fail)
    (transcript,) = [each async for each in find(Selection())]
    return Sent(world, transcript)


async def test_a_picture_goes_with_its_message_and_a_paper_is_named():
    sent = await archived()
    body, pictures = await sent()

    assert pictures == 1
    (hosted,) = body["hostedContents"]
    assert base64.b64decode(hosted["contentBytes"]) == PICTURE
    assert body["body"]["content"] == (
        f'{sent.text}<br><img src="../hostedContents/1/$value">'
        "<br>A &amp; B.pdf (in the chat archive)"
    )


async def test_a_paper_is_linked_to_where_an_export_of_html_puts_it():
    sent = await archived()
    place = in_export(sent.transcript.attachments[1])
    body, _ = await sent(f"{AT}/")

    folder = layout.thread_folder(THREAD).replace("%", "%25")
    assert body["body"]["content"].endswith(
        f'<br><a href="{AT}/{folder}{place}">A &amp; B.pdf</a>'
    )


async def test_a_picture_too_large_to_go_is_named(monkeypatch):
    monkeypatch.setattr(message_files, "MOST_PICTURE_BYTES", len(PICTURE) - 1)
    body, pictures = await (await archived())()

    assert (pictures, "hostedContents" in body) == (0, False)
    assert "<br>a.png (in the chat archive)<br>" in body["body"]["content"]


@pytest.mark.parametrize("spare", [0, 20, 40, 60])
async def test_a_file_makes_no_message_longer_than_graph_takes(spare):
    sent = await archived("é" * ((LONGEST_BODY - spare) // 2))
    assert LONGEST_BODY - spare - 1 <= len(sent.text.encode()) <= LONGEST_BODY
    body, pictures = await sent()

    assert len(body["body"]["content"].encode()) <= LONGEST_BODY
    assert pictures == body["body"]["content"].count("hostedContents")
    assert body["body"]["content"].startswith(sent.text)


PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
TAG = len('<br><img src="../hostedContents/1/$value">')


@pytest.mark.parametrize(
    ("data", "kind", "text", "sent_as"),
    [
        (PNG, "image/png", "hello", ["image/png"]),
        (b"\xff\xd8\xff" + bytes(9), "image/jpeg", "hello", ["image/jpeg"]),
        (b"GIF89a" + bytes(9), "image/gif", "hello", ["image/gif"]),
        (PNG, "image/jpeg; charset=x", "hello", ["image/png"]),
        (b"<html>", "image/png", "hello", []),
        (b"", "image/gif", "hello", []),
        (PNG, "image/svg+xml", "hello", []),
        (PNG + bytes(2 * 1024 * 1024), "image/png", "hello", []),
        (PNG, "image/png", "x" * (LONGEST_BODY - TAG), ["image/png"]),
        (PNG, "image/png", "x" * (LONGEST_BODY - TAG + 1), []),
        (PNG, "image/png", "\U0001f642" * (LONGEST_BODY // 4), []),
    ],
)
async def test_a_picture_goes_along_where_it_is_one_and_there_is_room(
    data, kind, text, sent_as
):
    """What does not go stays in the archive; the message goes all the same."""
    sent = await archived()
    file, *_ = sent.transcript.attachments
    file = replace(file, content_type=kind, stored="p.bin", bytes=len(data))
    path = layout.revision_path(THREAD, file.revision, f"{ATTACHMENTS}p.bin")
    await sent.world.archive.create(path, data)
    sent.transcript = replace(sent.transcript, attachments=(file,))
    said = {"contentType": "html", "content": text}
    sent.post = replace(sent.post, body={**sent.post.body, "body": said})

    body, pictures = await sent()

    kinds = [each["contentType"] for each in body.get("hostedContents", ())]
    assert (kinds, pictures) == (sent_as, len(sent_as))
    assert len(body["body"]["content"].encode()) <= LONGEST_BODY


async def test_an_erased_file_does_not_go_nor_is_it_named():
    sent = await archived()
    gone = [replace(file, erased=True) for file in sent.transcript.attachments]
    sent.transcript = replace(sent.transcript, attachments=tuple(gone))

    assert await sent() == (sent.post.body, 0)


async def test_a_file_missing_from_the_archive_is_named_as_any_other():
    sent = await archived()
    for path in list(sent.world.archive.files):
        if "/attachments/" in path:
            del sent.world.archive.files[path]
    body, pictures = await sent()

    assert pictures == 0
    assert "a.png (in the chat archive)" in body["body"]["content"]
