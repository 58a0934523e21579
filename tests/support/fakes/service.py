"""The chat service in memory: what each reader sees, or why they are refused."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from shared.domain import json_line
from shared.domain.thread.listing import Page, PageKind
from shared.ports.chat_service import IsKnown, ReaderRefused, ServiceListing


class MemoryChatService:
    page_size = 200

    def __init__(self) -> None:
        self.pages: dict[tuple[str, str], ServiceListing] = {}
        self.asked: list[tuple[str, str]] = []
        self.pages_asked = 0
        """The pages of messages that were given out."""
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
        properties: Mapping[str, object] | None = None,
        receipts: Sequence[dict[str, object]] = (),
    ) -> None:
        """Let a reader see these messages, as one who takes part beside `others`.

        They are given newest change first.
        """
        members = [
            {"communicationIdentifier": {"rawId": one}, "shareHistoryTime": since}
            for one in (reader, *others)
        ]
        told = {"id": thread_id, "topic": "A topic", "createdOn": created}
        self.pages[thread_id, reader] = ServiceListing(
            pages=(
                page(PageKind.PROPERTIES, told | dict(properties or {})),
                *pages_of(messages, self.page_size),
                page(PageKind.PARTICIPANTS, {"value": members}),
                page(PageKind.RECEIPTS, {"value": list(receipts)}),
            ),
            settled=settled,
            api_version="2025-03-15",
        )

    def leaves(self, thread_id: str, reader: str) -> None:
        """Let a reader leave, who is shown messages from then on, and nothing else."""
        shown = self.pages[thread_id, reader]
        said = [page for page in shown.pages if page.kind is PageKind.MESSAGES]
        self.pages[thread_id, reader] = replace(shown, pages=said)

    async def list_thread(
        self, thread_id: str, reader: str, is_known: IsKnown | None = None
    ) -> ServiceListing:
        self.asked.append((thread_id, reader))
        if self.fails:
            raise self.fails
        try:
            listing = self.pages[thread_id, reader]
        except KeyError:
            raise ReaderRefused(
                403, "the service answered 403 to this reader"
            ) from None
        messages = [one for one in listing.pages if one.kind is PageKind.MESSAGES]
        read = 0
        for one in messages:
            read += 1
            if is_known and is_known(one):
                break
        self.pages_asked += read
        left_out = messages[read:]
        return replace(
            listing,
            pages=tuple(one for one in listing.pages if one not in left_out),
            is_whole=not left_out,
        )


def pages_of(messages: Sequence[dict[str, object]], size: int) -> list[Page]:
    """Return the pages of a list of messages, an empty one where there are none."""
    return [
        page(PageKind.MESSAGES, {"value": list(messages[at : at + size])})
        for at in range(0, len(messages) or 1, size)
    ]


def page(kind: PageKind, body: object) -> Page:
    return Page(kind=kind, body=json_line.compact(body))
