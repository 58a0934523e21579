"""Rows are sorted on the disk, with bounded memory, and written in parts by size."""

import random
from contextlib import closing

import pyarrow as pa
import pytest
from pyarrow import parquet

from shared.adapters.tables.arrow import KEY, MOST_ROWS, ORDER, Batch, prepare
from shared.adapters.tables.folder import ParquetTables
from shared.adapters.tables.parts import NEW, Parts, in_groups
from shared.adapters.tables.sorting import PIECE, SortOnDisk, merged, more
from shared.formats.rows import NUMBER, TRUTH
from shared.formats.tables.columns import TABLES, TIME
from shared.ports.tables_folder import DamagedPart

EMPTY = {
    table: {
        column.name: {NUMBER: 0, TRUTH: False, TIME: None}.get(column.type, "")
        for column in columns
    }
    for table, columns in TABLES.items()
}
MONTHS = ("messages/month=2026-10", "messages/month=2026-11", "messages/month=undated")
CREATED = ORDER["messages"][0]


def message(number, moment=None, text="", thread="t"):
    return EMPTY["messages"] | {
        "thread_id": thread,
        "message_id": str(number),
        "created_on": moment,
        "content": text,
    }


def shuffled(count, chance, text=""):
    """Return rows of several months, in any order; many have the same time, or none."""
    times = [None, *(day * 10**13 for day in range(-100, 100))]
    rows = [
        (MONTHS[number % 3], message(number, chance.choice(times), text))
        for number in range(count)
    ]
    chance.shuffle(rows)
    return rows


def in_order(rows, folder):
    found = [row for of, row in rows if of == folder]

    def key(row):
        moment = row["created_on"]
        number = row["message_id"].rjust(20, "0")
        return moment is not None, moment or 0, row["thread_id"], number

    return [row["message_id"] for row in sorted(found, key=key)]


def ids(tables):
    return [name for rows in tables for name in rows["message_id"].to_pylist()]


def some(rows, count):
    return (rows[at : at + count] for at in range(0, len(rows), count))


@pytest.mark.parametrize("budget", [1, 300_000, 2**30])
def test_rows_come_in_order_however_little_is_sorted_at_once(tmp_path, budget):
    rows = shuffled(900, random.Random(1), "x" * 400)

    with closing(SortOnDisk("messages", tmp_path, budget)) as sorting:
        for batch in (batch for part in some(rows, 7) for batch in prepare(part)):
            sorting.add(batch, MONTHS)
        for folder in MONTHS:
            sources = sorting.of_folder(folder)
            assert (len(sources) > 1) == (budget < 2**30)
            assert ids(merged(sources)) == in_order(rows, folder)
            assert sorting.rows[folder] == 300


def test_only_rows_of_folders_that_are_asked_for_are_taken_in(tmp_path):
    rows = shuffled(30, random.Random(2))

    with closing(SortOnDisk("messages", tmp_path)) as sorting:
        for batch in prepare(rows):
            sorting.add(batch, {MONTHS[1]})
            sorting.add(batch, set())
        assert sorting.of_folder(MONTHS[0]) == []
        assert ids(merged(sorting.of_folder(MONTHS[1]))) == in_order(rows, MONTHS[1])


def test_what_is_read_at_once_is_small(tmp_path):
    rows = [(MONTHS[0], message(number, number, "x" * 3000)) for number in range(2000)]

    with closing(SortOnDisk("messages", tmp_path)) as sorting:
        for batch in prepare(rows):
            sorting.add(batch, MONTHS)
        (source,) = sorting.of_folder(MONTHS[0])
        pieces = list(source)

    assert len(pieces) > 30
    assert max(piece.nbytes for piece in pieces) < 2 * PIECE


def test_rows_that_were_forgotten_are_gone(tmp_path):
    with closing(SortOnDisk("messages", tmp_path, 1)) as sorting:
        sorting.add(prepare([(MONTHS[0], message(1))])[0], MONTHS)
        sorting.clear()
        assert (tmp_path / "messages.sorting").stat().st_size == 0
        sorting.add(prepare([(MONTHS[0], message(2))])[0], MONTHS)
        assert ids(merged(sorting.of_folder(MONTHS[0]))) == ["2"]
        assert (tmp_path / "messages.sorting").stat().st_mode & 0o077 == 0
    assert not any(tmp_path.iterdir())


def test_many_rows_of_a_thread_make_several_batches():
    made = prepare((MONTHS[0], message(number)) for number in range(MOST_ROWS + 1))

    assert [batch.rows.num_rows for batch in made] == [MOST_ROWS, 1]
    assert {type(batch) for batch in made} == {Batch}


def test_sources_without_rows_are_passed_over():
    schema = pa.schema([(KEY, pa.string())])
    full = pa.table({KEY: ["a", "b"]})

    assert more(iter([schema.empty_table(), full])) is full
    assert list(merged([iter([]), iter([schema.empty_table()])])) == []
    both = merged(
        [iter([full, pa.table({KEY: ["d"]})]), iter([pa.table({KEY: ["c"]})])]
    )
    assert [key for rows in both for key in rows[KEY].to_pylist()] == [*"abcd"]


