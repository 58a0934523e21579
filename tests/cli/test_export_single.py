"""One file over many threads, as the command writes it: whole or not at all."""

import csv
import io
import json
import os
import resource
import signal
import stat
import subprocess
import sys
from pathlib import Path

import duckdb
import openpyxl
import pandas as pd
import pytest
from azure.storage.blob import BlobServiceClient
from pyarrow import parquet

from builders import ALICE, THREAD
from verifying import OTHER

ROOT = Path(__file__).parents[2]
NAMES = ("csv", "jsonl", "parquet", "xlsx")
FORMATS = pytest.mark.parametrize("name", NAMES)


def single(name, file="m"):
    return ("--format", name, "--single", file)


def thread_ids(name, file):
    if name == "csv":
        rows = csv.DictReader(io.StringIO(file.read_text("utf-8-sig")))
        return [row["thread_id"] for row in rows]
    if name == "jsonl":
        return [json.loads(line)["thread_id"] for line in file.open()]
    if name == "parquet":
        return parquet.read_table(file)["thread_id"].to_pylist()
    sheet = openpyxl.load_workbook(io.BytesIO(file.read_bytes())).active
    return [line[0] for line in sheet.iter_rows(2, values_only=True)]


def left(tmp_path, folder):
    """Return what stands beside the archive."""
    return sorted(path.name for path in tmp_path.iterdir() if path != folder)


@FORMATS
def test_all_threads_are_one_file(run, folder, tmp_path, name):
    said = run("export", *single(name, "deep/new/m"), folder)

    assert "Wrote deep/new/m: 2 threads, 5 messages." in said
    file = tmp_path / "deep/new/m"
    assert thread_ids(name, file) == [OTHER] + [THREAD] * 4
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [path.name for path in file.parent.iterdir()] == ["m"]


@FORMATS
@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (("--thread", OTHER), [OTHER]),
        (("--topic", "A topic"), [THREAD] * 4),
        (("--text", "late"), [THREAD] * 4),
        (("--participant", ALICE), [OTHER] + [THREAD] * 4),
        (("--after", "2026-11-22", "--before", "2026-11-23"), [OTHER] + [THREAD] * 4),
    ],
)
def test_threads_are_chosen_as_everywhere(
    run, folder, tmp_path, name, chosen, expected
):
    run("export", *single(name), *chosen, folder)

    assert thread_ids(name, tmp_path / "m") == expected


def test_the_rows_are_those_of_a_file_a_thread(run, folder, tmp_path):
    run("export", "--format", "csv", "--format", "jsonl", "--output", "out", folder)
    run("export", *single("jsonl", "all.jsonl"), folder)
    run("export", *single("csv", "all.csv"), "--bom", folder)

    files = sorted((tmp_path / "out").rglob("messages.jsonl"))
    parts = [file.read_bytes() for file in files]
    assert (tmp_path / "all.jsonl").read_bytes() == b"".join(parts)
    table = (tmp_path / "all.csv").read_bytes()
    assert table.startswith(b"\xef\xbb\xbf")
    texts = [file.read_text() for file in sorted((tmp_path / "out").rglob("messages.csv"))]  # fmt: skip
    head, rows = texts[0].split("\n", 1)
    expected = f"{head}\n{rows}" + "".join(text.split("\n", 1)[1] for text in texts[1:])
    assert (tmp_path / "all.csv").read_text("utf-8-sig") == expected


def test_others_read_it(run, folder, tmp_path):
    for name in NAMES:
        run("export", *single(name, f"m.{name}"), folder)

    for name in ("csv", "jsonl", "parquet"):
        (found,) = duckdb.sql(
            f"SELECT count(DISTINCT thread_id), count(*) FROM '{tmp_path}/m.{name}'"  # noqa: S608
        ).fetchall()
        assert found == (2, 5)
    for read in (
        pd.read_csv(tmp_path / "m.csv", dtype=str),
        pd.read_json(tmp_path / "m.jsonl", lines=True, dtype=False),
        pd.read_parquet(tmp_path / "m.parquet"),
        pd.read_excel(tmp_path / "m.xlsx"),
    ):
        ids = [str(message_id) for message_id in read["message_id"]]
        assert len(ids) == 5
        assert all(len(message_id) == 13 for message_id in ids)


@FORMATS
def test_what_is_there_is_replaced_by_force_alone(run, folder, tmp_path, name):
    file = tmp_path / "m"
    file.write_text("mine")
    file.chmod(0o644)

    said = run("export", *single(name), folder, status=2)

    assert "m exists already, and is left as it is" in said
    assert "--force" in said
    assert file.read_text() == "mine"
    run("export", *single(name), "--force", folder)
    assert len(thread_ids(name, file)) == 5
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert left(tmp_path, folder) == ["m"]


