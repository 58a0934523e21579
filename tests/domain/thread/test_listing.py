import json

import pytest

from builders import ALICE, BOB, NOON, SAMPLES, listed
from shared.domain.errors import IntegrityError
from shared.domain.thread.listing import (
    Page,
    PageKind,
    Refusal,
    Sight,
    View,
    encode_outcome,
    encode_page,
    judge_view,
    listing_salt,
    read_listings,
)

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
    view = judge_view(
        pages((ALICE, "1970-01-01T00:00:00Z")), reader=ALICE, settled=True
    )

    assert view == View(sight=Sight.FULL, reader=ALICE)


@pytest.mark.parametrize(
    ("found", "settled", "reason"),
    [
        (pages((BOB, "1970-01-01T00:00:00Z")), True, "no longer takes part"),
        ([], True, "no longer takes part"),
        (pages((ALICE, "2026-11-22T09:00:00Z")), True, "from its beginning"),
        (pages((ALICE, "1970-01-01T00:00:00Z"), created="?"), True, "beginning"),
        (pages((ALICE, "1970-01-01T00:00:00Z")), False, "kept changing"),
    ],
)
def test_anything_less_is_partial_and_says_why(found, settled, reason):  # P8
    view = judge_view(found, reader=ALICE, settled=settled)

    assert view.sight is Sight.PARTIAL
    assert reason in view.reason


def test_a_listing_survives_the_way_through_its_file():
    view = View(sight=Sight.PARTIAL, reader=ALICE, since="s", reason="r")
    page = Page(kind=PageKind.MESSAGES, body='{"value": [\r\n{"id": "1"}]}')
    lines = encode_page(page, number=1, index=1, received_on=NOON, salt=SALT)
    lines += encode_outcome(
        view,
        [Refusal(reader=BOB, status=403, reason="no")],
        number=1,
        received_on=NOON,
    )

    (listing,) = read_listings(lines)

    assert lines.count(b"\n") == 2
    assert listing.view == view
    assert listing.messages == [({"id": "1"}, listing_salt(SALT.hex(), "1"))]


def test_listings_come_oldest_first():
    view = View(sight=Sight.FULL)
    lines = b"".join(
        encode_outcome(view, (), number=number, received_on=NOON) for number in (2, 10)
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
