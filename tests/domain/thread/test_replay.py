import itertools
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inputs import FULL, chain_of, listing, listings_of, logged

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
    moment,
    received,
    thread_created,
    thread_event,
    to_log,
    who,
)
from shared.domain.json_line import encode, pretty
from shared.domain.log.event import Kind
from shared.domain.log.record import encode_record
from shared.domain.thread.compressed_messages import CompressedMessages
from shared.domain.thread.grade import Grade, grade_of
from shared.domain.thread.listing import (
    Listing,
    ListingOutcome,
    Page,
    PageKind,
    Visibility,
)
from shared.domain.thread.replay import replay
from shared.formats import ARCHIVED
from shared.formats.reconciliation_format import counts
from shared.formats.registry import FORMATS, written


def transcript(*events, listings=()):
    return replay(THREAD, logged(to_log(*events)), listings)


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
    ids = ["1000", "999", "20"]

    messages = transcript(*(received(messageId=id) for id in ids)).messages

    assert [one.id for one in messages] == ["20", "999", "1000"]


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


def test_what_an_event_says_stays_where_a_listing_says_otherwise():
    item = listed(body="as listed", transactionId="as listed", recipient="r")

    (message,) = transcript(
        received(body="as received"), listings=[listing(item)]
    ).messages

    assert bodies(message) == ["as received"]
    assert message.current.extra == {"transactionId": "t", "recipient": "r"}


def test_a_listed_item_joins_the_last_kind_of_its_version():
    (message,) = transcript(
        received(), edited(after=0), listings=[listing(listed())]
    ).messages

    assert [(one.kind, one.sources) for one in message.versions] == [
        (Kind.RECEIVED, ("event",)),
        (Kind.EDITED, ("event", "listing")),
    ]


def test_of_two_listings_of_one_version_the_later_one_says_who_sent_it():
    listings = [
        listing(listed(senderDisplayName=name), number=number)
        for number, name in enumerate(["Then", "Now"], start=1)
    ]

    (message,) = transcript(listings=listings).messages

    assert message.sender_name == "Now"


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


def test_a_thread_is_as_old_as_the_earliest_that_any_event_says():
    times = ["2026-11-22T11:00:00Z", "2026-11-22T10:00:00Z"]

    thread = transcript(
        *(
            thread_event("ChatThreadPropertiesUpdated", createTime=time, version=number)
            for number, time in enumerate(times)
        )
    )

    assert thread.created_on == "2026-11-22T10:00:00Z"


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

    counts = replay(THREAD, logged(log), ()).records

    assert (counts.total, counts.duplicates, counts.unreadable) == (2, 1, 1)


def test_a_version_names_the_lines_that_tell_it_and_commits_to_one():
    log = to_log(received(), salts=9) + to_log(received(id="again"), salts=3)
    lines = chain_of(log).files["events"]

    (message,) = replay(THREAD, logged(log), ()).messages

    assert message.current.lines == ("events:0", "events:1")
    assert message.current.commitment in [line.commitment.hex() for line in lines]


def test_thread_level_events_are_preferred_to_copies():
    copy = received(
        level="", senderDisplayName="Copy", id="0", composeTime=moment(FIRST_ID - 1)
    )

    (message,) = transcript(copy, received(id="9")).messages

    assert message.sender_name == "Alice"


def test_events_of_an_unknown_type_stand_in_one_order_whatever_order_they_came_in():
    events = [thread_event("Novelty", id=id, note=id) for id in "cab"]

    for some in itertools.permutations(events):
        told = transcript(*some).extra["events"]
        assert [one["note"] for one in told] == ["a", "b", "c"]


BODIES = st.text(max_size=12)
NUMBERS = st.integers(0, 3)
AFTER = st.integers(1, 4)
EVENTS = st.one_of(
    st.builds(received, NUMBERS, BODIES),
    st.builds(edited, NUMBERS, BODIES, after=AFTER),
    st.builds(deleted, NUMBERS, after=st.integers(5, 6)),
    st.builds(received, NUMBERS, BODIES, level=st.just(""), id=st.sampled_from("ab")),
    st.builds(thread_created),
    st.builds(
        lambda id: thread_event("Novelty", id=id, note=id), st.sampled_from("xyz")
    ),
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
    orderly = replay(THREAD, logged(b"".join(lines)), listings)

    shuffled = data.draw(st.permutations(lines + data.draw(st.permutations(lines))))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(shuffled)), max_size=3)))
    segments = [
        b"".join(shuffled[start:end])
        for start, end in itertools.pairwise([0, *cuts, len(shuffled)])
    ]
    log = b"".join(data.draw(st.permutations(segments)))
    again = replay(THREAD, logged(log), listings)

    # Where a line stands is a matter of its archive.
    again, orderly = map(without_lines, (again, orderly))
    assert all_files(again) == all_files(orderly)


