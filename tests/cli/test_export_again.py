"""A second export into the same folder: what is there is refused, replaced or left."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from builders import ALICE, THREAD
from shared.domain.layout import thread_folder
from verifying import OTHER

ROOT = Path(__file__).parents[2]
OLD = b"an earlier export"
EXPORT = ("--format", "csv", "--format", "html", "--output", "out")
FINETUNE = ("--format", "finetune", "--role", f"{ALICE}=assistant", "--output", "out")
AGAIN = ("--thread", THREAD, "--revision", "1", "--output", "out")


def files(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.mark.parametrize("words", [EXPORT, FINETUNE, AGAIN])
def test_without_a_word_nothing_that_is_there_is_touched(run, folder, out, words):
    run("export", *words, folder)
    before = dict.fromkeys(files(out), OLD)
    for path in before:
        (out / path).write_bytes(OLD)

    said = run("export", *words, folder, status=2)

    assert "exists already, and is left as it is" in said
    assert "--force" in said
    assert "--skip-existing" in said
    assert files(out) == before


@pytest.mark.parametrize("words", [EXPORT, FINETUNE, AGAIN])
def test_force_replaces_what_it_writes_and_nothing_else(run, folder, out, words):
    run("export", *words, folder)
    whole = files(out)
    others = {"notes.txt": OLD, "thread=gone/messages.csv": OLD}
    for path, data in (dict.fromkeys(whole, OLD) | others).items():
        (out / path).parent.mkdir(exist_ok=True)
        (out / path).write_bytes(data)

    said = run("export", *words, "--force", folder)

    assert files(out) == whole | others
    assert "there already" not in said


def test_skip_existing_leaves_and_counts(run, folder, out):
    run("export", *EXPORT, folder)
    whole = files(out)
    (out / "notes.txt").write_bytes(OLD)
    first, *_ = whole
    (out / first).write_bytes(OLD)
    gone = list(whole)[-1]
    (out / gone).unlink()

    said = run("export", *EXPORT, "--skip-existing", folder)

    count = len(whole) - 1
    assert f"Wrote out: 2 threads, 1 file; {count} were there already and left." in said
    assert files(out) == whole | {first: OLD, "notes.txt": OLD}


def test_skip_existing_writes_the_threads_that_are_new(run, folder, out):
    run("export", *EXPORT, "--thread", OTHER, folder)

    said = run("export", *EXPORT, "--skip-existing", folder)

    assert "Wrote out: 2 threads, 3 files; 3 were there already and left." in said


def test_a_file_to_train_with_is_left_as_it_is(run, folder, out):
    run("export", *FINETUNE, folder)
    (out / "finetune.jsonl").write_bytes(OLD)

    said = run("export", *FINETUNE, "--skip-existing", folder)

    assert "2 threads, 0 files; 1 was there already and left." in said
    assert files(out) == {"finetune.jsonl": OLD}


def test_a_revision_says_which_files_were_left(run, folder, out):
    run("export", *AGAIN, folder)
    whole = files(out)
    (gone,) = (path for path in whole if path.endswith("transcript.json"))
    (out / gone).unlink()

    said = run("export", *AGAIN, "--skip-existing", folder)

    assert "transcript.json: the same, by its seal" in said
    assert (
        "messages.csv: not written: it was there already, and was not compared" in said
    )
    assert "revision 1, 1 file; 3 were there already and left." in said
    assert files(out) == whole


def test_what_cannot_be_read_is_still_named(run, folder, out):
    run("export", *EXPORT, folder)
    next(folder.glob("*another*/rev=0001/events.jsonl")).write_bytes(b"")

    said = run("export", *EXPORT, "--skip-existing", folder, status=1)

    assert f"NOT EXPORTED {OTHER}" in said
    assert "1 thread, 0 files; 3 were there already and left." in said


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((*EXPORT, "--force", "--skip-existing"), "Give either --force or"),
        (("--package", "p", "--all", "--reason", "x", "--force"), "no package is replaced"),
        (("--package", "p", "--all", "--reason", "x", "--skip-existing"), "goes with --output"),
        (("--format", "csv", "--force"), "Give --output"),
    ],
)  # fmt: skip
def test_what_is_not_clear_is_refused(run, folder, tmp_path, words, sentence):
    said = run("export", *words, folder, status=2)

    assert sentence in " ".join(said.split())
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


@pytest.mark.parametrize("how", ["--force", "--skip-existing"])
def test_nothing_goes_through_a_link_into_the_archive(run, folder, out, how):
    out.mkdir()
    name = thread_folder(THREAD).rstrip("/")
    (out / name).symlink_to(folder / name / "rev=0002")
    before = files(folder)

    words = ("--format", "json", "--format", "md", "--thread", THREAD)
    said = run("export", *words, "--output", "out", how, folder, status=2)

    assert "a link leads out of out" in said
    assert files(folder) == before
    assert "VERIFIED" in run("verify", folder)


@pytest.mark.parametrize("how", ["--force", "--skip-existing"])
def test_a_folder_in_the_place_of_a_file_is_named_and_left(run, folder, out, how):
    place = out / thread_folder(THREAD) / "messages.csv"
    place.mkdir(parents=True)

    said = run("export", *EXPORT, "--thread", THREAD, how, folder, status=2)

    assert "messages.csv" in said
    assert place.is_dir()


HALF = """\
import asyncio, sys
from shared.usecases.reading import export
whole = export.Beside.blocks
async def half(self, size, parts):
    async for block in whole(self, size, parts):
        yield block[: len(block) // 2]
        print("half", flush=True)
        await asyncio.sleep(60)
export.Beside.blocks = half
from shared.cli.main import main
main()
"""


def stopped(tmp_path, number, *arguments):
    process = subprocess.Popen(
        [sys.executable, "-c", HALF, "export", *arguments],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "half\n"
    process.send_signal(number)
    return process.communicate(timeout=30)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("how", ["--force", "--skip-existing"])
def test_a_file_that_was_begun_is_never_taken_for_one_that_is_there(
    run, folder, out, tmp_path, how, number
):
    run("export", *EXPORT, "--output", "expected", folder)
    _, said = stopped(tmp_path, number, *EXPORT, str(folder))
    assert "Traceback" not in said
    assert not [path for path in files(out) if not path.startswith(".unfinished/")]

    run("export", *EXPORT, how, folder)

    written = {
        path: data
        for path, data in files(out).items()
        if not path.startswith(".unfinished/")
    }
    assert written == files(tmp_path / "expected")
    if number == signal.SIGINT:
        assert not (out / ".unfinished").exists()


def test_a_kill_while_a_file_is_replaced_leaves_the_old_one(run, folder, out, tmp_path):
    run("export", *EXPORT, folder)
    whole = files(out)

    stopped(tmp_path, signal.SIGKILL, *EXPORT, "--force", str(folder))

    left = {path: data for path, data in files(out).items() if path in whole}
    assert left == whole
