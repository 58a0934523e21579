"""What was left over is taken in after a fix: all of it, once, and nothing is lost."""

import json

import pytest

from builders import THREAD, received
from builders import events_in as logged_events
from fakes.unprocessed_events import MemoryUnprocessedEvents
from shared.domain import layout
from shared.domain.log.record import encode_quarantined
from shared.usecases.capture.redeliver import Redeliver
from world import World

GARBAGE = (
    '{"eventType":"Microsoft.Communication.ChatMessageReceivedInThread","data":{}}'
)


@pytest.fixture
def world():
    return World()


def redeliver(
    world,
    *,
    quarantine=(),
    letters=(),
    poisoned=(),
    execute=True,
    changed=(),
    kept=False,
):
    return Redeliver(
        quarantine=MemoryUnprocessedEvents(quarantine, changed, kept),
        dead_letters=MemoryUnprocessedEvents(letters, changed),
        poisoned=MemoryUnprocessedEvents(poisoned, changed),
        events_poison=world.events_poison,
        ingest=world.ingest,
        log=world.log,
        execute=execute,
    )


def quarantined(world, *texts):
    path = layout.segment_path(layout.quarantine_stem(THREAD, world.clock().date()), 0)
    lines = [
        encode_quarantined(one, world.clock(), "a reason", bytes(16)) for one in texts
    ]
    return {path: b"".join(lines)}


async def quarantine_of(world):
    segments = await world.log.quarantine(THREAD)
    return b"".join([await world.log.read(segment, 0) for segment in segments])


async def events_in(world, thread=THREAD):
    log = await world.log.thread(thread)
    parts = [await world.log.read(one, 0) for one in log.segments]
    return [event.message_id for event in logged_events(b"".join(parts))]


async def test_what_can_be_read_now_is_taken_in_and_its_file_goes(world):
    files = quarantined(world, json.dumps(received()), json.dumps(received(1)))
    again = redeliver(world, quarantine=files)

    done = await again.from_quarantine()

    assert (done.redelivered, done.unreadable, done.removed) == (2, 0, 1)
    assert len(await events_in(world)) == 2
    assert again.quarantine.contents == {}


@pytest.mark.parametrize("kept", [1, 20, -2])
async def test_an_event_behind_a_torn_line_is_taken_in(world, kept):
    ((path, first),) = quarantined(world, json.dumps(received())).items()
    ((_, second),) = quarantined(world, json.dumps(received(1))).items()
    again = redeliver(world, quarantine={path: first[:kept] + second})

    done = await again.from_quarantine()

    assert (done.redelivered, done.unreadable) == (1, 1)
    assert await events_in(world) == [received(1)["data"]["messageId"]]
    (left,) = (blob.data for name, blob in world.log.blobs.items() if "left" in name)
    assert left == first[:kept] + b"\n"


OLD_CLOUD_EVENT = {
    name: value
    for name, value in received(schema="cloudevents").items()
    if name != "specversion"
}
"""As the documentation shows a CloudEvent among dead letters."""
LOWER = {"deadletterreason": "MaxDeliveryAttemptsExceeded", "publishtime": "x"}


@pytest.mark.parametrize(
    ("data", "count"),
    [
        (b"", 0),
        (b"\n", 0),
        (json.dumps(received() | LOWER).encode(), 1),
        (json.dumps(OLD_CLOUD_EVENT | LOWER).encode(), 1),
        (json.dumps([OLD_CLOUD_EVENT | LOWER] * 2).encode(), 2),
        (b"\xef\xbb\xbf" + json.dumps([received()]).encode(), 1),
        ("\n".join(json.dumps(received(at) | LOWER) for at in range(3)).encode(), 3),
        (b"\r\n".join(json.dumps([received(at)]).encode() for at in range(2)), 2),
    ],
)
async def test_dead_letters_are_read_in_every_shape(world, data, count):
    again = redeliver(world, letters={"a.json": data})

    done = await again.from_dead_letters()

    assert (done.redelivered, done.unreadable, done.removed) == (count, 0, 1)
    assert len(await events_in(world)) == count
    log = await world.log.thread(THREAD)
    for segment in log.segments:
        assert b"deadletterreason" not in await world.log.read(segment, 0)


async def test_what_still_cannot_be_read_stays_in_quarantine(world):
    files = quarantined(world, json.dumps(received()), GARBAGE)
    again = redeliver(world, quarantine=files)

    done = await again.from_quarantine()

    assert (done.redelivered, done.unreadable, done.removed) == (1, 1, 1)
    assert len(await events_in(world)) == 1
    left = await quarantine_of(world)
    assert json.loads(left)["input"] == GARBAGE


async def test_a_line_that_is_none_is_left_as_it_is(world):
    path, line = next(iter(quarantined(world, json.dumps(received())).items()))
    again = redeliver(world, quarantine={path: b'{"torn' + b"\n" + line})

    done = await again.from_quarantine()

    assert (done.redelivered, done.unreadable) == (1, 1)
    assert await quarantine_of(world) == b'{"torn\n'


async def test_without_execute_nothing_changes(world):
    files = quarantined(world, json.dumps(received()))
    again = redeliver(world, quarantine=files, letters=files, execute=False)

    done = await again.from_quarantine()
    await again.from_dead_letters()

    assert (done.redelivered, done.removed) == (1, 0)
    assert again.quarantine.contents == files
    assert await events_in(world) == []


async def test_a_file_that_grew_meanwhile_is_left_for_the_next_time(world):
    files = quarantined(world, json.dumps(received()))
    again = redeliver(world, quarantine=files, changed=files)

    done = await again.from_quarantine()

    assert (done.redelivered, done.removed) == (1, 0)
    assert again.quarantine.contents == files


