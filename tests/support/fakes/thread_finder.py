"""Who is in which thread, in memory."""

from collections import defaultdict

from shared.domain.errors import Transient
from shared.ports.chat_service import ReaderRefused
from shared.ports.thread_finder import FoundThread, FoundThreads


class MemoryThreadFinder:
    def __init__(self) -> None:
        self.members: dict[str, list[str]] = {}
        self.deleted: dict[str, str] = defaultdict(str)
        self.due: dict[str, str] = defaultdict(str)
        self.looked: list[str] = []
        self.last: dict[str, str] = defaultdict(str)
        self.refused: set[str] = set()
        self.unreadable: dict[str, int] = defaultdict(int)
        self.failing: set[str] = set()
        self.asked: list[str] = []

    async def threads_of(self, user_id: str) -> FoundThreads:
        self.asked.append(user_id)
        self.check(user_id)
        return FoundThreads(
            threads=[
                FoundThread(
                    id=thread,
                    last_message_on=self.last[thread],
                    deleted_on=self.deleted[thread],
                )
                for thread, members in self.members.items()
                if user_id in members
            ],
            unreadable=self.unreadable[user_id],
        )

    async def participants_of(self, thread_id: str, reader: str) -> list[str]:
        self.check(reader)
        return self.members[thread_id]

    async def deletion_due(self, thread_id: str, reader: str) -> str:
        self.looked.append(thread_id)
        self.check(reader)
        return self.due[thread_id]

    async def newest_sequence(self, thread_id: str, reader: str) -> int:
        self.check(reader)
        return 10

    def check(self, user_id: str) -> None:
        if user_id in self.failing:
            raise Transient("listing failed: status 503")
        if user_id in self.refused:
            raise ReaderRefused(404, "no token for this user")
