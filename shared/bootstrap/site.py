"""The site of an archive: where it goes, and the index that it is made from."""

import hashlib
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import cast

from shared.bootstrap.identity import utc_now
from shared.bootstrap.index import build_index, open_index
from shared.bootstrap.opened_archive import OpenedArchive
from shared.bootstrap.processes import processes
from shared.ports.archive_index import NO_FILTER, Filter
from shared.usecases.reading.raw_thread import RawThread
from shared.usecases.reading.site.build_site import BuildSite, BuiltSite
from shared.usecases.reading.site.thread_pages import (
    RenderThread,
    ThreadPages,
    render_apart,
    render_thread,
)

OnThread = Callable[[int, int], None]


async def build_site(
    archive: OpenedArchive,
    folder: Path,
    on_indexed: OnThread,
    on_rendered: OnThread,
    chosen: Filter = NO_FILTER,
) -> BuiltSite:
    """Bring the index of an archive up to date, and then its site in a folder.

    Raises:
        InsideArchive: the folder is in the archive.
        NotASite: the folder holds something else.
        IndexBusy: another process is building the index.
        IndexFailed: the index cannot be written.
        Transient: the archive cannot be reached; the next build goes on.

    """
    from shared.adapters.storage.export_folder import FolderOfExport

    archive.check_outside(folder)
    await build_index(archive, on_indexed)
    async with open_index(archive) as index:
        with ExitStack() as stack:
            return await BuildSite(
                archive=archive.archive,
                archive_name=hashlib.sha256(archive.address.encode()).hexdigest(),
                index=index,
                target=FolderOfExport(folder),
                built_on=utc_now().isoformat(timespec="seconds"),
                chosen=chosen,
                on_thread=on_rendered,
                render_long=lambda: apart(stack),
            )()


def apart(stack: ExitStack) -> RenderThread:
    """Return what renders threads in processes of their own, which the stack ends."""
    call = stack.enter_context(processes())
    if call is None:
        return render_thread

    async def render(raw: RawThread) -> ThreadPages:
        return cast(ThreadPages, await call(render_apart, raw))

    return render
