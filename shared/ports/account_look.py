"""What a storage account answers to who only looks: nothing is written or taken."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageAnswer:
    """An answer of the storage. `status` is its HTTP status, 0 where none came.

    `code` is the service's error code, or the kind of error where no answer came; ""
    where all is well. `said_on` is the service's own time, None without an answer.
    `depth` is about how many messages wait in a queue; of a container, how many files
    were listed: one at most.
    """

    status: int
    code: str = ""
    said_on: datetime | None = None
    depth: int = 0

    @property
    def is_well(self) -> bool:
        return not self.code


class AccountLook(Protocol):
    """Looks at one account. Every failure of the service is an answer."""

    async def container(self, name: str) -> StorageAnswer:
        """List one file of a container, and look at it.

        Raises:
            NotSignedIn: nobody may ask.

        """
        ...

    async def queue(self, name: str) -> StorageAnswer:
        """Return how long a queue is, and peek into it; raise as `container` does."""
        ...
