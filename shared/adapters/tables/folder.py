"""The folder of the tables: rows are sorted beside them, and files moved in whole.

Rule 1: a file takes the place of the one of its name at once, so that who reads a month
        of one file sees the old rows or the new ones, never both and never none.
Rule 2: what an old file said is gone from the disk when the new one is there.
"""

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from shared.adapters.storage.archive_folder import put_into_folder
from shared.adapters.tables.arrow import prepare, table_of
from shared.adapters.tables.parts import NEW, TARGET, Parts, rows_again
from shared.adapters.tables.sorting import BUDGET, SortOnDisk, merged
from shared.formats.tables.columns import TABLES
from shared.ports.tables_folder import Part


class ParquetTables:
    """Tables in a folder; `scratch` is an empty folder on the same file system."""

    def __init__(
        self, root: Path, scratch: Path, target: int = TARGET, budget: int = BUDGET
    ) -> None:
        self.root = root
        self.scratch = scratch
        self.target = target
        self.tables = {table: SortOnDisk(table, scratch, budget) for table in TABLES}

    @property
    def prepare(self) -> Callable[[Iterable[tuple[str, Mapping[str, Any]]]], Any]:
        """What makes batches of rows, in any process."""
        return prepare

    def add(self, prepared: Any, folders: Collection[str]) -> None:
        """Take in the rows of some folders."""
        for batch in prepared:
            self.tables[batch.table].add(batch, folders)

    def clear(self) -> None:
        """Forget all rows."""
        for table in self.tables.values():
            table.clear()

    def close(self) -> None:
        """Let go of the files that rows are sorted in."""
        for table in self.tables.values():
            table.close()

    def rewrite(
        self, folder: str, old: Sequence[Part], without: Collection[str]
    ) -> Sequence[Part]:
        """Write the files of a folder beside it."""
        table = self.tables[table_of(folder)]
        sources = table.of_folder(folder)
        expected = table.rows.get(folder, 0) + sum(part.rows for part in old)
        if old:
            sources.append(rows_again(self.root / folder, folder, old, without))
        return self.parts(folder, expected).write(merged(sources))

    def write_empty(self, folder: str) -> Sequence[Part]:
        """Write a file without a row beside the folder."""
        return self.parts(folder, 0).write_empty()

    def parts(self, folder: str, expected: int) -> Parts:
        return Parts(self.scratch / folder, folder, expected, self.target)

    def put(self, folder: str, parts: Sequence[Part]) -> None:
        """Move the files of a folder to where readers look for them."""
        for part in parts:
            new = self.scratch / folder / (part.name + NEW)
            put_into_folder(os.replace, str(new), str(self.root / folder / part.name))
