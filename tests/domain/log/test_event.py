import json

import pytest

from builders import (
    ALICE,
    SAMPLES,
    THREAD,
    edited,
    envelope,
    read_event,
    received,
    thread_event,
)
from shared.domain.errors import InvalidEvent
from shared.domain.layout import thread_folder
from shared.domain.log.event import (
    KINDS,
    THREAD_LEVEL,
    Kind,
    interpret,
    split_events,
    thread_named,
)


def text(event: object) -> str:
    return json.dumps(event)


OWN_SAMPLES = {
    **{f"made {kind}": [thread_event(kind)] for kind in KINDS if "Message" not in kind},
    "made received": [received()],
    "made edited as CloudEvent": [edited(schema="cloudevents")],
    "made unknown type": [thread_event("ChatThreadSomethingNew")],
}
OFFICIAL_SAMPLES = {
    str(file.relative_to(SAMPLES)): json.loads(file.read_text())
    for file in sorted((SAMPLES / "eventgrid").rglob("*.json"))
}


@pytest.mark.parametrize("sample", [*OWN_SAMPLES, *OFFICIAL_SAMPLES])
def test_every_sample_event_can_be_read(sample):
    delivery = (OWN_SAMPLES | OFFICIAL_SAMPLES)[sample]

    events = [read_event(one) for one, _ in split_events(text(delivery))]

    assert events
    for event in events:
        assert event.thread_id.startswith("19:")
        assert event.occurred_on is not None
        assert (
            event.kind is not Kind.OTHER
            or "New" in sample
            or ("typing" in sample or "bot" in sample or "unknown" in sample)
        )


def test_a_list_is_cut_into_the_texts_it_holds():
    first, second = '{ "a": "[,]{" }', '{"b":1.0,"b":2}'

    assert split_events(f" [\n{first} ,\t{second}\n] ") == [
        (first, {"a": "[,]{"}),
        (second, {"b": 2}),
    ]
    assert split_events("[]") == []
    assert split_events(first) == [(first, {"a": "[,]{"})]


@pytest.mark.parametrize(
    "garbage",
    ["", "no", "[", "[1", "3", '"text"', "null", "{'a':1}", "NaN", "[" * 9999],
)
def test_a_delivery_that_is_no_json_has_a_reason(garbage):
    with pytest.raises(InvalidEvent) as raised:
        [interpret(value, text) for text, value in split_events(garbage)]

    assert str(raised.value)


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (7, "not an object"),
        ({"data": {"threadId": THREAD}}, "no type"),
        ({"eventType": "x"}, "no data"),
        ({"eventType": "x", "data": "text"}, "no data"),
        (envelope("ChatThreadCreated", {}), "no thread"),
        (envelope("ChatThreadCreated", {"threadId": " "}), "no thread"),
        (envelope("ChatThreadCreated", {"threadId": 19}), "no thread"),
        (envelope("ChatThreadCreated", {"threadId": "x" * 999}), "too long"),
        (envelope("ChatThreadCreated", {"threadId": "x" * 201}), "too long"),
        (envelope("ChatThreadCreated", {"threadId": "@" * 84}), "too long"),
        (envelope("ChatThreadCreated", {"threadId": "@" * 82 + "x" * 3}), "too long"),
        (envelope("ChatThreadCreated", {"threadId": "\ud800"}), "half a character"),
        (received(messageId=None), "no message id"),
        (received(messageId="9" * 999), "longer than"),
        (received(version="soon"), "no readable version"),
        (received(version=True), "no readable version"),
        (received(version=-1), "no readable version"),
        (received(version=1.5), "no readable version"),
        (received(version="٣"), "no readable version"),
    ],
)
def test_an_event_that_fits_no_log_says_why(event, reason):
    with pytest.raises(InvalidEvent, match=reason):
        read_event(text(event))


SECRET = {"messageBody": "secret text"}
DEEP = json.loads('{"secret":' * 300 + "1" + "}" * 300)


@pytest.mark.parametrize(
    "event",
    [
        ["secret"],
        {"data": SECRET},
        {"eventType": "secret", "data": "secret"},
        envelope("secret-type", SECRET),
        envelope("secret-type", SECRET | {"threadId": "secret" * 999}),
        received(body="secret", messageId=""),
        received(body="secret", messageId="secret" * 999),
        received(body="secret", version="secret"),
        received(body="secret", metadata=DEEP),
    ],
)
def test_a_reason_never_repeats_the_input(event):  # P9
    with pytest.raises(InvalidEvent) as raised:
        read_event(text(event))

    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    "delivery", ["secret", '"secret"', '{"a": "secret"', '["secret"', "{'secret'}"]
)
def test_the_reason_against_a_delivery_never_repeats_it(delivery):  # P9
    with pytest.raises(InvalidEvent) as raised:
        split_events(delivery)

    assert "secret" not in str(raised.value)


def test_a_version_means_the_same_as_number_and_as_string():
    as_text, as_number = (
        received(version="1795363160537"),
        received(version=1795363160537),
    )

    assert read_event(text(as_text)).identity == read_event(text(as_number)).identity


def test_copies_for_each_user_are_one_event():
    copies = [
        received(level=level, id=f"envelope {level} {user}", recipientId=user)
        for level in ("", "InThread")
        for user in ("bob", "carol")
    ]

    assert len({read_event(text(one)).identity for one in copies}) == 1


def test_an_edit_is_another_event_than_what_it_edits():
    first, again, later = received(), edited(after=500), edited(after=501)

    assert len({read_event(text(one)).identity for one in (first, again, later)}) == 3


def test_each_participant_added_at_once_is_an_event_of_its_own():
    def added(user: str) -> str:
        person = {"participantCommunicationIdentifier": {"rawId": user}}
        return text(thread_event("ChatThreadParticipantAdded", participantAdded=person))

    assert read_event(added("a")).identity != read_event(added("b")).identity


def test_an_unknown_type_is_known_by_its_envelope():
    one, two = (
        read_event(text(thread_event("Novelty", id=id))) for id in ("one", "two")
    )

    assert one.kind is Kind.OTHER
    assert one.identity != two.identity


def test_an_odd_time_does_not_cost_the_event():
    event = read_event(text(received() | {"eventTime": "the day before yesterday"}))

    assert event.occurred_on is None
    assert event.data["senderCommunicationIdentifier"]["rawId"] == ALICE


def test_the_subscription_is_to_thread_level_types():
    assert all(
        name.endswith("InThread") or name.startswith("ChatThread")
        for name in THREAD_LEVEL
    )


@pytest.mark.parametrize("thread_id", ["x" * 200, "@" * 82 + "xx", "\U0001f642" * 20])
def test_an_id_whose_folder_can_be_stored_is_taken(thread_id):
    event = envelope("ChatThreadCreated", {"threadId": thread_id})

    assert interpret(event, json.dumps(event)).thread_id == thread_id
    assert thread_named(event) == thread_id
    assert len(thread_folder(thread_id).rstrip("/")) <= 255
