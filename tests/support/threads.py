"""Threads to write in every format: a rich one, an empty one, one of system messages."""

from dataclasses import replace

from inputs import FULL, logged
from inputs import listing as listing_of

from builders import (
    ALICE,
    BOB,
    FIRST_ID,
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
from shared.domain.thread.replay import replay

BY_BEN = {"senderCommunicationIdentifier": who(BOB), "senderDisplayName": "Ben"}
NEXT_DAY = 86_400_000
BY_BOB = {"senderCommunicationIdentifier": who(BOB), "senderDisplayName": "Bob ‮evil"}
HOSTILE = [
    "=cmd|' /C calc'!A0", "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>",
    "\x00\x01\x1b[31m red \x7f", "\ud800 lone", "‮reversed‬ and ⁦isolated⁩", "a\r\nb\rc\nd", "\u2028\u2029\x85",
    "👩🏽‍💼🏳️‍🌈 é é", "שלום עולם، مرحبا", "`*_[x](javascript:alert(1))_*` # no heading\n- no list\n1. none\n> none",
    "-->]]>", '"quotes", ;and\tcommas', "'apostrophe", "x" * 900, "", " ",
]  # fmt: skip
HTML = [
    "<p>Hello <b>you</b>, <a href='https://example.com/t?a=1&b=2'>look</a></p><ul><li>one</li><li>two</li></ul>",
    "<script>alert(1)</script><p onclick=alert(1)>text<img src=https://example.com/x.png></p><iframe src=//x></iframe>",
    "<a href='javascript:alert(1)'>no</a><style>p{}</style><p>never closed",
]


def person(user, name):
    return {"communicationIdentifier": who(user), "displayName": name}


def system(number, type, **content):
    return listed(
        number,
        type=type,
        content=content | {"initiatorCommunicationIdentifier": who(ALICE)},
        senderCommunicationIdentifier=None,
        senderDisplayName="",
    )


SYSTEM = [
    system(
        -10,
        "participantAdded",
        participants=[person(ALICE, "Alice"), person(BOB, "Bob")],
    ),
    system(-9, "topicUpdated", topic="A <topic> & more"),
    system(NEXT_DAY, "participantRemoved", participants=[person(BOB, "Bob")]),
    system(NEXT_DAY + 1, "somethingNew"),
]


def listing(*items, **more):
    return listing_of(*items, received_on="2026-11-24T00:00:00Z", **more)


def rich():
    """Edits, a deletion, what differs, files, metadata, html, two days, hostile texts."""
    events = [
        thread_created(properties={"topic": "A <topic> & more"}),
        received(0, "Hello, has my order come?"),
        received(1, "I will look.", **BY_BOB),
        edited(1, "I will look now.", after=500, **BY_BOB),
        edited(1, "I have looked: it comes today.", after=900, **BY_BOB),
        received(2, "My number is 000"),
        deleted(2, after=700),
        received(
            3,
            "See the form",
            metadata={"fileSharingMetadata": '[{"name":"f.pdf"}]', "=k": "=v"},
        ),
        *(
            received(1000 + n, text, **(BY_BOB if n % 3 else {}))
            for n, text in enumerate(HOSTILE)
        ),
        *(
            received(2000 + n, text, type="RichText/Html")
            for n, text in enumerate(HTML)
        ),
        received(3000, "I owe you 100", metadata={"due": "2026-12-01"}),
        received(NEXT_DAY - 100, "The next day\nwith two lines"),
        deleted(NEXT_DAY - 50),
        thread_event(
            "ChatThreadPropertiesUpdated",
            properties={"topic": "Solved"},
            editedByCommunicationIdentifier=who(BOB),
            editTime="2026-11-23T13:00:00Z",
            version=FIRST_ID + NEXT_DAY,
        ),
    ]
    attached = [
        {
            "id": "a",
            "attachmentType": "image",
            "name": "photo.png",
            "url": "https://example.com/p",
        }
    ]
    item = listed(4, content={"message": "A picture", "attachments": attached})
    differing = listed(
        3000, "I owe you <b>900</b>", metadata={"due": "2027-12-01"}, **BY_BEN
    )
    listings = [
        listing(
            *SYSTEM,
            item,
            differing,
            outcome=replace(FULL, api_version="2025-03-15"),
            properties={
                "topic": "Solved",
                "createdOn": "2026-11-22T11:59:59Z",
                "metadata": {"case": "=4711", "note": "<b>"},
                "retentionPolicy": {
                    "kind": "threadCreationDate",
                    "deleteThreadAfterDays": 60,
                },
            },
            participants=[person(ALICE, "Alice"), person(BOB, "Ben")],
            receipts=[
                {
                    "senderCommunicationIdentifier": who(BOB),
                    "chatMessageId": str(FIRST_ID),
                    "readOn": "2026-11-22T12:05:00Z",
                }
            ],
        )
    ]
    return replay(THREAD, logged(to_log(*events)), listings)


def empty():
    return replay(THREAD, logged(to_log(thread_created())), [listing()])


def only_system():
    return replay(THREAD, logged(b""), [listing(*SYSTEM)])


THREADS = {"rich": rich, "empty": empty, "only-system": only_system}


def short():
    """The thread of `docs/formats.md`."""
    events = [
        thread_created(properties={"topic": "Order 4711"}),
        received(0, "Hello, has my order come?"),
        received(30_000, "It comes on Firday.", **BY_BEN),
        edited(30_000, "It comes on Friday.", after=4_000, **BY_BEN),
        received(60_000, "My number is 000-00"),
        deleted(60_000, after=9_000),
        received(
            90_000,
            "<p>See <a href='https://example.com/4711'>the parcel</a></p>",
            type="RichText/Html",
            **BY_BEN,
        ),
    ]
    joined = system(
        -10,
        "participantAdded",
        participants=[person(ALICE, "Alice"), person(BOB, "Ben")],
    )
    return replay(THREAD, logged(to_log(*events)), [listing(joined)])
