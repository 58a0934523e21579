"""Tables of an archive: what is in them, and what a build writes again."""

import itertools
import json
import shutil
from datetime import timedelta

import pyarrow.compute as pc
import pytest
from erasing import erase
from pyarrow import parquet
from tables import SCRATCH, KillError, Steps, build, files, rows, transcripts, written

from builders import (
    ALICE,
    BOB,
    FIRST_ID,
    NOON,
    THREAD,
    deleted,
    edited,
    listed,
    moment,
    received,
    thread_created,
    who,
)
from evidence_archives import OTHER
from shared.adapters.tables import arrow
from shared.domain.errors import Transient
from shared.domain.times import parse_time
from shared.formats.plain import version_to_read
from shared.formats.rows import NUMBER, TEXT, TRUTH, history_rows, message_rows
from shared.formats.tables.columns import TABLES, TIME
from shared.usecases.reading.raw_thread import load
from shared.usecases.reading.tables.read_thread import read_rows
from shared.usecases.reading.tables.tables_state import STATE_FILE, NotTables
from world import World

SECRET = "zebra0420"
BY_BOB = {"senderCommunicationIdentifier": who(BOB), "senderDisplayName": "Bob"}
MONTH = 31 * 86_400_000
"""Milliseconds to the next month from a day in November or later."""
OCTOBER = -30 * 86_400_000


def state(root):
    return json.loads((root / STATE_FILE).read_text())


def texts(root, table="versions"):
    return {row["content"] for row in rows(root, table)}


@pytest.fixture
def root(tmp_path):
    return tmp_path / "tables"


@pytest.fixture
async def world():
    """Two threads over three months, with edits, deletions and html."""
    world = World(readers=(ALICE,), formats=("json",))
    await world.receive(
        thread_created(),
        received(OCTOBER, "in October"),
        received(0, "hello"),
        edited(0, "hello there"),
        received(1, f"The code is {SECRET}", **BY_BOB),
        deleted(1, **BY_BOB),
        received(MONTH, "in December"),
        thread_created(threadId=OTHER, properties={"topic": "Other"}),
        received(3, "elsewhere", threadId=OTHER),
    )
    html = listed(7, type="html", content={"message": "<p>a <b>bold</b> word</p>"})
    world.chat.shows(THREAD, ALICE, html, others=(BOB,))
    await world.finalize(THREAD)
    await world.finalize(OTHER)
    return world


async def news(world, *events, thread=THREAD):
    world.clock.pass_time(days=1)
    await world.receive(*events)
    await world.finalize(thread)


# What is in them


async def test_messages_and_versions_are_those_of_the_transcripts(world, root):
    await build(world, root)

    threads = await transcripts(world)
    for table, expected in (("messages", message_rows), ("versions", history_rows)):
        found = rows(root, table)
        names = [column.name for column in TABLES[table] if column.name != "text"]
        wanted = [
            {name: as_time(name, row[name]) for name in names}
            for thread in threads
            for row in expected(thread)
        ]
        key = ("thread_id", "message_id", "version")
        assert sorted(
            ({name: row[name] for name in names} for row in found),
            key=lambda row: [row[name] for name in key],
        ) == sorted(wanted, key=lambda row: [row[name] for name in key])
        assert len(found) > 5


def as_time(name, value):
    return parse_time(value) if name.endswith("_on") else value


async def test_text_is_what_people_read_and_content_what_was_written(world, root):
    await build(world, root)

    said = {row["message_id"]: row for row in rows(root, "messages")}
    html, gone = said[str(FIRST_ID + 7)], said[str(FIRST_ID + 1)]
    assert html["content"] == "<p>a <b>bold</b> word</p>"
    assert (html["text"], html["content_type"]) == ("a bold word", "html")
    assert (gone["content"], gone["is_deleted"]) == ("", True)
    assert gone["text"] == f"The code is {SECRET}"
    for thread in await transcripts(world):
        for message in thread.messages:
            number = version_to_read(message).number
            (version,) = [
                row
                for row in rows(root, "versions")
                if (row["thread_id"], row["message_id"], row["version"])
                == (thread.thread_id, message.id, number)
            ]
            assert version["text"] == said[message.id]["text"]


