import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import (
    ALICE,
    BOB,
    FIRST_ID,
    THREAD,
    deleted,
    edited,
    listed,
    listed_deleted,
    listed_edited,
    received,
    thread_created,
    thread_event,
    to_log,
    who,
)
from shared.domain.event import Kind
from shared.domain.listing import Listing, Sight, View
from shared.domain.record import Records, read_records
from shared.domain.replay import replay
from shared.formats import WRITERS

FULL = View(sight=Sight.FULL, reader=ALICE)
PAGE_SALT = "ab" * 16


def listing(*messages, number=1, view=FULL, **more):
    return Listing(
        number=number,
        view=view,
        messages=[(one, PAGE_SALT) for one in messages],
        **more,
    )


def transcript(*events, listings=()):
    return replay(THREAD, read_records(to_log(*events)), listings)


def bodies(message):
    return [(one.content or {}).get("message") for one in message.versions]


def test_an_edit_that_arrives_before_its_message_still_wins():
    (message,) = transcript(edited(body="new"), received(body="old")).messages

    assert bodies(message) == ["old", "new"]
    assert message.content["message"] == "new"
    assert message.edited_on == "2026-11-22T12:00:00.500000Z"


def test_a_deleted_message_keeps_the_text_that_was_deleted():
    (message,) = transcript(deleted(), received(body="gone")).messages

    assert bodies(message) == ["gone", None]
    assert message.content == {}
    assert message.deleted_on


def test_an_edit_after_the_deletion_does_not_bring_it_back():
    (message,) = transcript(received(), edited(after=5), deleted(after=9)).messages

    assert message.current.kind is Kind.DELETED


def test_messages_sort_by_id_as_a_number():
    ids = ["1000", "999", "20", "x"]

    messages = transcript(*(received(messageId=id) for id in ids)).messages

    assert [one.id for one in messages] == ["20", "999", "1000", "x"]


def test_a_listed_version_joins_the_version_of_the_log():
    item = listed(content={"message": "hello", "attachments": [{"id": "a"}]})

    (message,) = transcript(received(), listings=[listing(item)]).messages

    (version,) = message.versions
    assert version.sources == ("event", "listing")
    assert version.content == {"message": "hello", "attachments": [{"id": "a"}]}
    assert message.sequence_id == "3"


def test_what_only_the_listing_knows_is_there_too():
    system = listed(1, type="topicUpdated", content={"topic": "T"})

    messages = transcript(listings=[listing(listed(0), system)]).messages

    assert [one.type for one in messages] == ["text", "topicUpdated"]
    assert messages[1].content["topic"] == "T"


def test_the_empty_content_of_a_listed_deletion_is_not_a_text():
    (message,) = transcript(
        received(body="x"), listings=[listing(listed_deleted())]
    ).messages

    assert bodies(message) == ["x", None]


def test_a_message_listed_twice_counts_once_in_its_newest_version():
    listings = [listing(listed_edited(body="b"), listed(body="a"))]

    (message,) = transcript(listings=listings).messages

    assert bodies(message) == ["a", "b"]


def test_the_thread_tells_who_made_it_and_what_it_is_called():
    changed = thread_event(
        "ChatThreadPropertiesUpdated",
        properties={"topic": "Another"},
        editedByCommunicationIdentifier=who(BOB),
        editTime="2026-11-22T13:00:00.1234567+00:00",
        version=FIRST_ID + 7,
    )

    thread = transcript(changed, thread_created())

    assert thread.created_by == ALICE
    assert thread.created_on == "2026-11-22T11:59:59.990000Z"
    assert [(one.topic, one.by) for one in thread.topics] == [
        ("A topic", ALICE),
        ("Another", BOB),
    ]
    assert thread.topic == "Another"


def test_the_roster_knows_who_came_and_who_left():
    left = thread_event(
        "ChatThreadParticipantRemoved",
        participantRemoved={"participantCommunicationIdentifier": who(BOB)},
        removedByCommunicationIdentifier=who(ALICE),
        time="2026-11-22T14:00:00Z",
    )

    alice, bob = transcript(left, thread_created()).participants

    assert alice.display_name == "Alice"
    assert [one.kind for one in bob.history] == [
        Kind.PARTICIPANT_ADDED,
        Kind.PARTICIPANT_REMOVED,
    ]
    assert bob.present is None  # no listing has told


def test_duplicates_and_what_cannot_be_read_are_counted():
    log = to_log(received(), received(id="again")) + b"garbage\n"

    counts = replay(THREAD, read_records(log), ()).records

    assert (counts.total, counts.duplicates, counts.unreadable) == (2, 1, 1)


def test_of_several_copies_the_lowest_salt_counts():
    log = to_log(received(), salts=9) + to_log(received(id="again"), salts=3)

    (message,) = replay(THREAD, read_records(log), ()).messages

    assert message.current.salt == f"{3:032x}"


def test_thread_level_events_are_preferred_to_copies():
    copy = received(level="", senderDisplayName="Copy", id="0")

    (message,) = transcript(copy, received(id="9")).messages

    assert message.sender_name == "Alice"


BODIES = st.text(max_size=12)
NUMBERS = st.integers(0, 3)
AFTER = st.integers(1, 4)
EVENTS = st.one_of(
    st.builds(received, NUMBERS, BODIES),
    st.builds(edited, NUMBERS, BODIES, after=AFTER),
    st.builds(deleted, NUMBERS, after=st.integers(5, 6)),
    st.builds(received, NUMBERS, BODIES, level=st.just(""), id=st.sampled_from("ab")),
    st.builds(thread_created),
    st.builds(lambda id: thread_event("Novelty", id=id), st.sampled_from("xyz")),
)
ITEMS = st.one_of(
    st.builds(listed, NUMBERS, BODIES),
    st.builds(listed_edited, NUMBERS, BODIES, after=AFTER),
    st.builds(listed_deleted, NUMBERS, after=st.integers(5, 6)),
)


@given(st.data())
def test_any_order_any_duplication_and_any_split_gives_the_same_bytes(data):  # P3
    events = data.draw(st.lists(EVENTS, max_size=12))
    listings = [listing(*data.draw(st.lists(ITEMS, max_size=5)))]
    lines = to_log(*events).splitlines(keepends=True)
    orderly = replay(THREAD, read_records(b"".join(lines)), listings)

    shuffled = data.draw(st.permutations(lines + data.draw(st.permutations(lines))))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(shuffled)), max_size=3)))
    segments = [
        b"".join(shuffled[start:end])
        for start, end in itertools.pairwise([0, *cuts, len(shuffled)])
    ]
    parts = [read_records(segment) for segment in data.draw(st.permutations(segments))]
    log = Records(
        records=tuple(one for part in parts for one in part.records), unreadable=0
    )
    again = replay(THREAD, log, listings)

    for format_ in WRITERS.values():
        assert format_.write(again) == format_.write(orderly)


@pytest.mark.parametrize("name", WRITERS)
@given(st.lists(EVENTS, max_size=8), st.lists(ITEMS, max_size=5))
def test_the_same_input_gives_the_same_bytes(name, events, items):  # P5
    first, second = (
        WRITERS[name].write(transcript(*events, listings=[listing(*items)]))
        for _ in range(2)
    )

    assert first == second
