"""The ledger over every store: by several writers, over days, and killed anywhere."""

import asyncio
import random

import pytest

from ledgers import Killed, new_line
from shared.domain.errors import IntegrityError, Transient
from shared.domain.evidence import ledger as rules
from shared.domain.evidence.ledger import blob_path
from shared.ports.ledger_blobs import Listing
from shared.usecases.evidence.ledger import SealRefused
from shared.usecases.evidence.ledger_reading import LedgerReading


async def written(store, *, fuse=None, line=None, **options):
    """Append a line as a writer of its own; return it and whether it was killed."""
    line = line or new_line()
    try:
        await store.writer(fuse=fuse, **options).append(line)
    except Killed:
        return line, True
    return line, False


async def test_lines_of_several_days_stand_in_order_and_both_verify(any_store):
    ledger, lines = any_store.writer(), []
    for _ in range(3):
        for _ in range(2):
            lines.append(new_line())
            await ledger.append(lines[-1])
        any_store.turn_day()

    assert await any_store.check() == lines
    assert [placed.line.members["hold"] async for placed in ledger.lines()
            if placed.line.kind == "hold"] == [f"{int(h, 16):032x}" for h in holds(lines)]  # fmt: skip


def holds(lines):
    return [line.split(b'"hold":"')[1][:32] for line in lines]


async def test_a_blob_is_closed_once_its_day_is_over(store):
    ledger = store.writer()
    await ledger.append(new_line())
    assert await ledger.close_if_over() is None
    store.turn_day()

    closed = await ledger.close_if_over()

    assert (closed.blob, closed.lines) == (1, 1)
    head = await ledger.head("x")
    assert head.size == 2
    assert await store.writer().newest_closed() == closed
    store.turn_day()
    assert await ledger.close_if_over() is None, "it holds no line but `closed`"
    assert await store.blobs() == [1, 2]


async def test_an_empty_ledger_has_nothing_to_close(any_store):
    ledger = any_store.writer()

    assert await ledger.close_if_over() is None
    assert await ledger.newest_closed() is None
    await ledger.seal()
    assert (await ledger.head("x")).size == 0
    assert await any_store.blobs() == []


async def test_what_was_closed_is_a_checkpoint(store):
    ledger = store.writer()
    await ledger.append(new_line())
    head = await ledger.head("x")
    store.turn_day()
    closed = await ledger.close_if_over()
    await ledger.append(new_line())

    assert (closed.lines, closed.root) == (head.size, head.root)
    await store.check(head.body.encode())


async def test_two_writers_over_the_turn_of_a_day_lose_nothing(store):
    lines = [new_line() for _ in range(40)]
    first, second = store.writer(), store.writer()

    async def write(ledger, lines):
        for number, line in enumerate(lines):
            await ledger.append(line)
            if number == 8:
                store.turn_day()

    await asyncio.gather(write(first, lines[:20]), write(second, lines[20:]))

    assert sorted(await store.check()) == sorted(lines)
    assert await store.blobs() == [1, 2, 3]


async def test_many_at_once_lose_nothing(any_store):
    ledger = any_store.writer()
    lines = [new_line() for _ in range(30)]
    await asyncio.gather(*map(ledger.append, lines[:15]))
    any_store.turn_day()

    await asyncio.gather(*map(ledger.append, lines[15:]))

    assert sorted(await any_store.check()) == sorted(lines)


async def test_many_writers_that_close_at_once_close_once(store):
    await written(store)
    store.turn_day()

    lines = await asyncio.gather(*(written(store) for _ in range(12)))

    assert len(await store.check()) == 1 + len(lines)
    assert await store.blobs() == [1, 2]


@pytest.mark.parametrize("fuse", range(5))
async def test_a_kill_before_any_write_is_finished_by_the_next_writer(store, fuse):
    """Between seal, create, `closed` and append there is nothing that stays wrong."""
    await written(store)
    store.turn_day()
    line, is_killed = await written(store, fuse=fuse)
    assert is_killed == (fuse < 3)
    await store.check()

    other, _ = await written(store)

    assert other in await store.check()
    assert await store.writer().record(line) == is_killed
    assert line in await store.check()
    assert await store.blobs() == [1, 2]


@pytest.mark.parametrize("fuse", range(3))
async def test_a_closing_that_was_killed_is_finished_by_the_sweep(store, fuse):
    await written(store)
    store.turn_day()
    with pytest.raises(Killed):
        await store.writer(fuse=fuse).close_if_over()

    closed = await store.writer().close_if_over()

    assert closed.blob == 1
    assert await store.blobs() == [1, 2]
    assert len(await store.check()) == 1


@pytest.mark.parametrize("fuse", range(2))
async def test_a_first_append_that_was_killed_hinders_nobody(store, fuse):
    """The first blob is then empty, and must not be closed: only the last one may be."""
    await written(store, fuse=fuse)
    store.turn_day()
    await store.writer().seal()
    assert await store.writer().close_if_over() is None

    line, _ = await written(store)

    assert await store.check() == [line]
    assert await store.blobs() == [1]


