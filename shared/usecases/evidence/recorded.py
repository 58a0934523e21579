"""Which revisions have their line in the ledger.

A marker tells that a revision is finished, but not every store has markers, and a sweep
removes those of threads without segments. The ledger alone always knows.
"""

import asyncio
from datetime import date, timedelta

from shared.domain import layout
from shared.domain.archive.ledger import by_day, revision_line
from shared.domain.archive.manifest import Manifest
from shared.domain.errors import IntegrityError
from shared.domain.log.commitment import sha256
from shared.domain.times import parse_time
from shared.ports.archive_store import ArchiveFiles
from shared.usecases.evidence.ledger import lines_of

CLOCKS_DIFFER = timedelta(days=1)
"""A line may stand in the day before its manifest, by the clock of another writer."""


class RecordedRevisions:
    """Looks for lines from the day of their revision on.

    Each segment is read once, and again when it has grown; what was read is known by
    digest, so that a second backfill of an archive reads its ledger once.
    """

    def __init__(self, archive: ArchiveFiles) -> None:
        self.archive = archive
        self.digests: set[str] = set()
        self.sizes: dict[str, int] = {}
        self.turn = asyncio.Lock()

    async def holds(self, manifest: Manifest) -> bool:
        """Return whether the ledger has the line of this revision.

        Raises:
            Transient: the archive cannot be reached.

        """
        digest = sha256(revision_line(manifest))
        async with self.turn:
            if digest in self.digests:
                return True
            archived = parse_time(manifest.archived_on)
            since = archived.date() - CLOCKS_DIFFER if archived else date.min
            files = [file async for file in self.archive.walk(layout.LEDGER_PREFIX)]
            sizes = {file.path: file.size for file in files}
            for day, paths in by_day(sizes).items():
                for path in paths if day >= since else ():
                    if self.sizes.get(path) != sizes[path]:
                        await self.read(path, day)
                        self.sizes[path] = sizes[path]
                if digest in self.digests:
                    return True
        return False

    async def read(self, path: str, day: date) -> None:
        try:
            async for line in lines_of(self.archive, path, day):
                if not line.is_torn:
                    self.digests.add(sha256(line.text + b"\n"))
        except IntegrityError:
            # What cannot be read holds no line; `verify` names it.
            return
