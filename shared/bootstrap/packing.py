"""Where something is made: beside its place, so that it appears there whole or not."""

import shutil
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from shared.domain.errors import ArchiverError
from shared.ports.leases import LeaseHeld


class PackageExists(ArchiverError):
    """Something stands where the package should go, or is being made for it."""


@asynccontextmanager
async def packing_folder(package: Path) -> AsyncIterator[Path]:
    """Yield an empty folder, which becomes the package when the block ends.

    What an earlier packing left when it was killed is removed first, and what this one
    has written when it fails. Only the user may read it.

    Raises:
        PackageExists: another process makes it, or there is something of that name.

    """
    check_free(package)
    try:
        async with folder_beside(package, "packing") as new:
            yield new
            put(new, package)
    except LeaseHeld:
        raise PackageExists(f"{package} is being made by another process") from None


@asynccontextmanager
async def folder_beside(target: Path, work: str) -> AsyncIterator[Path]:
    """Yield an empty folder beside a target, which is removed when the block ends.

    The lock in it is called after the work: a folder of which the process was killed
    has one that nobody holds, and is removed by the next.

    Raises:
        LeaseHeld: another process does the same.

    """
    from shared.adapters.storage.archive_folder import make_folders
    from shared.adapters.storage.folder_leases import FolderLeases

    folder = beside(target, work)
    # Its error names the folder; that of a lock does not.
    make_folders(str(folder))
    async with FolderLeases(folder).hold(work):
        try:
            new = folder / "new"
            shutil.rmtree(new, ignore_errors=True)
            make_folders(str(new))
            yield new
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def beside(target: Path, work: str) -> Path:
    """Return where what is to be the target stands until it is whole."""
    return target.with_name(f".{work}-{target.name}")


def check_free(package: Path) -> None:
    if package.exists():
        raise PackageExists(
            f"{package} exists already, and is left as it is. Choose another name"
        )


def put(new: Path, package: Path) -> None:
    whole = zipped(new, package.stem) if package.suffix == ".zip" else new
    check_free(package)
    whole.rename(package)


def zipped(folder: Path, name: str) -> Path:
    """Return a zip of all files of a folder, beside it, in a folder of that name."""
    from shared.adapters.storage.archive_folder import open_in_folder

    file = folder.with_suffix(".zip")
    with (
        open_in_folder(str(file), "wb") as out,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                # Unpacked where there is other work, it stays together.
                packed.write(path, name / path.relative_to(folder))
    return file
