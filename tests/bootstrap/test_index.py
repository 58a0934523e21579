"""An index is built by several processes, and says the same."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from builders import received, thread_created
from shared.bootstrap.archive import ArchiveAddress, open_archive
from shared.bootstrap.index import build_index, index_path, open_index
from shared.bootstrap.processes import ProcessEnded, processes
from shared.domain.search.query import parse_query
from shared.ports.archive_index import NO_FILTER
from shared.usecases.reading import build_index as building
from verifying import write
from world import World

THREADS = 120


@pytest.fixture(autouse=True)
def two_processors(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 2)


@pytest.fixture(scope="module")
def files():
    async def talk():
        world = World(formats=())
        for number in range(THREADS):
            thread = f"19:acsV1_{number:03}@thread.v2"
            await world.receive(
                thread_created(threadId=thread, properties={"topic": f"Case {number}"}),
                received(number, f"word{number} and refund", threadId=thread),
            )
            await world.finalize(thread)
        return world.archive.files

    return asyncio.run(talk())


@pytest.fixture
def folder(tmp_path, files):
    write(tmp_path / "archive", files)
    return tmp_path / "archive"


async def built(folder, told=lambda *_: None):
    async with open_archive(ArchiveAddress(text=str(folder), env={})) as archive:
        done = await build_index(archive, told)
        async with open_index(archive) as index:
            hits = index.search(parse_query("refund"), NO_FILTER, 1000)
            facts = list(index.threads(NO_FILTER))
        index_path(archive).unlink()
    return done, hits, facts


async def test_many_threads_are_read_in_processes_and_say_the_same(folder, monkeypatch):
    told = []
    by_processes = await built(folder, lambda *counts: told.append(counts))
    monkeypatch.setattr(building, "MANY", THREADS + 1)
    alone = await built(folder)

    assert by_processes == alone
    assert len(alone[1]) == len(alone[2]) == THREADS
    assert told == [(done, THREADS) for done in range(THREADS + 1)]


async def test_a_process_that_ends_is_told():
    async def end():
        with processes() as apart:
            await apart(os._exit, 1)

    with pytest.raises(ProcessEnded, match="run the same command again"):
        await end()


async def test_ctrl_c_is_left_to_the_process_that_began_them():
    with processes() as apart:
        assert await apart(signal.getsignal, signal.SIGINT) is signal.SIG_IGN


def test_no_process_outlives_the_one_that_began_it(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "import asyncio, os, time\n"
        "os.cpu_count = lambda: 2\n"
        "from shared.bootstrap.processes import processes\n"
        "async def main():\n"
        "    with processes() as apart:\n"
        "        print(await apart(os.getpid), flush=True)\n"
        "        await apart(time.sleep, 60)\n"
        "if __name__ == '__main__':\n"
        "    asyncio.run(main())\n"
    )
    began = subprocess.Popen(
        [sys.executable, str(program)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    child = int(began.stdout.readline())

    began.kill()
    began.communicate()

    for _ in range(200):
        if is_gone(child):
            return
        time.sleep(0.05)
    pytest.fail(f"process {child} is still there")


def is_gone(process):
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return True
    return stat.rsplit(")", 1)[1].split()[0] == "Z"
