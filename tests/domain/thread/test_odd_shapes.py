"""Whatever stands in the place of a value, a thread is archived and no message is lost.

Each value of each kind of event and of each kind of listed item is replaced by odd ones,
one at a time; every format is written of it.
"""

import copy
import json

import pytest
from inputs import FULL, listings_of, logged

from builders import (
    ALICE,
    BOB,
    FIRST_ID,
    NOON,
    THREAD,
    deleted,
    edited,
    listed,
    received,
    thread_created,
    thread_event,
    to_log,
    who,
)
from shared.domain.log.record import encode_record
from shared.domain.thread.listing import Page, PageKind
from shared.domain.thread.participants import reader_candidates
from shared.domain.thread.replay import replay
from shared.domain.thread.transcript import GapKind
from shared.domain.thread.visibility import judge_listing
from shared.formats import ARCHIVED
from shared.formats.registry import FORMATS, RECONCILIATION, written

ODD = [
    None,
    True,
    5,
    -1.5,
    10**400,
    "",
    "\ud800",
    [],
    {},
    [None],
    [5, "x", [], {}],
    {"a": None},
]
EVENTS = {
    "received": received(metadata={"a": "b"}, type="RichText/Html"),
    "edited": edited(),
    "deleted": deleted(),
    "created": thread_created(),
    "updated": thread_event(
        "ChatThreadPropertiesUpdated",
        updatedByCommunicationIdentifier=who(ALICE),
        updateTime="2026-11-22T12:00:00Z",
        properties={"topic": "New"},
    ),
    "deleted thread": thread_event(
        "ChatThreadDeleted",
        deletedByCommunicationIdentifier=who(ALICE),
        deleteTime="2026-11-22T12:00:00Z",
    ),
    "added": thread_event(
        "ChatThreadParticipantAdded",
        time="2026-11-22T12:00:00Z",
        addedByCommunicationIdentifier=who(ALICE),
        participantAdded={"displayName": "Bob", "participantCommunicationIdentifier": who(BOB)},
    ),
    "removed": thread_event(
        "ChatThreadParticipantRemoved",
        time="2026-11-22T12:00:00Z",
        removedByCommunicationIdentifier=who(ALICE),
        participantRemoved={"displayName": "Bob", "participantCommunicationIdentifier": who(BOB)},
    ),
    "with user": thread_event(
        "ChatParticipantAddedToThreadWithUser",
        time="2026-11-22T12:00:00Z",
        addedByCommunicationIdentifier=who(ALICE),
        recipientCommunicationIdentifier=who(ALICE),
        participantAdded={"displayName": "Bob", "participantCommunicationIdentifier": who(BOB)},
    ),
}  # fmt: skip
SYSTEM = listed(
    1,
    type="participantAdded",
    content={
        "participants": [
            {"communicationIdentifier": who(BOB), "displayName": "Bob", "shareHistoryTime": "2026-11-22T12:00:00Z"}
        ],
        "initiatorCommunicationIdentifier": who(ALICE),
    },
)  # fmt: skip
PAGES = {
    PageKind.PROPERTIES: {"id": THREAD, "topic": "A topic", "createdOn": "2026-11-22T08:00:00Z", "createdByCommunicationIdentifier": who(ALICE)},
    PageKind.MESSAGES: {"value": [listed(metadata={"a": "b"}, editedOn="2026-11-22T12:00:00Z"), SYSTEM]},
    PageKind.PARTICIPANTS: {"value": [{"communicationIdentifier": who(ALICE), "displayName": "Alice", "shareHistoryTime": "1970-01-01T00:00:00Z"}]},
}  # fmt: skip
ATTACHED = {
    "id": "a",
    "name": "a.pdf",
    "attachmentType": "file",
    "url": "https://x.y/a",
    "previewUrl": "https://x.y/p",
}
PAGES[PageKind.MESSAGES]["value"][0]["content"]["attachments"] = [ATTACHED]


def paths(value, at=()):
    yield at
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, inner in items:
        yield from paths(inner, (*at, key))


def changed(value, path, odd):
    if not path:
        return odd
    whole = copy.deepcopy(value)
    place = whole
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = odd
    return whole


def without(value, path):
    whole = copy.deepcopy(value)
    place = whole
    for key in path[:-1]:
        place = place[key]
    del place[path[-1]]
    return whole


