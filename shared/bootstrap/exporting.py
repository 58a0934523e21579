"""Where an export goes: into a folder, or into one file that appears whole or not."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from shared.bootstrap.opened_archive import OpenedArchive
from shared.bootstrap.packing import beside, folder_beside
from shared.domain.errors import ArchiverError
from shared.ports.leases import LeaseHeld
from shared.usecases.reading.export import Export
from shared.usecases.reading.export_single import ExportSingle
from shared.usecases.reading.put import IfThere
from shared.usecases.reading.render_again import RenderAgain

WORK = "exporting"
NEW = "rows"
"""What the file is called until it is whole."""


class FileNotWritten(ArchiverError):
    """A file cannot be written where it should stand. The text says why."""


def export_into(
    archive: OpenedArchive,
    folder: Path,
    on_bytes: Callable[[int], None],
    if_there: IfThere,
) -> Export:
    """Return what writes other formats into a folder, which may be a new one.

    Raises:
        InsideArchive: it is in the archive.

    """
    from shared.adapters.storage.export_folder import FolderOfExport

    archive.check_outside(folder)
    return Export(
        archive=archive.archive,
        target=FolderOfExport(folder),
        on_bytes=on_bytes,
        if_there=if_there,
        index=archive.index,
    )


def render_again_into(
    archive: OpenedArchive, folder: Path, if_there: IfThere
) -> RenderAgain:
    """Return what renders a revision again, into a folder that may be new.

    Raises:
        InsideArchive: it is in the archive.

    """
    from shared.adapters.storage.export_folder import FolderOfExport

    archive.check_outside(folder)
    target = FolderOfExport(folder)
    return RenderAgain(archive=archive.archive, target=target, if_there=if_there)


def export_single(
    archive: OpenedArchive, on_bytes: Callable[[int], None]
) -> ExportSingle:
    return ExportSingle(
        archive=archive.archive,
        on_bytes=on_bytes,
        index=archive.index,
        people=archive.people,
    )


@dataclass(slots=True, kw_only=True)
class NewFile:
    """A file while it is written, and a private folder that goes when it is whole."""

    out: IO[bytes]
    scratch: Path
    is_wanted: bool = False
    """Whether it is put into its place at the end."""


@asynccontextmanager
async def new_file(file: Path, *, replaces: bool) -> AsyncIterator[NewFile]:
    """Yield a file that takes its place when the block ends, if it is wanted then.

    Until then it stands in a folder beside that. Only the user may read it.

    Raises:
        FileNotWritten: something of that name is there and may not be replaced, or
            another process writes it, or the disk is full.

    """
    from shared.adapters.storage.archive_folder import open_in_folder

    check_place(file, replaces=replaces)
    try:
        async with folder_beside(file, WORK) as scratch:
            with open_in_folder(str(scratch / NEW), "wb") as out:
                new = NewFile(out=out, scratch=scratch)
                yield new
                if new.is_wanted:
                    out.flush()
                    os.fsync(out.fileno())
            if new.is_wanted:
                put(scratch / NEW, file, replaces=replaces)
    except LeaseHeld:
        raise FileNotWritten(f"{file} is being written by another process") from None
    except FileExistsError:
        raise FileNotWritten(taken(file)) from None
    except OSError as error:
        if not is_about(error, file):
            raise
        raise FileNotWritten(f"{file} cannot be written: {error.strerror}") from None


def check_place(file: Path, *, replaces: bool) -> None:
    """See that a file may be put there, before it is written.

    Raises:
        FileNotWritten: it may not.

    """
    if os.path.lexists(file) and not replaces:
        raise FileNotWritten(taken(file))
    if os.path.lexists(file) and (file.is_symlink() or not file.is_file()):
        raise FileNotWritten(f"{file} is no plain file, and is left as it is")


def taken(file: Path) -> str:
    return (
        f"{file} exists already, and is left as it is. Choose another name, "
        "or give --force to replace it"
    )


def put(new: Path, file: Path, *, replaces: bool) -> None:
    from shared.adapters.storage.archive_folder import link

    if replaces:
        new.replace(file)
    else:
        link(str(new), str(file))


def is_about(error: OSError, file: Path) -> bool:
    """Return whether an error is about the file, and not about what is read for it."""
    if error.filename is None:
        return True  # a write; who reads an archive names the file
    name = Path(os.fsdecode(error.filename))
    return name == file or name.is_relative_to(beside(file, WORK))
