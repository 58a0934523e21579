"""What people are called, and what they did to the thread, in words."""

import email
import email.policy
import io
import json
import zipfile
from email.utils import getaddresses

import pytest
from inputs import listing as listing_of
from inputs import logged

from builders import ALICE, BOB, THREAD, listed, received, to_log, who
from shared.domain.thread.replay import replay
from shared.formats.names import NOBODY, Names, names
from shared.formats.plain import describe_change
from shared.formats.registry import FORMATS, written
from threads import person

CAROL = "8:acs:11111111-1111-1111-1111-111111111111_carol"
ALEX, OTHER = "8:acs:r_alex-1", "8:acs:r_alex-2"
ROSTER = [person(ALICE, "Alice"), person(BOB, "Bob"), person(CAROL, "Carol")]


def system(type, *, by=None, number=0, **content):
    """A system message as the service lists it, by somebody or by nobody known."""
    if by:
        content["initiatorCommunicationIdentifier"] = who(by)
    return listed(
        number,
        type=type,
        content=content,
        senderCommunicationIdentifier=None,
        senderDisplayName=None,
    )


def unnamed(user):
    return {"communicationIdentifier": who(user)}


def thread(*events, items=(), participants=()):
    found = listing_of(*items, participants=participants)
    return replay(THREAD, logged(to_log(*events)), [found])


def said(message, user, name):
    return received(
        message,
        f"text {message}",
        senderCommunicationIdentifier=who(user),
        senderDisplayName=name,
    )


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (system("participantRemoved", by=ALICE, participants=[unnamed(BOB)]), "Alice removed Bob"),
        (system("participantRemoved", by=BOB, participants=[unnamed(BOB)]), "Bob left"),
        (system("participantRemoved", participants=[unnamed(BOB)]), "Bob left"),
        (system("participantAdded", by=ALICE, participants=[unnamed(BOB), unnamed(CAROL)]), "Alice added Bob, Carol"),
        (system("participantAdded", by=BOB, participants=[unnamed(BOB)]), "Bob joined"),
        (system("participantAdded", participants=[unnamed(BOB), unnamed(CAROL)]), "Bob, Carol joined"),
        (system("participantAdded", by=ALICE, participants=[unnamed(BOB), unnamed(ALICE)]), "Alice joined and added Bob"),
        (system("participantAdded", by=ALICE, participants=[person(BOB, "Robert")]), "Alice added Robert"),
        (system("participantAdded", by=ALICE), "Alice added somebody"),
        (system("participantAdded", by=ALICE, participants=[None, 5]), "Alice added somebody, somebody"),
        (system("participantAdded", participants=[unnamed("8:acs:x")]), "8:acs:x joined"),
        (system("participantRemoved", participants="all"), "Somebody left"),
        (system("topicUpdated", by=ALICE, topic="Loan\n7"), "Alice changed the topic to: Loan 7"),
        (system("topicUpdated", topic="Loan"), "The topic is now: Loan"),
        (system("topicUpdated", by=ALICE, topic=" "), "Alice cleared the topic"),
        (system("topicUpdated", topic=""), "The topic was cleared"),
        (system("topicUpdated", by=ALICE), "Alice changed the topic"),
        (system("topicUpdated"), "The topic was changed"),
        (system("somethingNew", by=ALICE), "somethingNew"),
    ],
)  # fmt: skip
def test_a_system_message_says_who_did_what(item, words):
    transcript = thread(items=[item], participants=ROSTER)

    (message,) = transcript.messages
    assert describe_change(message, names(transcript)) == words
    for name in ("txt", "chunks", "eml"):
        assert words in text(transcript, name)


def text(transcript, name):
    """What people read of a thread of one day in some format."""
    files = dict(written([FORMATS[name]], transcript))
    if name == "chunks":
        return json.loads(files["chunks.jsonl"].splitlines()[0])["content"]
    (data,) = files.values()
    if name in ("eml", "rsmf"):
        mail = email.message_from_bytes(data, policy=email.policy.default)
        return mail.get_body(("plain",)).get_content()
    return data.decode()


