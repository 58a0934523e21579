"""An archive that somebody names: a folder, a container, or a file system of fsspec.

So no command has to know what an archive stands on.
"""

import os
import zipfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

from shared.bootstrap.address import without_secrets
from shared.bootstrap.identity import signed_in, utc_now
from shared.bootstrap.opened_archive import OpenedArchive
from shared.bootstrap.storage import Storage
from shared.config.reader import read_settings
from shared.config.settings import StorageSettings, read_storage
from shared.domain import layout
from shared.domain.errors import ArchiverError
from shared.usecases.evidence.ledger import Ledger

PACKED = "archive"
REQUEST = "request.json"
BESIDE = "-control"
"""Beside a folder stands what a storage account has in the container `chat-control`."""
BLOBS, QUEUES = "CHAT_STORAGE__blobServiceUri", "CHAT_STORAGE__queueServiceUri"


class NoArchive(ArchiverError):
    """There is nothing here that could be opened. The text says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveAddress:
    """What somebody names: an address or "", and then the account of the settings."""

    text: str = ""
    env: Mapping[str, str]

    @property
    def shown(self) -> str:
        """What a message may say of it: an address without passwords and signatures."""
        return without_secrets(self.text)

    def overridden_by(self, text: str) -> "ArchiveAddress":
        """Return the address that another option names, where it names one."""
        return replace(self, text=text) if text else self


@asynccontextmanager
async def open_archive(
    address: ArchiveAddress, *, make: bool = False
) -> AsyncIterator[OpenedArchive]:
    """Open an archive; with `make`, a folder may be a new one.

    Raises:
        NoArchive: there is no archive, or none was named.
        ConfigError: the storage account's settings cannot be read.
        NotSignedIn: it takes somebody who is signed in, and nobody is.

    """
    opened = at_address(address, make=make)
    try:
        if opened.storage:
            await opened.storage.check_signed_in()
        yield opened
    finally:
        if opened.storage:
            await opened.storage.close()


def at_address(address: ArchiveAddress, *, make: bool = False) -> OpenedArchive:
    """Return an archive whose account has not been asked for anything yet.

    Raises:
        NoArchive, ConfigError: as `open_archive`.

    """
    text = address.text
    if "://" in text and not text.startswith(("https://", "http://")):
        return in_file_system(text)
    if text and not text.startswith(("https://", "http://")):
        return in_folder(Path(text), make=make)
    return in_container(text) if text else in_account(address.env)


def in_folder(root: Path, *, make: bool) -> OpenedArchive:
    from shared.adapters.storage.archive_folder import FolderArchive, make_folders
    from shared.adapters.storage.evidence_folder import FolderEvidence
    from shared.adapters.storage.folder_leases import FolderLeases
    from shared.adapters.storage.ledger_folder import FolderLedgerBlobs

    if make:
        make_folders(str(root))
    package = root if (root / REQUEST).is_file() and (root / PACKED).is_dir() else None
    inner = root / PACKED if package else root
    if inner.is_file():
        raise NoArchive(f"{without_secrets(str(root))} is {what_file(root)}.")
    if not inner.is_dir():
        raise NoArchive(f"There is no folder {without_secrets(str(root))}.")
    if not make and not package and not is_begun(root):
        below = archive_below(root)
        where = f"; {below} does" if below else ""
        raise NoArchive(f"{root} holds no archive{where}.")
    archive = FolderArchive(inner)
    beside = control_beside(root)
    control = FolderArchive(beside)
    return OpenedArchive(
        origin=layout.ARCHIVE,
        archive=archive,
        ledger=Ledger(blobs=FolderLedgerBlobs(archive), clock=utc_now),
        leases=FolderLeases(beside),
        control=control,
        control_files=control,
        package=package,
        folder=root,
        files=FolderEvidence(root),
    )


def what_file(path: Path) -> str:
    """Return what a file is that somebody named as an archive, and what to name."""
    from shared.bootstrap.address import ENDING

    if zipfile.is_zipfile(path):
        return "a zip file: unpack it, then name the folder"
    if path.name.endswith(ENDING):
        archive = path.with_name(path.name.removesuffix(ENDING))
        which = f": {archive}" if archive.is_dir() else ""
        return f"an index of an archive: name the archive itself{which}"
    return "no folder"


def control_beside(folder: Path) -> Path:
    """Return where the control data of an archive in a folder stands."""
    whole = folder.resolve()
    return whole.with_name(whole.name + BESIDE)


MOST_LOOKED_AT = 1000
"""Of what stands in a folder, so that a hint comes at once on a slow share too."""


def archive_below(folder: Path) -> Path | None:
    """Return an archive that stands in a folder which is none; None if none does."""
    for path in sorted(islice(folder.iterdir(), MOST_LOOKED_AT)):
        try:
            if path.is_dir() and is_archive(path):
                return path
        except PermissionError:
            continue
    return None


def is_begun(folder: Path) -> bool:
    """Return whether anything of an archive stands in a folder, damaged or not.

    What stands beside it counts too: a backfill makes a note of what it is to archive
    before it archives a thread.
    """
    if (folder / layout.LEDGER_PREFIX).is_dir() or control_beside(folder).is_dir():
        return True
    return any(folder.glob(f"{layout.THREAD_PREFIX}*"))


def is_archive(folder: Path) -> bool:
    """Return whether a folder is an archive, or a package of one: not an export."""
    if (folder / REQUEST).is_file() or (folder / layout.LEDGER_PREFIX).is_dir():
        return True
    return any(folder.glob(f"{layout.THREAD_PREFIX}*/thread.json"))


def in_file_system(url: str) -> OpenedArchive:
    """Open an archive on a file system of fsspec."""
    try:
        from fsspec.core import url_to_fs
        from fsspec.implementations.local import LocalFileSystem

        files, root = url_to_fs(url)
    except (ImportError, ValueError) as error:
        # Of an address that cannot be read, the error's text may hold the password.
        why = f": {error}" if isinstance(error, ImportError) else ""
        raise NoArchive(
            f"{without_secrets(url)} cannot be opened{why}. Install the extra "
            "`fsspec` and the package of this file system."
        ) from None
    from shared.adapters.storage.archive_fs import FsspecArchive
    from shared.adapters.storage.folder_leases import NoLeases
    from shared.adapters.storage.ledger_fs import FsspecLedgerBlobs

    archive = FsspecArchive(files, root)
    control = FsspecArchive(files, root.rstrip("/") + BESIDE)
    is_local = isinstance(files, LocalFileSystem)
    return OpenedArchive(
        origin=without_secrets(url),
        archive=archive,
        ledger=Ledger(blobs=FsspecLedgerBlobs(archive), clock=utc_now),
        leases=NoLeases(),
        control=control,
        control_files=control,
        folder=Path(root) if is_local else None,
    )


def in_container(address: str) -> OpenedArchive:
    """Open a container at an address, by signature or as who is signed in."""
    parts = urlsplit(address)
    service, _, name = parts.path.rstrip("/").rpartition("/")
    if not name:
        shown = without_secrets(address).rstrip("/")
        raise NoArchive(f"Name the container too: {shown}/{layout.ARCHIVE}")
    if parts.scheme == "http" and not parts.query:
        raise NoArchive(
            f"{without_secrets(address)} is no https address, and a token goes over "
            "nothing else. For Azurite set CHAT_STORAGE to its connection string."
        )
    query = f"?{parts.query}" if parts.query else ""
    queues = parts.netloc.replace(".blob.", ".queue.", 1)
    settings = StorageSettings(
        blob_uri=f"{parts.scheme}://{parts.netloc}{service}{query}",
        queue_uri=f"{parts.scheme}://{queues}{service}{query}",
    )
    return over(settings, name)


def in_account(env: Mapping[str, str]) -> OpenedArchive:
    """Open the archive of the storage account that the settings name."""
    blobs = env.get(BLOBS, "").strip()
    if not blobs and not env.get("CHAT_STORAGE", "").strip():
        raise NoArchive(
            "Say which archive: a folder, or https://….blob.core.windows.net/"
            f"{layout.ARCHIVE}; or set ARCHIVE_URL to one, CHAT_STORAGE to a "
            f"connection string, or {BLOBS} to the account's address."
        )
    # Most commands need no queue; where one does, it is the same account's.
    queues = env.get(QUEUES, "").strip() or blobs.replace(".blob.", ".queue.", 1)
    return over(read_settings({**env, QUEUES: queues}, read_storage), layout.ARCHIVE)


def over(settings: StorageSettings, name: str) -> OpenedArchive:
    from shared.adapters.storage.clients import PERSON_OPTIONS

    storage = Storage(
        settings,
        container=name,
        options=PERSON_OPTIONS,
        signed_in=signed_in(settings.client_id),
    )
    return OpenedArchive(
        origin=f"{urlsplit(storage.others.url).netloc.rpartition('@')[2]}/{name}",
        archive=storage.archive,
        ledger=storage.ledger,
        leases=storage.leases,
        control=storage.control,
        control_files=storage.files(layout.CONTROL),
        storage=storage,
    )


def environment(given: Mapping[str, str]) -> Mapping[str, str]:
    """Return the settings: those that are given by options, over the environment's."""
    return {**os.environ, **given}
