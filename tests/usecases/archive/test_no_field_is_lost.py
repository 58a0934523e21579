"""No field of an event, or of an answer of the service, is lost on its way.

Everything goes through ingest, log and finalizing. Each value is looked for in
`transcript.json`, and each byte in `events.jsonl` or `listing.jsonl`. Of each sample
there is a marked copy too, in which no value stands twice, so that none passes for
another.

The official samples and recordings are taken where they stand beside the project.
"""

import itertools
import json
import re

import pytest

from builders import (
    ALICE,
    SAMPLES,
    THREAD,
    deleted,
    edited,
    listed,
    listed_deleted,
    listed_edited,
    received,
    thread_created,
    thread_event,
    who,
)
from shared.domain.evidence.lines import cut_line
from shared.domain.evidence.pages import indexes_in, join_page
from shared.domain.thread.compared import message_type
from shared.domain.thread.listing import Page, PageKind
from shared.domain.times import normalise_time
from shared.ports.chat_service import ServiceListing
from world import World

NOT_TOLD = {
    "nextLink": "the address of the next page, which is of use to its reader only",
}
"""What stands in `listing.jsonl` only, and why."""
FORMS = {
    "type": message_type,
    "the others": lambda value: normalise_time(value) if value else None,
}
"""What else a value may be written as: a type as listings have it, a time in UTC.
A number may be a text (`version`), or the other way round."""
DATE = re.compile(r"(\d{4})(-\d\d-\d\dT.*)")
API_VERSIONS = ("2024-03-07", "2025-03-15")
FIXED = {"threadId", "type", "kind", "cloud", "outcome"}
"""The names of values of which there are few: they are not marked."""