@FORMATS
def test_a_thread_that_cannot_be_read_is_named_and_not_in_it(
    run, folder, tmp_path, name
):
    next(folder.glob("*another*/rev=0001/events.jsonl")).write_bytes(b"")

    said = run("export", *single(name), folder, status=1)

    assert f"NOT EXPORTED {OTHER}" in said
    assert "Wrote m: 1 thread, 4 messages." in said
    assert thread_ids(name, tmp_path / "m") == [THREAD] * 4


@FORMATS
def test_where_no_thread_can_be_read_there_is_no_file(run, folder, tmp_path, name):
    for file in folder.rglob("events.jsonl"):
        file.write_bytes(b"")

    said = run("export", *single(name), folder, status=1)

    assert said.count("NOT EXPORTED") == 2
    assert "Nothing was exported: no thread can be read." in said
    assert left(tmp_path, folder) == []


@FORMATS
@pytest.mark.parametrize("more", [("--topic", "x?y"), ("--before", "2020-01-01")])
def test_where_no_thread_matches_there_is_no_file(run, folder, tmp_path, name, more):
    said = run("export", *single(name), *more, folder, status=1)

    assert "Nothing was exported: no thread matches." in said
    assert left(tmp_path, folder) == []


def test_what_no_thread_matches_replaces_nothing(run, folder, tmp_path):
    (tmp_path / "m").write_text("mine")

    run("export", *single("csv"), "--force", "--topic", "x?y", folder, status=1)

    assert (tmp_path / "m").read_text() == "mine"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--single", "m"), "--single goes with one --format"),
        ((*single("csv"), "--format", "jsonl"), "--single goes with one --format"),
        ((*single("csv"), "--output", "o"), "without --output"),
        ((*single("csv"), "--package", "p"), "--package"),
        ((*single("csv"), "--revision", "1", "--thread", THREAD), "--revision"),
        ((*single("csv"), "--skip-existing"), "--skip-existing goes with --output"),
        ((*single("csv"), "--force", "--skip-existing"), "either --force or"),
        (single("csv", ""), "needs the name of a file"),
        (single("csv", "."), "is a directory"),
        (single("csv", "archive-copy"), "is a directory"),
        (single("md"), "md cannot be one file over many threads; jsonl, csv, parquet and xlsx can"),
        (single("finetune"), "finetune is one file of all threads with --output already"),
        ((*single("csv"), "--after", "yesterday"), "is no time"),
    ],
)  # fmt: skip
def test_what_is_not_clear_is_refused_with_what_to_do(
    run, folder, tmp_path, words, sentence
):
    said = run("export", *words, folder, status=2)

    assert sentence in " ".join(said.split())
    assert left(tmp_path, folder) == []


def test_what_formats_can_be_one_file_is_listed(run):
    listed = map(json.loads, run("formats", "--json").splitlines())

    assert sorted(one["name"] for one in listed if one["single"]) == sorted(NAMES)


@FORMATS
@pytest.mark.parametrize(
    "file",
    [
        "archive-copy/m.table",
        "archive-copy/thread=x/m.table",
        "link/m.table",
        "archive-copy/../archive-copy/m.table",
    ],
)
def test_nothing_is_written_into_the_archive_itself(run, folder, tmp_path, name, file):
    (tmp_path / "link").symlink_to(folder)
    before = sorted(folder.rglob("*"))

    said = run("export", *single(name, file), "--force", folder, status=2)

    assert "is in the archive itself" in said
    assert sorted(folder.rglob("*")) == before


def test_a_link_and_what_is_no_file_are_left(run, folder, tmp_path):
    evidence = next(folder.rglob("events.jsonl"))
    before = evidence.read_bytes()
    (tmp_path / "elsewhere").write_text("mine")
    (tmp_path / "m").symlink_to("elsewhere")
    (tmp_path / "into").symlink_to(evidence)
    (tmp_path / "dangling").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")

    for file, sentence in (
        ("m", "no plain file"),
        ("into", "in the archive itself"),
        ("dangling", "no plain file"),
        ("pipe", "no plain file"),
        ("/dev/null", "no plain file"),
    ):
        said = run("export", *single("csv", file), "--force", folder, status=2)
        assert sentence in said
        run("export", *single("csv", file), folder, status=2)

    assert evidence.read_bytes() == before
    assert (tmp_path / "elsewhere").read_text() == "mine"
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("file", ["/proc/m.table", "archive.txt/m.table"])
def test_a_place_where_nothing_can_be_written_is_named(run, folder, tmp_path, file):
    (tmp_path / "archive.txt").write_text("mine")

    said = run("export", *single("csv", file), folder, status=2)

    assert f"{file} cannot be written: " in said