async def test_threads_say_what_their_rows_are_of(world, root):
    await news(world, received(50, "more"))
    await build(world, root)

    found = {row["thread_id"]: row for row in rows(root, "threads")}
    (thread,) = [t for t in await transcripts(world) if t.thread_id == THREAD]
    row = found[THREAD]
    assert (row["topic"], found[OTHER]["topic"]) == ("A topic", "Other")
    assert (row["revision"], row["month"]) == (2, "2026-11")
    assert row["written_on"] == NOON + timedelta(days=1)
    assert row["message_count"] == len(thread.messages)
    assert (row["edited_count"], row["deleted_count"]) == (1, 1)
    assert row["first_message_on"] == parse_time(moment(FIRST_ID + OCTOBER))
    assert row["last_message_on"] == parse_time(moment(FIRST_ID + MONTH))
    assert {who["id"] for who in json.loads(row["participants"])} == {ALICE, BOB}
    assert row["manifest"] == found[THREAD]["manifest"] != found[OTHER]["manifest"]
    assert row["grade"] in ("complete", "may_be_incomplete")


async def test_people_are_a_row_each_with_all_their_names(world, root):
    nobody = {"senderCommunicationIdentifier": None}
    await news(
        world,
        received(2 * MONTH, "by another name", senderDisplayName="Alice B."),
        received(61, "of no id", senderDisplayName="Ghost", **nobody),
    )
    other = {"senderDisplayName": "Phantom", "threadId": OTHER, **nobody}
    await news(world, received(62, "of no id", **other), thread=OTHER)
    await build(world, root)

    people = {(row["person_id"], row["name"]): row for row in rows(root, "people")}
    alice, ghost = people[ALICE, "Alice B."], people["", "Ghost"]
    assert set(json.loads(alice["names"])) == {"Alice", "Alice B."}
    assert (alice["kind"], alice["thread_count"]) == ("acs_user", 2)
    sent = [row for row in rows(root, "messages") if row["sender_id"] == ALICE]
    assert alice["message_count"] == len(sent)
    assert alice["first_message_on"] == min(row["created_on"] for row in sent)
    assert alice["last_message_on"] == max(row["created_on"] for row in sent)
    assert (ghost["message_count"], ghost["thread_count"]) == (1, 1)
    assert people["", "Phantom"]["message_count"] == 1
    assert len(people) == 4


async def test_every_row_stands_in_the_month_of_its_message_in_order(world, root):
    await build(world, root)

    messages = rows(root, "messages")
    assert {row["month"] for row in messages} == {"2026-10", "2026-11", "2026-12"}
    assert all(row["created_on"].strftime("%Y-%m") == row["month"] for row in messages)
    for table in ("messages", "versions"):
        for file in (root / table).rglob("*.parquet"):
            times = parquet.read_table(file)[arrow.ORDER[table][0]].to_pylist()
            assert times == sorted(times)
    edit = [row for row in rows(root, "versions") if row["kind"] == "edited"]
    assert [row["month"] for row in edit] == ["2026-11"]


async def test_every_file_has_the_schema_of_its_table(world, root):
    await build(world, root)

    types = {
        TEXT: "string", NUMBER: "int64", TRUTH: "bool", TIME: "timestamp[us, tz=UTC]",
    }  # fmt: skip
    for table, columns in TABLES.items():
        expected = [(column.name, types[column.type]) for column in columns]
        for file in (root / table).rglob("*.parquet"):
            schema = parquet.read_schema(file)
            found = zip(schema.names, map(str, schema.types), strict=True)
            assert list(found) == expected
        assert "month" not in [column.name for column in columns]


async def test_files_are_zstd_with_statistics_of_times(world, root):
    await build(world, root)

    (file,) = (root / "messages" / "month=2026-11").iterdir()
    group = parquet.ParquetFile(file).metadata.row_group(0)
    at = parquet.read_schema(file).names.index("created_on")
    assert group.column(at).compression == "ZSTD"
    assert group.column(at).statistics.min == NOON
    assert file.stat().st_mode & 0o077 == 0


