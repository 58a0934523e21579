"""Requests that Graph takes, and a reconciliation that tells what they leave behind."""

import json

import pytest
from inputs import erased_of, logged
from inputs import listing as listing_of

from builders import (
    ALICE,
    BOB,
    FIRST_ID,
    THREAD,
    edited,
    listed,
    listed_deleted,
    received,
    thread_created,
    thread_event,
    to_log,
    who,
)
from shared.domain.thread.replay import replay
from shared.formats.graph_times import apart, milliseconds, written
from shared.formats.part import EntraIdentity, Options
from shared.formats.registry import FORMATS
from shared.formats.registry import written as files_of

CAROL = "8:acs:carol"
WHO = {
    ALICE: EntraIdentity(id="e-alice", display_name="Alice E."),
    BOB: EntraIdentity(id="e-bob", display_name="Bob E."),
}


def thread(*events, items=(), thread_id=THREAD, **listed):
    """A thread of these events, and of a listing where there is something to list."""
    events = [
        event | {"data": event["data"] | {"threadId": thread_id}} for event in events
    ]
    found = [listing_of(*items, **listed)] if items or listed else []
    return replay(thread_id, logged(to_log(*events), thread_id=thread_id), found)


def imported(transcript, identities=WHO):
    """Return the requests, and the reconciliation."""
    options = Options(identities=identities)
    files = dict(files_of([FORMATS["graph-import"]], transcript, options))
    lines = files["graph-import.jsonl"].decode().splitlines()
    found = json.loads(files["graph-reconciliation.json"])
    return [json.loads(line) for line in lines], found


def posts(requests):
    return [each["body"] for each in requests if each["url"].endswith("/messages")]


def members(requests):
    chat = requests[0]["body"]
    return [each["user@odata.bind"].split("'")[1] for each in chat["members"]]


@pytest.mark.parametrize(
    ("topic", "effective"),
    [
        ("Case 7: refund", "Case 7 - refund"),
        ("12:30", "12-30"),
        ("", ""),
        ("x" * 300, "x" * 250),
        ("\U0001f642" * 200, "\U0001f642" * 125),
        ("a\nb", "a b"),
    ],
)
def test_a_topic_is_one_that_graph_takes(topic, effective):
    created = thread_created(properties={"topic": topic})

    requests, found = imported(thread(created))

    assert requests[0]["body"].get("topic", "") == effective
    assert found["topic"] == {"original": topic, "effective": effective}


def test_each_person_is_a_member_once():
    same = {
        ALICE: EntraIdentity(id="E-1", display_name="Dana"),
        BOB: EntraIdentity(id="e-1", display_name="Dana"),
    }

    requests, found = imported(thread(thread_created()), same)

    assert members(requests) == found["members"] == ["E-1"]
    assert found["not_members"] == {}


def removed(user):
    return thread_event(
        "ChatThreadParticipantRemoved",
        participantRemoved={"participantCommunicationIdentifier": who(user)},
        removedByCommunicationIdentifier=who(ALICE),
        time="2026-11-22T12:00:05Z",
        version=FIRST_ID + 5000,
    )


def test_who_has_left_is_no_member_but_wrote_what_they_wrote():
    by_bob = {"senderCommunicationIdentifier": who(BOB)}
    transcript = thread(
        thread_created(), received(0, "by Alice"), received(1, "by Bob", **by_bob), removed(BOB)
    )  # fmt: skip

    requests, found = imported(transcript)

    assert members(requests) == ["e-alice"]
    assert found["not_members"] == {BOB: "has left"}
    assert [each["from"]["user"]["id"] for each in posts(requests)] == [
        "e-alice", "e-bob",
    ]  # fmt: skip


def test_who_left_under_one_id_and_is_there_under_another_is_a_member():
    same = dict.fromkeys((ALICE, BOB), EntraIdentity(id="e-1", display_name="Dana"))

    requests, found = imported(thread(thread_created(), removed(BOB)), same)

    assert members(requests) == ["e-1"]
    assert found["not_members"] == {}


def test_an_author_who_is_no_participant_is_said():
    _, found = imported(thread(received(0, "log begins late")))

    assert found["not_members"] == {ALICE: "is not known to be a participant"}
    assert found["statuses"]["ready"] == 1


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        ("x" * 28 * 1024, True),
        ("x" * (28 * 1024 + 1), False),
        ("é" * 14 * 1024, True),
        ("é" * (14 * 1024 + 1), False),
        ("&" * 6000, False),  # &amp; as html
    ],
)
def test_a_body_that_is_too_long_is_left_out_and_said(body, sent):
    requests, found = imported(thread(thread_created(), received(0, body)))

    assert len(posts(requests)) == sent
    ids = {} if sent else {"over_28_kb": [str(FIRST_ID)]}
    assert found["left_out_ids"] == ids
    assert (
        found["statuses"]["ready"] + sum(found["left_out"].values())
        == found["messages"]
    )