def without_lines(thread):
    messages = [
        replace(
            message,
            versions=tuple(replace(version, lines=()) for version in message.versions),
        )
        for message in thread.messages
    ]
    return replace(thread, messages=tuple(messages))


def all_files(transcript):
    return dict(written([FORMATS[name] for name in ARCHIVED], transcript))


@given(
    st.lists(EVENTS, max_size=8),
    st.lists(ITEMS, max_size=5),
    st.sampled_from([b"", b'{"schema":1,"to', b"\n\n"]),
)
def test_a_long_thread_gives_the_same_bytes_though_nothing_of_it_is_kept(
    events, items, torn
):
    log = to_log(thread_created(), *events[:4]) + torn + to_log(*events[4:], salts=50)
    page = Page(kind=PageKind.MESSAGES, body=json.dumps({"value": items}))
    listings = ([page], FULL), ([page], FULL)

    kept = replay(THREAD, logged(log), listings_of(*listings))
    stored = replay(
        THREAD, logged(log, most_parsed=0), listings_of(*listings, most_parsed=0)
    )

    assert isinstance(kept.messages, tuple)
    assert isinstance(stored.messages, CompressedMessages)
    assert list(stored.messages) == list(kept.messages)
    assert all_files(stored) == all_files(kept)
    assert encode(pretty(counts(stored))) == encode(pretty(counts(kept)))


@pytest.mark.parametrize("name", ARCHIVED)
@given(st.lists(EVENTS, max_size=8), st.lists(ITEMS, max_size=5))
def test_the_same_input_gives_the_same_bytes(name, events, items):  # P5
    first, second = (
        dict(written([FORMATS[name]], transcript(*events, listings=[listing(*items)])))
        for _ in range(2)
    )

    assert first == second


def test_nothing_of_an_event_or_of_a_listed_item_is_dropped():
    item = listed(policyViolation={"result": "contentBlocked"})

    (message,) = transcript(received(recipient="r"), listings=[listing(item)]).messages

    assert message.current.extra == {
        "policyViolation": {"result": "contentBlocked"},
        "recipient": "r",
        "transactionId": "t",
    }
    assert message.sender == who(ALICE)


@pytest.mark.parametrize(
    ("told", "shown", "name", "extra"),
    [
        ("Bob", "Ben", "Bob", {"displayName": "Ben"}),
        ("Bob", "Bob", "Bob", {}),
        ("Bob", None, "Bob", {}),
        ("", "Ben", "Ben", {}),
    ],
)
def test_a_participant_keeps_the_name_that_a_listing_tells_otherwise(
    told, shown, name, extra
):
    who_bob = {"participantCommunicationIdentifier": who(BOB), "displayName": told}
    created = thread_created(participants=[who_bob])
    people = [{"communicationIdentifier": who(BOB), "displayName": shown}]

    (person,) = transcript(
        created, listings=[listing(participants=people)]
    ).participants

    assert (person.display_name, person.extra) == (name, extra)


def test_each_version_keeps_the_sequence_id_that_it_was_listed_with():
    first, edit = listed(sequenceId="4"), listed_edited() | {"sequenceId": "10"}

    for events in ((), (received(),), (received(), edited())):
        (message,) = transcript(
            *events, listings=[listing(first), listing(edit)]
        ).messages

        assert message.sequence_id == "10"
        before, now = message.versions
        assert before.extra["sequenceId"] == "4"
        assert "sequenceId" not in now.extra


def test_a_deletion_that_tells_of_an_edit_before_it_tells_both_times():
    item = listed_deleted() | {"editedOn": "2026-11-22T12:00:00Z"}
    event = deleted(1, editTime="2026-11-22T12:00:00.5Z")

    first, second = transcript(event, listings=[listing(item)]).messages

    assert first.current.extra == {"editedOn": "2026-11-22T12:00:00Z"}
    assert second.current.extra["editTime"] == "2026-11-22T12:00:00.5Z"


def test_events_and_properties_without_a_place_stand_under_extra():
    command = thread_event("ChatAzureBotCommandReceivedInThread", messageBody="/go")
    properties = {"topic": "T", "retentionPolicy": {"kind": "none"}, "new": [1]}
    created = thread_created(metadata={"a": "b"}, region="north", version=7)

    thread = transcript(command, created, listings=[listing(properties=properties)])

    assert thread.extra["properties"] == {"new": [1]}
    assert thread.extra["events"][0]["messageBody"] == "/go"
    assert thread.topics[0].extra == {"region": "north", "version": 7}


def test_who_edited_or_deleted_is_unknown_and_said_so():
    (message,) = transcript(received(), edited(), deleted()).messages

    assert [one.by for one in message.versions] == [ALICE, "unknown", "unknown"]