async def test_an_append_that_was_repeated_counts_once(store):
    ledger, line = store.writer(), new_line()
    await ledger.append(line)
    await ledger.append(line)
    store.turn_day()
    await ledger.append(line)
    await ledger.append(new_line())

    assert len(await store.check()) == 2
    assert (await ledger.head("x")).size == 3
    found = [placed.index async for placed in ledger.lines()]
    assert found == [0, 1, 2]


async def test_a_late_append_does_not_land_in_what_was_sealed(store):
    late = store.writer()
    await late.append(new_line())
    before = (await store.files())[blob_path(1)]
    other = store.writer()

    await other.seal()
    line = new_line()
    await late.append(line)

    files = await store.files()
    assert files[blob_path(1)] == before
    assert files[blob_path(2)].endswith(line)
    assert len(await store.check()) == 2


async def test_a_line_that_comes_before_its_blob_is_closed_is_closed_in_it(
    folder_store,
):
    """A folder's blob takes lines until the next one is created."""
    other, lines = folder_store.writer(), [new_line() for _ in range(3)]
    await other.append(lines[0])
    closing = folder_store.writer()
    closing.blobs.before_create = lambda: other.append(lines[1])

    await closing.seal()
    await other.append(lines[2])

    assert await folder_store.check() == lines
    assert (await folder_store.files())[blob_path(1)] == b"".join(lines[:2])


async def test_a_size_that_was_taken_too_early_hides_no_line(memory_store):
    blobs, lines = memory_store.open_blobs(), [new_line() for _ in range(3)]
    ledger = memory_store.writer()
    await ledger.append(lines[0])
    early = (await blobs.list()).blobs
    reading = LedgerReading(blobs)
    assert len([_ async for _ in reading.read(Listing(blobs=early))]) == 1
    await ledger.append(lines[1])

    assert len([_ async for _ in reading.read(Listing(blobs=early))]) == 0
    found = [_ async for _ in reading.read(Listing(blobs=early), thorough=True)]
    assert len(found) == 1

    await ledger.append(lines[2])
    await ledger.seal()
    later = (await blobs.list()).blobs
    stale = Listing(blobs=(early[0], later[1]))
    assert len([_ async for _ in reading.read(stale)]) == 2
    assert not reading.fits(stale)
    assert reading.fits(await blobs.list())


async def test_sealing_again_closes_again(any_store):
    await written(any_store)
    for _ in range(3):
        await any_store.writer().seal()

    line, _ = await written(any_store)

    assert line in await any_store.check()
    assert len(await any_store.blobs()) >= 4


async def test_where_sealing_is_refused_a_blob_runs_until_it_is_full(
    store, monkeypatch
):
    ledger = store.writer(seals=False)
    await ledger.append(new_line())
    store.turn_day()
    await ledger.append(new_line())
    assert await ledger.close_if_over() is None
    assert await store.blobs() == [1]
    with pytest.raises(SealRefused):
        await ledger.seal()
    monkeypatch.setattr(rules, "MOST_BLOCKS", 0)

    await ledger.append(new_line())

    assert await store.blobs() == [1, 2]
    assert len(await store.check()) == 3


async def test_a_full_blob_is_followed_by_the_next(memory_store):
    memory_store.open_blobs().most_blocks = 3

    lines = [(await written(memory_store))[0] for _ in range(8)]

    assert await memory_store.check() == lines
    assert len(await memory_store.blobs()) > 2


async def test_a_line_is_recorded_once(any_store):
    ledger, line = any_store.writer(), new_line()

    assert not await ledger.holds(line)
    assert await ledger.record(line)
    assert not await ledger.record(line)
    assert not await any_store.writer().record(line)
    any_store.turn_day()
    await ledger.append(new_line())
    assert not await ledger.record(line)
    assert len(await any_store.check()) == 2


async def test_what_was_read_is_not_read_again(store):
    writer, reader = store.writer(), store.writer()
    lines = [new_line() for _ in range(3)]
    await writer.append(lines[0])
    store.turn_day()
    await writer.append(lines[1])
    assert await reader.holds(lines[1])
    reader.blobs.reads.clear()

    assert await reader.holds(lines[0])
    assert reader.blobs.reads == []
    await writer.append(lines[2])
    assert await reader.holds(lines[2])

    ((number, start),) = reader.blobs.reads
    assert number == 2
    assert start > len(lines[1])


async def test_a_ledger_that_was_exchanged_is_read_from_the_first_line(memory_store):
    reader, line = memory_store.writer(), new_line()
    await written(memory_store)
    await written(memory_store)
    await reader.head("x")

    memory_store.archive.files[blob_path(1)] = line

    assert (await reader.head("x")).size == 1
    assert await reader.holds(line)