def test_merging_reads_no_source_further_than_it_has_to():
    read = []

    def source(*keys):
        for key in keys:
            read.append(key)
            yield pa.table({KEY: [key]})

    rows = merged([source("a", "b", "c", "d"), source("x", "y")])
    first = next(rows)

    assert first[KEY].to_pylist() == ["a"]
    assert read == ["a", "x", "b"]


# Parts


def noise(chance, size):
    return "".join(chance.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=size))


def written(tmp_path, count, target, expected=None):
    """Write rows that do not compress; return the parts, and the ids in each."""
    chance = random.Random(3)
    rows = [(MONTHS[0], message(n, n, noise(chance, 1000))) for n in range(count)]
    tables = (
        pa.Table.from_batches([batch.rows]) for part in some(rows, 10) for batch in prepare(part)
    )  # fmt: skip
    parts = Parts(tmp_path, MONTHS[0], expected or count, target).write(tables)
    found = [
        parquet.read_table(tmp_path / (part.name + NEW))["message_id"].to_pylist()
        for part in parts
    ]
    assert [name for names in found for name in names] == [str(n) for n in range(count)]
    assert [part.rows for part in parts] == list(map(len, found))
    return parts


def test_a_large_month_has_parts_of_the_size_that_is_wanted(tmp_path):
    parts = written(tmp_path, 2000, 100_000)

    assert len(parts) > 5
    assert [part.name for part in parts][:2] == [
        "part-0001.parquet",
        "part-0002.parquet",
    ]
    assert all(50_000 <= part.bytes <= 260_000 for part in parts)


@pytest.mark.parametrize("count", range(180, 480, 30))
def test_no_part_is_small_beside_another(tmp_path, count):
    parts = written(tmp_path, count, 100_000)

    assert all(part.bytes >= 45_000 for part in parts)


def test_a_small_month_is_one_part(tmp_path):
    assert len(written(tmp_path, 60, 10**6)) == 1


def test_rows_are_written_in_groups():
    table = pa.table({"a": list(range(1000))})

    groups = list(in_groups((table.slice(at, 10) for at in range(0, 1000, 10)), 800))

    assert {group.num_rows for group in groups} == {100}
    assert sum(group.num_rows for group in groups) == 1000


def test_no_row_makes_no_part(tmp_path):
    assert Parts(tmp_path, MONTHS[0], 0).write([]) == []
    assert not any(tmp_path.iterdir())


def test_a_failure_leaves_no_file_open(tmp_path):
    def rows():
        yield pa.Table.from_batches([prepare([(MONTHS[0], message(1))])[0].rows])
        raise OSError(28, "No space left on device")

    parts = Parts(tmp_path, MONTHS[0], 1, 1)

    with pytest.raises(OSError, match="No space"):
        parts.write(rows())
    assert parts.open
    assert parts.open.out.closed


# Both


@pytest.fixture
def tables(tmp_path):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with closing(ParquetTables(tmp_path / "root", scratch, 20_000, 50_000)) as tables:
        yield tables


def stored(tables, folder, parts):
    return [
        row
        for part in parts
        for row in parquet.read_table(tables.root / folder / part.name).to_pylist()
    ]


def test_a_month_of_many_parts_is_written_again_without_some_threads(tables):
    chance = random.Random(4)
    folder = MONTHS[0]
    rows = [
        (folder, message(n, n % 97, noise(chance, 300), thread=f"t{n % 5}"))
        for n in range(1000)
    ]
    tables.add(prepare(rows), {folder})
    old = tables.rewrite(folder, (), ())
    tables.put(folder, old)
    tables.clear()
    assert len(old) > 3
    new = [(folder, message(n, n % 50, "new", thread="t3")) for n in range(2000, 2100)]
    tables.add(prepare(new), {folder})

    again = tables.rewrite(folder, old, {"t3", "t4"})
    tables.put(folder, again)

    found = stored(tables, folder, again)
    kept = [(of, row) for of, row in rows if row["thread_id"] not in ("t3", "t4")]
    assert [row["message_id"] for row in found] == in_order([*kept, *new], folder)
    assert len(again) > 1


def test_a_part_that_is_not_what_was_written_is_not_copied(tables):
    tables.add(prepare([(MONTHS[0], message(1))]), MONTHS)
    parts = tables.rewrite(MONTHS[0], (), ())
    tables.put(MONTHS[0], parts)
    file = tables.root / MONTHS[0] / parts[0].name
    file.write_bytes(file.read_bytes()[:-1] + b"2")

    with pytest.raises(DamagedPart):
        tables.rewrite(MONTHS[0], parts, ())


def test_nobody_looks_for_a_file_that_is_not_whole(tables):
    tables.add(prepare([(MONTHS[0], message(1))]), MONTHS)
    tables.rewrite(MONTHS[0], (), ())

    assert list(tables.scratch.rglob("*.parquet")) == []
    assert not (tables.root / MONTHS[0]).exists()