def test_a_log_that_begins_late_is_a_gap():
    thread = transcript(
        received(1),
        received(0),
        received(2),
        listings=[listing(listed(), properties={"createdOn": "2026-11-01T00:00:00Z"})],
    )

    (gap,) = thread.gaps
    assert (gap.kind, gap.since) == ("log", "2026-11-01T00:00:00Z")
    assert gap.until == "2026-11-22T12:00:00Z"
    assert not thread.is_complete


def test_a_thread_with_an_edited_message_that_no_event_told_is_not_complete():
    seen = listed(editedOn="2026-11-22T12:00:09Z")

    thread = transcript(thread_created(), listings=[listing(seen)])

    assert thread.outcomes["backfilled"] == 1
    assert grade_of(thread) == Grade("all_the_service_had", "events_missing")
    unedited = transcript(thread_created(), listings=[listing(listed())])
    assert grade_of(unedited) == Grade("complete")
    told = transcript(thread_created(), edited(), listings=[listing(seen)])
    assert told.tally.unseen == 0


def test_a_thread_that_is_known_from_its_creation_and_fully_listed_is_complete():
    thread = transcript(thread_created(), received(), listings=[listing(listed())])

    assert thread.gaps == ()
    assert thread.is_complete


@pytest.mark.parametrize(
    ("outcome", "log", "quarantined", "kind"),
    [
        (
            ListingOutcome(
                visibility=Visibility.PARTIAL,
                since="2026-11-22T13:00:00Z",
                reason="late",
            ),
            b"",
            0,
            "listing",
        ),
        (
            ListingOutcome(visibility=Visibility.EVENTS_ONLY, reason="gone"),
            b"",
            0,
            "listing",
        ),
        (FULL, b'{"schema":1,"torn', 0, "records"),
        (FULL, b"", 1, "records"),
    ],
)
def test_whatever_may_be_missing_is_named(outcome, log, quarantined, kind):
    records = logged(to_log(thread_created(), received()) + log)

    thread = replay(
        THREAD, records, [listing(listed(), outcome=outcome)], quarantined=quarantined
    )

    assert [gap.kind for gap in thread.gaps] == [kind]
    assert thread.gaps[0].reason
    assert not thread.is_complete


def test_an_event_that_came_after_an_archive_without_it_is_late():
    taken = Listing(number=1, outcome=FULL, received_on="2026-11-22T12:30:00Z")
    log = to_log(received(0)) + encode_record(
        json.dumps(received(1)), datetime(2026, 11, 22, 13, tzinfo=UTC), bytes(16)
    )

    counts = replay(THREAD, logged(log), [taken]).records

    assert counts.late == 1


def test_an_event_that_came_in_time_is_not_late_because_it_came_again():
    taken = Listing(number=1, outcome=FULL, received_on="2026-11-22T12:30:00Z")
    text = json.dumps(received())
    copies = [
        encode_record(
            text, datetime(2026, 11, 22, hour, tzinfo=UTC), bytes([hour] * 16)
        )
        for hour in (12, 13)
    ]

    for log in (copies, copies[::-1]):
        records = logged(b"".join(log))
        assert replay(THREAD, records, [taken]).records.late == 0


def updated(version, **properties):
    return thread_event(
        "ChatThreadPropertiesUpdated",
        version=FIRST_ID + version,
        editTime="2026-11-22T12:00:09Z",
        editedByCommunicationIdentifier=who(BOB),
        properties=properties,
    )


def test_a_change_of_properties_without_a_topic_is_in_the_history():
    created = thread_created(properties={"metadata": {"case": "1"}})
    change = updated(9, metadata={"case": "CLOSED-9"})

    thread = transcript(created, change)

    first, second = thread.topics
    assert (first.topic, second.topic, thread.topic) == (None, None, "")
    assert first.extra["properties"] == {"metadata": {"case": "1"}}
    assert second.extra["properties"] == {"metadata": {"case": "CLOSED-9"}}
    assert (second.by, second.on) == (BOB, "2026-11-22T12:00:09Z")


@pytest.mark.parametrize("properties", [{}, {"topic": ""}])
def test_a_topic_that_was_cleared_is_cleared(properties):
    events = [thread_created(), updated(1, topic="New"), updated(2, topic="")]

    thread = transcript(*events, listings=[listing(properties=properties)])

    assert thread.topic == ""
    assert [change.topic for change in thread.topics] == ["A topic", "New", ""]


def test_a_topic_stays_where_a_later_change_leaves_it():
    thread = transcript(thread_created(), updated(1, topic="New"), updated(2, a="b"))

    assert thread.topic == "New"
    assert thread.topics[-1].topic is None
