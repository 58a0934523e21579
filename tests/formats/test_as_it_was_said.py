"""Who said what, and what became of it, in the words of every format for people."""

import email
import email.policy
import io
import json
import zipfile

import openpyxl
import pyarrow.parquet as pq
import pytest
from inputs import erased_of, logged
from inputs import listing as listing_of

from builders import (
    ALICE,
    BOB,
    FIRST_ID,
    THREAD,
    deleted,
    edited,
    listed,
    listed_edited,
    received,
    thread_created,
    to_log,
    who,
)
from schemas import TRANSCRIPT
from shared.domain.thread.grade import Grade, grade_of
from shared.domain.thread.listing import ListingOutcome, Visibility
from shared.domain.thread.replay import replay
from shared.formats.part import EntraIdentity, Options
from shared.formats.registry import FORMATS, written

FULL = ListingOutcome(visibility=Visibility.FULL, reader=ALICE)
FOR_PEOPLE = ("html", "md", "txt", "chunks")


def thread(*events, items=()):
    listings = [listing_of(*items)]
    return replay(THREAD, logged(to_log(*events)), listings if items else ())


def text(transcript, name):
    files = written([FORMATS[name]], transcript)
    return b"".join(data for _, data in files).decode()


def rows(transcript):
    lines = text(transcript, "jsonl").splitlines()
    found = [json.loads(line) for line in lines if line.startswith("{")]
    return [row for row in found if "is_deleted" in row]


@pytest.mark.parametrize("time", [None, "2026-11-22 at noon", 5, ""])
def test_an_edit_or_deletion_without_a_readable_time_is_one_all_the_same(time):
    transcript = thread(
        received(0, "old text"),
        edited(0, "new text", editTime=time),
        received(1000, "secret"),
        deleted(1000, deleteTime=time),
    )

    first, second = rows(transcript)
    assert (first["is_edited"], second["is_deleted"]) == (True, True)
    assert (first["edited_on"], second["deleted_on"]) == ("", "")
    assert "(edited)" in text(transcript, "txt")
    assert "(deleted)" in text(transcript, "txt")
    page = text(transcript, "html")
    assert "edited time unknown" in page
    assert "<del>old</del> text" in page
    assert 'class="msg deleted"' in page
    edit, deletion = json.loads(manifest_of(transcript))["events"]
    assert [(e["previous"], e["new"]) for e in edit["edits"]] == [
        ("old text", "new text")
    ]
    assert (edit.get("deleted"), deletion["deleted"]) == (None, True)


def test_a_message_has_the_name_that_its_sender_had_then():
    transcript = thread(
        received(0, "May I?", senderDisplayName="Agent Kim"),
        received(1, "I refuse.", senderDisplayName="Agent Lee"),
        received(2, "Really.", senderDisplayName="Agent Lee"),
    )

    page = text(transcript, "html")
    assert page.count("<h3>") == 2
    assert page.index("Agent Kim</bdi></h3>") < page.index("May I?")
    assert page.index("Agent Lee</bdi></h3>") < page.index("I refuse.")
    names = [
        [fact["value"] for fact in event["custom"] if fact["name"] == "acs.sender_name"]
        for event in json.loads(manifest_of(transcript))["events"]
    ]
    assert names == [["Agent Kim"], ["Agent Lee"], ["Agent Lee"]]


@pytest.mark.parametrize("name", FOR_PEOPLE)
def test_a_message_of_an_unknown_type_shows_its_text(name):
    transcript = thread(
        received(0, "Your balance is 12", type="custom"),
        received(1, "<b>Card</b> of <i>Bob</i>", type="RichText/Media_Card"),
    )

    shown = text(transcript, name).replace("\\", "")
    assert "[custom]" in shown
    assert "Your balance is 12" in shown
    assert "[RichText/Media_Card]" in shown
    assert "Card</b> of" in shown or "Card of Bob" in shown


@pytest.mark.parametrize(
    "type", ["custom", "RichText/Media_Card", "text2", "Text/Plain"]
)
@pytest.mark.parametrize("name", FORMATS)
def test_what_was_written_in_an_unknown_type_is_in_every_format(name, type):
    by_bob = {"senderCommunicationIdentifier": who(BOB), "senderDisplayName": "Bob"}
    said = received(0, "Your balance is 12", type=type, **by_bob)
    transcript = thread(thread_created(), said, received(1, "Thanks"))

    assert "Your balance is 12" in exported(transcript, name)


