"""Writes the files of a site where they differ, and counts what was done."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.domain.errors import IntegrityError
from shared.ports.archive_store import ArchiveFiles
from shared.ports.site_folder import SiteFolder
from shared.usecases.reading.site.site_state import STATE_FILE


@dataclass(slots=True, kw_only=True)
class BuiltSite:
    """What was done: `rendered` are the threads whose pages were rendered again.

    `written`, `same` and `removed` count files; `failures` hold a sentence for each
    thread, and each file of one, that is missing; `incomplete` are threads that lack a
    file.
    """

    threads: int = 0
    messages: int = 0
    rendered: int = 0
    written: int = 0
    same: int = 0
    removed: int = 0
    failures: list[str] = field(default_factory=list)
    incomplete: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Writing:
    """Writes files where they differ from what is there, and removes the others.

    `there` are the files from before, each with its size.
    """

    target: SiteFolder
    there: Mapping[str, int]
    built: BuiltSite = field(default_factory=BuiltSite)
    put_now: set[str] = field(default_factory=set)

    async def put(self, path: str, data: bytes) -> None:
        self.put_now.add(path)
        is_same = (
            self.there.get(path) == len(data) and await self.target.read(path) == data
        )
        if is_same and path != STATE_FILE:
            self.built.same += 1
            return
        await self.target.replace(path, data)
        self.built.written += 1

    async def copy(self, path: str, archive: ArchiveFiles, source: str) -> bool:
        """Copy a file of the archive, whose name is the digest of its bytes.

        Return whether it is there.
        """
        self.put_now.add(path)
        if path in self.there:
            self.built.same += 1
            return True
        try:
            await self.target.replace(path, archive.stream(source))
        except IntegrityError as error:
            self.built.failures.append(str(error))
            return False
        self.built.written += 1
        return True

    async def remove_others(self, kept: set[str]) -> None:
        """Remove what this build did not write, but for what is in folders to keep."""
        # Files of a folder below another first, so that no empty one is left.
        for path in sorted(self.there, key=lambda path: -path.count("/")):
            is_kept = (
                path in self.put_now or "/".join(path.split("/")[:2]) + "/" in kept
            )
            if not is_kept:
                await self.target.remove(path)
                self.built.removed += 1
