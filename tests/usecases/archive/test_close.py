"""What follows a manifest, when something between it and the marker goes wrong."""

from dataclasses import replace
from datetime import timedelta

import pytest

from builders import ALICE, THREAD, listed, received
from shared.adapters.storage.archive_folder import FolderArchive
from shared.adapters.storage.folder_leases import FolderLeases
from shared.adapters.storage.ledger_folder import FolderLedgerBlobs
from shared.adapters.storage.no_thread_logs import NoThreadLogs
from shared.domain.log.work import Work
from shared.usecases.archive.archive_readme import ArchiveReadme
from shared.usecases.evidence.carry_out import CarryOut
from shared.usecases.evidence.finish_orders import FinishOrders
from shared.usecases.evidence.ledger import Ledger
from verifying import verify
from world import World


class CrashError(Exception):
    pass


@pytest.fixture
def world():
    return World()


def in_folder(world, folder):
    """Return the finalizer of an archive in a folder, which has no markers."""
    archive, log = FolderArchive(folder), NoThreadLogs()
    ledger = Ledger(blobs=FolderLedgerBlobs(archive), clock=world.clock)
    return replace(
        world.finalize,
        log=log,
        archive=archive,
        leases=FolderLeases(folder.with_name("control")),
        finish_orders=FinishOrders(
            archive=archive,
            ledger=ledger,
            carry_out=CarryOut(archive=archive, log=log),
        ),
        close=replace(world.finalize.close, ledger=ledger, log=log),
        readme=ArchiveReadme(archive),
    )


def failing(times, call):
    """Return a call that fails so many times before anything is done."""
    left = [times]

    async def fail(*arguments):
        if left[0]:
            left[0] -= 1
            raise CrashError
        return await call(*arguments)

    return fail


def announced(world):
    return [one.revision for one in world.announcer.told]


async def test_looks_at_a_folder_write_one_line_and_announce_once(world, tmp_path):
    finalize = in_folder(world, tmp_path / "archive")
    world.chat.shows(THREAD, ALICE, listed())

    for _ in range(4):
        await finalize(THREAD, readers=[ALICE], relist=True)
        world.clock.pass_time(days=1)

    (ledger,) = (tmp_path / "archive" / "ledger").iterdir()
    assert ledger.read_bytes().count(b"\n") == 1
    assert announced(world) == [1]


async def test_another_process_finds_the_line_of_the_first(world, tmp_path):
    world.chat.shows(THREAD, ALICE, listed())
    for _ in range(2):
        await in_folder(world, tmp_path / "archive")(THREAD, readers=[ALICE])

    (ledger,) = (tmp_path / "archive" / "ledger").iterdir()
    assert ledger.read_bytes().count(b"\n") == 1


async def test_sweeps_and_looks_without_events_write_one_line(world):
    world.chat.shows(THREAD, ALICE, listed())

    for _ in range(4):
        await world.finalize(THREAD, readers=[ALICE], relist=True)
        await world.new_sweep(log_keep=timedelta(days=1))()
        assert world.log.markers == {}
        world.clock.pass_time(days=7)

    assert len(world.ledger_lines("revision")) == 1
    assert announced(world) == [1]


async def test_a_thread_that_wakes_after_pruning_is_announced_by_its_new_revision_only(
    world,
):
    await world.receive(received(0))
    await world.finalize(THREAD)
    world.clock.pass_time(days=40)
    await world.sweep()
    assert (world.log.blobs, world.log.markers) == ({}, {})
    await world.receive(received(1) | {"eventTime": "2027-01-02T12:00:00Z"})

    await world.finalize(THREAD)

    assert announced(world) == [1, 2]
    lines = world.ledger_lines("revision")
    assert [line["revision"] for line in lines] == [1, 2]


@pytest.mark.parametrize("events", [[received()], []], ids=["events", "no events"])
@pytest.mark.parametrize("step", ["ledger", "announcer", "log"])
async def test_a_run_that_dies_after_the_manifest_is_finished_by_the_next(
    world, events, step
):  # P4, P6
    """Kill each step twice: one line, and at least one announcement, in the end."""
    await world.receive(*events)
    world.chat.shows(THREAD, ALICE, listed())
    port, name = {
        "ledger": (world.ledger.blobs, "append"),
        "announcer": (world.announcer, "announce"),
        "log": (world.log, "mark"),
    }[step]
    setattr(port, name, failing(2, getattr(port, name)))
    work = Work(thread_id=THREAD, readers=(ALICE,))

    for tries in (1, 2):
        with pytest.raises(CrashError):
            await world.handle_work(work, tries=tries)
    await world.handle_work(work, tries=3)

    assert len(world.ledger_lines()) == 1
    assert set(announced(world)) == {1}
    assert len(announced(world)) == (3 if step == "log" else 1)
    assert len(world.log.markers) == 1
    assert verify(world.archive) == []


async def test_a_line_that_was_torn_is_written_again(world, tmp_path):
    finalize = in_folder(world, tmp_path / "archive")
    world.chat.shows(THREAD, ALICE, listed())
    await finalize(THREAD, readers=[ALICE])
    (ledger,) = (tmp_path / "archive" / "ledger").iterdir()
    whole = ledger.read_bytes()
    ledger.write_bytes(whole[:-9])

    await in_folder(world, tmp_path / "archive")(THREAD)

    assert ledger.read_bytes() == whole
    assert announced(world) == [1, 1]
