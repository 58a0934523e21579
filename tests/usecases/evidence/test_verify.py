"""Both verifiers, the product's and the stand-alone one, on good and on changed archives."""

import asyncio
import json
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders import (
    THREAD,
    received,
)
from shared.adapters.storage.archive_folder import FolderArchive
from shared.domain.archive.checkpoint import Checkpoint
from shared.domain.archive.ledger import encode_line
from shared.domain.json_line import canonical, encode, pretty
from shared.domain.log.commitment import sha256
from shared.verifier import verify as standalone
from verifying import OTHER, in_memory, small_world, verify, write
from world import World


def alone(folder, checkpoint=""):
    """Return the exit status of the stand-alone verifier, run in this process."""
    return standalone.main(str(folder), checkpoint)


@pytest.fixture(scope="module")
def good():
    return dict(asyncio.run(small_world()).archive.files)


async def test_a_good_archive_is_verified(good):
    report, failures = await verify(in_memory(good))

    assert failures == []
    assert (report.threads, report.revisions) == (2, 3)
    assert report.ledger_lines == 4
    assert report.open_days == ["2026-11-23"]
    assert report.incomplete > 0


async def test_both_verifiers_agree_on_a_good_archive_in_a_folder(good, tmp_path):
    write(tmp_path, good)

    assert (await verify(FolderArchive(tmp_path)))[1] == []
    assert alone(tmp_path) == 0


