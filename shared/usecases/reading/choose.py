"""Which threads go into a package: whole ones, chosen by filters."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from shared.domain.errors import ArchiverError
from shared.domain.words import plural
from shared.ports.archive_store import ArchiveStore
from shared.usecases.archive.find import Find, Selection
from shared.usecases.evidence.revisions import revisions_of


class NothingChosen(ArchiverError):
    """No thread is meant. The text says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The threads that somebody asked for.

    `threads` are their ids, () for every thread of the archive. `filters` say how they
    were chosen, as a package records it. `failures` hold a sentence for each thread
    that may have been meant, and cannot be read.
    """

    threads: tuple[str, ...] = ()
    filters: dict[str, Any] = field(default_factory=lambda: {"all": True})
    failures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choose:
    """Chooses whole threads: no filter cuts messages out of one."""

    archive: ArchiveStore
    on_bytes: Callable[[int], None]

    async def __call__(self, selection: Selection) -> Chosen:
        """Return the threads that match; a selection without a limit means all.

        Raises:
            NothingChosen: none matches, or one that is named is not there.
            Transient: the archive cannot be reached.

        """
        if selection == Selection():
            return Chosen()
        for thread_id in selection.threads:
            if not (await revisions_of(self.archive, thread_id)).finished:
                raise NothingChosen(
                    f"the archive has no thread {thread_id}; `chat-archive list` "
                    "names all"
                )
        found, failures = list(selection.threads), list[str]()
        if selection != Selection(threads=selection.threads):
            find = Find(
                archive=self.archive,
                on_bytes=self.on_bytes,
                on_failure=failures.append,
            )
            found = [thread.thread_id async for thread in find(selection)]
        if not found:
            unread = plural(len(failures), "thread")
            raise NothingChosen(
                "no thread matches"
                + (f", and {unread} could not be read" if failures else "")
                + "; `chat-archive list` with the same filters shows what they find"
            )
        return Chosen(
            threads=tuple(dict.fromkeys(found)),
            filters={name: value for name, value in asdict(selection).items() if value},
            failures=tuple(failures),
        )
