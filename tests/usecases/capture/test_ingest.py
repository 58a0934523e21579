import json
from datetime import timedelta

import pytest

from builders import (
    THREAD,
    Clock,
    Salts,
    deleted,
    edited,
    envelope,
    events_in,
    received,
    thread_event,
)
from fakes.thread_logs import MemoryThreadLogs
from fakes.work_queue import MemoryWorkQueue
from shared.domain.errors import Transient
from shared.domain.layout import quarantine_folder, segment_stem
from shared.usecases.capture.ingest import Ingest


@pytest.fixture
def log():
    return MemoryThreadLogs(Clock())


@pytest.fixture
def queue():
    return MemoryWorkQueue()


@pytest.fixture
def ingest(log, queue):
    return Ingest(
        log=log,
        queue=queue,
        clock=log.clock,
        new_salt=Salts(),
        settle_for=timedelta(minutes=5),
    )


def contents(log, prefix="thread="):
    return {
        path: blob.data for path, blob in log.blobs.items() if path.startswith(prefix)
    }


async def test_an_event_becomes_a_record_in_its_threads_log_of_its_day(
    ingest, log, queue
):
    await ingest(json.dumps(received()))

    stem = segment_stem(THREAD, log.clock().date())
    ((path, data),) = contents(log).items()
    assert path == f"{stem}.jsonl"
    (event,) = events_in(data)
    assert event.data == received()["data"]
    assert queue.messages == []


async def test_a_list_of_events_is_kept_event_by_event(ingest, log):
    other = edited(threadId="19:other@thread.v2")

    ingested = await ingest(json.dumps([received(), other]))

    assert ingested.recorded == 2
    assert len(contents(log)) == 2


async def test_an_unknown_type_is_kept(ingest, log):
    await ingest(json.dumps(thread_event("ChatThreadNovelty")))

    assert len(contents(log)) == 1


@pytest.mark.parametrize(
    "garbage",
    [
        "}{",
        "",
        "[]]",
        '"text"',
        json.dumps({"eventType": "Microsoft.Storage.BlobCreated", "data": {}}),
        json.dumps(received(version="x")),
        "\ud800",
    ],
)
async def test_what_cannot_be_read_is_quarantined_and_acknowledged(
    ingest, log, garbage
):
    ingested = await ingest(garbage)  # P2

    assert len(ingested.quarantined) == 1
    ((_, line),) = contents(log, "quarantine/").items()
    kept = json.loads(line)
    assert kept["input"] == garbage
    assert kept["reason"] == ingested.quarantined[0]
    assert contents(log) == {}


async def test_bytes_are_kept_as_they_came(ingest, log):
    event = json.dumps(received(body="größer\u2028"), indent=1, ensure_ascii=False)

    assert (await ingest(event.encode())).recorded == 1

    await ingest(event)
    ((_, data),) = contents(log).items()
    first, second = data.splitlines()
    assert json.loads(first)["event"] == received(body="größer\u2028")
    assert first.split(b'"event":')[1] == second.split(b'"event":')[1]


async def test_bytes_that_are_not_utf_8_are_quarantined_and_acknowledged(ingest, log):
    event = json.dumps(received()).encode().replace(b"hello", b"\xff\xfe")

    ingested = await ingest(event)  # P2

    assert ingested.quarantined == ("not UTF-8",)
    ((_, line),) = contents(log, "quarantine/").items()
    kept = json.loads(line)["input"]
    assert kept.encode("utf-8", "surrogateescape") == event


async def test_one_bad_event_of_a_delivery_costs_no_other(ingest, log):
    ingested = await ingest(json.dumps([received(0), 7, received(1)]))

    assert (ingested.recorded, len(ingested.quarantined)) == (2, 1)


@pytest.mark.parametrize("number", ["9" * 5000, "1e400"])
@pytest.mark.parametrize("is_alone", [True, False])
async def test_a_number_that_no_reader_takes_costs_no_other_event(
    ingest, log, number, is_alone
):
    odd = json.dumps(received(1, "odd"))[:-1] + f', "x": {number}}}'
    good = json.dumps(received(0, "good"))

    done = await ingest(odd if is_alone else f"[{good}, {odd}, {good}]")

    assert done.recorded == (0 if is_alone else 2)
    ((path, data),) = contents(log, "quarantine/").items()
    assert path.startswith(quarantine_folder(THREAD))
    assert number.encode() in data
    recorded = b"".join(contents(log).values())
    assert recorded.count(b"good") == done.recorded
    assert b"odd" not in recorded


async def test_an_empty_list_is_nothing(ingest, log):
    assert (await ingest("[]")).recorded == 0
    assert log.blobs == {}


async def test_an_event_that_is_not_durable_is_not_acknowledged(ingest, log):  # P1
    log.failing = 1

    with pytest.raises(Transient):
        await ingest(json.dumps(received()))


async def test_a_failure_does_not_stop_the_rest_of_the_delivery(ingest, log):
    log.failing = 1
    other = received(threadId="19:other@thread.v2")

    with pytest.raises(Transient):
        await ingest(json.dumps([received(), other]))

    assert len(contents(log)) == 2


async def test_a_deleted_thread_is_queued_once_its_event_is_durable(ingest, log, queue):
    await ingest(json.dumps(thread_event("ChatThreadDeleted")))

    ((work, delay),) = queue.messages
    assert work.thread_id == THREAD
    assert delay == timedelta(minutes=5)


async def test_a_deletion_that_is_told_to_each_member_queues_its_thread_once(
    ingest, log, queue
):
    for name in ("ChatThreadWithUserDeleted", "ChatThreadDeleted") * 2:
        await ingest(json.dumps(thread_event(name)))
        log.clock.pass_time(minutes=1)
    assert len(queue.messages) == 1

    log.clock.pass_time(minutes=1)  # its message shows by now and may have been taken
    await ingest(json.dumps(thread_event("ChatThreadDeleted")))

    assert len(queue.messages) == 2


async def test_a_deletion_that_could_not_be_queued_is_queued_by_the_next_try(
    ingest, queue, monkeypatch
):
    put = queue.put

    async def refuse(work, **options):
        raise Transient("the queue is full")

    monkeypatch.setattr(queue, "put", refuse)
    with pytest.raises(Transient):
        await ingest(json.dumps(thread_event("ChatThreadDeleted")))
    monkeypatch.setattr(queue, "put", put)

    await ingest(json.dumps(thread_event("ChatThreadDeleted")))

    assert len(queue.messages) == 1


async def test_a_deleted_message_does_not_queue_its_thread(ingest, queue):
    await ingest(json.dumps(deleted()))

    assert queue.messages == []


async def test_an_event_without_a_time_goes_to_the_day_of_its_arrival(ingest, log):
    event = envelope("ChatThreadCreated", {"threadId": THREAD}) | {"eventTime": "soon"}

    await ingest(json.dumps(event))

    (path,) = contents(log)
    assert path.endswith("/2026-11-22.jsonl")