def test_the_stand_alone_verifier_runs_on_its_own(good, tmp_path):
    write(tmp_path / "archive", good)
    script = tmp_path / "verify.py"
    script.write_bytes(Path(standalone.__file__).read_bytes())

    done = subprocess.run(
        [sys.executable, "-I", script], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("VERIFIED 2 threads")


def test_the_stand_alone_verifier_needs_nothing_but_python():
    text = Path(standalone.__file__).read_text()

    imported = {
        line.split()[1].split(".")[0]
        for line in text.splitlines()
        if line.startswith(("import ", "from "))
    }
    assert imported <= sys.stdlib_module_names


async def test_one_thread_can_be_verified_alone(good):
    assert (await verify(in_memory(good), thread_id=OTHER))[0].threads == 1
    assert (await verify(in_memory(good), thread_id=OTHER))[1] == []
    assert (await verify(in_memory(good), thread_id="19:none@thread.v2"))[1]


def manifest_path(thread, revision):
    return f"thread={'19%3AacsV1_made-up%40thread.v2' if thread == THREAD else '19%3AacsV1_another%40thread.v2'}/rev={revision:04d}/manifest.json"


def removed_archive(files):
    return {p: d for p, d in files.items() if "another" not in p}


def removed_revision(files):
    return {p: d for p, d in files.items() if "made-up" not in p or "rev=0002" not in p}


def swapped_revisions(files):
    names = {"rev=0001": "rev=0002", "rev=0002": "rev=0001"}
    return {
        p.replace(r, names[r])
        if "made-up" in p and (r := p.split("/")[1]) in names
        else p: d
        for p, d in files.items()
    }


def foreign_manifest(files):
    return files | {manifest_path(OTHER, 1): files[manifest_path(THREAD, 1)]}


def changed(files, end, change):
    (path,) = (p for p in files if p.endswith(end))
    return files | {path: change(files[path])}


def ledger_without_a_line(files):
    return changed(
        files, "ledger/2026-11-22.jsonl", lambda d: b"".join(d.splitlines(True)[1:])
    )


def ledger_reordered(files):
    def reorder(data):
        lines = data.splitlines(True)
        return b"".join([lines[1], lines[0], *lines[2:]])

    return changed(files, "ledger/2026-11-22.jsonl", reorder)


def ledger_of_a_day_gone(files):
    return {p: d for p, d in files.items() if p != "ledger/2026-11-22.jsonl"}


def ledger_with_a_line_after_its_end(files):
    return changed(
        files, "ledger/2026-11-22.jsonl", lambda d: d + encode_line("hold", {})
    )


def ledger_with_an_empty_object(files):
    return changed(files, "ledger/2026-11-23.jsonl", lambda d: d + b"{}\n")


def torn_events(files):
    return files | {
        p: d[:-9] for p, d in files.items() if p.endswith("rev=0002/events.jsonl")
    }


def missing_file(files):
    return {p: d for p, d in files.items() if not p.endswith("rev=0002/listing.jsonl")}


def missing_manifest(files):
    return {p: d for p, d in files.items() if p != manifest_path(OTHER, 1)}


def extra_file(files):
    return files | {manifest_path(OTHER, 1).replace("manifest.json", "notes.txt"): b"x"}


def extra_folder(files):
    return files | {"something/else.txt": b"x"}


def extra_in_ledger(files):
    return files | {"ledger/notes.txt": b"x"}


def renamed_thread(files):
    return {p.replace("another", "a-third"): d for p, d in files.items()}


def badly_encoded_folder(files):
    return {p.replace("%3A", "%3a"): d for p, d in files.items()}


def not_utf8(files):
    return files | {
        manifest_path(OTHER, 1): b"\xff\xfe" + files[manifest_path(OTHER, 1)]
    }


def gigantic_line(files):
    return changed(
        files, "ledger/2026-11-23.jsonl", lambda d: d + b'{"a":"' + b"x" * 200_000
    )


def deep_line(files):
    return changed(
        files, "ledger/2026-11-23.jsonl", lambda d: d + b"[" * 60_000 + b"\n"
    )


def empty_manifest(files):
    return files | {manifest_path(OTHER, 1): b""}


def dangerous_names(files):
    return changed(
        files,
        "another%40thread.v2/rev=0001/manifest.json",
        lambda d: d.replace(b'"events.jsonl"', b'"../../x.jsonl"'),
    )


CHANGES = [
    removed_archive, removed_revision, swapped_revisions, foreign_manifest, ledger_without_a_line, ledger_reordered,
    ledger_of_a_day_gone, ledger_with_a_line_after_its_end, ledger_with_an_empty_object, torn_events, missing_file, missing_manifest, extra_file,
    extra_folder, extra_in_ledger, renamed_thread, badly_encoded_folder, not_utf8, gigantic_line, deep_line,
    empty_manifest, dangerous_names,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda one: one.__name__)
async def test_every_kind_of_change_is_found_by_both(good, tmp_path, change):
    files = change(good)
    write(tmp_path, files)

    _, in_store = await verify(in_memory(files))
    _, in_folder = await verify(FolderArchive(tmp_path))

    assert in_store
    assert in_folder
    assert alone(tmp_path) != 0


async def test_links_are_told_and_never_followed(good, tmp_path):
    outside = tmp_path / "outside"
    write(tmp_path / "a", good)
    path = tmp_path / "a" / manifest_path(OTHER, 1)
    outside.write_bytes(path.read_bytes())
    path.unlink()
    path.symlink_to(outside)

    _, failures = await verify(FolderArchive(tmp_path / "a"))

    assert any("link" in one for one in failures)
    assert alone(tmp_path / "a") == 1


async def test_a_folder_that_is_a_link_is_no_folder(good, tmp_path):
    write(tmp_path / "a", good)
    folder = (tmp_path / "a" / manifest_path(OTHER, 1)).parents[1]
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")

    assert (await verify(FolderArchive(tmp_path / "a")))[1]
    assert alone(tmp_path / "a") == 1


async def test_a_huge_sparse_file_is_told_without_being_read(good, tmp_path):
    write(tmp_path, good)
    with (
        tmp_path / manifest_path(OTHER, 1).replace("manifest.json", "events.jsonl")
    ).open("r+b") as file:
        file.truncate(50 * 1024**3)

    _, failures = await verify(FolderArchive(tmp_path))

    assert "bytes" in failures[0]
    assert alone(tmp_path) == 1


async def smallest_world():
    world = World(formats=("json",))
    await world.receive(received(0, "né"))
    await world.finalize(THREAD)
    world.clock.pass_time(days=2)
    await world.close_ledger()
    return world


async def test_every_flip_of_a_byte_is_found():
    archive = (await smallest_world()).archive
    assert (await verify(archive))[1] == []
    missed = []

    for path, data in dict(archive.files).items():
        for at in range(len(data)):
            for mask in (1 << at % 8, 0x20):
                archive.files[path] = (
                    data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :]
                )
                if not (await verify(archive))[1]:
                    missed.append((path, at, mask))
        archive.files[path] = data

    assert missed == []


async def test_every_length_that_a_file_is_cut_to_is_found():
    archive = (await smallest_world()).archive
    missed = []

    for path, data in dict(archive.files).items():
        for length in range(len(data)):
            archive.files[path] = data[:length]
            if not (await verify(archive))[1]:
                missed.append((path, length))
        archive.files[path] = data

    # Without its last line, a day of the ledger is one that was not closed yet: only a
    # later day, or a checkpoint, tells.
    (ledger,) = (path for path in archive.files if path.startswith("ledger/"))
    opened = archive.files[ledger].index(b"\n") + 1
    assert missed == [(ledger, opened)]