def variants(value, top=()):
    for path in paths(value):
        if len(path) > len(top) and path[: len(top)] == top:
            yield without(value, path)
            for odd in ODD:
                yield changed(value, path, odd)


def archive(log, pages):
    found = [Page(kind=kind, body=json.dumps(body)) for kind, body in pages.items()]
    transcript = replay(THREAD, logged(log), listings_of((found, FULL)))
    judge_listing(
        found,
        reader=ALICE,
        settled=True,
    )
    reader_candidates([], transcript.participants)
    formats = [*(FORMATS[name] for name in ARCHIVED), RECONCILIATION]
    files = dict(written(formats, transcript))
    return transcript, files


@pytest.mark.parametrize("kind", EVENTS)
def test_an_event_with_an_odd_value_costs_nothing_else(kind):
    other = received(5000, "another message")
    for event in variants(EVENTS[kind], top=("data",)):
        log = to_log(thread_created(), received(), other) + encode_record(
            json.dumps(event), NOON, bytes(range(16))
        )

        transcript, files = archive(log, {})

        assert str(FIRST_ID + 5000) in {message.id for message in transcript.messages}
        assert b"another message" in files["transcript.html"]


@pytest.mark.parametrize("kind", PAGES)
def test_a_listed_item_with_an_odd_value_costs_nothing_else(kind):
    for page in variants(PAGES[kind]):
        transcript, files = archive(
            to_log(received(5000, "another")), PAGES | {kind: page}
        )

        assert str(FIRST_ID + 5000) in {message.id for message in transcript.messages}
        assert b"another" in files["transcript.html"]


@pytest.mark.parametrize(
    ("kind", "page", "odd"),
    [
        (PageKind.MESSAGES, {"value": [listed(), listed(1) | {"id": FIRST_ID + 1}]}, 1),
        (PageKind.MESSAGES, {"value": [listed(), {"id": str(FIRST_ID + 1)}]}, 1),
        (
            PageKind.MESSAGES,
            {"value": [listed(), None, "x", listed(1, version="v")]},
            3,
        ),
        (PageKind.MESSAGES, {"value": 5}, 1),
        (PageKind.MESSAGES, {}, 1),
        (PageKind.MESSAGES, [], 1),
        (PageKind.PARTICIPANTS, {"value": [None, {}]}, 1),
        (PageKind.PARTICIPANTS, {"value": {}}, 1),
        (PageKind.PROPERTIES, [], 1),
        (PageKind.MESSAGES, {"value": []}, 0),
    ],
)
def test_what_is_listed_and_cannot_be_read_is_a_gap(kind, page, odd):  # P8
    transcript, _ = archive(to_log(thread_created(), received()), PAGES | {kind: page})

    reasons = [gap.reason for gap in transcript.gaps if gap.kind is GapKind.RECORDS]
    items = "items" if odd > 1 else "item"
    assert reasons == [f"{odd} listed {items} could not be read"] * bool(odd)
    assert not (odd and transcript.is_complete)


@pytest.mark.parametrize("odd", [5, "x", True, {"a": 1}, [None], [5, "x", []], [{}]])
def test_participants_of_no_form_leave_the_rest_of_a_creation(odd):
    created = thread_created(participants=odd)

    transcript, files = archive(to_log(created, received()), {})

    assert (transcript.topic, transcript.created_by) == ("A topic", ALICE)
    assert transcript.created_on == "2026-11-22T11:59:59.990000Z"
    assert transcript.participants == ()
    assert not any(gap.kind is GapKind.RECORDS for gap in transcript.gaps)
    assert transcript.records.total == 2
    assert b"hello" in files["transcript.html"]


@pytest.mark.parametrize("odd", [5, "x", True, {"a": 1}, [None], [5, "x", []], [{}]])
def test_a_listed_message_of_odd_participants_names_nobody(odd):
    item = listed(0, type="participantAdded", content={"participants": odd})

    transcript, files = archive(
        to_log(thread_created()), {PageKind.MESSAGES: {"value": [item]}}
    )

    (message,) = transcript.messages
    assert message.content == {"participants": odd}
    assert (message.type, message.outcome) == ("participantAdded", "backfilled")
    shown = files["transcript.txt"].decode().splitlines()[-1]
    assert "joined" in shown or "added" in shown
    assert not any(gap.kind is GapKind.RECORDS for gap in transcript.gaps)
