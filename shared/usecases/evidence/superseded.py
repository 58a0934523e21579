"""Renderings of superseded revisions: they follow from the input, and go in time.

Manifest and input stay, from which any of them can be rendered again. At most two sets
stand at a time, the newest revision's and the one's before it, for as long as the
setting KEEP_SUPERSEDED says.
"""

from collections.abc import Collection, Iterable

from shared.domain import layout
from shared.domain.errors import IntegrityError
from shared.domain.evidence.paths import ATTACHMENTS, INPUT_NAMES, MANIFEST_FILE
from shared.ports.archive_store import ErasableArchive, Immutable
from shared.usecases.evidence.revisions import Revisions


def rendered_name(path: str, revision: int) -> str:
    """Return the name of a rendered file of a revision; "" for any other file."""
    if layout.revision_number(path) != revision:
        return ""
    name = layout.file_name(path)
    is_other = name in (*INPUT_NAMES, MANIFEST_FILE) or name.startswith(ATTACHMENTS)
    return "" if is_other else name


def superseded_in(paths: Iterable[str], newest: int) -> dict[int, list[str]]:
    """Return the rendered files of revisions before the newest, by revision."""
    found: dict[int, list[str]] = {}
    every = sorted(paths)
    for number in Revisions.of(every).finished:
        stands = [path for path in every if rendered_name(path, number)]
        if number < newest and stands:
            found[number] = stands
    return found


async def remove_superseded(
    archive: ErasableArchive, paths: Collection[str], newest: int, *, keep_last: bool
) -> int:
    """Remove renderings of revisions before the newest; return whose still stand.

    That is 0 where none does. With `keep_last` those of the last one before it stay.
    Where the storage forbids it, all stay.

    Raises:
        Transient: the archive cannot be reached.

    """
    stands = superseded_in(paths, newest)
    kept = max(stands, default=0) if keep_last else 0
    try:
        for number, found in stands.items():
            for path in found if number != kept else ():
                await archive.remove(path)
    except Immutable:
        return max(stands, default=0)
    return kept


async def remove_all_superseded(archive: ErasableArchive, thread_id: str) -> int:
    """Remove all renderings but those of a thread's newest revision.

    Return the revision whose renderings the storage does not give up; 0 for none.

    Raises:
        IntegrityError: the newest revision lacks a rendered file: nothing is removed.
        Transient: the archive cannot be reached.

    """
    folder = layout.thread_folder(thread_id)
    paths = {file.path async for file in archive.walk(folder)}
    newest = Revisions.of(paths).newest
    if not any(rendered_name(path, newest) for path in paths):
        raise IntegrityError(
            f"revision {newest} has no rendered file; those before it stay"
        )
    return await remove_superseded(archive, paths, newest, keep_last=False)
