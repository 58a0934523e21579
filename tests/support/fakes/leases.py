"""Leases in memory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.domain.errors import Transient
from shared.ports.leases import LeaseHeld


class MemoryLease:
    def __init__(self, leases: "MemoryLeases", path: str) -> None:
        self.leases = leases
        self.path = path

    async def confirm(self) -> None:
        if self.leases.holders.get(self.path) is not self:
            raise Transient("the lease was lost")


class MemoryLeases:
    def __init__(self) -> None:
        self.holders: dict[str, MemoryLease] = {}

    @asynccontextmanager
    async def hold(self, path: str) -> AsyncIterator[MemoryLease]:
        if path in self.holders:
            raise LeaseHeld("somebody else holds the lease")
        lease = self.holders[path] = MemoryLease(self, path)
        try:
            yield lease
        finally:
            if self.holders.get(path) is lease:
                del self.holders[path]