@pytest.mark.parametrize("emoji", ["🙂", "👍"])
@pytest.mark.parametrize("name", FORMATS)
def test_an_emoji_of_teams_is_in_every_format(name, emoji):
    html = (
        '<p><img alt="🙂" itemtype="http://schema.skype.com/Emoji"></p>'
        '<emoji alt="👍"></emoji>'
    )
    by_bob = {"senderCommunicationIdentifier": who(BOB), "senderDisplayName": "Bob"}
    said = received(0, html, type="RichText/Html", **by_bob)
    transcript = thread(thread_created(), said, received(1, "Thanks"))

    assert emoji in exported(transcript, name)


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "finetune"])
def test_an_attached_file_is_named_in_every_format(name):
    file = {"id": "a", "attachmentType": "file", "name": "contract.pdf"}
    content = {"message": "c", "attachments": [file | {"url": "https://x.y/f"}]}
    transcript = thread(thread_created(), items=[listed(0, content=content)])

    assert "contract.pdf" in exported(transcript, name).replace("\\", "")


def exported(transcript, name):
    """Return what a format tells of a thread of Alice, an assistant, and Bob."""
    if name in ("eml", "rsmf"):
        return (
            people_read(transcript, name) if name == "eml" else manifest_of(transcript)
        )
    identities = {
        user: EntraIdentity(id=user[-3:], display_name="E") for user in (ALICE, BOB)
    }
    options = Options(roles={ALICE: "assistant", BOB: "user"}, identities=identities)
    files = dict(written([FORMATS[name]], transcript, options))
    if name == "parquet":
        tables = [pq.read_table(io.BytesIO(data)) for data in files.values()]
        return str([table.to_pylist() for table in tables])
    if name == "xlsx":
        books = [openpyxl.load_workbook(io.BytesIO(data)) for data in files.values()]
        return str([list(book.active.values) for book in books])
    return b"".join(files.values()).decode()


@pytest.mark.parametrize("name", FOR_PEOPLE)
def test_what_joined_and_left_is_told(name):
    left = {
        "participants": [{"communicationIdentifier": who(BOB), "displayName": "Bob"}]
    }
    transcript = thread(
        thread_created(), items=[listed(0, type="participantRemoved", content=left)]
    )

    assert "Bob left" in text(transcript, name)


@pytest.mark.parametrize("name", ["html", "md", "txt"])
@pytest.mark.parametrize("visibility", [Visibility.FULL, Visibility.EVENTS_ONLY])
def test_what_was_erased_is_told_beside_whether_all_is_there(name, visibility):
    events = [thread_created(), *(received(number, "x") for number in range(3))]
    listing = listing_of(
        *(listed(number, "x") for number in (1,)),
        outcome=ListingOutcome(visibility=visibility),
    )
    log = to_log(*events)

    whole, erased = (
        text(replay(THREAD, events, [listing]), name)
        for events in (logged(log), erased_of(log, 1, 3))
    )

    assert "erased" not in whole
    assert ", 2 messages erased on request" in erased


ENDS = [
    "\n",
    "\r",
    "\r\n",
    "\u2028",
    "\u2029",
    "\x85",
    "\v",
    "\f",
    "\x1c",
    "\x1d",
    "\x1e",
]
"""What some reader takes for the end of a line."""
FORGED = "[2026-11-22 12:00:05] Boss: approved"


@pytest.mark.parametrize("type", ["Text", "RichText/Html"])
@pytest.mark.parametrize("name", ["txt", "chunks", "md", "eml", "rsmf"])
def test_no_line_of_a_message_passes_for_somebody_elses(name, type):
    if type == "Text":
        said = "hello" + "".join(f"{end}{FORGED}" for end in ENDS)
    else:
        ends = [f"&#{ord(end)};" for end in ENDS if len(end) == 1]
        said = "hello" + "".join(
            f"{end}{FORGED}<pre>{end}{FORGED}</pre>" for end in ends
        )
    transcript = thread(received(0, said, type=type))

    shown = people_read(transcript, name)
    lines = [line.removeprefix("\\") for line in shown.splitlines()]
    assert not any(line.startswith(FORGED) for line in lines)
    assert shown.replace("\\", "").count("Boss: approved") == said.count(FORGED)


