"""Files by their addresses, in memory."""

from shared.domain.thread.attachment import FetchOutcome
from shared.ports.file_fetcher import FetchedFile, NotFetched


class MemoryFileFetcher:
    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[tuple[str, str]] = []

    async def fetch(self, url: str, reader: str, thread_id: str) -> FetchedFile:
        self.asked.append((url, reader))
        if url not in self.files:
            raise NotFetched("there is no such file", FetchOutcome.GONE, requested=True)
        return FetchedFile(data=self.files[url], content_type="image/png")