def test_what_of_a_message_is_not_sent_is_said():
    html = (
        '<p>See <img src="https://x.y/1"> <IMG alt="b"/>'
        '<img itemtype="http://schema.skype.com/Emoji" alt="\U0001f642"></p>'
    )
    content = {
        "message": html,
        "attachments": [{"id": "a", "name": "contract.pdf", "url": "https://x.y/f"}],
    }
    items = [
        listed(0, type="html", content=content, metadata={"due": "today", "a": "b"}),
        listed(5000, "plain"),
    ]
    events = thread_created(), received(9000, "first"), edited(9000, "second")

    requests, found = imported(thread(*events, items=items))

    assert len(posts(requests)) == 3
    assert "\U0001f642" in posts(requests)[0]["body"]["content"]
    assert found["not_sent"] == [
        {
            "message_id": str(FIRST_ID),
            "attachments": ["contract.pdf https://x.y/f"],
            "pictures": 2,
            "metadata": ["a", "due"],
        },
        {"message_id": str(FIRST_ID + 9000), "earlier_versions": 1},
    ]


def test_a_listed_message_has_the_milliseconds_of_its_id():
    items = [listed(123, "a"), listed(7, "b"), listed(1999, "c")]

    requests, found = imported(thread(items=items))

    assert [
        (each["createdDateTime"], each["body"]["content"]) for each in posts(requests)
    ] == [
        ("2026-11-22T12:00:00.007Z", "b"),
        ("2026-11-22T12:00:00.123Z", "a"),
        ("2026-11-22T12:00:01.999Z", "c"),
    ]
    start = requests[1]["body"]["conversationCreationDateTime"]
    assert start == "2026-11-22T12:00:00.006Z"
    assert (found["moved"], found["dated_by_id"]) == ([], [])


def test_messages_of_one_time_move_apart_and_that_is_recorded():
    noon = {"composeTime": "2026-11-22T12:00:00Z"}
    events = [
        received(number, f"m{number}", **time)
        for number, time in (
            (0, noon),
            (5000, noon),
            (9000, noon),
            (9001, {"composeTime": "2026-11-22T12:00:00.001Z"}),
            (9002, {"composeTime": "2026-11-22T11:00:00Z"}),
        )
    ]

    requests, found = imported(thread(*events))

    sent = [
        (each["createdDateTime"], each["body"]["content"]) for each in posts(requests)
    ]
    assert sent == [
        ("2026-11-22T11:00:00.000Z", "m9002"),
        ("2026-11-22T12:00:00.000Z", "m0"),
        ("2026-11-22T12:00:00.001Z", "m5000"),
        ("2026-11-22T12:00:00.002Z", "m9000"),
        ("2026-11-22T12:00:00.003Z", "m9001"),
    ]
    assert found["collisions"] == 3
    assert found["moved"] == [
        {
            "message_id": str(FIRST_ID + number),
            "original": original,
            "effective": sent[at][0],
        }
        for at, (number, original) in enumerate(
            [
                (5000, "2026-11-22T12:00:00.000Z"),
                (9000, "2026-11-22T12:00:00.000Z"),
                (9001, "2026-11-22T12:00:00.001Z"),
            ],
            start=2,
        )
    ]


ODD = [None, "", "yesterday", 5, "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.9999999Z"]


@pytest.mark.parametrize("time", ODD)
def test_where_no_time_can_be_right_the_id_tells_and_that_is_said(time):
    event = received(5, "x", composeTime=time)
    requests, found = imported(thread(received(0, "a"), event))

    assert [each["createdDateTime"][-5:] for each in posts(requests)] == [
        ".000Z",
        ".005Z",
    ]
    assert found["dated_by_id"] == [str(FIRST_ID + 5)]
    requests, found = imported(
        thread(received(0, "x", messageId="77", composeTime=time))
    )
    assert posts(requests) == []
    assert found["left_out_ids"] == {"undated": ["77"]}


def ledger_of(transcript, **options):
    """Return the lines of the ledger by message, and the reconciliation."""
    options = Options(**({"identities": WHO} | options))
    files = dict(files_of([FORMATS["graph-import"]], transcript, options))
    lines = map(json.loads, files["graph-ledger.jsonl"].decode().splitlines())
    found = json.loads(files["graph-reconciliation.json"])
    return {line["sourceMessageId"]: line for line in lines}, found


