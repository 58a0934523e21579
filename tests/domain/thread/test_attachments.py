import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inputs import logged

from builders import FIRST_ID, THREAD, edited, listed, received, to_log
from shared.domain.errors import IntegrityError
from shared.domain.evidence.lines import make_line
from shared.domain.thread.attachment import Attachment, FetchOutcome, Origin
from shared.domain.thread.attachments import (
    content_of,
    file_count,
    missing_files,
    read_attachments,
    read_attempt,
    recorded_files,
)
from shared.domain.thread.replay import replay
from threads import listing as listing_of

PHOTO = {"id": "i1", "attachmentType": "image", "name": "a.png", "url": "https://c/a"}


def transcript_of(*events, listing=()):
    listings = [listing_of(*listing)] if listing else []
    return replay(THREAD, logged(to_log(*events)), listings)


def shared(*urls):
    files = [{"name": f"f{n}", "url": url} for n, url in enumerate(urls)]
    return {"fileSharingMetadata": json.dumps(files)}


def tried(message="1", number=1, **facts):
    facts = {"name": "n", "url": f"https://c/{number}", "revision": 1, **facts}
    return Attachment(message_id=message, number=number, origin=Origin.LINK, **facts)


def test_files_are_found_in_attachments_and_in_metadata():
    found = missing_files(
        transcript_of(
            received(metadata=shared("https://f/1", "https://f/2")),
            listing=[listed(5, content={"message": "", "attachments": [PHOTO]})],
        ),
        revision=1,
    )

    assert [(one.origin, one.name, one.url, one.number) for one in found] == [
        ("link", "f0", "https://f/1", 1),
        ("link", "f1", "https://f/2", 2),
        ("attachment", "a.png", "https://c/a", 1),
    ]


@pytest.mark.parametrize(
    ("references", "ids"),
    [
        ('["0-wus-d1","b"]', ["0-wus-d1", "b"]),
        ("[]", []),
        ('["..", ".", "a/b", "a?b", "", 5, null, "a b"]', []),
        ("no JSON", []),
        ('"x"', []),
        ('{"a":1}', []),
    ],
)
def test_images_of_plain_chat_are_found_by_their_ids(references, ids):
    found = missing_files(
        transcript_of(received(metadata={"amsreferences": references})), revision=1
    )

    assert [(file.origin, file.name, file.url) for file in found] == [
        ("attachment", name, f"images/{name}/views/original") for name in ids
    ]


def counted(transcript):
    recorded = recorded_files(transcript)
    counts = {each.id: file_count(each, recorded) for each in transcript.messages}
    return {name: count for name, count in counts.items() if count}


@pytest.mark.parametrize(
    ("message", "count"),
    [
        (received(), 0),
        (received(metadata=shared("https://f/1", "https://f/2")), 2),
        (received(metadata={"fileSharingMetadata": '[{"name":"f.pdf"}]'}), 1),
        (received(metadata={"amsreferences": '["i1","i2"]'}), 2),
        (received(metadata={"amsreferences": "no JSON"}), 0),
    ],
)
def test_files_that_metadata_names_are_counted(message, count):
    counts = counted(transcript_of(message))

    assert counts.get(str(FIRST_ID), 0) == count


def test_a_file_is_counted_once_however_often_it_is_named():
    again = shared("https://f/1", "https://f/3")
    named = {"amsreferences": '["i1","i2"]'}
    nowhere = {"id": "x", "name": "lost.pdf"}
    attached = {"message": "", "attachments": [PHOTO, nowhere]}
    transcript = transcript_of(
        received(metadata=shared("https://f/1", "https://f/2")),
        edited(metadata=again),
        listing=[listed(5, content=attached, metadata=named)],
    )

    assert counted(transcript) == {str(FIRST_ID): 3, str(FIRST_ID + 5): 3}


def test_a_file_that_was_fetched_counts_where_nothing_names_it_any_more():
    erased = transcript_of(received()).with_attachments((tried(str(FIRST_ID)),))

    assert counted(erased) == {str(FIRST_ID): 1}


def test_a_file_is_not_tried_for_ever():
    transcript = transcript_of(received(metadata=shared("https://f/1", "https://f/2")))
    message = str(FIRST_ID)
    known = (
        tried(message, 1, url="https://f/1", reason="no answer", tries=5),
        tried(message, 2, url="https://f/2", reason="no answer", tries=4),
    )

    (again,) = missing_files(transcript.with_attachments(known), revision=6)

    assert (again.url, again.tries, again.reason) == ("https://f/2", 4, "no answer")