async def test_a_large_ledger_lets_others_have_their_turn(memory_store):
    await written(memory_store)
    memory_store.archive.files[blob_path(1)] += b"".join(
        new_line() for _ in range(2_000)
    )
    turns = 0

    async def count():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    await memory_store.writer().head("x")
    counting.cancel()

    assert turns >= 8


async def test_a_broken_line_is_named_and_stops_no_writer(memory_store):
    ledger, found = memory_store.writer(), []
    await ledger.append(new_line())
    memory_store.archive.files[blob_path(1)] += b'{"a":1}\n'
    memory_store.turn_day()

    await ledger.append(new_line())

    lines = [placed.line.kind async for placed in ledger.lines(found.append)]
    assert lines == ["hold", "closed", "hold"]
    (reason,) = found
    assert reason.startswith("ledger/000001.jsonl, line 2: ")
    assert ledger.failures == found
    with pytest.raises(IntegrityError, match="line 2"):
        await ledger.head("x")


async def test_a_blob_that_does_not_begin_with_closed_is_closed_itself(memory_store):
    """Nobody knows its day. What follows on it is right again."""
    await written(memory_store)
    line = new_line()
    memory_store.archive.files[blob_path(2)] = line
    found = []
    ledger = memory_store.writer()

    await ledger.append(new_line())

    kinds = [placed.line.kind async for placed in ledger.lines(found.append)]
    assert kinds == ["hold", "hold", "closed", "hold"], "it may be a hold all the same"
    assert len(found) == 1
    assert await memory_store.blobs() == [1, 2, 3]


async def test_a_missing_blob_is_named(memory_store):
    for _ in range(3):
        await written(memory_store)
        memory_store.turn_day()
    del memory_store.archive.files[blob_path(2)]
    found = []

    [_ async for _ in memory_store.writer().lines(found.append)]

    assert "a blob of the ledger before this one is missing" in found[0]


async def test_the_day_never_goes_back(memory_store):
    """The clock of a store that was ahead is right again."""
    memory_store.turn_day()
    await written(memory_store)
    memory_store.turn_day()
    await written(memory_store)
    memory_store.turned *= 0

    await memory_store.writer().seal()
    await written(memory_store)

    assert len(await memory_store.check()) == 3


async def test_nothing_but_lines_is_appended(memory_store):
    ledger = memory_store.writer()
    for text in (b"", b"{}\n", new_line()[:-1], new_line() + new_line(), b"\n"):
        with pytest.raises(ValueError):  # noqa: PT011 - in many ways
            await ledger.append(text)

    assert await memory_store.blobs() == []


async def test_a_writer_gives_up_where_blobs_are_closed_as_fast_as_they_begin(
    memory_store,
):
    blobs = memory_store.open_blobs()
    await blobs.create(1)
    blobs.sealed.add(1)

    with pytest.raises(Transient, match="as fast as they begin"):
        await written(memory_store)


async def test_the_time_is_the_stores(store):
    ledger = store.writer()
    store.turn_day()

    now = await ledger.now()

    assert abs((now - store.clock()).total_seconds()) < 60 * 60 * 25
    assert await store.blobs() == []


async def test_a_ledger_that_began_anew_is_written_from_its_first_blob(memory_store):
    """The container was deleted while this process ran."""
    ledger = memory_store.writer()
    for _ in range(3):
        await ledger.append(new_line())
        await ledger.seal()
    blobs = memory_store.open_blobs()
    memory_store.archive.files.clear()
    blobs.sealed.clear()
    blobs.blocks.clear()
    other = memory_store.writer()
    await written(memory_store)

    with pytest.raises(Transient):
        await ledger.append(new_line())
    await ledger.append(new_line())
    await other.append(new_line())

    assert len(await memory_store.check()) == 3
    assert await memory_store.blobs() == [1]


@pytest.mark.parametrize("seed", range(40))
async def test_any_history_of_writers_that_are_killed_verifies(new_store, seed):
    """What was acknowledged stands there, under every checkpoint that was taken."""
    store = new_store(("memory", "folder")[seed % 2])
    chance = random.Random(seed)
    writers = [store.writer() for _ in range(3)]
    acknowledged, checkpoints = [], []

    async def act(at):
        ledger = writers[at]
        line = new_line()
        action = chance.choice([ledger.append, ledger.append, ledger.record, None])
        if action:
            await action(line)
            acknowledged.append(line)
        else:
            await chance.choice([ledger.seal, ledger.close_if_over])()

    for _ in range(60):
        at = chance.randrange(3)
        fuse = chance.choice([None, None, None, 0, 1, 2, 3])
        writers[at].blobs.fuse = fuse
        try:
            await asyncio.gather(act(at), act((at + 1) % 3))
        except Killed:
            pass
        finally:
            if fuse is not None:
                writers[at] = store.writer()
        if chance.random() < 0.1:
            store.turn_day()
        if chance.random() < 0.2:
            head = await writers[at].head("x")
            checkpoints.append(head.body.encode())

    assert set(acknowledged) <= set(await store.check())
    for checkpoint in checkpoints:
        await store.check(checkpoint)
