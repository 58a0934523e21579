"""Which threads go into a package: whole ones, chosen by filters."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

from shared.domain.errors import ArchiverError
from shared.domain.evidence.canonical import LONGEST_STRING
from shared.domain.words import plural
from shared.ports.archive_index import IndexReader
from shared.ports.archive_store import ArchiveStore
from shared.usecases.evidence.revisions import revisions_of
from shared.usecases.reading.find import Find, Selection


class NothingChosen(ArchiverError):
    """No thread is meant. The text says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The threads that somebody asked for.

    `threads` are their ids, () for every thread of the archive. `filters` say how they
    were chosen, in the texts that a package records. `failures` hold a sentence for
    each thread that may have been meant, and cannot be read.
    """

    threads: tuple[str, ...] = ()
    filters: tuple[str, ...] = ("all",)
    failures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choose:
    """Chooses whole threads: no filter cuts messages out of one."""

    archive: ArchiveStore
    on_bytes: Callable[[int], None]
    index: IndexReader | None = None

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
                index=self.index,
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
            filters=tuple(filters_of(selection)),
            failures=tuple(failures),
        )


def filters_of(selection: Selection) -> Iterator[str]:
    """Yield how threads were chosen: a text for each filter, cut where it is long."""
    for name, value in asdict(selection).items():
        for entry in value if isinstance(value, tuple) else [value] if value else []:
            text = f"{name.removesuffix('s')}: {entry}"
            # What was typed may be no text at all.
            yield text.encode("utf-8", "replace").decode()[:LONGEST_STRING]