def leaves(value, name=""):
    """Yield each value that holds no others, with the name that it stands under."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, name)
    else:
        yield name, value


def forms(name, value):
    """Return what a value may stand as."""
    other = FORMS.get(name, FORMS["the others"]) if isinstance(value, str) else str
    return {str(value), other(value)}


def missing(value, transcript):
    """Return the values that do not stand in a transcript, with their names."""
    told = {str(leaf) for _, leaf in leaves(transcript)}
    return [
        (name, leaf)
        for name, leaf in leaves(value)
        if name not in NOT_TOLD and not told & forms(name, leaf)
    ]


def marked(value, count, name=""):
    """Return a copy in which every value is another; those of one person are alike."""
    if isinstance(value, dict) and "rawId" in value:
        mark = f"-{next(count)}"
        return json.loads(
            json.dumps(value).replace(value["rawId"], value["rawId"] + mark)
        )
    if isinstance(value, dict):
        return {key: marked(inner, count, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [marked(inner, count, name) for inner in value]
    if name in FIXED or value is None or isinstance(value, bool) or value == "":
        return value
    return marked_leaf(value, next(count))


def marked_leaf(value, mark):
    if isinstance(value, int | float):
        return value + mark
    if value.isdecimal():
        return str(int(value) + mark)
    if date := DATE.fullmatch(value):
        return f"{int(date[1]) + mark}{date[2]}"
    return f"{value} -{mark}-"


def events_in(value):
    return value if isinstance(value, list) else [value]


JOINED = {
    "time": "2026-11-22T12:00:01.5+02:00",
    "transactionId": "t",
    "participantAdded": {
        "displayName": "Bob",
        "participantCommunicationIdentifier": who("8:acs:r_bob"),
        "metadata": {"role": "agent"},
    },
    "addedByCommunicationIdentifier": who(ALICE),
    "unheardOf": {"a": [1, {"b": "c"}]},
}
OWN_EVENTS = {
    "received": received(metadata={"a": "b"}, unheardOf=[{"a": 1.5}]),
    "received as CloudEvent": received(schema="cloudevents", metadata={"a": "b"}),
    "edited": edited(metadata={"a": "b"}),
    "deleted": deleted(unheardOf={"a": False}),
    "created": thread_created(metadata={"a": "b"}, unheardOf="u", transactionId="t"),
    "updated": thread_event(
        "ChatThreadPropertiesUpdated",
        editedByCommunicationIdentifier=who(ALICE),
        editTime="2026-11-22T13:00:00.1234567-08:00",
        properties={"topic": "T", "unheardOf": "u"},
        metadata={"a": "b"},
    ),
    "joined": thread_event("ChatThreadParticipantAdded", **JOINED),
    "deleted thread": thread_event(
        "ChatThreadDeleted",
        deletedByCommunicationIdentifier=who(ALICE),
        deleteTime="2026-11-22T13:00:00Z",
        reason="deleteByThread",
    ),
    "of an unknown type": thread_event("ChatSomethingNew", novelty={"a": ["b"]}),
}
OFFICIAL_EVENTS = {
    f"{file.relative_to(SAMPLES)} {number}": event
    for file in sorted((SAMPLES / "eventgrid").rglob("*.json"))
    for number, event in enumerate(events_in(json.loads(file.read_text())))
}
EVENTS = OWN_EVENTS | OFFICIAL_EVENTS


@pytest.mark.parametrize("is_marked", [False, True], ids=["as it is", "marked"])
@pytest.mark.parametrize("sample", EVENTS)
async def test_of_an_event_every_value_is_told(sample, is_marked):
    event = EVENTS[sample]
    if is_marked:
        event = event | {"data": marked(event["data"], itertools.count(1))}
    thread_id = event["data"]["threadId"]
    world = World(formats=("json",))

    await world.receive(event)
    await world.finalize(thread_id)

    transcript = json.loads(world.file("transcript.json", thread=thread_id))
    assert missing(event["data"], transcript) == []


@pytest.mark.parametrize("is_list", [False, True], ids=["one by one", "as a list"])
async def test_every_event_stands_in_the_archive_byte_for_byte(is_list):
    texts = [json.dumps(event, ensure_ascii=False) for event in EVENTS.values()]
    world = World(formats=("json",))
    for delivery in [f"[{' , '.join(texts)}]"] if is_list else texts:
        await world.ingest(delivery)
    threads = {event["data"]["threadId"] for event in EVENTS.values()}
    for thread_id in threads:
        await world.finalize(thread_id)

    kept = [
        line.content.decode()
        for thread_id in threads
        for line in lines(world, "events", thread_id)
    ]

    assert sorted(kept) == sorted(texts)


OWN_MESSAGES = [
    listed(metadata={"a": "b"}, policyViolation={"result": "contentBlocked"}),
    listed_edited(1),
    listed_deleted(2),
    listed(
        3,
        type="html",
        content={"message": "<p>x</p>", "attachments": [{"id": "a", "name": "n.png"}]},
    ),
    listed(
        4,
        type="participantAdded",
        content={
            "participants": [
                {
                    "communicationIdentifier": who("8:acs:r_bob"),
                    "displayName": "Bob",
                    "shareHistoryTime": "2026-11-22T12:00:00Z",
                    "metadata": {"role": "agent"},
                }
            ],
            "initiatorCommunicationIdentifier": who(ALICE),
        },
    ),
    listed(5, type="topicUpdated", content={"topic": "T"}, unheardOf=[1, {"a": "b"}]),
]
OWN_ANSWERS = {
    "own messages": (
        THREAD,
        PageKind.MESSAGES,
        {"value": OWN_MESSAGES, "nextLink": "https://x.y/next"},
    ),
    "own participants": (
        THREAD,
        PageKind.PARTICIPANTS,
        {
            "value": [
                {
                    "communicationIdentifier": who(ALICE),
                    "displayName": "Alice",
                    "shareHistoryTime": "1970-01-01T00:00:00Z",
                    "metadata": {"role": "agent"},
                    "unheardOf": {"a": 1},
                },
                {"communicationIdentifier": who("8:acs:r_bob")},
            ]
        },
    ),
    "own receipts": (
        THREAD,
        PageKind.RECEIPTS,
        {
            "value": [
                {
                    "senderCommunicationIdentifier": who(ALICE),
                    "chatMessageId": "1795348800000",
                    "readOn": "2026-11-22T12:00:00Z",
                    "unheardOf": "u",
                }
            ]
        },
    ),
    "own properties": (
        THREAD,
        PageKind.PROPERTIES,
        {
            "id": THREAD,
            "topic": "T",
            "createdOn": "2026-11-22T12:00:00Z",
            "createdByCommunicationIdentifier": who(ALICE),
            "deletedOn": "2026-11-23T12:00:00Z",
            "metadata": {"a": "b"},
            "retentionPolicy": {"kind": "none", "deleteThreadAfterDays": 60},
            "unheardOf": {"a": [True]},
        },
    ),
}
NOT_ARCHIVED = re.compile(r"/identities|/chat/threads\?")
"""Tokens, and the list of threads: what these say is what to ask for, and is of no
thread's content. What it takes to create a thread is answered as its properties are."""
RECORDED_THREAD = re.compile(r"/chat/threads/([^/?]+)(?:/(messages|participants))?")