def test_tries_are_counted():
    attempts = [line_of(tried(reason="no answer", revision=n)) for n in (1, 2, 3)]

    (file,) = read_attachments(attempts)

    assert (file.tries, file.revision) == (3, 3)


def test_a_file_that_an_edit_took_away_is_still_found():
    found = missing_files(
        transcript_of(
            received(metadata=shared("https://f/old")),
            edited(metadata=shared("https://f/new")),
        ),
        revision=1,
    )

    assert [one.url for one in found] == ["https://f/old", "https://f/new"]


def test_only_what_is_not_held_is_tried_again_under_its_number():
    transcript = transcript_of(received(metadata=shared("https://f/1", "https://f/2")))
    message = str(FIRST_ID)
    known = (
        tried(message, 1, url="https://f/1", stored="a" * 64, bytes=1),
        tried(message, 2, url="https://f/2", reason="no answer"),
    )

    (again,) = missing_files(transcript.with_attachments(known), revision=2)

    assert (again.url, again.number, again.revision) == ("https://f/2", 2, 2)


@pytest.mark.parametrize(
    "metadata",
    [
        "no JSON", "{}", "[1]", '[{"url": 1}]', '[{"name": "x"}]', "null", "[" * 500,
    ],
)  # fmt: skip
def test_metadata_that_shares_nothing_readable_names_no_file(metadata):
    transcript = transcript_of(received(metadata={"fileSharingMetadata": metadata}))

    assert list(missing_files(transcript, revision=1)) == []


@pytest.mark.parametrize(
    "attachments", [None, 1, "x", [None], [{}], [{"url": 5}], {"url": "https://c"}]
)
def test_attachments_of_no_known_form_name_no_file(attachments):
    item = listed(5, content={"message": "", "attachments": attachments})

    assert list(missing_files(transcript_of(listing=[item]), revision=1)) == []


def test_a_file_that_is_not_held_is_a_gap_and_no_archive_with_one_is_complete():
    transcript = transcript_of(received()).with_attachments(
        (tried(reason="too large"), tried(number=2, stored="b" * 64))
    )

    (gap,) = (one for one in transcript.gaps if one.kind == "attachments")
    assert gap.reason == "1 of 2 attached files is not held"
    held = transcript.with_attachments((tried(stored="b" * 64),))
    assert not [one for one in held.gaps if one.kind == "attachments"]


def line_of(file, *, erased=False):
    given = {
        "file": "attachments",
        "received_on": "2026-11-22T12:00:00Z",
        "origin": str(file.origin),
        "outcome": str(file.outcome),
        **({"stored": file.stored} if file.stored else {}),
    }
    line = make_line(given, content_of(file), bytes(16))
    return file.revision, line.erased() if erased else line


@given(
    st.builds(
        tried,
        number=st.integers(1, 5),
        name=st.text(st.characters(exclude_categories=["Cs"])),
        url=st.text(st.characters(exclude_categories=["Cs"])),
        content_type=st.sampled_from(["", "image/png"]),
        reason=st.text(st.characters(exclude_categories=["Cs"])),
        bytes=st.integers(0, 2**40),
    )
)
def test_what_is_written_of_an_attempt_can_be_read_back(attempt):
    expected = replace(attempt, fetched_on="2026-11-22T12:00:00Z")

    assert read_attempt(*line_of(attempt)) == expected


def test_the_last_attempt_counts():
    held = tried(revision=2, stored="c" * 64, outcome=FetchOutcome.STORED, bytes=3)

    (file,) = read_attachments([line_of(tried(reason="no answer")), line_of(held)])

    assert (file.revision, file.is_held) == (2, True)


def test_of_an_erased_attempt_there_is_left_what_its_facts_say():
    held = tried("7", 3, stored="c" * 64, outcome=FetchOutcome.STORED, bytes=3)

    file = read_attempt(*line_of(held, erased=True))

    assert (file.message_id, file.number, file.stored) == ("7", 3, "c" * 64)
    assert (file.name, file.url, file.bytes, file.erased) == ("", "", 0, True)


@pytest.mark.parametrize("content", [b"[]", b'{"message":"1","number":1,"bytes":"x"}'])
def test_lines_that_are_not_ours_are_refused(content):
    revision, line = line_of(tried())

    with pytest.raises(IntegrityError):
        read_attempt(revision, replace(line, content=content))
