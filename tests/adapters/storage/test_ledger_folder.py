"""The ledger in a folder: locks, torn lines, and the day of a folder."""

import asyncio
import errno
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ledgers import Store, new_line
from shared.adapters.storage import ledger_folder
from shared.adapters.storage.archive_folder import FolderArchive
from shared.adapters.storage.file_lock import try_lock, unlock
from shared.adapters.storage.ledger_folder import FolderLedgerBlobs, cut_torn_line
from shared.domain.errors import IntegrityError, Transient
from shared.domain.evidence.ledger import blob_path
from shared.ports.ledger_blobs import BlobClosed

APPENDER = """
import asyncio, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from ledgers import Store, new_line
from shared.adapters.storage.archive_folder import FolderArchive
from shared.adapters.storage.ledger_folder import FolderLedgerBlobs

async def main(name, count):
    archive = FolderArchive(Path(sys.argv[1]))
    store = Store(archive, lambda: FolderLedgerBlobs(archive))
    ledger = store.writer()
    for number in range(count):
        await ledger.append(new_line(f"{name} {number}"))
        if number in (10, 20):
            await ledger.seal()

asyncio.run(main(sys.argv[2], 30))
"""


@pytest.fixture
def archive(tmp_path):
    return FolderArchive(tmp_path / "archive")


@pytest.fixture
def store(archive):
    return Store(archive, lambda: FolderLedgerBlobs(archive))


@pytest.fixture
def ledger(archive):
    return FolderLedgerBlobs(archive)


def file_of(archive, number):
    return Path(archive.at(blob_path(number)))


async def test_processes_that_append_and_close_at_once_lose_nothing(archive, store):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    running = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", APPENDER, str(archive.root), f"writer {number}",
            env=environment,
        )
        for number in range(3)
    ]  # fmt: skip
    assert [await process.wait() for process in running] == [0, 0, 0]

    files = await store.files()
    stored = b"".join(files.values())
    for number in range(3):
        for line in range(30):
            assert b'"why":"writer %d %d"' % (number, line) in stored
    await store.check()


@pytest.mark.parametrize("torn", [b'{"torn', b"x" * 10_000])
async def test_a_torn_line_is_cut_off_by_the_next_append(archive, store, torn):
    lines = [new_line(), new_line()]
    await store.writer().append(lines[0])
    file_of(archive, 1).write_bytes(lines[0] + torn)
    assert await store.check() == lines[:1], "a torn last line counts for nothing"

    await store.writer().append(lines[1])

    assert file_of(archive, 1).read_bytes() == b"".join(lines)


async def test_a_torn_line_is_cut_off_when_its_blob_is_closed(archive, store):
    line = new_line()
    await store.writer().append(line)
    file_of(archive, 1).write_bytes(line + b'{"torn')

    await store.writer().seal()

    assert file_of(archive, 1).read_bytes() == line
    assert await store.check() == [line]


async def test_a_torn_closed_is_written_again(archive, store):
    lines = [new_line(), new_line()]
    await store.writer().append(lines[0])
    await store.writer().seal()
    whole = file_of(archive, 2).read_bytes()
    for kept in (0, 1, len(whole) - 1):
        file_of(archive, 2).write_bytes(whole[:kept])
        await store.writer().close_if_over()
        assert file_of(archive, 2).read_bytes() == whole

    await store.writer().append(lines[1])

    assert await store.check() == lines


async def test_a_torn_first_line_is_written_again(archive, store):
    file_of(archive, 1).parent.mkdir(parents=True)
    file_of(archive, 1).write_bytes(b'{"torn')
    store.turn_day()
    assert await store.writer().close_if_over() is None
    await store.writer().seal()

    line = new_line()
    await store.writer().append(line)

    assert await store.check() == [line]
    assert await store.blobs() == [1]


async def test_the_day_of_the_first_blob_is_that_of_its_folder(archive, store):
    """Later appends do not move it."""
    await store.writer().append(new_line())
    yesterday = datetime.now(UTC) - timedelta(days=1)
    os.utime(file_of(archive, 1).parent, (yesterday.timestamp(),) * 2)

    await store.writer().append(new_line())

    assert await store.blobs() == [1, 2]
    assert len(await store.check()) == 2


async def test_the_time_leaves_no_file_and_does_not_touch_the_ledger(archive, ledger):
    before = datetime.now(UTC)
    now = await ledger.now()

    assert abs(now - before) < timedelta(seconds=10)
    assert [file async for file in archive.walk()] == []


async def test_a_closed_blob_takes_no_line(ledger):
    await ledger.create(1)
    await ledger.create(2)

    with pytest.raises(BlobClosed):
        await ledger.append(1, b"x\n")


async def test_only_one_is_first(ledger):
    await ledger.create(1)
    answers = await asyncio.gather(*(ledger.append_first(1, b"x\n") for _ in range(9)))

    assert sum(answer is not None for answer in answers) == 1


async def test_an_append_waits_for_the_lock(archive, ledger, monkeypatch):
    await ledger.create(1)
    with file_of(archive, 1).open("r+b") as held:
        assert try_lock(held)
        waiting = asyncio.create_task(ledger.append(1, b"x\n"))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        unlock(held)
        await waiting

        assert try_lock(held)
        monkeypatch.setattr(ledger_folder, "BUDGET", 0.05)
        with pytest.raises(Transient, match="locked by another process"):
            await ledger.append(1, b"y\n")

    assert file_of(archive, 1).read_bytes() == b"x\n"


async def test_a_full_disk_leaves_no_part_of_a_line(archive, ledger, monkeypatch):
    await ledger.create(1)
    await ledger.append(1, b"x\n")

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Transient, match="No space left"):
        await ledger.append(1, b"y\n")

    assert file_of(archive, 1).read_bytes() == b"x\n"


async def test_a_link_is_not_followed(archive, ledger, tmp_path):
    outside = tmp_path / "outside"
    outside.write_bytes(b"x\n")
    file_of(archive, 1).parent.mkdir(parents=True)
    file_of(archive, 1).symlink_to(outside)

    with pytest.raises(IntegrityError):
        await ledger.append(1, b"y\n")
    assert outside.read_bytes() == b"x\n"


async def test_only_the_user_may_read_it(archive, ledger):
    await ledger.create(1)

    assert file_of(archive, 1).stat().st_mode & 0o777 == 0o600


async def test_a_folder_that_cannot_be_written_is_said(archive, ledger):
    archive.root.parent.mkdir(exist_ok=True)
    archive.root.write_bytes(b"a file")

    for write in (ledger.create(1), ledger.now()):
        with pytest.raises(Transient):
            await write


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b""),
        (b"\n", b"\n"),
        (b"x", b""),
        (b"a\nb", b"a\n"),
        (b"a\n" + b"b" * 9_000, b"a\n"),
        (b"b" * 4_096, b""),
        (b"b" * 4_096 + b"\n", b"b" * 4_096 + b"\n"),
        (b"\n" + b"b" * 4_096, b"\n"),
    ],
)
def test_what_follows_on_the_last_newline_is_cut_off(tmp_path, before, after):
    (tmp_path / "x").write_bytes(before)

    with (tmp_path / "x").open("r+b") as file:
        cut_torn_line(file)

    assert (tmp_path / "x").read_bytes() == after