async def test_the_state_says_of_which_ledger_head_they_are_and_names_all(world, root):
    built = await build(world, root)

    found = state(root)
    assert (found["finished"], found["schema"]) == (True, 1)
    assert (found["ledger_lines"], found["ledger_root"]) == (built.lines, built.root)
    assert found["ledger_lines"] == 2
    named = {
        f"{folder}/{file['name']}": (file["bytes"], file["rows"])
        for folder, of in found["folders"].items()
        for file in of["files"]
    }
    there = files(root)
    assert named.keys() == there.keys() - {STATE_FILE}
    for name, (size, count) in named.items():
        assert len(there[name]) == size
        assert parquet.ParquetFile(root / name).metadata.num_rows == count
    assert built.rows["messages"] == len(rows(root, "messages"))


async def test_an_archive_without_threads_gives_tables_without_rows(root):
    world = World()
    built = await build(world, root)

    assert set(files(root)) == {
        STATE_FILE,
        "messages/month=undated/part-0001.parquet",
        "versions/month=undated/part-0001.parquet",
        "threads/month=undated/part-0001.parquet",
        "people/part-0001.parquet",
    }
    assert all(rows(root, table) == [] for table in TABLES)
    assert built.threads == 0
    before = files(root)
    await build(world, root)
    assert files(root) == before

    await world.receive(thread_created(), received(0, "the first"))
    await world.finalize(THREAD)
    await build(world, root)
    assert len(rows(root, "messages")) == 1
    assert not (root / "messages" / "month=undated").exists()


async def test_a_thread_without_messages_is_a_row_of_threads(root):
    world = World()
    await world.receive(thread_created())
    await world.finalize(THREAD)
    await build(world, root)

    assert [row["message_count"] for row in rows(root, "threads")] == [0]
    assert rows(root, "messages") == rows(root, "versions") == []
    assert {row["person_id"] for row in rows(root, "people")} == {ALICE, BOB}


# What is written again


async def test_a_second_build_writes_nothing(world, root):
    await build(world, root)
    before = files(root)
    times = {path: path.stat().st_mtime_ns for path in root.rglob("*")}

    built = await build(world, root, built_on="2027-01-01T00:00:00+00:00")

    assert files(root) == before
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")}.items() >= {
        (path, time) for path, time in times.items() if path.is_file()
    }
    assert (built.read, built.written, built.removed) == (0, 0, 0)
    assert built.same == len(before) - 1


async def test_a_new_message_writes_its_month_and_its_thread_again(world, root):
    await build(world, root)
    before = files(root)
    await news(world, received(2 * MONTH, "in January"))

    steps = Steps()
    built = await build(world, root, steps=steps)

    assert steps.rewritten == {
        "messages/month=2027-01",
        "versions/month=2027-01",
        "threads/month=2026-11",
        "people",
    }
    assert written(before, files(root)) == {
        "messages/month=2027-01/part-0001.parquet",
        "versions/month=2027-01/part-0001.parquet",
        "threads/month=2026-11/part-0001.parquet",
        "people/part-0001.parquet",
    }
    assert (built.read, built.written, built.threads) == (1, 4, 2)
    assert state(root)["ledger_lines"] == built.lines > 2


async def test_a_late_edit_writes_the_month_of_its_message_again(world, root):
    await build(world, root)
    before = files(root)
    await news(world, edited(OCTOBER, "was in October", after=40 * 86_400_000))

    await build(world, root)

    assert written(before, files(root)) == {
        "messages/month=2026-10/part-0001.parquet",
        "versions/month=2026-10/part-0001.parquet",
        "threads/month=2026-11/part-0001.parquet",
    }
    assert {"in October", "was in October"} <= texts(root)


async def test_it_says_what_a_new_build_would(world, root, tmp_path):
    await build(world, root)
    await news(world, edited(0, "hello again", after=900), received(8, "b", **BY_BOB))
    # In October one thread has the same rows as before, beside another's new one.
    more = received(OCTOBER + 5, "d", threadId=OTHER)
    await news(world, received(4, "c", threadId=OTHER), more, thread=OTHER)
    await erase(world, messages=frozenset([str(FIRST_ID + 1)]))
    await build(world, root)

    fresh = tmp_path / "fresh"
    await build(world, fresh)

    assert files(root) == files(fresh)