@pytest.mark.parametrize(
    ("name", "module", "extra"),
    [("parquet", "pyarrow", "parquet"), ("xlsx", "xlsxwriter", "xlsx")],
)
def test_without_the_extra_it_says_what_to_install(
    run, folder, tmp_path, monkeypatch, name, module, extra
):
    monkeypatch.setitem(sys.modules, module, None)

    for where in (("--single", "m"), ("--output", "o")):
        said = run("export", "--format", name, *where, folder, status=2)
        assert f"install the extra `{extra}`" in said

    assert not [path for path in tmp_path.rglob("m*") if path.parent == tmp_path]
    assert not [path for path in (tmp_path / "o").rglob("*") if path.is_file()]


def command(*arguments):
    return [sys.executable, "-m", "shared.cli.main", "export", *arguments]


@FORMATS
def test_a_full_disk_leaves_no_file_and_no_traceback(folder, tmp_path, name):
    def few_bytes():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))

    done = subprocess.run(
        command(*single(name), str(folder)),
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=few_bytes,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr == "Error: m cannot be written: File too large.\n"
    assert left(tmp_path, folder) == []


SLOW = """\
import asyncio, sys
from shared.usecases.reading.find import Find
read, count = Find.transcript, 0
async def slow(self, thread_id):
    global count
    count += 1
    if count == 2:
        print("half", flush=True)
        await asyncio.sleep(60)
    return await read(self, thread_id)
Find.transcript = slow
from shared.cli.main import main
main()
"""


def begun(tmp_path, *arguments):
    """Start an export, and return it once the first of its threads is written."""
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW, "export", *arguments],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "half\n"
    return process


@FORMATS
@pytest.mark.parametrize("is_there", [False, True])
def test_a_kill_leaves_no_half_file_and_the_next_export_cleans_up(
    run, folder, tmp_path, name, is_there
):
    file = tmp_path / "m"
    if is_there:
        file.write_text("mine")
    process = begun(tmp_path, *single(name), "--force", str(folder))
    busy = run("export", *single(name), "--force", folder, status=2)
    process.send_signal(signal.SIGKILL)
    process.communicate()

    assert "m is being written by another process" in busy
    assert file.exists() == is_there
    if is_there:
        assert file.read_text() == "mine"
    work = tmp_path / ".exporting-m"
    assert {stat.S_IMODE(path.stat().st_mode) for path in work.rglob("*")} <= {0o700, 0o600}  # fmt: skip
    assert stat.S_IMODE(work.stat().st_mode) == 0o700

    run("export", *single(name), "--force", folder)

    assert len(thread_ids(name, file)) == 5
    assert left(tmp_path, folder) == ["m"]


@FORMATS
def test_ctrl_c_leaves_nothing(folder, tmp_path, name):
    process = begun(tmp_path, *single(name), str(folder))
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)

    assert process.returncode == 130
    assert "Traceback" not in said
    assert left(tmp_path, folder) == []


def test_a_file_that_appears_before_the_end_is_not_replaced(
    run, folder, tmp_path, monkeypatch
):
    from shared.formats.csv_format import Appended

    finish = Appended.finish

    def meanwhile(self):
        (tmp_path / "m").write_text("mine")
        finish(self)

    monkeypatch.setattr(Appended, "finish", meanwhile)

    said = run("export", *single("csv"), folder, status=2)

    assert "m exists already" in said
    assert (tmp_path / "m").read_text() == "mine"
    assert left(tmp_path, folder) == ["m"]


@pytest.mark.azurite
def test_a_container_becomes_one_file_too(
    run, files, folder, running_azurite, tmp_path
):
    service = BlobServiceClient.from_connection_string(
        running_azurite.connection_string
    )
    for container in service.list_containers():
        service.delete_container(container.name)
    archive = service.create_container("chat-archive")
    for path, data in files.items():
        archive.upload_blob(path, data)
    env = {"CHAT_STORAGE": running_azurite.connection_string}

    for name in NAMES:
        run("export", *single(name, f"m.{name}"), **env)
        assert thread_ids(name, tmp_path / f"m.{name}") == [OTHER] + [THREAD] * 4
    run("export", *single("jsonl", "of-the-folder"), folder)

    assert (tmp_path / "of-the-folder").read_bytes() == (tmp_path / "m.jsonl").read_bytes()  # fmt: skip


def test_the_ending_of_the_file_chooses_the_format_and_may_not_contradict_it(
    run, folder, tmp_path
):
    run("export", folder, "--single", "all.csv")

    assert (tmp_path / "all.csv").read_bytes().startswith(b'"thread_id"')
    said = run("export", folder, "--single", "new.csv", "--format", "jsonl", status=2)
    assert "new.csv ends like csv, and --format says jsonl." in said
    assert not (tmp_path / "new.csv").exists()
    assert "--single goes with one --format" in run(
        "export", folder, "--single", "all.dat", status=2
    )
