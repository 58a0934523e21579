"""What brings an index up to date."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

from shared.domain.people import PeopleDirectory
from shared.ports.indexed import IndexedThread


class IndexWriter(Protocol):
    """Brings an index up to date; one process at a time."""

    @property
    def position(self) -> Mapping[str, object]:
        """Where in the ledger the index goes on; empty for a new one."""
        ...

    @property
    def seen(self) -> set[bytes]:
        """The leaves of the ledger's lines so far."""
        ...

    def clear(self) -> None:
        """Forget everything: it is of another archive, or of another past."""
        ...

    def note(
        self,
        position: Mapping[str, object],
        leaves: Sequence[bytes],
        keys: Iterable[str],
        *,
        erases: bool,
        problems: Sequence[str] = (),
    ) -> None:
        """Note, at once, how far the ledger was read, and whose threads changed.

        With `erases`, no byte of what went may be left when the index is finished.
        `problems` are what is wrong with the ledger there.
        """
        ...

    @property
    def problems(self) -> Sequence[str]:
        """What was wrong with the ledger, as far as it was read."""
        ...

    def retry(self) -> None:
        """Let the threads that could not be read be read again."""
        ...

    def pending(self) -> Mapping[str, str]:
        """Return the keys of threads to read, each with its id, or ""."""
        ...

    def unkeyed(self) -> Sequence[str]:
        """Return the ids of threads to read whose key is not known."""
        ...

    def known_threads(self) -> set[str]:
        """Return the ids of the threads that it has."""
        ...

    def directory(self) -> PeopleDirectory:
        """Return the directory of people that threads were written with."""
        ...

    def set_directory(
        self, directory: PeopleDirectory, changed: Collection[str]
    ) -> None:
        """Note a directory, and at once, whose threads are to be read again for it.

        `changed` are the raw ids of whom it says something else than before.
        """
        ...

    @property
    def prepare(self) -> Callable[[IndexedThread], Any]:
        """What makes of a thread what `put` takes: most of the work, in any process."""
        ...

    def put(self, prepared: Any) -> None:
        """Write a thread in place of what the index has of it.

        Raises:
            IntegrityError: another thread has its key.

        """
        ...

    def fail(self, thread_key: str, thread_id: str, reason: str) -> None:
        """Note why a thread could not be read; what the index has of it goes."""
        ...

    def save(self) -> None:
        """Keep what was written so far, also if the process is killed."""
        ...

    def finish(self, built_on: str) -> None:
        """Make it an index that is believed; erase for good what was to go."""
        ...

    def close(self) -> None: ...