async def test_a_ledger_that_grew_without_a_thread_changes_the_state_alone(world, root):
    await build(world, root)
    before = files(root)
    held = {**state(root), "ledger_lines": 1}
    (root / STATE_FILE).write_text(json.dumps(held))

    built = await build(world, root)

    assert written(before, files(root)) == set()
    assert (built.written, state(root)["ledger_lines"]) == (0, 2)


# Erasure


async def test_an_erased_message_is_gone_from_every_byte(world, root):
    await build(world, root)
    before = files(root)
    assert SECRET in " ".join(texts(root))
    await erase(world, messages=frozenset([str(FIRST_ID + 1)]))

    await build(world, root)

    assert SECRET not in said_anywhere(root)
    (row,) = [r for r in rows(root, "messages") if r["is_erased"]]
    assert (row["message_id"], row["content"], row["text"]) == (
        str(FIRST_ID + 1), "", "",
    )  # fmt: skip
    assert all("month=2026-11" in name for name in written(before, files(root)))
    (thread,) = [r for r in rows(root, "threads") if r["thread_id"] == THREAD]
    assert thread["erased_count"] == 1


async def test_an_erased_topic_is_gone_from_every_byte(world, root):
    await build(world, root)
    assert "A topic" in said_anywhere(root)
    await erase(world, topic=True, threads=frozenset([THREAD]))

    await build(world, root)

    assert "A topic" not in said_anywhere(root)
    assert "Other" in said_anywhere(root)


async def test_an_erased_person_keeps_the_raw_id_alone(world, root):
    await build(world, root)
    assert "Bob" in said_anywhere(root)
    await erase(world, participant=BOB)

    await build(world, root)

    said = said_anywhere(root)
    assert SECRET not in said
    assert '"Bob"' not in said
    assert BOB in said


def said_anywhere(root):
    """Return all that is in any file: what Parquet holds is compressed."""
    texts = [
        "\n".join(map(json.dumps, pc.unique(column.cast("string")).to_pylist()))
        for file in root.rglob("*.parquet")
        for column in parquet.read_table(file).columns
    ]
    raw = [data.decode("latin-1") for data in files(root).values()]
    return "\n".join(texts + raw)


