"""Leases: at most one finalizer works on a thread."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from shared.domain.errors import ArchiverError


class LeaseHeld(ArchiverError):
    """Another process holds the lease, and will do the work."""


class Lease(Protocol):
    async def confirm(self) -> None:
        """Renew the lease now.

        Raises:
            Transient: it was lost, so another process may be at work already.

        """
        ...


class Leases(Protocol):
    def hold(self, path: str) -> AbstractAsyncContextManager[Lease]:
        """Hold a lease while the block runs; it expires if this process dies.

        Raises:
            LeaseHeld: on entry, if another process holds it.

        """
        ...
