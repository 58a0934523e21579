"""What a poison queue would forget stands in quarantine, and comes back from there."""

import json

import pytest

from builders import THREAD, received
from fakes.unprocessed_events import MemoryUnprocessedEvents
from shared.domain import layout
from shared.domain.errors import Transient
from shared.usecases.capture.redeliver import Redeliver
from shared.usecases.capture.rescue import REASON
from world import World


@pytest.fixture
def world():
    return World()


def quarantined(world):
    return {
        path: blob.data
        for path, blob in world.log.blobs.items()
        if path.startswith("quarantine/")
    }


async def test_a_sweep_moves_what_would_expire_to_quarantine(world):
    event = json.dumps(received())
    world.expiring_events.contents["1"] = event.encode()

    swept = await world.sweep()

    assert swept.failures == []
    assert world.expiring_events.contents == {}
    ((path, line),) = quarantined(world).items()
    assert path.startswith(layout.quarantine_folder(THREAD))
    kept = json.loads(line)
    assert (kept["input"], kept["reason"]) == (event, REASON)


async def test_redeliver_takes_it_from_there(world):
    events = [received(), received(1, threadId="19:other@thread.v2")]
    world.expiring_events.contents["1"] = json.dumps(events).encode()
    await world.sweep()
    again = Redeliver(
        quarantine=MemoryUnprocessedEvents(quarantined(world)),
        dead_letters=MemoryUnprocessedEvents({}),
        poisoned=MemoryUnprocessedEvents({}),
        events_poison=world.events_poison,
        ingest=world.ingest,
        log=world.log,
        execute=True,
    )

    done = await again.from_quarantine()

    assert (done.files, done.redelivered, done.unreadable) == (2, 2, 0)
    assert len([path for path in world.log.blobs if path.startswith("thread=")]) == 2


@pytest.mark.parametrize("content", [b"", b"no event", b"\xff", b"7"])
async def test_whatever_it_is_it_is_kept(world, content):
    world.expiring_events.contents["1"] = content

    await world.sweep()

    (line,) = quarantined(world).values()
    assert json.loads(line)["input"].encode("utf-8", "surrogateescape") == content
    assert world.expiring_events.contents == {}


async def test_what_cannot_be_kept_stays_on_the_queue_and_fails_the_sweep(world):
    world.expiring_events.contents["1"] = json.dumps(received()).encode()
    world.log.failing = 1

    swept = await world.sweep()

    assert len(swept.failures) == 1
    assert swept.failures[0].startswith("poison queue: ")
    assert list(world.expiring_events.contents) == ["1"]
    world.log.failing = 1
    with pytest.raises(Transient):
        await world.sweep.rescue()
