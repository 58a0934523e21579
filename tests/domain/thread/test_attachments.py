import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import FIRST_ID, THREAD, edited, listed, received, to_log
from shared.domain.errors import IntegrityError
from shared.domain.log.record import read_records
from shared.domain.thread.attachment import Attachment, Origin
from shared.domain.thread.attachments import (
    encode_attachment,
    missing_files,
    read_attachments,
    read_tries,
    redact_attachments,
    stored_files,
)
from shared.domain.thread.replay import replay
from threads import listing as listing_of

PHOTO = {"id": "i1", "attachmentType": "image", "name": "a.png", "url": "https://c/a"}


def transcript_of(*events, listing=()):
    listings = [listing_of(*listing)] if listing else []
    return replay(THREAD, read_records(to_log(*events)), listings)


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
        tried(message, 1, url="https://f/1", sha256="a" * 64, bytes=1),
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
        (tried(reason="too large"), tried(number=2, sha256="b" * 64))
    )

    (gap,) = (one for one in transcript.gaps if one.kind == "attachments")
    assert gap.reason == "1 of 2 attached files is not held"
    held = transcript.with_attachments((tried(sha256="b" * 64),))
    assert not [one for one in held.gaps if one.kind == "attachments"]


@given(
    st.lists(
        st.builds(
            tried,
            message=st.text(),
            number=st.integers(1, 5),
            name=st.text(),
            url=st.text(),
            content_type=st.text(),
            reason=st.text(),
            sha256=st.sampled_from(["", "a" * 64]),
        )
    )
)
def test_what_is_written_of_a_try_can_be_read_back(tries):
    lines = b"".join(map(encode_attachment, tries))

    assert read_tries(lines) == tries


def test_the_last_try_counts():
    lines = encode_attachment(tried(reason="no answer"))
    lines += encode_attachment(tried(revision=2, sha256="c" * 64, bytes=3))

    (one,) = read_attachments(lines)

    assert (one.revision, one.is_held) == (2, True)


@pytest.mark.parametrize("lines", [b"{}\n", b"x\n", b"[]\n", b'{"schema": 1}\n'])
def test_lines_that_are_not_ours_are_refused(lines):
    with pytest.raises(IntegrityError):
        read_tries(lines)


def test_a_file_goes_when_all_messages_that_name_it_are_erased():
    lines = b"".join(
        encode_attachment(tried(message, sha256="d" * 64)) for message in ("1", "2")
    )

    one = redact_attachments(lines, messages={"1"})
    both = redact_attachments(one, messages={"2"})

    assert stored_files(one, 1) == {"d" * 64: False}
    assert stored_files(both, 1) == {"d" * 64: True}
    assert b"https" not in both
    assert redact_attachments(both, messages={"1", "2"}) == both
