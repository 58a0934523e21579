import hashlib
import json
import subprocess
import sys

import pytest

from builders import THREAD, Clock
from shared.adapters.storage.archive_folder import FolderArchive
from shared.usecases.evidence.holds import Holds
from shared.usecases.reading.choose import Chosen, NothingChosen
from shared.usecases.reading.package import Package
from verifying import OTHER, small_world, verify


async def pack(world, folder, *, threads=(), **options):
    facts = {
        "by": "Dana",
        "reason": "case 7",
        "origin": "acme/chat-archive",
    }
    package = Package(
        archive=world.archive,
        target=FolderArchive(folder),
        clock=Clock(),
        on_bytes=lambda _: None,
    )
    filters = {"threads": threads} if threads else {"all": True}
    chosen = Chosen(threads=threads, filters=filters)
    return await package(chosen, **facts | options)


def run_verifier(folder, *arguments):
    done = subprocess.run(
        [sys.executable, "-I", folder / "verify.py", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    return done.returncode, done.stdout + done.stderr


async def test_a_package_verifies_itself_with_nothing_of_ours(tmp_path):
    packed = await pack(await small_world(), tmp_path)

    assert (packed.threads, packed.revisions) == (2, 3)
    assert run_verifier(tmp_path) == (
        0,
        "VERIFIED 2 threads, 0 versions erased\n",
    )
    assert run_verifier(tmp_path, tmp_path, tmp_path / "checkpoint.txt")[0] == 0
    assert {one.name for one in tmp_path.iterdir()} == {
        "README.md",
        "SHA256SUMS",
        "archive",
        "checkpoint.txt",
        "request.json",
        "verify.py",
    }


async def test_a_package_says_who_asked_for_what_and_why(tmp_path):
    await pack(await small_world(), tmp_path, threads=(OTHER,))

    request = json.loads((tmp_path / "request.json").read_text())
    assert (request["by"], request["reason"], request["threads"]) == (
        "Dana",
        "case 7",
        [OTHER],
    )
    assert request["packed"]["revisions"] == 1
    assert "case 7" in (tmp_path / "README.md").read_text()


async def test_the_sums_are_those_of_every_file(tmp_path):
    await pack(await small_world(), tmp_path)

    sums = dict(
        reversed(line.split("  ", 1))
        for line in (tmp_path / "SHA256SUMS").read_text().splitlines()
    )
    found = {
        str(one.relative_to(tmp_path)): hashlib.sha256(one.read_bytes()).hexdigest()
        for one in tmp_path.rglob("*")
        if one.is_file()
    }
    del found["SHA256SUMS"]
    assert sums == found


async def test_a_package_of_one_thread_tells_nothing_of_the_others(tmp_path):
    world = await small_world()
    holds = Holds(archive=world.archive, ledger=world.archive, clock=world.clock)
    await holds.add(thread_id=THREAD, reason="a secret reason", by="Legal")

    await pack(world, tmp_path, threads=(OTHER,))

    everything = b"".join(
        one.read_bytes() for one in tmp_path.rglob("*") if one.is_file()
    )
    assert THREAD.encode() not in everything
    assert b"a secret reason" not in everything
    assert run_verifier(tmp_path)[0] == 0
    report, failures = await verify(
        FolderArchive(tmp_path / "archive"), may_withhold=True
    )
    assert failures == []
    assert report.withheld_lines == 3
    assert (await verify(FolderArchive(tmp_path / "archive")))[1]


async def test_a_package_that_was_changed_is_told(tmp_path):
    await pack(await small_world(), tmp_path, threads=(OTHER,))
    (csv,) = tmp_path.rglob("messages.csv")
    csv.write_bytes(csv.read_bytes().replace(b"Alice", b"Mallo"))

    status, text = run_verifier(tmp_path)

    assert status == 1
    assert "messages.csv" in text


async def test_a_thread_that_is_not_there_is_no_package(tmp_path):
    with pytest.raises(NothingChosen):
        await pack(await small_world(), tmp_path, threads=("19:none@thread.v2",))
