"""Which threads an archive has, and which revisions each."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass

from shared.domain import layout
from shared.ports.archive_store import ArchiveFiles, StoredFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Revisions:
    """The revisions of one thread.

    `finished` are those that have a manifest (P4), oldest first. `last_used` is the
    highest number in use, a torn attempt's included; 0 for none.
    """

    finished: tuple[int, ...]
    last_used: int

    @classmethod
    def of(cls, paths: Iterable[str]) -> "Revisions":
        """Return the revisions that these files of one thread make."""
        names: dict[int, set[str]] = {}
        for path in paths:
            number = layout.revision_number(path)
            if number:
                names.setdefault(number, set()).add(layout.file_name(path))
        return cls(
            finished=tuple(
                sorted(n for n in names if layout.MANIFEST_FILE in names[n])
            ),
            last_used=max(names, default=0),
        )

    @property
    def newest(self) -> int:
        """The newest finished revision; 0 for none."""
        return self.finished[-1] if self.finished else 0


async def revisions_of(archive: ArchiveFiles, thread_id: str) -> Revisions:
    """Return which revisions a thread has.

    Raises:
        Transient: the archive cannot be reached.

    """
    folder = layout.thread_folder(thread_id)
    return Revisions.of([file.path async for file in archive.walk(folder)])


async def folders_of(
    archive: ArchiveFiles,
    prefix: str = "",
    on_stranger: Callable[[str], None] = lambda _: None,
) -> AsyncIterator[tuple[str, list[StoredFile]]]:
    """Yield each folder at the top with its files, one folder after the other.

    What file managers leave in folders is no part of an archive: it is left out, and
    `on_stranger` takes its path.
    """
    folder, files = "", list[StoredFile]()
    async for file in archive.walk(prefix):
        if layout.is_stranger(file.path):
            on_stranger(file.path)
            continue
        name = file.path.partition("/")[0]
        if name != folder and files:
            yield folder, files
            files = []
        folder = name
        files.append(file)
    if files:
        yield folder, files


NOTHING_FINISHED = "the archive has no finished revision of it"
NO_THREAD = "the folder's name is not that of a thread"


async def threads_of(
    archive: ArchiveFiles,
    on_failure: Callable[[str], None],
    chosen: Sequence[str] = (),
) -> AsyncIterator[str]:
    """Yield the chosen threads, or every thread of the archive where none is.

    `on_failure` takes a sentence for each folder that is taken for none.
    """
    for thread_id in chosen:
        yield thread_id
    if not chosen:
        async for folder, _ in folders_of(archive, layout.THREAD_PREFIX):
            if thread_id := layout.thread_of(folder):
                yield thread_id
            else:
                on_failure(f"{folder}: {NO_THREAD}")