@pytest.mark.parametrize("schema", ["eventgrid", "cloudevents"])
async def test_dead_letters_are_taken_in_without_what_event_grid_added(world, schema):
    event = received()
    added = {"deadLetterReason": "TimeToLiveExceeded", "deliveryAttempts": 30}
    if schema == "cloudevents":
        event = {
            "id": event["id"], "source": "/x", "type": event["eventType"],
            "subject": event["subject"], "time": event["eventTime"],
            "specversion": "1.0", "data": event["data"],
        }  # fmt: skip
        added = {name.lower(): value for name, value in added.items()}
    letters = {"a.json": json.dumps([event | added]).encode()}
    again = redeliver(world, letters=letters)

    done = await again.from_dead_letters()

    assert (done.redelivered, done.unreadable, done.removed) == (1, 0, 1)
    assert len(await events_in(world)) == 1
    assert b"TimeToLiveExceeded" not in b"".join(
        blob.data for blob in world.log.blobs.values()
    )


@pytest.mark.parametrize("data", [b"not json", b"[7]", GARBAGE.encode(), b"\xff"])
async def test_a_dead_letter_that_cannot_be_read_goes_to_quarantine(world, data):
    again = redeliver(world, letters={"a.json": data})

    done = await again.from_dead_letters()

    assert (done.redelivered, done.unreadable, done.removed) == (0, 1, 1)
    assert any(path.startswith("quarantine/") for path in world.log.blobs)


async def test_a_broken_dead_letter_costs_none_before_it(world):
    letter = json.dumps([received()])[:-1] + ', {"id": "tor\n'
    again = redeliver(world, letters={"a.json": letter.encode()})

    done = await again.from_dead_letters()

    assert (done.redelivered, done.unreadable, done.removed) == (1, 1, 1)
    assert len(await events_in(world)) == 1
    assert any(path.startswith("quarantine/") for path in world.log.blobs)


async def test_doing_it_twice_archives_each_event_once(world):
    letters = {"a.json": json.dumps([received()]).encode()}
    for _ in range(2):
        await redeliver(world, letters=letters).from_dead_letters()

    await world.finalize(THREAD)

    counts = world.reconciliation()["counts"]
    assert (counts["messages"], counts["duplicate_records"]) == (1, 1)


async def test_under_an_immutability_policy_all_is_taken_and_every_file_stays(world):
    files = quarantined(world, json.dumps(received()), GARBAGE)
    letters = {"one.json": json.dumps([received(1)]).encode()}
    again = redeliver(world, quarantine=files, letters=letters, kept=True)

    for _ in range(2):
        done = await again.from_quarantine()
        await again.from_dead_letters()

    assert (done.redelivered, done.unreadable, done.removed, done.is_protected) == (
        1,
        1,
        0,
        True,
    )
    assert again.quarantine.contents == files
    assert again.dead_letters.contents == {}
    assert set(await events_in(world)) == {
        received(n)["data"]["messageId"] for n in (0, 1)
    }


NO_UTF8 = json.dumps(received(), ensure_ascii=False).encode().replace(b"Alice", b"\xff")


@pytest.mark.parametrize("schema", ["eventgrid", "cloudevents"])
async def test_a_poisoned_event_is_taken_in_as_it_came(world, schema):
    event = json.dumps(received(schema=schema))
    again = redeliver(world, poisoned={"1": event.encode()})

    done = await again.from_poison_queue()

    assert (done.redelivered, done.unreadable, done.removed) == (1, 0, 1)
    (blob,) = world.log.blobs.values()
    assert event.encode() in blob.data
    assert again.poisoned.contents == {}


async def test_a_poisoned_list_is_counted_by_event(world):
    events = [received(), {"eventType": 7}, received(1)]
    again = redeliver(world, poisoned={"1": json.dumps(events).encode()})

    done = await again.from_poison_queue()

    assert (done.files, done.redelivered, done.unreadable) == (1, 2, 1)
    assert len(await events_in(world)) == 2


@pytest.mark.parametrize("data", [b"", b"not json", GARBAGE.encode(), NO_UTF8])
async def test_a_poisoned_message_that_cannot_be_read_goes_to_quarantine(world, data):
    again = redeliver(world, poisoned={"1": data})

    done = await again.from_poison_queue()

    assert (done.redelivered, done.unreadable, done.removed) == (0, 1, 1)
    assert any(path.startswith("quarantine/") for path in world.log.blobs)


async def test_without_execute_poisoned_messages_stay_and_the_rest_is_counted(world):
    for _ in range(3):
        await world.events_poison.put(None)
    files = {"1": json.dumps(received()).encode()}
    again = redeliver(world, poisoned=files, execute=False)

    done = await again.from_poison_queue()

    assert (done.redelivered, done.removed, done.not_looked_at) == (1, 0, 2)
    assert again.poisoned.contents == files
    assert world.log.blobs == {}


async def test_what_is_not_utf_8_stays_in_quarantine_byte_for_byte(world):
    await redeliver(world, poisoned={"1": NO_UTF8}).from_poison_queue()
    (path,) = world.log.blobs
    line = world.log.blobs[path].data
    again = redeliver(world, quarantine={path: line})

    done = await again.from_quarantine()

    assert (done.redelivered, done.unreadable, done.removed) == (0, 1, 0)
    assert dict(done.reasons) == {"not UTF-8": 1}
    kept = json.loads(line)["input"]
    assert kept.encode("utf-8", "surrogateescape") == NO_UTF8