def recorded_entries():
    """Yield each request of the recordings with its answer, and a name for it."""
    for file in sorted((SAMPLES / "acs-recordings").glob("*.json")):
        recording = json.loads(file.read_text())
        for part, given in enumerate(recording.get("recordings", [recording])):
            for number, entry in enumerate(given["entries"]):
                yield f"{file.stem} {part} {number}", entry


def answer_of(entry):
    """Return the thread, the kind and the body of a recorded answer; None for none."""
    body = entry["body"]
    if entry["method"] == "POST" and "chatThread" in (body or {}):
        return body["chatThread"]["id"], PageKind.PROPERTIES, body["chatThread"]
    if entry["status"] != 200 or NOT_ARCHIVED.match(entry["url"]):
        return None
    thread_id, kind = RECORDED_THREAD.match(entry["url"]).groups()
    thread_id = thread_id.replace("%3A", ":").replace("%40", "@")
    if "value" not in body and kind:  # one message
        body = {"value": [body]}
    return thread_id, PageKind(kind or "properties"), body


RECORDED = {
    name: answer for name, entry in recorded_entries() if (answer := answer_of(entry))
}
ANSWERS = OWN_ANSWERS | RECORDED


async def listed_world(thread_id, api_version, *pages):
    """Return a world in which a thread was archived of these answers alone."""
    world = World(readers=(ALICE,), formats=("json",))
    world.chat.pages[thread_id, ALICE] = ServiceListing(
        pages=tuple(
            Page(kind=kind, body=json.dumps(body, ensure_ascii=False))
            for kind, body in pages
        ),
        settled=True,
        api_version=api_version,
    )
    await world.finalize(thread_id)
    return world


def lines(world, name, thread_id):
    """Return the lines of the input that the first revision of a thread has."""
    stored = world.file(f"{name}.jsonl", thread=thread_id).splitlines()
    return [cut_line(line) for line in stored]


@pytest.mark.parametrize("api_version", API_VERSIONS)
@pytest.mark.parametrize("is_marked", [False, True], ids=["as it is", "marked"])
@pytest.mark.parametrize("sample", ANSWERS)
async def test_of_an_answer_every_value_is_told(sample, is_marked, api_version):
    thread_id, kind, body = ANSWERS[sample]
    if is_marked:
        body = marked(body, itertools.count(1)) | {"id": thread_id}

    world = await listed_world(thread_id, api_version, (kind, body))

    transcript = json.loads(world.file("transcript.json", thread=thread_id))
    assert missing(body, transcript) == []


@pytest.mark.parametrize("api_version", API_VERSIONS)
async def test_every_answer_stands_in_the_archive_byte_for_byte(api_version):
    by_thread = {}
    for thread_id, kind, body in ANSWERS.values():
        by_thread.setdefault(thread_id, []).append((kind, body))

    for thread_id, pages in by_thread.items():
        world = await listed_world(thread_id, api_version, *pages)

        stored = lines(world, "listing", thread_id)
        answers = [
            join_page(line.content, items_of(line, stored))
            for line in stored
            if line.facts["kind"] == "page"
        ]
        assert answers == [
            json.dumps(body, ensure_ascii=False).encode() for _, body in pages
        ]
        transcript = json.loads(world.file("transcript.json", thread=thread_id))
        told = [
            missing(body, transcript)
            for kind, body in pages
            if kind is PageKind.MESSAGES
        ]
        assert told == [[]] * len(told)


def items_of(line, stored):
    """Return the contents of the lines that a page consists of."""
    ranges = indexes_in(line.facts["items"])
    return [stored[at].content for indexes in ranges for at in indexes]


def test_only_what_tells_nothing_of_a_thread_is_left_out():
    for name, entry in recorded_entries():
        if name not in RECORDED:
            is_sent = entry["method"] != "GET" and set(entry["body"] or {}) <= {"id"}
            is_of_no_thread = bool(NOT_ARCHIVED.match(entry["url"]))
            assert is_sent or is_of_no_thread or entry["status"] >= 400
