"""What comes to the log is seen once, whole, in its order, and nothing is lost."""

import json
from datetime import timedelta

import pytest

from builders import (
    BOB,
    FIRST_ID,
    NOON,
    THREAD,
    deleted,
    edited,
    received,
    thread_created,
    thread_event,
    to_log,
    who,
)
from shared.adapters.storage.archive_folder import FolderArchive
from shared.domain import layout
from shared.domain.errors import Transient
from shared.domain.log.record import encode_quarantined
from shared.usecases.capture import watch as watching
from shared.usecases.capture.watch import Watch

OTHER = "19:other@thread.v2"
DAY = NOON.date()


@pytest.fixture
def log(tmp_path):
    return tmp_path / "chat-log"


def append(log, data, thread=THREAD, day=DAY, folder=""):
    path = log / folder / layout.segment_path(layout.segment_stem(thread, day), 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(data)


def watch(log, **more):
    log.mkdir(exist_ok=True)
    return Watch(files=FolderArchive(log), **more)


def said(found):
    return [each.text for each in found]


class Unsteady(FolderArchive):
    """A folder that cannot be reached once, at the second file that is read."""

    reads = 0

    def stream(self, path, start=0):
        self.reads += 1
        if self.reads == 2:
            raise Transient("the storage cannot be reached")
        return super().stream(path, start)


async def test_it_begins_with_what_comes_from_now_on(log):
    append(log, to_log(received(0, "before")))
    seen = watch(log)
    assert await seen.round() == []

    append(log, to_log(received(1, "now")))
    append(log, to_log(received(2, "there", threadId=OTHER)), thread=OTHER)

    found = await seen.round()
    assert sorted(said(found)) == ["now", "there"]
    assert await seen.round() == []


async def test_it_can_begin_with_what_was_kept_since(log):
    append(log, to_log(received(0, "today")))
    for days, count in ((0, 1), (1, 0), (-40, 1)):
        since = NOON + timedelta(days=days, seconds=-1)
        assert len(await watch(log, since=since).round()) == count


async def test_a_line_is_shown_when_the_whole_of_it_is_there(log):
    seen = watch(log)
    await seen.round()
    line = to_log(received(0, "whole"))

    append(log, line[:40])
    assert await seen.round() == []
    append(log, line[40:] + line[:10])
    assert said(await seen.round()) == ["whole"]
    append(log, line[10:])
    assert said(await seen.round()) == ["whole"]


async def test_an_event_that_comes_again_is_marked(log):
    seen = watch(log)
    await seen.round()
    append(log, to_log(received(0, "hello"), received(0, "hello"), edited(0, "hello!")))

    first, second, third = await seen.round()
    assert (first.is_duplicate, second.is_duplicate) == (False, True)
    assert not third.is_duplicate
    append(log, to_log(received(0, "hello")))
    assert [each.is_duplicate for each in await seen.round()] == [True]


async def test_memory_does_not_grow_with_the_events(log, monkeypatch):
    monkeypatch.setattr(watching, "MOST_IDENTITIES", 3)
    seen = watch(log)
    await seen.round()
    append(log, to_log(*(received(n, str(n)) for n in range(9))))
    await seen.round()

    assert len(seen.identities) == 3


async def test_a_long_segment_is_read_in_parts(log, monkeypatch):
    monkeypatch.setattr(watching, "MOST_BYTES", 10)
    monkeypatch.setattr("shared.adapters.storage.archive_folder.PART", 700)
    append(log, to_log(*(received(n, f"text {n}") for n in range(20))))
    seen = watch(log, since=NOON - timedelta(days=1))

    found = said(await seen.round())
    while seen.is_behind:
        found += said(await seen.round())
    assert found == [f"text {n}" for n in range(20)]


async def test_a_failure_in_the_middle_of_a_round_loses_nothing(log):
    log.mkdir()
    seen = Watch(files=Unsteady(log))
    await seen.round()
    for number in range(4):
        thread = f"19:t{number}@thread.v2"
        event = received(number, f"text {number}", threadId=thread)
        append(log, to_log(event), thread=thread)

    with pytest.raises(Transient):
        await seen.round()
    found = await seen.round()
    assert sorted(said(found)) == [f"text {n}" for n in range(4)]
    assert not any(each.is_duplicate for each in found)


async def test_a_round_reads_no_more_than_so_much_the_oldest_days_first(
    log, monkeypatch
):
    monkeypatch.setattr(watching, "ROUND_BYTES", 1)
    days = [DAY - timedelta(days=ago) for ago in (0, 2, 1)]
    for number, day in enumerate(days):
        thread = f"19:t{number}@thread.v2"
        event = received(number, str(day), threadId=thread)
        append(log, to_log(event), thread=thread, day=day)
    seen = watch(log, since=NOON - timedelta(days=9))

    rounds = [said(await seen.round())]
    while seen.is_behind:
        rounds.append(said(await seen.round()))
    assert rounds == [[str(day)] for day in sorted(days)]


async def test_every_kind_says_who_and_what(log):
    seen = watch(log)
    await seen.round()
    by_bob = {"senderCommunicationIdentifier": who(BOB), "senderDisplayName": "Bob"}
    append(
        log,
        to_log(
            thread_created(properties={"topic": "Order 4711"}),
            received(0, "hello", **by_bob),
            edited(0, "hello!", after=500, **by_bob),
            deleted(0, after=900, **by_bob),
            thread_event(
                "ChatThreadPropertiesUpdated",
                properties={"topic": "Solved"},
                editedByCommunicationIdentifier=who(BOB),
                version=FIRST_ID,
            ),
        ),
    )

    found = {each.kind: each for each in await seen.round()}
    assert found["thread_created"].text == "Order 4711"
    assert (found["received"].who, found["received"].who_id) == ("Bob", BOB)
    assert found["received"].message_id == str(FIRST_ID)
    assert abs(found["received"].lag) < 1
    assert found["edited"].text == "hello!"
    assert found["deleted"].text == ""
    assert (found["thread_updated"].text, found["thread_updated"].who_id) == (
        "Solved",
        BOB,
    )


async def test_quarantine_is_shown_with_its_reason_and_without_its_input(log):
    seen = watch(log)
    await seen.round()
    text = json.dumps(received(0, "secret"))
    append(
        log,
        encode_quarantined(text, NOON, "the message has no version", bytes(16))
        + encode_quarantined("not json", NOON, "not JSON", bytes(16))
        + b"[1]\n",
        folder="quarantine",
    )

    found = await seen.round()
    told = {(each.kind, each.thread_id, each.reason) for each in found}
    assert told == {
        ("quarantined", THREAD, "the message has no version"),
        ("quarantined", "", "not JSON"),
        ("unreadable", "", "a line of quarantine that was torn"),
    }
    assert "secret" not in repr(found)


async def test_what_cannot_be_read_is_said_and_hides_nothing(log):
    seen = watch(log)
    await seen.round()
    append(log, b"torn\n" + to_log(received(0, "hello")) + b"\xff\xfe\n")

    found = await seen.round()
    assert sorted(each.kind for each in found) == [
        "received",
        "unreadable",
        "unreadable",
    ]


async def test_one_thread_can_be_watched_alone(log):
    seen = watch(log, thread_id=THREAD)
    await seen.round()
    append(log, to_log(received(0, "mine")))
    append(log, to_log(received(1, "other", threadId=OTHER)), thread=OTHER)
    line = encode_quarantined("{}", NOON, "no type", bytes(16))
    append(log, line, folder="quarantine")
    append(log, line, thread=OTHER, folder="quarantine")

    found = await seen.round()
    assert sorted((each.kind, each.text) for each in found) == [
        ("quarantined", ""),
        ("received", "mine"),
    ]


async def test_a_segment_that_went_holds_up_nothing(log):
    append(log, to_log(received(0, "old")), thread=OTHER)
    seen = watch(log)
    await seen.round()
    for file in log.rglob("*.jsonl"):
        file.unlink()
    append(log, to_log(received(1, "new")))

    assert said(await seen.round()) == ["new"]
