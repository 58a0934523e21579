"""What a live page gets: the newest events, in their order, and how many it did not."""

import json
from datetime import timedelta

import pytest

from builders import NOON, received
from shared.adapters.storage.archive_folder import FolderArchive
from shared.domain import layout
from shared.domain.errors import Transient
from shared.domain.log.record import encode_record
from shared.usecases.capture import live_events as living
from shared.usecases.capture import watch as watching
from shared.usecases.capture.live_events import LiveEvents
from shared.usecases.capture.watch import Watch

COUNT = 8


class Unsteady(FolderArchive):
    """A folder that cannot be reached once, at the third file that is read."""

    reads = 0

    def stream(self, path, start=0):
        self.reads += 1
        if self.reads == 3:
            raise Transient("the storage cannot be reached")
        return super().stream(path, start)


@pytest.fixture
def log(tmp_path):
    """A log of one event a thread, of which none was kept in the order of paths."""
    for number in range(COUNT):
        thread = f"19:t{number}@thread.v2"
        event = json.dumps(received(number, f"text {number}", threadId=thread))
        kept = NOON + timedelta(seconds=number * 3 % COUNT)
        stem = layout.segment_stem(thread, NOON.date())
        path = tmp_path / layout.segment_path(stem, 0)
        path.parent.mkdir(parents=True)
        path.write_bytes(encode_record(event, kept, bytes(16)))
    return tmp_path


def live(files):
    watch = Watch(files=files, since=NOON - timedelta(days=1))
    return LiveEvents(watch=watch, monotonic=lambda: 0.0)


def kept(answer):
    return [each["received_on"][17:19] for each in answer["events"]]


async def test_a_page_gets_what_came_after_what_it_has(log):
    events = live(FolderArchive(log))
    first = await events.after(0)

    assert kept(first) == [f"{n:02}" for n in range(COUNT)]
    assert (first["next"], first["missed"], first["failure"]) == (COUNT, 0, "")
    assert kept(await events.after(COUNT - 2)) == ["06", "07"]
    assert kept(await events.after(COUNT)) == []


@pytest.mark.parametrize("round_bytes", [1, watching.ROUND_BYTES])
async def test_of_a_long_log_the_newest_are_kept_and_the_others_counted(
    log, monkeypatch, round_bytes
):
    monkeypatch.setattr(watching, "ROUND_BYTES", round_bytes)
    monkeypatch.setattr(living, "MOST_KEPT", 3)
    events = live(FolderArchive(log))
    first = await events.after(0)

    assert kept(first) == ["05", "06", "07"]
    assert (first["next"], first["missed"]) == (COUNT, COUNT - 3)
    assert (await events.after(COUNT - 4))["missed"] == 1
    assert (await events.after(COUNT - 3))["missed"] == 0


@pytest.mark.parametrize("round_bytes", [1, watching.ROUND_BYTES])
async def test_a_failure_is_said_and_loses_nothing(log, monkeypatch, round_bytes):
    monkeypatch.setattr(watching, "ROUND_BYTES", round_bytes)
    events = live(Unsteady(log))
    failed = await events.after(0)

    assert "cannot be reached" in failed["failure"]
    assert failed["events"] == []
    assert await events.after(0) == failed  # it was looked just now
    events.next_look = 0.0
    again = await events.after(0)
    assert again["failure"] == ""
    assert kept(again) == [f"{n:02}" for n in range(COUNT)]
