"""Tables of archives in memory, and what they should hold."""

import shutil
from contextlib import closing

from pyarrow import dataset, parquet

import indexes
from shared.adapters.storage.export_folder import FolderOfExport
from shared.adapters.tables.folder import ParquetTables
from shared.adapters.tables.parts import TARGET
from shared.adapters.tables.sorting import BUDGET
from shared.domain.archive.read_chain import transcript_of
from shared.domain.layout import thread_of
from shared.usecases.evidence.thread_archive import read_thread
from shared.usecases.reading.tables.build_tables import BuildTables

SCRATCH = ".writing-tables/"
NAMES = ("messages", "versions", "threads", "people")


class KillError(Exception):
    """The build is killed."""


class Steps:
    """Counts what a build does to the folder, and stops it before one step."""

    def __init__(self, stop_at=0):
        self.stop_at, self.done = stop_at, 0
        self.rewritten = set()

    def __call__(self):
        self.done += 1
        if self.done == self.stop_at:
            raise KillError


class SteppedFolder(FolderOfExport):
    def __init__(self, root, steps):
        super().__init__(root)
        self.steps = steps

    async def replace(self, path, data):
        self.steps()
        await super().replace(path, data)

    async def remove(self, path):
        self.steps()
        await super().remove(path)


class SteppedTables(ParquetTables):
    steps = Steps()

    def rewrite(self, folder, old, without):
        self.steps()
        self.steps.rewritten.add(folder)
        return super().rewrite(folder, old, without)

    def put(self, folder, parts):
        for part in parts:
            self.steps()
            super().put(folder, [part])


async def build(
    world, root, *, target=TARGET, budget=BUDGET, name="archive", steps=None, **more
):
    """Build the tables of a world's archive, or bring them up to date.

    Where `steps` stop it, what it was writing stays, as after a kill.
    """
    place = root.with_name(f"{name}-index.sqlite")
    await indexes.build(world, place)
    shutil.rmtree(root / SCRATCH, ignore_errors=True)
    scratch = root / SCRATCH / "new"
    scratch.mkdir(parents=True)
    steps = steps or Steps()
    with (
        closing(indexes.reader(place)) as index,
        closing(SteppedTables(root, scratch, target, budget)) as tables,
    ):
        tables.steps = steps
        options = {
            "archive": world.archive,
            "archive_name": name,
            "index": index,
            "target": SteppedFolder(root, steps),
            "tables": tables,
            "built_on": "2026-11-27T00:00:00+00:00",
            "scratch": SCRATCH,
        }
        built = await BuildTables(**options | more)()
    shutil.rmtree(root / SCRATCH)
    return built


def rows(root, table):
    """Return the rows of a table as any reader of Parquet has them."""
    if table == "people":
        return dataset.dataset(root / table).to_table().to_pylist()
    return dataset.dataset(root / table, partitioning="hive").to_table().to_pylist()


def files(root):
    """Return every file in a folder with its bytes."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def written(before, after):
    """Return the files that are new or others, but for the state."""
    changed = {name for name, data in after.items() if before.get(name) != data}
    return changed - {"tables.json"}


def groups(root, table):
    """Return each file of a table by path, with the rows of its groups."""
    return {
        path.relative_to(root).as_posix(): [
            parquet.ParquetFile(path).metadata.row_group(number).num_rows
            for number in range(parquet.ParquetFile(path).num_row_groups)
        ]
        for path in sorted((root / table).rglob("*.parquet"))
    }


async def transcripts(world):
    """Return every thread of the archive as all other formats have it."""
    folders = sorted({path.partition("/")[0] for path in world.archive.files})
    ids = filter(None, (thread_of(f"{folder}/") for folder in folders))
    return [
        transcript_of((await read_thread(world.archive, thread_id)).chain)
        for thread_id in ids
    ]