@st.composite
def mutations(draw, files):
    files = dict(files)
    for _ in range(draw(st.integers(0, 2))):
        path = draw(st.sampled_from(sorted(files)))
        data = files[path]
        match draw(
            st.sampled_from(
                ["flip", "cut", "insert", "remove", "copy", "swap", "double"]
            )
        ):
            case "flip" if data:
                at = draw(st.integers(0, len(data) - 1))
                files[path] = (
                    data[:at]
                    + bytes([data[at] ^ draw(st.integers(1, 255))])
                    + data[at + 1 :]
                )
            case "cut" if data:
                files[path] = data[: draw(st.integers(0, len(data) - 1))]
            case "insert":
                at = draw(st.integers(0, len(data)))
                files[path] = (
                    data[:at] + draw(st.binary(min_size=1, max_size=3)) + data[at:]
                )
            case "remove":
                del files[path]
            case "copy":
                files[draw(st.sampled_from(sorted(files)))] = data
            case "swap":
                other = draw(st.sampled_from(sorted(files)))
                files[path], files[other] = files[other], data
            case "double":
                lines = data.splitlines(keepends=True)
                files[path] = b"".join([*lines, *lines[-1:]])
    return files


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_both_verifiers_agree_on_whatever_is_done_to_an_archive(good, tmp_path, data):
    files = data.draw(mutations(good))
    folder = tmp_path / uuid.uuid4().hex
    folder.mkdir()
    write(folder, files)

    _, failures = asyncio.run(verify(FolderArchive(folder)))

    assert (alone(folder) == 0) == (not failures), failures
    if files == good:
        assert not failures


def checkpoint_of(report, size=None):
    return Checkpoint(origin="x", size=size or report.head_size, root=report.head_root)


async def test_a_saved_checkpoint_finds_a_ledger_that_was_cut_or_written_anew(
    good, tmp_path
):
    report, _ = await verify(in_memory(good))
    saved = checkpoint_of(report)
    file = tmp_path / "checkpoint"
    file.write_text(saved.body)
    cut = {
        p: d
        for p, d in removed_revision(good).items()
        if p != "ledger/2026-11-23.jsonl"
    }
    world = await small_world()
    world.clock.pass_time(days=1)
    await world.receive(received(9))
    await world.finalize(THREAD)

    for files, holds in ((good, True), (world.archive.files, True), (cut, False)):
        write(folder := tmp_path / uuid.uuid4().hex, files)
        assert (not (await verify(in_memory(files), checkpoint=saved))[1]) is holds
        assert (alone(folder, str(file)) == 0) is holds
    assert (await verify(in_memory(cut)))[1] == []
    assert (
        await verify(
            in_memory(good), checkpoint=Checkpoint(origin="x", size=2, root="00" * 32)
        )
    )[1]


async def test_a_consistent_lie_about_the_transcript_is_found_by_replay(good):
    """Somebody changes a transcript and recomputes every digest up to the ledger."""
    files = dict(good)
    place = manifest_path(OTHER, 1)
    transcript = place.replace("manifest.json", "transcript.json")
    files[transcript] = files[transcript].replace(
        b'"display_name": "Alice"', b'"display_name": "Mallo"'
    )
    manifest = json.loads(files[place])
    for one in manifest["content"]["files"]:
        if one["name"] == "transcript.json":
            one["sha256"] = sha256(files[transcript])
    manifest["content_sha256"] = sha256(canonical(manifest["content"]))
    old = sha256(files[place])
    files[place] = encode(pretty(manifest))
    rewritten = [
        encode_line("revision", {**line, "manifest_sha256": sha256(files[place])})
        for path in files
        if path.startswith("ledger/")
        for line in map(json.loads, files[path].splitlines())
        if line.get("manifest_sha256") == old
        and [line.pop(name) for name in ("schema", "kind", "sha256")]
    ]
    files["ledger/2026-11-22.jsonl"] = b"".join(
        rewritten.pop() if old.encode() in line else line
        for line in files["ledger/2026-11-22.jsonl"].splitlines(keepends=True)
        if b'"closed"' not in line
    )

    _, failures = await verify(in_memory(files))

    assert [one for one in failures if "does not follow" in one] == [
        f"{transcript}: it does not follow from the events and the listing"
    ]


async def test_a_torn_attempt_is_no_revision(good):
    files = good | {
        manifest_path(OTHER, 1).replace("0001/manifest.json", "0002/events.jsonl"): b"x"
    }

    report, failures = await verify(in_memory(files))

    assert failures == []
    assert report.torn_attempts == 1


async def test_a_revision_that_was_written_meanwhile_is_no_failure(good):
    archive = in_memory(removed_archive(good))
    walk = archive.walk

    async def walk_then_grow(prefix=""):
        async for file in walk(prefix):
            yield file
        archive.files = dict(good)

    archive.walk = walk_then_grow

    assert (await verify(archive))[1] == []
