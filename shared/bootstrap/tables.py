"""The tables of an archive: where they go, and the index that they follow."""

import hashlib
import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import cast

from shared.bootstrap.identity import utc_now
from shared.bootstrap.index import open_index
from shared.bootstrap.opened_archive import OpenedArchive
from shared.bootstrap.packing import beside, folder_beside
from shared.bootstrap.processes import processes
from shared.domain.errors import ArchiverError
from shared.ports.archive_index import IndexReader
from shared.ports.leases import LeaseHeld
from shared.usecases.reading.raw_thread import RawThread
from shared.usecases.reading.tables.build_tables import BuildTables
from shared.usecases.reading.tables.changes import BuiltTables
from shared.usecases.reading.tables.read_thread import (
    PrepareRows,
    ReadRows,
    ThreadRows,
    read_apart,
    read_rows,
)

OnThread = Callable[[int, int], None]
TABLES, WORK = "tables", "writing"
"""Rows are sorted in a folder `.writing-tables` in that of the tables."""


class TablesNotWritten(ArchiverError):
    """The tables cannot be written where they should stand. The text says why."""


def need_parquet() -> None:
    """See that Parquet can be written, before anything is read for it.

    Raises:
        NoParquet: it cannot.

    """
    import shared.adapters.tables.arrow  # noqa: F401


async def build_tables(
    archive: OpenedArchive, folder: Path, on_thread: OnThread
) -> BuiltTables:
    """Write the tables of an archive, or bring them up to date; its index has to be.

    Raises:
        InsideArchive: the folder is in the archive.
        NotTables: the folder holds something else.
        TablesNotWritten: another process writes them, or the disk is full.
        NoIndex: the archive has no index as new as itself.
        Transient: the archive cannot be reached; nothing has changed then.

    """
    archive.check_outside(folder)
    try:
        async with (
            open_index(archive) as index,
            folder_beside(folder / TABLES, WORK) as scratch,
        ):
            with ExitStack() as stack:
                return await tables_of(
                    archive, index, folder, scratch, stack, on_thread
                )()
    except LeaseHeld:
        raise TablesNotWritten(
            f"{folder} is being written by another process"
        ) from None
    except OSError as error:
        if not is_about(error, folder):
            raise
        raise TablesNotWritten(
            f"{folder} cannot be written: {error.strerror}"
        ) from None


def tables_of(
    archive: OpenedArchive,
    index: IndexReader,
    folder: Path,
    scratch: Path,
    stack: ExitStack,
    on_thread: OnThread = lambda done, total: None,  # noqa: ARG005
) -> BuildTables:
    from shared.adapters.storage.export_folder import FolderOfExport
    from shared.adapters.tables.folder import ParquetTables

    tables = ParquetTables(folder, scratch)
    stack.callback(tables.close)
    return BuildTables(
        archive=archive.archive,
        archive_name=hashlib.sha256(archive.address.encode()).hexdigest(),
        index=index,
        target=FolderOfExport(folder),
        tables=tables,
        built_on=utc_now().isoformat(timespec="seconds"),
        on_thread=on_thread,
        read_long=lambda: apart(stack),
        scratch=f"{beside(folder / TABLES, WORK).name}/",
    )


def apart(stack: ExitStack) -> ReadRows:
    """Return what reads threads in processes of their own, which the stack ends."""
    call = stack.enter_context(processes())
    if call is None:
        return read_rows

    async def read(raw: RawThread, prepare: PrepareRows) -> ThreadRows:
        return cast(ThreadRows, await call(read_apart, raw, prepare))

    return read


def is_about(error: OSError, folder: Path) -> bool:
    """Return whether an error is about the folder, and not about what is read."""
    if error.filename is None:
        return True  # a write; who reads an archive names the file
    return Path(os.fsdecode(error.filename)).is_relative_to(folder)
