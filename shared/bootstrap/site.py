"""The site of an archive: where it goes, and the index that it is made from."""

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import cast

from shared.bootstrap.identity import utc_now
from shared.bootstrap.index import apart as read_by_processes
from shared.bootstrap.index import index_path, open_index
from shared.bootstrap.insights import shown_insights
from shared.bootstrap.opened_archive import OpenedArchive
from shared.bootstrap.processes import processes
from shared.domain.evidence.tree import Tree
from shared.ports.archive_index import IndexReader
from shared.usecases.evidence.ledger_reading import LedgerPosition
from shared.usecases.reading.build_index import MANY, index_threads
from shared.usecases.reading.package import MakeSite
from shared.usecases.reading.raw_thread import RawThread, read_raw
from shared.usecases.reading.site.build_site import BuildSite
from shared.usecases.reading.site.site_writing import BuiltSite
from shared.usecases.reading.site.thread_pages import (
    RenderThread,
    ThreadPages,
    render_apart,
    render_thread,
)

OnThread = Callable[[int, int], None]
SITE = "site"


async def build_site(
    archive: OpenedArchive, folder: Path, on_rendered: OnThread
) -> BuiltSite:
    """Write the site of an archive, or bring it up to date; its index has to be.

    Raises:
        InsideArchive: the folder is in the archive.
        NotASite: the folder holds something else.
        NoIndex: the archive has no index as new as itself.
        Transient: the archive cannot be reached; the next build goes on.

    """
    archive.check_outside(folder)
    name = hashlib.sha256(archive.address.encode()).hexdigest()
    async with (
        open_index(archive) as index,
        shown_insights(archive, index) as insights,
    ):
        with held(index_path(archive)), ExitStack() as stack:
            build = site_of(archive, index, folder, name, stack, on_rendered)
            return await replace(build, insights=insights)()


@contextmanager
def held(index: Path) -> Iterator[None]:
    """Keep an index as it is: who would write it is told that it is in use.

    So no build of a newer index goes on beside this one, in the same folder, whose
    pages this one would replace by older ones. A process that is killed lets it go.
    """
    from shared.adapters.index.reading import reading

    address = f"{index.absolute().as_uri()}?mode=ro"
    with (
        reading(index),
        closing(sqlite3.connect(address, uri=True, isolation_level=None)) as db,
    ):
        db.execute("BEGIN")
        db.execute("SELECT count(*) FROM about").fetchone()
        yield


def site_of(
    archive: OpenedArchive,
    index: IndexReader,
    folder: Path,
    name: str,
    stack: ExitStack,
    on_rendered: OnThread = lambda done, total: None,  # noqa: ARG005
) -> BuildSite:
    from shared.adapters.storage.export_folder import FolderOfExport

    return BuildSite(
        archive=archive.archive,
        archive_name=name,
        index=index,
        target=FolderOfExport(folder),
        built_on=utc_now().isoformat(timespec="seconds"),
        on_thread=on_rendered,
        render_long=lambda: apart(stack),
    )


def site_for_package(archive: OpenedArchive, package: Path) -> MakeSite:
    """Return what writes a site into the folder of a package.

    Its index is of the packed threads alone, and goes when the package is whole.
    """
    from shared.adapters.index.read_index import SqliteIndexReader
    from shared.adapters.index.write_index import SqliteIndexWriter

    async def make(threads: Sequence[str], tree: Tree) -> Mapping[str, str]:
        place = package.with_name("index.sqlite")
        position = LedgerPosition(lines=tree.size, root=tree.root)
        now = utc_now().isoformat(timespec="seconds")
        with ExitStack() as stack:
            is_long = len(threads) >= MANY
            reads = read_by_processes(stack) if is_long else read_raw
            with closing(SqliteIndexWriter(place, archive.address)) as writer:
                await index_threads(
                    archive.archive, writer, threads, position, now, reads
                )
            with closing(SqliteIndexReader(place)) as index:
                folder = package / SITE
                await site_of(archive, index, folder, "", stack)()
        return {
            file.relative_to(package).as_posix(): digest_of(file)
            for file in folder.rglob("*")
            if file.is_file()
        }

    return make


def digest_of(file: Path) -> str:
    with file.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def apart(stack: ExitStack) -> RenderThread:
    """Return what renders threads in processes of their own, which the stack ends."""
    call = stack.enter_context(processes())
    if call is None:
        return render_thread

    async def render(raw: RawThread, has_insights: bool) -> ThreadPages:
        return cast(ThreadPages, await call(render_apart, raw, has_insights))

    return render
