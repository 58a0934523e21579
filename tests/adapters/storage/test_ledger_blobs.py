"""The ledger's blobs on Azurite, and behind a proxy that fails."""

import asyncio
import re
from contextlib import asynccontextmanager

import pytest
from fault_proxy import Fault, fault_proxy

from builders import NOON
from evidence_verifiers import failures
from ledgers import LATER, Store, new_line
from shared.adapters.storage import append_log
from shared.adapters.storage.archive_store import BlobArchiveStore
from shared.adapters.storage.clients import APPEND_OPTIONS, Account
from shared.adapters.storage.ledger_blobs import BlobLedgerBlobs, Dates
from shared.domain.errors import IntegrityError, Transient
from shared.domain.evidence.ledger import blob_path
from shared.ports.ledger_blobs import BlobClosed
from shared.usecases.evidence.ledger import SealRefused

pytestmark = pytest.mark.azurite


@pytest.fixture
def ledger(blobs):
    archive = BlobArchiveStore(blobs)
    return BlobLedgerBlobs(archive.container, archive)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(append_log, "FIRST_PAUSE", 0.005)
    monkeypatch.setattr(append_log, "LONGEST_PAUSE", 0.02)


async def all_of(ledger, number, start=0):
    return b"".join([part async for part in ledger.read(number, start)])


async def test_a_container_that_is_missing_is_no_ledger_and_is_created(ledger):
    listing = await ledger.list()
    assert listing.blobs == ()
    assert listing.now.tzinfo

    await ledger.create(1)
    await ledger.create(1)
    answer = await ledger.append(1, b"x\n")

    assert answer.blocks == 1
    (blob,) = (await ledger.list()).blobs
    assert (blob.number, blob.size) == (1, 2)
    assert abs((blob.created_on - answer.now).total_seconds()) < 60


async def test_creating_a_blob_again_leaves_what_is_there(ledger):
    await ledger.create(1)
    await ledger.append(1, b"x\n")

    await ledger.create(1)

    assert await all_of(ledger, 1) == b"x\n"


async def test_only_one_of_many_is_first(ledger):
    await ledger.create(2)

    answers = await asyncio.gather(*(ledger.append_first(2, b"x\n") for _ in range(20)))

    assert sum(answer is not None for answer in answers) == 1
    assert await all_of(ledger, 2) == b"x\n"


async def test_what_is_sealed_takes_no_more_and_is_not_begun(ledger):
    await ledger.create(1)
    await ledger.append(1, b"x\n")

    assert await ledger.seal(1)
    assert await ledger.seal(1)

    with pytest.raises(BlobClosed):
        await ledger.append(1, b"y\n")
    assert await ledger.append_first(1, b"y\n") is None
    assert await all_of(ledger, 1, 1) == b"\n"
    assert await all_of(ledger, 1, 2) == b""


async def test_what_a_backup_restored_as_another_kind_of_blob_is_closed(ledger, blobs):
    archive = BlobArchiveStore(blobs)
    await archive.create(blob_path(1), b"x\n")
    await archive.create("ledger/notes.jsonl", b"x\n")

    with pytest.raises(BlobClosed):
        await ledger.append(1, b"y\n")
    assert await ledger.seal(1)
    assert [blob.number for blob in (await ledger.list()).blobs] == [1]


async def test_what_is_missing_is_said_at_once(ledger):
    await ledger.create(1)

    with pytest.raises(Transient, match="404"):
        await ledger.append(2, b"x\n")
    with pytest.raises(IntegrityError):
        await all_of(ledger, 2)


def test_an_answer_without_a_time_tells_none():
    dates = Dates()
    for answer in (None, object()):
        dates.note(answer)

    assert dates.last is None


@asynccontextmanager
async def proxied(running_azurite, *, seed=1, share=0.0, faults=()):
    text = running_azurite.connection_string
    (port,) = re.findall(r"BlobEndpoint=http://127.0.0.1:(\d+)", text)
    async with fault_proxy(int(port), seed=seed, share=share, faults=list(faults)) as (
        proxy,
        own_port,
    ):
        account = Account(connection_string=text.replace(f":{port}/", f":{own_port}/"))
        async with account.blobs(**APPEND_OPTIONS) as service:
            archive = BlobArchiveStore(service)
            ledger = BlobLedgerBlobs(archive.container, archive)
            yield proxy, Store(archive, lambda: ledger)


@pytest.mark.parametrize("seed", range(4))
async def test_faults_lose_no_line_and_the_ledger_verifies(
    running_azurite, blobs, seed
):
    """Also where an append was applied late, or twice, over the end of a blob."""
    lines = [new_line() for _ in range(60)]
    async with proxied(running_azurite, seed=seed, share=0.4, faults=tuple(Fault)) as (
        proxy,
        store,
    ):
        first, second = store.writer(), store.writer()

        async def write(ledger, lines):
            for number, line in enumerate(lines):
                await ledger.append(line)
                if number % 10 == 5:
                    await ledger.seal()

        await asyncio.gather(write(first, lines[:30]), write(second, lines[30:]))
        await proxy.settle()
        assert proxy.met.total() > 10
    archive = BlobArchiveStore(blobs)
    files = {file.path: await archive.read(file.path) async for file in archive.walk()}

    assert failures(files, today=LATER) == []
    stored = b"".join(files.values())
    assert all(line in stored for line in lines)


async def test_a_full_blob_is_followed_by_the_next(running_azurite, blobs):
    async with proxied(running_azurite) as (proxy, store):
        ledger = store.writer()
        lines = [new_line(), new_line()]
        await ledger.append(lines[0])
        proxy.refuses["appendblock", blob_path(1)] = (409, "BlockCountExceedsLimit")
        proxy.refuses["seal", blob_path(1)] = (400, "FeatureNotSupportedForAccount")

        await ledger.append(lines[1])

        assert await store.check() == lines
        assert await store.blobs() == [1, 2]


@pytest.mark.parametrize(
    "refusal",
    [
        (400, "InvalidQueryParameterValue"),
        (403, "AuthorizationPermissionMismatch"),
        (409, "BlobImmutableDueToPolicy"),
        (409, "FeatureNotSupportedForAccount"),
        (501, "NotImplemented"),
    ],
)
async def test_where_sealing_is_refused_a_blob_runs_on(running_azurite, blobs, refusal):
    async with proxied(running_azurite) as (proxy, store):
        proxy.refuses["seal", ".jsonl"] = refusal
        ledger, lines = store.writer(), [new_line() for _ in range(3)]
        await ledger.append(lines[0])
        store.turn_day()
        for line in lines[1:]:
            await ledger.append(line)
        with pytest.raises(SealRefused):
            await ledger.seal()

        assert await store.check() == lines
        assert await store.blobs() == [1]


async def test_a_seal_that_fails_for_now_is_no_refusal(
    running_azurite, blobs, monkeypatch
):
    monkeypatch.setattr(append_log, "BUDGET", 0.2)
    async with proxied(running_azurite) as (proxy, store):
        ledger = store.writer()
        await ledger.append(new_line())
        proxy.refuses["seal", ".jsonl"] = (503, "ServerBusy")
        with pytest.raises(Transient, match="gave up"):
            await ledger.seal()
        proxy.refuses.clear()

        await ledger.seal()

        assert await store.blobs() == [1, 2]


async def test_a_time_before_the_container_is_there(running_azurite, blobs):
    async with proxied(running_azurite) as (_, store):
        assert (await store.writer().now()) > NOON.replace(year=2020)