def people_read(transcript, name):
    """Return what people read of a thread of one day in a format of text."""
    if name == "chunks":
        return json.loads(text(transcript, name).splitlines()[0])["content"]
    if name in ("eml", "rsmf"):
        ((_, data),) = written([FORMATS[name]], transcript)
        mail = email.message_from_bytes(data, policy=email.policy.default)
        return mail.get_body(("plain",)).get_content()
    return text(transcript, name)


def test_a_message_without_a_sender_is_by_nobody_known():
    transcript = thread(
        received(0, "I agree", senderDisplayName="", senderCommunicationIdentifier=None)
    )

    assert "unknown sender: I agree" in text(transcript, "txt")
    assert "system: I agree" not in text(transcript, "txt")


def test_a_sender_without_a_raw_id_has_the_id_of_the_typed_identifier():
    transcript = thread(
        received(0, "hello", senderCommunicationIdentifier={"communicationUser": {"id": ALICE}})
    )  # fmt: skip

    assert rows(transcript)[0]["sender_id"] == ALICE
    assert transcript.messages[0].sender_id == ALICE


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Pay 1\n 000 EUR\nthanks", "> Pay 1\\\n> &#32;000 EUR\\\n> thanks"),
        ("a\n\nb", "> a\n>\n> b"),
        ("a  b\n    c", "> a &#32;b\\\n> &#32;&#32;&#32;&#32;c"),
        ("one", "> one"),
        ("ends with \\\nx", "> ends with \\\\\\\n> x"),
    ],
)
def test_markdown_keeps_lines_and_blanks(said, shown):
    assert f"\n{shown}\n" in text(thread(received(0, said)), "md")


def test_the_first_and_last_time_are_found_as_times():
    transcript = thread(
        received(0, "a", composeTime="2026-11-22T12:00:00.5Z"),
        received(1, "b", composeTime="2026-11-22T12:00:00Z"),
    )

    ((_, data),) = written([FORMATS["rsmf"]], transcript)

    mail = email.message_from_bytes(data, policy=email.policy.default)
    assert mail["X-RSMF-BeginDate"] == "2026-11-22T12:00:00Z"
    assert mail["X-RSMF-EndDate"] == "2026-11-22T12:00:00.500000Z"


def manifest_of(transcript):
    """Return the manifest in the only RSMF file of a thread of one day."""
    ((_, data),) = written([FORMATS["rsmf"]], transcript)
    mail = email.message_from_bytes(data, policy=email.policy.default)
    (attached,) = mail.iter_attachments()
    zipped = zipfile.ZipFile(io.BytesIO(attached.get_content()))
    return zipped.read("rsmf_manifest.json").decode()


def transcript_json(transcript):
    """Return the only message of `transcript.json`, which is one of the schema."""
    value = json.loads(text(transcript, "json"))
    TRANSCRIPT.validate(value)
    (message,) = value["messages"]
    return message


def owing(said="I owe you 100", shown="I owe you 900"):
    """A thread of one message, of which event and listing tell different things."""
    return thread(thread_created(), received(0, said), items=[listed(0, shown)])


@pytest.mark.parametrize("name", [*FOR_PEOPLE, "csv", "jsonl", "json", "rsmf"])
def test_what_event_and_listing_tell_differently_is_told_twice(name):
    transcript = owing()

    shown = manifest_of(transcript) if name == "rsmf" else text(transcript, name)
    assert "I owe you 100" in shown
    assert "I owe you 900" in shown


@pytest.mark.parametrize("name", [*FOR_PEOPLE, "rsmf"])
def test_where_both_tell_the_same_nothing_is_said_of_it(name):
    transcript = owing(shown="I owe you 100")

    shown = manifest_of(transcript) if name == "rsmf" else text(transcript, name)
    assert "tells otherwise" not in shown
    assert "listed" not in transcript_json(transcript)["versions"][0]
    assert rows(transcript)[0]["listed"] == ""


@pytest.mark.parametrize("name", ["html", "md", "txt", "jsonl", "json", "rsmf"])
def test_a_deletion_that_the_listing_denies_is_told(name):
    item = listed(0, "still here", version=str(FIRST_ID + 900))
    transcript = thread(received(0, "gone"), deleted(0), items=[item])

    shown = manifest_of(transcript) if name == "rsmf" else text(transcript, name)
    assert "gone" in shown
    assert "still here" in shown


