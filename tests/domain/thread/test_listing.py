import json

import pytest
from inputs import listing_chain, listings_of

from builders import ALICE, BOB, SAMPLES, listed
from shared.domain.archive.read_listings import last_outcome, read_listings
from shared.domain.errors import IntegrityError
from shared.domain.evidence.lines import make_line
from shared.domain.thread.listing import (
    ListingOutcome,
    Page,
    PageKind,
    Refusal,
    Visibility,
)
from shared.domain.thread.visibility import judge_listing


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
        (pages((ALICE, None)), True, "nobody says"),
        (pages((ALICE, "soon")), True, "nobody says"),
        (pages((ALICE, "1970-01-01T00:00:00Z")), False, "kept changing"),
    ],
)
def test_anything_less_is_partial_and_says_why(found, settled, reason):  # P8
    outcome = judge_listing(found, reader=ALICE, settled=settled)

    assert outcome.visibility is Visibility.PARTIAL
    assert reason in outcome.reason


def test_a_listing_survives_the_way_through_its_file():
    outcome = ListingOutcome(
        visibility=Visibility.PARTIAL,
        reader=ALICE,
        since="s",
        reason="r",
        refused=(Refusal(reader=BOB, status=403, reason="no"),),
        torn=3,
    )
    page = Page(
        kind=PageKind.MESSAGES, body='{"value": [\r\n{"id": "1", "version": "2"}]}'
    )
    chain = listing_chain(([page], outcome))

    (listing,) = read_listings(chain.files["listing"])

    assert listing.outcome == outcome
    (message,) = listing.messages
    assert (message.item, message.line) == ({"id": "1", "version": "2"}, 0)
    assert message.commitment == chain.files["listing"][0].commitment.hex()
    assert last_outcome(chain.files["listing"]) == outcome


def test_a_message_that_an_earlier_listing_showed_is_no_line_again():
    first = Page(kind=PageKind.MESSAGES, body=json.dumps({"value": [listed()]}))
    both = [listed(1), listed()]
    second = Page(kind=PageKind.MESSAGES, body=json.dumps({"value": both}))
    full = ListingOutcome(visibility=Visibility.FULL)
    chain = listing_chain(([first], full), ([second], full))

    before, now = read_listings(chain.files["listing"])

    assert [message.item for message in before.messages] == [listed()]
    assert [message.item for message in now.messages] == [listed(1)]
    assert now.shown == {listed()["id"], listed(1)["id"]}
    assert len(chain.files["listing"]) == 2 + 2 * 2


def test_an_odd_item_is_no_message_and_is_counted():
    items = [listed(), {"id": 5}, "text", None, listed(1)]
    page = Page(kind=PageKind.MESSAGES, body=json.dumps({"value": items}))
    odd = Page(kind=PageKind.PARTICIPANTS, body='"nothing"')

    (listing,) = listings_of(([page, odd], ListingOutcome(visibility=Visibility.FULL)))

    assert listing.unreadable == 4
    assert listing.shown == {listed()["id"], listed(1)["id"]}


def test_a_line_of_an_unknown_form_is_an_alarm():
    chain = listing_chain(([], ListingOutcome(visibility=Visibility.FULL)))
    line = chain.files["listing"][0]
    broken = make_line(line.facts, b'{"reader":5}', bytes(16))
    chain = chain.grown(2, {"listing": [broken]})

    with pytest.raises(IntegrityError):
        read_listings(chain.files["listing"])
    with pytest.raises(IntegrityError):
        last_outcome(chain.files["listing"])


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

        (listing,) = listings_of(([page], ListingOutcome(visibility=Visibility.FULL)))

        assert [message.item for message in listing.messages] == body["value"]
