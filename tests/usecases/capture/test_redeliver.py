"""What was left over is taken in after a fix: all of it, once, and nothing is lost."""

import json

import pytest

from builders import THREAD, received
from shared.domain import layout
from shared.domain.log.record import encode_quarantined, read_records
from shared.ports.unprocessed_events import UnprocessedFile
from shared.usecases.capture.redeliver import Redeliver
from world import World

GARBAGE = (
    '{"eventType":"Microsoft.Communication.ChatMessageReceivedInThread","data":{}}'
)


PART = 7  # so small that every line is cut


class MemoryUnprocessedEvents:
    """Unprocessed events in a dict; whoever changes a file changes its etag."""

    def __init__(self, files, changed=(), kept=False):
        self.contents = dict(files)
        self.changed = set(changed)
        self.kept = kept

    async def files(self):
        for path, data in sorted(self.contents.items()):
            yield UnprocessedFile(path=path, size=len(data), etag="1")

    async def stream(self, file):
        data = self.contents[file.path][: file.size]
        for start in range(0, len(data), PART):
            yield data[start : start + PART]

    async def is_protected(self):
        return self.kept

    async def remove(self, file):
        assert not self.kept
        if file.path in self.changed:
            return False
        del self.contents[file.path]
        return True


@pytest.fixture
def world():
    return World()


def redeliver(
    world, *, quarantine=(), letters=(), execute=True, changed=(), kept=False
):
    return Redeliver(
        quarantine=MemoryUnprocessedEvents(quarantine, changed, kept),
        dead_letters=MemoryUnprocessedEvents(letters, changed),
        ingest=world.ingest,
        log=world.log,
        execute=execute,
    )


def quarantined(world, *texts):
    path = layout.segment_path(layout.quarantine_stem(THREAD, world.clock().date()), 0)
    lines = [encode_quarantined(one, world.clock(), "a reason") for one in texts]
    return {path: b"".join(lines)}


async def events(world, thread=THREAD):
    log = await world.log.thread(thread)
    parts = [await world.log.read(one, 0) for one in log.segments]
    return [one.event.message_id for one in read_records(b"".join(parts)).records]


async def test_what_can_be_read_now_is_taken_in_and_its_file_goes(world):
    files = quarantined(world, json.dumps(received()), json.dumps(received(1)))
    again = redeliver(world, quarantine=files)

    done = await again.from_quarantine()

    assert (done.redelivered, done.unreadable, done.removed) == (2, 0, 1)
    assert len(await events(world)) == 2
    assert again.quarantine.contents == {}


async def test_what_still_cannot_be_read_stays_in_quarantine(world):
    files = quarantined(world, json.dumps(received()), GARBAGE)
    again = redeliver(world, quarantine=files)

    done = await again.from_quarantine()

    assert (done.redelivered, done.unreadable, done.removed) == (1, 1, 1)
    assert len(await events(world)) == 1
    left = await world.log.quarantined(THREAD)
    assert json.loads(left)["input"] == GARBAGE


async def test_a_line_that_is_none_is_left_as_it_is(world):
    path, line = next(iter(quarantined(world, json.dumps(received())).items()))
    again = redeliver(world, quarantine={path: b'{"torn' + b"\n" + line})

    done = await again.from_quarantine()

    assert (done.redelivered, done.unreadable) == (1, 1)
    assert await world.log.quarantined(THREAD) == b'{"torn\n'


async def test_without_execute_nothing_changes(world):
    files = quarantined(world, json.dumps(received()))
    again = redeliver(world, quarantine=files, letters=files, execute=False)

    done = await again.from_quarantine()
    await again.from_dead_letters()

    assert (done.redelivered, done.removed) == (1, 0)
    assert again.quarantine.contents == files
    assert await events(world) == []


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
    assert len(await events(world)) == 1
    assert b"TimeToLiveExceeded" not in b"".join(
        blob.data for blob in world.log.blobs.values()
    )


@pytest.mark.parametrize("data", [b"not json", b"[7]", GARBAGE.encode(), b"\xff"])
async def test_a_dead_letter_that_cannot_be_read_goes_to_quarantine(world, data):
    again = redeliver(world, letters={"a.json": data})

    done = await again.from_dead_letters()

    assert (done.redelivered, done.unreadable, done.removed) == (0, 1, 1)
    assert any(path.startswith("quarantine/") for path in world.log.blobs)


async def test_doing_it_twice_archives_each_event_once(world):
    letters = {"a.json": json.dumps([received()]).encode()}
    for _ in range(2):
        await redeliver(world, letters=letters).from_dead_letters()

    await world.finalize(THREAD)

    counts = world.manifest()["content"]["counts"]
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
    assert set(await events(world)) == {
        received(n)["data"]["messageId"] for n in (0, 1)
    }
