"""`chat-archive export --format tables`: as its users run it, and as their tools read."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from filelock import FileLock
from pyarrow import dataset
from tables import files, rows, written

from builders import (
    BOB,
    FIRST_ID,
    THREAD,
    deleted,
    edited,
    received,
    thread_created,
    who,
)
from evidence_archives import OTHER
from shared.formats.tables.columns import TABLES
from shared.usecases.reading.tables.tables_state import STATE_FILE
from verifying import write
from world import World

WHY = ("--reason", "request 7", "--execute")
SECRET = "zebra0420"
BY_BOB = {"senderCommunicationIdentifier": who(BOB), "senderDisplayName": "Robert"}
ODD = ("=1+1", "nul \x00 and \ud800", "long " * 5000, "</script>")
DAY = 86_400_000


async def conversations():
    world = World(formats=("json",))
    await world.receive(
        thread_created(properties={"topic": "Order 4711"}),
        received(0, "We promise"),
        edited(0, "We promise nothing"),
        received(1, f"The code is {SECRET}", **BY_BOB),
        deleted(1, **BY_BOB),
        *(received(DAY * n, text) for n, text in enumerate(ODD, start=10)),
        received(2, "in the year 1", composeTime="0001-01-01T00:00:00Z"),
        received(3, "in 9999", composeTime="9999-12-31T23:59:59Z"),
        thread_created(threadId=OTHER, properties={"topic": "Order 4712"}),
        received(4, "elsewhere", threadId=OTHER),
    )
    await world.finalize(THREAD)
    await world.finalize(OTHER)
    return world.archive.files


@pytest.fixture(scope="module")
def files_():
    return asyncio.run(conversations())


@pytest.fixture
def folder(files_, tmp_path):
    write(tmp_path / "archive-copy", files_)
    return tmp_path / "archive-copy"


@pytest.fixture
def export(run, folder):
    def export(*more, status=0, **env):
        words = ("export", folder, "--format", "tables", "--output", "tables")
        return run(*words, *more, status=status, **env)

    return export


@pytest.fixture
def root(export, tmp_path):
    """A folder of tables that were written."""
    export()
    return tmp_path / "tables"


def asked(root, table):
    """Return what DuckDB has of a table, as Python values."""
    pattern = root / table / ("*.parquet" if table == "people" else "*/*.parquet")
    with duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'")
        found = db.read_parquet(str(pattern), hive_partitioning=True)
        return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


def by_pandas(root, table):
    frame = pd.read_parquet(root / table)
    columns = [name for name in frame.columns if name.endswith("_on")]
    assert all(str(frame[name].dtype) == "datetime64[us, UTC]" for name in columns)
    plain = frame.astype(object).where(frame.notna(), None)
    return [
        {
            name: value.to_pydatetime() if isinstance(value, pd.Timestamp) else value
            for name, value in row.items()
        }
        for row in plain.to_dict("records")
    ]


@pytest.mark.parametrize("table", TABLES)
def test_duckdb_pandas_and_pyarrow_read_the_same_rows(root, table):
    def in_order(found):
        return sorted(found, key=lambda row: json.dumps(row, default=str))

    expected = in_order(rows(root, table))

    assert len(expected) >= 2
    assert in_order(asked(root, table)) == expected
    assert in_order(by_pandas(root, table)) == expected
    assert "month" in expected[0] or table == "people"


def test_rows_are_those_of_the_transcripts(run, folder, root):
    run("export", folder, "--format", "jsonl", "--output", "flat")
    flat = {"messages": [], "history": []}
    for name, lines in flat.items():
        for file in Path("flat").rglob(f"{name}.jsonl"):
            lines.extend(map(json.loads, file.read_text("utf-8").splitlines()))
    for name, table in (("messages", "messages"), ("history", "versions")):
        key = ("thread_id", "message_id", "version", "content", "commitment")
        assert sorted(
            tuple(row[k] for k in key) for row in asked(root, table)
        ) == sorted(tuple(row[k] for k in key) for row in flat[name])
    assert {row["content"] for row in flat["messages"]} > {"=1+1", ODD[2], "elsewhere"}


def test_a_month_is_pruned_by_its_folder(root):
    months = {row["month"] for row in asked(root, "messages")}

    assert months == {"2026-11", "2026-12", "9999-12", "undated"}
    undated = [row for row in asked(root, "messages") if row["month"] == "undated"]
    assert [(r["content"], r["created_on"]) for r in undated] == [
        ("in the year 1", None)
    ]
    table = dataset.dataset(root / "messages", partitioning="hive")
    found = list(table.get_fragments(dataset.field("month") == "9999-12"))
    assert len(found) == 1


def test_it_says_what_it_wrote_and_a_second_run_writes_nothing(root, export):
    before = files(root)

    said = export()

    assert "2 threads, 9 messages, 11 versions, 2 people" in said
    assert "0 files written" in said
    assert "as of ledger line 2" in said
    assert files(root) == before
    assert not any(path.name.startswith(".") for path in root.iterdir())


def test_nobody_else_may_read_them(root):
    assert all(path.stat().st_mode & 0o077 == 0 for path in root.rglob("*"))
    assert root.stat().st_mode & 0o077 == 0


def test_an_erased_message_is_gone_from_the_tables(run, folder, root, export):
    before = files(root)
    message = str(FIRST_ID + 1)
    said = run("erase", folder, "--thread", THREAD, "--message", message, *WHY)
    assert "Not reached: exports, tables, sites and packages" in " ".join(said.split())

    export()

    for table in TABLES:
        assert not any(SECRET in str(row.values()) for row in asked(root, table))
    assert not any(SECRET.encode() in data for data in files(root).values())
    assert any(SECRET in str(row) for row in asked_of(before, root))
    assert {name.split("/")[1] for name in written(before, files(root))} <= {
        "month=2026-11",
        "part-0001.parquet",
    }


def asked_of(before, root):
    """Return the rows of versions as they were in files from before."""
    old = root.with_name("old")
    for name, data in before.items():
        (old / name).parent.mkdir(parents=True, exist_ok=True)
        (old / name).write_bytes(data)
    return asked(old, "versions")


@pytest.mark.parametrize(
    ("words", "gone"),
    [
        (("--thread", THREAD, "--topic"), "Order 4711"),
        (("--participant", BOB), SECRET),
        (("--participant", BOB), "Robert"),
    ],
)
def test_what_is_erased_is_in_no_row_and_no_byte(
    run, folder, root, export, words, gone
):
    def said():
        return "".join(str(row) for table in TABLES for row in asked(root, table))

    assert gone in said()
    run("erase", folder, *words, *WHY)

    export()

    assert gone not in said()
    assert not any(gone.encode() in data for data in files(root).values())


def test_a_folder_of_another_archive_is_left_as_it_is(run, folder, root, tmp_path):
    shutil.copytree(folder, tmp_path / "other")
    before = files(root)

    said = run("export", "other", "--format", "tables", "--output", "tables", status=2)

    assert "tables of another archive" in " ".join(said.split())
    assert files(root) == before


def test_a_folder_with_other_files_is_left_as_it_is(export, tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "mine.txt").write_text("mine")

    said = export(status=2)

    assert "something else (mine.txt)" in " ".join(said.split())
    assert files(tmp_path / "tables") == {"mine.txt": b"mine"}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--format", "csv"), "give it alone"),
        (("--single", "all.parquet"), "give it alone"),
        (("--package", "p"), "give it alone"),
        (("--revision", "1", "--thread", THREAD), "give it alone"),
        (("--thread", THREAD), "choose threads and times where you ask"),
        (("--after", "2026-01-01"), "choose threads and times where you ask"),
        (("--topic", "x"), "choose threads and times where you ask"),
        (("--force",), "brought up to date"),
        (("--skip-existing",), "brought up to date"),
        (("--all",), "--all goes with --package"),
    ],
)
def test_what_makes_no_sense_is_refused(export, tmp_path, words, sentence):
    said = export(*words, status=2)

    assert sentence in " ".join(said.split())
    assert not (tmp_path / "tables").exists()


def test_a_folder_has_to_be_named(run, folder):
    said = run("export", folder, "--format", "tables", status=2)

    assert "Give --output" in said


def test_inside_the_archive_nothing_is_written(run, folder):
    before = files(folder)

    place = folder / "tables"
    said = run("export", folder, "--format", "tables", "--output", place, status=2)

    assert "in the archive itself" in " ".join(said.split())
    assert files(folder) == before


def test_without_pyarrow_it_says_what_to_install(export, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.delitem(sys.modules, "shared.adapters.tables.arrow", raising=False)

    said = export(status=2)

    assert "tables needs pyarrow: install the extra `parquet`" in " ".join(said.split())
    assert not (tmp_path / "tables").exists()


def test_a_second_process_is_refused(export, root):
    (root / ".writing-tables").mkdir(mode=0o700)
    before = files(root)
    with FileLock(root / ".writing-tables" / "writing.lock"):
        said = export(status=2)

    assert "written by another process" in " ".join(said.split())
    assert {name for name in files(root) if "lock" not in name} == set(before)


def test_what_a_killed_run_left_is_removed(export, root):
    left = root / ".writing-tables" / "new" / "messages" / "month=2026-11"
    left.mkdir(parents=True)
    (left / "part-0001.parquet.new").write_text(SECRET)

    export()

    assert not (root / ".writing-tables").exists()


def test_a_run_that_is_killed_is_followed_by_a_whole_one(export, folder, tmp_path):
    words = ("export", folder, "--format", "tables", "--output", "tables")
    code = "import os, signal; os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)"
    code += f"; from shared.cli.main import main; main({[str(w) for w in words]!r})"
    export()
    shutil.rmtree(tmp_path / "tables" / "messages")  # so that there is something to do
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr

    export()

    root = tmp_path / "tables"
    assert json.loads((root / STATE_FILE).read_text())["finished"] is True
    assert len(rows(root, "messages")) == 9
    assert not any(path.name.startswith(".") for path in root.iterdir())


def test_a_full_disk_is_said_and_leaves_the_tables(export, root, monkeypatch):
    before = files(root)
    state = json.loads((root / STATE_FILE).read_text())
    (root / STATE_FILE).write_text(json.dumps({**state, "schema": 0}))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    said = export(status=2)

    assert "cannot be written: No space left on device" in " ".join(said.split())
    assert {n: d for n, d in files(root).items() if n != STATE_FILE} == {
        n: d for n, d in before.items() if n != STATE_FILE
    }


def test_many_threads_are_read_by_processes(run, tmp_path):
    async def many():
        world = World(formats=("json",))
        ids = [f"19:acsV1_{n:03d}@thread.v2" for n in range(55)]
        for n, thread_id in enumerate(ids):
            await world.receive(received(n, f"text {n}", threadId=thread_id))
            await world.finalize(thread_id)
        return world.archive.files

    write(tmp_path / "many", asyncio.run(many()))
    run("export", "many", "--format", "tables", "--output", "tables")

    found = rows(tmp_path / "tables", "messages")
    assert {row["content"] for row in found} == {f"text {n}" for n in range(55)}
    assert [row["created_on"] for row in found] == sorted(
        row["created_on"] for row in found
    )


def test_a_thread_that_cannot_be_read_is_named(export, folder, root):
    (folder.parent / f"{folder.name}-index.sqlite").unlink()
    for file in folder.glob("thread=*another*/**/*.jsonl"):
        file.write_bytes(b"")

    said = export(status=1)

    assert f"NOT IN THE TABLES {OTHER}" in said
    assert "1 thread," in said
    assert "elsewhere" not in str(asked(root, "messages"))


def test_it_is_listed_with_the_formats(run):
    listed = [json.loads(line) for line in run("formats", "--json").splitlines()]

    assert listed[-1].items() >= {"name": "tables", "archived": False}.items()
    assert listed[-1]["single"] is False
