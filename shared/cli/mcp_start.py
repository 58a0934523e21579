"""What `chat-archive mcp` sees to before it serves: so that nobody finds out by asking.

An index that is missing or old can be built while the server runs, so it is only said.
"""

from dataclasses import replace

from shared.bootstrap.assistant import Limits, check_participant
from shared.bootstrap.index import open_index
from shared.bootstrap.opened_archive import OpenedArchive
from shared.cli.options import Unreadable
from shared.cli.text import say
from shared.cli.threads import say_older, thread_meant
from shared.ports.archive_index import NoIndex


async def checked(
    archive: OpenedArchive, limits: Limits, *, is_stale_ok: bool
) -> Limits:
    """Return the limits with whole ids of threads; say why nothing would be answered.

    Raises:
        Unreadable: the archive has no such thread, or several may be meant.
        Transient: the archive cannot be reached.

    """
    threads = [await whole_id(archive, thread) for thread in limits.threads]
    limits = replace(limits, threads=tuple(dict.fromkeys(threads)))
    try:
        async with open_index(archive, stale_ok=is_stale_ok) as index:
            if index.is_older:
                say_older(index)
            if why := check_participant(limits, index):
                say(f"Nothing will be answered: {why}.", err=True)
    except NoIndex as error:
        say(f"Nothing will be answered before this is done: {error}.", err=True)
    return limits


async def whole_id(archive: OpenedArchive, text: str) -> str:
    """Return the id of the thread that is meant by it, or by its beginning.

    A topic is none: anybody in a thread can set it to anything.

    Raises:
        Unreadable: no thread is meant, or several may be.

    """
    if not text:
        raise Unreadable("--thread needs the id of a thread, or its beginning.")
    if thread_id := await thread_meant(archive, text):
        return thread_id
    raise Unreadable(
        f"{text}: the archive has no thread with such an id. "
        "`chat-archive list` shows all."
    )