async def test_an_erasure_that_is_not_finished_leaves_its_thread_out(world, root):
    await build(world, root)

    archive, real = world.archive, world.archive.replace

    async def only_the_order(path, data):
        if not path.endswith("erasures.json"):
            raise KillError
        await real(path, data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(archive, "replace", only_the_order)
        with pytest.raises(KillError):
            await erase(world, messages=frozenset([str(FIRST_ID + 1)]))

    raw = await load(archive, THREAD)
    read = await read_rows(raw, arrow.prepare)  # also where the index is older
    assert "an erasure is not finished" in read.failure
    built = await build(world, root)

    assert len(built.failures) == 1
    assert SECRET not in said_anywhere(root)
    assert {row["thread_id"] for row in rows(root, "threads")} == {OTHER}


# Kills, and folders of something else


async def test_a_kill_before_any_step_is_followed_by_a_whole_build(
    world, root, tmp_path
):
    await build(world, root)
    await erase(world, messages=frozenset([str(FIRST_ID + 1)]))
    await news(world, received(2 * MONTH, "in January"))
    await build(world, tmp_path / "fresh")
    expected = files(tmp_path / "fresh")
    kills = half = 0

    for at in itertools.count(1):
        copy = tmp_path / "copy"
        shutil.copytree(root, copy)
        try:
            await build(world, copy, steps=Steps(at))
        except KillError:
            kills += 1
        else:
            break
        for file in copy.rglob("*.parquet"):
            assert parquet.ParquetFile(file).metadata.num_rows > 0
        if parquet_of(copy) != parquet_of(root):
            assert state(copy)["finished"] is False
            half += 1
        await build(world, copy)
        assert files(copy) == expected
        shutil.rmtree(copy)

    assert kills > half > 5


def parquet_of(root):
    return {
        name: data for name, data in files(root).items() if name.endswith(".parquet")
    }


async def test_a_first_build_that_was_killed_is_begun_anew(world, root):
    with pytest.raises(KillError):
        await build(world, root, steps=Steps(4))
    assert state(root)["finished"] is False

    await build(world, root)

    assert state(root)["finished"] is True
    assert len(rows(root, "threads")) == 2


@pytest.mark.parametrize("harm", ["bytes", "size", "gone", "more"])
async def test_files_that_are_not_what_was_written_are_written_anew(world, root, harm):
    await build(world, root)
    expected = files(root)
    part = root / "messages" / "month=2026-11" / "part-0001.parquet"
    data = part.read_bytes()
    if harm == "bytes":
        part.write_bytes(bytes([data[0], data[1] ^ 1]) + data[2:])
    elif harm == "size":
        part.write_bytes(data[:-1])
    elif harm == "gone":
        part.unlink()
    else:
        (part.parent / "part-0002.parquet").write_bytes(data)
    await news(world, received(9, "one more"))

    await build(world, root)

    assert "one more" in texts(root)
    assert len(texts(root, "messages")) == len(rows(root, "messages"))
    assert files(root).keys() == expected.keys()


@pytest.mark.parametrize(
    "path",
    ["notes.txt", "messages/mine.parquet", "people/month=2026-11/part-0001.parquet"],
)
@pytest.mark.parametrize("is_new", [True, False])
async def test_a_folder_with_something_else_is_left_as_it_is(world, root, path, is_new):
    if not is_new:
        await build(world, root)
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("mine")
    before = files(root)

    with pytest.raises(NotTables, match="something else"):
        await build(world, root)

    shutil.rmtree(root / SCRATCH)
    assert files(root) == before


async def test_files_like_ours_without_a_state_are_left_as_they_are(world, root):
    file = root / "people" / "part-0001.parquet"
    file.parent.mkdir(parents=True)
    file.write_text("mine")

    with pytest.raises(NotTables, match="something else"):
        await build(world, root)

    assert file.read_text() == "mine"


async def test_tables_of_another_archive_are_left_as_they_are(world, root):
    await build(world, root)
    before = files(root)

    with pytest.raises(NotTables, match="another archive"):
        await build(world, root, name="other")

    shutil.rmtree(root / SCRATCH)
    assert files(root) == before


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"archive": "archive"}'])
async def test_a_state_that_is_none_is_refused(world, root, text):
    await build(world, root)
    (root / STATE_FILE).write_text(text)

    with pytest.raises(NotTables):
        await build(world, root)


async def test_tables_of_another_schema_are_written_anew(world, root):
    await build(world, root)
    expected = files(root)
    (root / STATE_FILE).write_text(json.dumps({**state(root), "schema": 0}))

    built = await build(world, root)

    assert (built.read, files(root)) == (2, expected)


async def test_an_archive_out_of_reach_changes_nothing(world, root):
    await build(world, root)
    await news(world, received(9, "one more"))
    before = files(root)

    class Away:
        def walk(self, prefix=""):
            raise Transient("away")

    with pytest.raises(Transient):
        await build(world, root, archive=Away())

    shutil.rmtree(root / SCRATCH)
    assert files(root) == before


async def test_a_thread_that_cannot_be_read_is_named_and_leaves_no_row(world, root):
    await build(world, root)
    for path in [*world.archive.files]:
        if "another" in path and path.endswith("events.jsonl"):
            world.archive.files[path] = b""
    root.with_name("archive-index.sqlite").unlink()

    built = await build(world, root)

    (failure,) = built.failures
    assert failure.startswith(OTHER)
    assert {row["thread_id"] for row in rows(root, "messages")} == {THREAD}
    assert "elsewhere" not in said_anywhere(root)
    assert built.threads == 1


async def test_where_every_row_goes_files_without_rows_stay(world, root):
    await build(world, root)
    for path in [*world.archive.files]:
        if path.endswith("events.jsonl"):
            world.archive.files[path] = b""
    root.with_name("archive-index.sqlite").unlink()

    built = await build(world, root)

    assert (len(built.failures), built.threads) == (2, 0)
    assert all(rows(root, table) == [] for table in TABLES)
    assert {path.partition("/")[2] for path in files(root)} == {
        "",
        "month=undated/part-0001.parquet",
        "part-0001.parquet",
    }
    assert said_anywhere(root).count("hello") == 0
