"""What an erasure takes out of what was derived from an archive (P12)."""

from collections.abc import Collection

from shared.bootstrap.index import (
    build_index,
    has_left,
    index_places,
    is_own,
    remove_index,
)
from shared.bootstrap.insights import NoPlace, Place, open_place
from shared.bootstrap.opened_archive import OpenedArchive
from shared.cli.progress import threads_bar
from shared.cli.text import say
from shared.domain.errors import ArchiverError
from shared.domain.words import plural
from shared.usecases.insights.batch_notes import NoNote


async def clear_indexes(archive: OpenedArchive) -> int:
    """Take what was erased out of this machine's indexes; return the exit status.

    One that cannot be cleared is refused by every command, since the archive is newer.
    """
    status = 0
    for path in index_places(archive):
        if has_left(path):
            remove_index(path)
        if not path.exists():
            continue
        if not is_own(path):
            say(f"NOT CLEARED {path}: it is somebody else's, and refused.", err=True)
            continue
        try:
            with threads_bar("clearing the index") as on_thread:
                built = await build_index(archive, on_thread, path)
        except (ArchiverError, OSError) as error:
            why = str(error) if isinstance(error, ArchiverError) else error.strerror
            say(
                f"NOT CLEARED: {why}. It is refused until then; or delete it, with the "
                "files beside it whose names begin with its own.",
                err=True,
            )
            status = 1
            continue
        for failure in built.failures:
            say(f"NOT INDEXED {failure}", err=True)
        say(f"cleared the index {path}")
    return status


async def clear_insights(archive: OpenedArchive, threads: Collection[str]) -> int:
    """Remove what a model said of threads; return the exit status.

    All of it goes: any sentence may tell what was erased. Says of batches on their way
    that the service of the model still has what it was given.
    """
    try:
        async with open_place(archive) as place:
            there = {each async for each in place.kept.threads()}
            status = await remove_insights(place, there & {*threads})
            await say_batches(place, threads)
            return status
    except NoPlace:
        return 0
    except ArchiverError as error:
        say(f"NOT REACHED insights of these threads, if there are any: {error}",
            err=True)  # fmt: skip
        return 0


async def say_batches(place: Place, threads: Collection[str]) -> None:
    """Say which batches on their way hold texts of threads."""
    try:
        async for note in place.notes.all():
            if any(thread.thread_id in threads for thread in note.threads):
                say(
                    f"NOT REACHED {note.service}: it has texts of these threads in "
                    f"batch {note.name}; `chat-archive insights collect` deletes them "
                    "there",
                    err=True,
                )
    except NoNote as error:
        say(f"NOT REACHED what a batch holds: {error}", err=True)


async def remove_insights(place: Place, threads: Collection[str]) -> int:
    """Remove what is there of threads; return the exit status."""
    removed = 0
    for thread_id in sorted(threads):
        try:
            removed += await place.kept.remove(thread_id)
        except (ArchiverError, OSError) as error:
            why = str(error) if isinstance(error, ArchiverError) else error.strerror
            say(f"NOT CLEARED the insights of {thread_id}: {why}", err=True)
    if removed:
        say(f"removed the insights of {plural(removed, 'thread')} from {place.name}")
    return 0 if removed == len(threads) else 1
