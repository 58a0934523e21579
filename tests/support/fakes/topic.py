"""The announcer in memory."""

from shared.ports.announcer import Announcement


class MemoryAnnouncer:
    def __init__(self) -> None:
        self.told: list[Announcement] = []

    async def announce(self, announcement: Announcement) -> None:
        self.told.append(announcement)
