"""The chat service in memory: what each reader sees, or why they are refused."""

from collections.abc import Sequence

from shared.domain import json_line
from shared.domain.thread.listing import Page, PageKind
from shared.ports.chat_service import ReaderRefused, ServiceListing


class MemoryChatService:
    def __init__(self) -> None:
        self.pages: dict[tuple[str, str], ServiceListing] = {}
        self.asked: list[tuple[str, str]] = []
        self.fails: Exception | None = None

    def shows(
        self,
        thread_id: str,
        reader: str,
        *messages: dict[str, object],
        since: str = "1970-01-01T00:00:00Z",
        created: str = "2026-11-22T08:00:00Z",
        settled: bool = True,
        others: Sequence[str] = (),
    ) -> None:
        """Let a reader see these messages, as one who takes part beside `others`."""
        members = [
            {"communicationIdentifier": {"rawId": one}, "shareHistoryTime": since}
            for one in (reader, *others)
        ]
        properties = {"id": thread_id, "topic": "A topic", "createdOn": created}
        self.pages[thread_id, reader] = ServiceListing(
            pages=(
                page(PageKind.PROPERTIES, properties),
                page(PageKind.MESSAGES, {"value": list(messages)}),
                page(PageKind.PARTICIPANTS, {"value": members}),
            ),
            settled=settled,
        )

    async def list_thread(self, thread_id: str, reader: str) -> ServiceListing:
        self.asked.append((thread_id, reader))
        if self.fails:
            raise self.fails
        try:
            return self.pages[thread_id, reader]
        except KeyError:
            raise ReaderRefused(
                403, "the service answered 403 to this reader"
            ) from None


def page(kind: PageKind, body: object) -> Page:
    return Page(kind=kind, body=json_line.compact(body))
