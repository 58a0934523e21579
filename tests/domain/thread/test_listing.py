import json

import pytest

from builders import ALICE, BOB, NOON, SAMPLES, listed
from shared.domain.errors import IntegrityError
from shared.domain.thread.listing import (
    ListingOutcome,
    Page,
    PageKind,
    Refusal,
    Visibility,
    encode_outcome,
    encode_page,
    listing_salt,
    read_listings,
)
from shared.domain.thread.visibility import judge_listing

SALT = bytes(16)


def pages(*members, created="2026-11-22T08:00:00Z"):
    value = [
        {"communicationIdentifier": {"rawId": who}, "shareHistoryTime": since}
        for who, since in members
    ]
    return [
        Page(kind=PageKind.PROPERTIES, body=json.dumps({"createdOn": created})),
        Page(kind=PageKind.PARTICIPANTS, body=json.dumps({"value": value})),
    ]


def test_who_was_there_from_the_beginning_sees_all():
    outcome = judge_listing(
        pages((ALICE, "1970-01-01T00:00:00Z")), reader=ALICE, settled=True
    )

    assert outcome == ListingOutcome(visibility=Visibility.FULL, reader=ALICE)


@pytest.mark.parametrize(
    ("found", "settled", "reason"),
    [
        (pages((BOB, "1970-01-01T00:00:00Z")), True, "has left the thread"),
        ([], True, "has left the thread"),
        (pages((ALICE, "2026-11-22T09:00:00Z")), True, "from its beginning"),
        (pages((ALICE, "1970-01-01T00:00:00Z"), created="?"), True, "beginning"),
        (pages((ALICE, "1970-01-01T00:00:00Z")), False, "kept changing"),
    ],
)
def test_anything_less_is_partial_and_says_why(found, settled, reason):  # P8
    outcome = judge_listing(found, reader=ALICE, settled=settled)

    assert outcome.visibility is Visibility.PARTIAL
    assert reason in outcome.reason


def test_a_listing_survives_the_way_through_its_file():
    outcome = ListingOutcome(
        visibility=Visibility.PARTIAL, reader=ALICE, since="s", reason="r"
    )
    page = Page(kind=PageKind.MESSAGES, body='{"value": [\r\n{"id": "1"}]}')
    lines = encode_page(page, number=1, index=1, received_on=NOON, salt=SALT)
    lines += encode_outcome(
        outcome,
        [Refusal(reader=BOB, status=403, reason="no")],
        number=1,
        received_on=NOON,
    )

    (listing,) = read_listings(lines)

    assert lines.count(b"\n") == 2
    assert listing.outcome == outcome
    assert listing.messages == [({"id": "1"}, listing_salt(SALT.hex(), "1"))]


def test_listings_come_oldest_first():
    outcome = ListingOutcome(visibility=Visibility.FULL)
    lines = b"".join(
        encode_outcome(outcome, (), number=number, received_on=NOON)
        for number in (2, 10)
    )

    assert [one.number for one in read_listings(lines)] == [2, 10]


@pytest.mark.parametrize("line", [b"{", b"[]", b"3", b'{"listing":"x"}', b"\xff"])
def test_a_file_that_was_tampered_with_is_an_alarm(line):
    with pytest.raises(IntegrityError):
        read_listings(line + b"\n")


def recorded_pages():
    yield {"value": [listed()]}
    for file in sorted((SAMPLES / "acs-recordings").glob("list-messages*.json")):
        recording = json.loads(file.read_text())
        for part in recording.get("recordings", [recording]):
            for entry in part["entries"]:
                yield entry["body"]


def test_every_recorded_page_of_messages_is_kept_and_read():
    for body in recorded_pages():
        page = Page(kind=PageKind.MESSAGES, body=json.dumps(body, indent=1))

        line = encode_page(page, number=1, index=1, received_on=NOON, salt=SALT)

        (listing,) = read_listings(line)
        assert [item for item, _ in listing.messages] == body["value"]
