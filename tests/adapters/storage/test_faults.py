"""The product behind a proxy that fails: nothing lost, nothing doubled in the archive."""

import asyncio
import json
import re
from datetime import timedelta
from types import SimpleNamespace

import pytest
from fault_proxy import Fault, fault_proxy

from builders import NOON, Clock, Salts, edited, events_in, received
from fakes.archive_store import MemoryArchiveStore
from fakes.leases import MemoryLeases
from fakes.ledger_blobs import MemoryLedgerBlobs
from fakes.service import MemoryChatService
from fakes.topic import MemoryAnnouncer
from fakes.work_queue import MemoryWorkQueue
from shared.adapters.storage import append_log
from shared.adapters.storage.archive_store import BlobArchiveStore
from shared.adapters.storage.clients import APPEND_OPTIONS, Account
from shared.adapters.storage.thread_logs import BlobThreadLogs
from shared.domain import layout
from shared.domain.errors import Transient
from shared.ports.archive_store import Immutable
from shared.usecases.capture.ingest import Ingest
from shared.usecases.evidence.ledger import Ledger
from world import finalizer

pytestmark = pytest.mark.azurite

THREADS = [f"19:{number}@thread.v2" for number in range(4)]
EVENTS = [
    make(number, f"text {number}", threadId=THREADS[number % 4])
    for number in range(120)
    for make in (received, edited)
]
MOST_DELIVERIES = 200


async def deliver(ingest: Ingest, event: dict[str, object]) -> int:
    """Deliver until it is acknowledged, as Event Grid does; give how often."""
    text = json.dumps(event)
    for delivery in range(1, MOST_DELIVERIES + 1):
        try:
            await ingest(text)
        except Transient:
            await asyncio.sleep(0.01)
        else:
            return delivery
    raise AssertionError("never acknowledged")


@pytest.fixture
def through(running_azurite, blobs, monkeypatch):
    """Deliver all events through a proxy; give log, proxy, and how often each went."""
    monkeypatch.setattr(append_log, "FIRST_PAUSE", 0.005)
    monkeypatch.setattr(append_log, "LONGEST_PAUSE", 0.02)
    monkeypatch.setattr(append_log, "BLOCK_LINES", 4)  # many appends to fail
    text = running_azurite.connection_string
    (port,) = re.findall(r"BlobEndpoint=http://127.0.0.1:(\d+)", text)

    async def run(seed, faults=tuple(Fault), *, share=0.4, budget=20.0):
        monkeypatch.setattr(append_log, "BUDGET", budget)
        async with fault_proxy(
            int(port), seed=seed, share=share, faults=list(faults)
        ) as (proxy, own_port):
            account = Account(
                connection_string=text.replace(f":{port}/", f":{own_port}/")
            )
            async with account.blobs(**APPEND_OPTIONS) as appends:
                log = BlobThreadLogs(appends, blobs)
                ingest = Ingest(
                    log=log,
                    queue=MemoryWorkQueue(),
                    clock=Clock(),
                    new_salt=Salts(),
                    settle_for=timedelta(),
                )
                deliveries = await asyncio.gather(
                    *(deliver(ingest, event) for event in EVENTS)
                )
            await proxy.settle()
        return log, proxy, deliveries

    return run


async def events_of(log):
    return [
        event
        for thread_id in THREADS
        for segment in (await log.thread(thread_id)).segments
        for event in events_in(await log.read(segment, 0))
    ]


def finalize_from(log):
    clock = Clock()
    archive = MemoryArchiveStore()
    parts = SimpleNamespace(
        log=log,
        archive=archive,
        ledger=Ledger(blobs=MemoryLedgerBlobs(archive, clock), clock=clock),
        leases=MemoryLeases(),
        chat=MemoryChatService(),
        announcer=MemoryAnnouncer(),
        fetchers={},
        clock=clock,
        draw=Salts(),
    )
    return finalizer(parts)


@pytest.mark.parametrize("seed", range(6))
async def test_no_event_is_lost_and_none_is_doubled_in_the_archive(through, seed):
    log, proxy, _ = await through(seed)

    finalize = finalize_from(log)
    archived = []
    for thread_id in THREADS:
        await finalize(thread_id)
        path = layout.revision_path(thread_id, 1, "transcript.json")
        archived += json.loads(finalize.archive.files[path])["messages"]

    assert proxy.met.total() > 20
    assert len(archived) == 120
    assert len({message["id"] for message in archived}) == 120
    for message in archived:
        assert [one["kind"] for one in message["versions"]] == ["received", "edited"]


@pytest.mark.parametrize("fault", Fault, ids=lambda fault: fault.name.lower())
async def test_each_fault_is_survived(through, fault):
    log, proxy, _ = await through(1, [fault])

    identities = {event.identity for event in await events_of(log)}
    assert len(identities) == len(EVENTS)
    assert proxy.met[fault] > 0


async def test_an_event_that_was_not_acknowledged_is_delivered_again(through):
    """So little time that many appends give up, some of them after being applied."""
    log, _, deliveries = await through(3, [Fault.SLOW, Fault.DROP_AFTER], budget=0.25)

    assert max(deliveries) > 1
    identities = {event.identity for event in await events_of(log)}
    assert len(identities) == len(EVENTS)


async def test_what_a_policy_protects_is_neither_replaced_nor_removed(
    running_azurite, blobs
):
    text = running_azurite.connection_string
    (port,) = re.findall(r"BlobEndpoint=http://127.0.0.1:(\d+)", text)
    await BlobArchiveStore(blobs).create("thread=a/rev=0001/x", b"first")
    await BlobThreadLogs(blobs, blobs).append(
        layout.segment_stem("a", NOON.date()), b"x\n"
    )

    async with fault_proxy(int(port), seed=1, share=0, faults=[]) as (proxy, own_port):
        proxy.is_immutable = True
        proxied = Account(connection_string=text.replace(f":{port}/", f":{own_port}/"))
        async with proxied.blobs(retry_total=0) as service:
            with pytest.raises(Immutable):
                await BlobArchiveStore(service).replace(
                    "thread=a/rev=0001/x", b"second"
                )
            log = BlobThreadLogs(service, service)
            (segment,) = (await log.thread("a")).segments
            assert not await log.prune(segment)
    assert await BlobArchiveStore(blobs).read("thread=a/rev=0001/x") == b"first"