@pytest.mark.parametrize("name", [*FOR_PEOPLE, "csv", "jsonl", "json", "rsmf"])
def test_an_edit_whose_text_the_listing_tells_differently_is_told(name):
    transcript = thread(
        received(0, "first"),
        edited(0, "I owe you 100"),
        items=[listed_edited(0, "I owe you 900")],
    )

    shown = manifest_of(transcript) if name == "rsmf" else text(transcript, name)
    assert "I owe you 100" in shown
    assert "I owe you 900" in shown


def test_a_thread_with_such_a_message_is_not_called_complete():
    assert owing(shown="I owe you 100").is_complete

    transcript = owing()

    assert not transcript.is_complete
    assert grade_of(transcript) == Grade("may_be_incomplete", "differs")
    assert transcript.outcomes["differs"] == 1
    assert transcript_json(transcript)["versions"][0]["listed"] == {
        "message": "I owe you 900"
    }
    page = text(transcript, "html")
    assert "<li>1 message: differs</li>" in page
    assert "every message was checked" not in page


def test_what_the_listing_says_is_text_and_on_one_line():
    forged = "[2026-11-22 12:00:05] Boss: approved"
    transcript = owing(shown=f"<script>alert(1)</script>\n{forged}\n# *x*")

    page = text(transcript, "html")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert(1)" not in page
    for name in ("txt", "md"):
        lines = text(transcript, name).splitlines()
        assert not any(line.startswith((forged, "# *x*")) for line in lines)
    content = json.loads(text(transcript, "chunks").splitlines()[0])["content"]
    assert not any(line.startswith(forged) for line in content.splitlines())


def test_rsmf_tells_names_files_and_the_first_and_last_time():
    transcript = thread(
        received(1000, "b", senderDisplayName="Dana"),
        items=[
            listed(
                2000,
                "c",
                createdOn="2026-11-22T12:00:00Z",
                content={
                    "message": "c",
                    "attachments": [{"name": "contract.pdf", "url": "https://x.y/f"}],
                },
            )
        ],
    )

    ((_, data),) = written([FORMATS["rsmf"]], transcript)
    mail = email.message_from_bytes(data, policy=email.policy.default)
    assert mail["X-RSMF-BeginDate"] == "2026-11-22T12:00:00Z"
    assert mail["X-RSMF-EndDate"] == "2026-11-22T12:00:01Z"
    manifest = manifest_of(transcript)
    assert "contract.pdf https://x.y/f" in manifest
    names = {one["id"]: one["display"] for one in json.loads(manifest)["participants"]}
    assert "Dana" in names.values()


EDITED_TO_HTML = "<p>a &amp; <b>c</b></p>"


@pytest.mark.parametrize("first", ["Text", "RichText/Html"])
def test_each_version_is_read_as_the_type_it_had(first):
    second = "Text" if first != "Text" else "RichText/Html"
    events = [
        received(0, EDITED_TO_HTML, type=first),
        edited(0, EDITED_TO_HTML, type=second),
    ]
    transcript = replay(THREAD, logged(to_log(*events)), [])
    shown = {"Text": EDITED_TO_HTML, "RichText/Html": "a & c"}

    txt = text(transcript, "txt")
    assert f"Alice: {shown[second]} (edited)" in txt
    assert f"was: {shown[first]}" in txt
    (message,) = transcript.messages
    assert message.type == ("text" if second == "Text" else "html")
    ((_, data),) = written([FORMATS["json"]], transcript, Options())
    (told,) = json.loads(data)["messages"]
    assert told["versions"][0]["type"] == ("text" if first == "Text" else "html")
    assert "type" not in told["versions"][1]


def test_a_name_that_an_edit_tells_otherwise_is_kept():
    events = [received(0), edited(0, senderDisplayName="Alice (Sales)")]
    transcript = replay(THREAD, logged(to_log(*events)), [])

    (message,) = transcript.messages
    assert message.sender_name == "Alice"
    assert [version.sender_name for version in message.versions] == [
        "Alice", "Alice (Sales)",
    ]  # fmt: skip
