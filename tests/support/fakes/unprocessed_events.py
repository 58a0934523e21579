"""Unprocessed events in memory."""

from shared.ports.unprocessed_events import UnprocessedFile

PART = 7  # so small that every line is cut


class MemoryUnprocessedEvents:
    """Unprocessed events in a dict; whoever changes a file changes its etag."""

    def __init__(self, files, changed=(), kept=False):
        self.contents = dict(files)
        self.changed = set(changed)
        self.kept = kept

    async def files(self):
        for path, data in sorted(self.contents.items()):
            yield UnprocessedFile(path=path, size=len(data), etag="1")

    async def stream(self, file):
        data = self.contents[file.path][: file.size]
        for start in range(0, len(data), PART):
            yield data[start : start + PART]

    async def is_protected(self):
        return self.kept

    async def remove(self, file):
        assert not self.kept
        if file.path in self.changed:
            return False
        del self.contents[file.path]
        return True