def system(number):
    return listed(number, "x", type="topicUpdated", content={"topic": "x"})


UNSENT = {
    "system": (system(0), "archived"),
    "over_28_kb": (listed(0, "x" * 30_000), "archived"),
    "undated": (listed(0, "x", id="77", createdOn=""), "archived"),
    "unmapped": (
        listed(0, "x", senderCommunicationIdentifier=who(CAROL)),
        "archived",
    ),
    "deleted": (listed_deleted(0), "excluded"),
    "deleted, its text still listed": (
        listed(0, "x", deletedOn="2026-11-22T12:00:01Z"),
        "excluded",
    ),
}


@pytest.mark.parametrize(("case", "expected"), UNSENT.items(), ids=UNSENT)
def test_what_is_not_sent_is_archived_or_excluded_and_says_why(case, expected):
    item, status = expected
    reason = case.partition(",")[0]

    lines, found = ledger_of(thread(items=[item, listed(9000, "sent")]))

    line = lines[item["id"]]
    assert (line["status"], line["reason"]) == (status, reason)
    assert line["effectiveCreatedDateTime"] is None
    assert lines[str(FIRST_ID + 9000)]["status"] == "ready"
    assert found["statuses"] == {
        "ready": 1, "archived": 0, "excluded": 0, "imported": 0, "failed": 0,
    } | {status: 1}  # fmt: skip
    assert sum(found["statuses"].values()) == found["baseline"]["messages"] == 2


def test_who_is_archived_only_by_decision_is_archived_and_mapped_so():
    lines, found = ledger_of(
        thread(items=[listed(0, "x")]), identities={}, archive_only=frozenset([ALICE])
    )

    (line,) = lines.values()
    assert (line["status"], line["reason"]) == ("archived", "archive_only")
    assert found["authors"] == {
        ALICE: {
            "targetEntraObjectId": None,
            "mappingStatus": "archive-only",
            "archived": 1,
        }
    }
    assert found["baseline"]["identities_without_mapping"] == 0


def test_an_erased_message_is_excluded_whoever_said_it():
    events = received(0, "a"), received(5000, "b")
    erased = replay(THREAD, erased_of(to_log(*events), 0), [])

    lines, found = ledger_of(erased)

    line = lines[str(FIRST_ID)]
    assert (line["status"], line["reason"]) == ("excluded", "erased")
    assert found["statuses"]["ready"] == 1


def test_both_times_of_a_message_that_moved_are_recorded():
    same = {"composeTime": "2026-11-22T12:00:00Z"}
    events = [received(number, "x", **same) for number in (0, 5000)]

    lines, found = ledger_of(thread(*events))

    times = [
        (line["sourceCreatedDateTime"], line["effectiveCreatedDateTime"])
        for line in lines.values()
    ]
    assert times == [
        ("2026-11-22T12:00:00Z", "2026-11-22T12:00:00.000Z"),
        ("2026-11-22T12:00:00Z", "2026-11-22T12:00:00.001Z"),
    ]
    assert found["collisions"] == len(found["moved"]) == 1


def test_a_thread_that_graph_refuses_says_so():
    meeting = "19:meeting_abc@thread.v2"

    _, found = imported(thread(thread_created(), thread_id=meeting))
    assert found["refusals"] == ["The chat of a meeting cannot be imported."]

    _, found = imported(thread(thread_created()))
    assert found["refusals"] == []

    _, found = imported(thread(thread_created(), removed(BOB)))
    (why,) = found["refusals"]
    assert why.startswith("A chat needs 2 members: ")
    assert " 1 can be one." in why


def test_ascending_times_are_moved_no_further_than_needed():
    assert list(apart([1, 1, 1, 2, 9, 9])) == [1, 2, 3, 4, 9, 10]
    assert list(apart([])) == []


@pytest.mark.parametrize(
    ("time", "found"),
    [
        ("2026-11-22T12:00:00.9999999Z", FIRST_ID + 999),
        ("2001-09-09T01:46:40Z", 10**12),
        ("2001-09-09T01:46:39.999Z", None),
        ("2286-11-20T17:46:39.999Z", 10**13 - 1),
        ("2286-11-20T17:46:40Z", None),
    ],
)
def test_milliseconds_are_cut_and_none_outside_of_what_a_chat_can_have(time, found):
    assert milliseconds(time) == found
    if found:
        assert milliseconds(written(found)) == found