def test_rsmf_tells_of_each_who_joined_by_whom():
    people = [unnamed(ALICE), unnamed(BOB)]
    joined = system("participantAdded", by=ALICE, participants=people)

    shown = text(thread(items=[joined], participants=ROSTER), "rsmf")

    assert [line[21:] for line in shown.splitlines()] == [
        "* Alice joined", "* Alice added Bob",
    ]  # fmt: skip


def test_a_name_is_that_of_the_message_else_of_the_participant_else_the_id():
    transcript = thread(
        said(0, ALICE, "Agent Kim"),
        said(1, BOB, ""),
        said(2, "8:acs:x", ""),
        said(3, CAROL, "Carol"),
        said(4, CAROL, ""),
        participants=[person(ALICE, "Alice"), person(BOB, "Bob")],
    )

    called = names(transcript)
    assert [called.sender(message) for message in transcript.messages] == [
        "Agent Kim", "Bob", "8:acs:x", "Carol", "Carol",
    ]  # fmt: skip
    assert called.of(ALICE) == "Alice"
    assert "Bob: text 1" in text(transcript, "txt")


@pytest.mark.parametrize(
    "other",
    ["Alex", "ALEX", "A\u200blex", "\uff21lex", f"Alex ({ALEX})", " Alex\u2028", "Alex\u202e"],
)  # fmt: skip
def test_of_two_people_whose_names_look_alike_the_ids_are_told(other):
    transcript = thread(said(0, ALEX, "Alex"), said(1, OTHER, other), said(2, BOB, "B"))

    called = names(transcript)
    first, second, third = (called.sender(each) for each in transcript.messages)
    assert first in ("Alex", f"Alex ({ALEX})")
    assert second.endswith(f" ({OTHER})")
    assert third == "B"
    shown = text(transcript, "txt")
    assert f"{second}: text 1" in shown
    assert f"{first}: text 0" in shown


def test_both_have_the_id_beside_the_name_wherever_a_name_is_shown():
    both = [person(ALEX, "Alex"), person(OTHER, "Alex")]
    joined = system(
        "participantAdded", by=ALEX, number=1, participants=[unnamed(OTHER)]
    )
    transcript = thread(said(0, ALEX, "Alex"), items=[joined], participants=both)

    first, second = f"Alex ({ALEX})", f"Alex ({OTHER})"
    for name in ("txt", "chunks", "eml", "rsmf"):
        assert f"{first} added {second}" in text(transcript, name)
    for name in ("txt", "chunks", "eml"):
        assert f"{first}: text 0" in text(transcript, name)
    page = dict(written([FORMATS["md"]], transcript))["transcript.md"].decode()
    assert f"**{first}**".replace("_", "\\_") in page
    chunks = dict(written([FORMATS["chunks"]], transcript))["chunks.jsonl"]
    assert json.loads(chunks)["participants"] == first
    mails = {
        name: email.message_from_bytes(
            *dict(written([FORMATS[name]], transcript)).values(),
            policy=email.policy.default,
        )
        for name in ("eml", "rsmf")
    }
    for mail in mails.values():
        assert [one for one, _ in getaddresses([str(mail["To"])])] == [first, second]
    (attached,) = mails["rsmf"].iter_attachments()
    zipped = zipfile.ZipFile(io.BytesIO(attached.get_content()))
    manifest = json.loads(zipped.read("rsmf_manifest.json"))
    assert [each["display"] for each in manifest["participants"]] == [first, second]


def test_an_id_that_is_somebodys_name_is_not_taken_for_that_person():
    transcript = thread(said(0, ALEX, ""), said(1, OTHER, ALEX))

    called = names(transcript)
    assert [called.sender(message) for message in transcript.messages] == [
        ALEX,
        f"{ALEX} ({OTHER})",
    ]


def test_one_person_with_two_names_keeps_both():
    transcript = thread(said(0, ALEX, "Kim"), said(1, ALEX, "Lee"), said(2, BOB, "Bob"))

    called = names(transcript)
    assert [called.sender(message) for message in transcript.messages] == [
        "Kim", "Lee", "Bob",
    ]  # fmt: skip


def test_of_nobody_nothing_is_made_up():
    assert NOBODY.of("", "") == ""
    assert NOBODY.of("", "Dana\r\nBoss") == "Dana Boss"
    assert NOBODY.person(5) == "somebody"
    assert Names(by_id={"8:acs:a": "A"}).of("8:acs:a") == "A"
