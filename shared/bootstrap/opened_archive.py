"""The use cases over an archive that was opened, wherever it stands."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from shared.bootstrap.finalizing import Stores
from shared.bootstrap.identity import new_salt, utc_now
from shared.bootstrap.storage import Storage
from shared.config.settings import DueSettings
from shared.domain import layout
from shared.domain.errors import ArchiverError
from shared.domain.people import NOBODY_KNOWN, PeopleDirectory
from shared.usecases.capture.ingest import Ingest
from shared.usecases.capture.redeliver import Redeliver
from shared.usecases.capture.status import ReadStatus
from shared.usecases.capture.watch import Watch
from shared.usecases.evidence.erase import Erase
from shared.usecases.evidence.holds import Holds
from shared.usecases.evidence.prove import Prove
from shared.usecases.evidence.verify import Verify
from shared.usecases.inventory.runs import BackfillRun
from shared.usecases.reading.choose import Choose
from shared.usecases.reading.find import Find
from shared.usecases.reading.look_up import LookUp
from shared.usecases.reading.package import MakeSite, Package
from shared.usecases.reading.search import Scan

if TYPE_CHECKING:
    from shared.domain.evidence.checkpoint import Checkpoint
    from shared.ports.append_log import AppendLog, ThreadLogs
    from shared.ports.archive_index import IndexReader
    from shared.ports.archive_store import ArchiveFiles, ErasableArchive
    from shared.ports.evidence_files import EvidenceFiles
    from shared.ports.leases import Leases
    from shared.usecases.evidence.findings import Finding
    from shared.usecases.evidence.ledger import Ledger


class PackageIsFinal(ArchiverError):
    """A package shows a moment, and is not changed. The text says what to do."""


class InsideArchive(ArchiverError):
    """Something would be written into the archive itself. The text says what to do."""


class NoStorageAccount(ArchiverError):
    """A folder has neither log nor queue. The text says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedArchive:
    """An archive, and the use cases over it.

    `storage` is None where it does not stand in a storage account, which alone has log
    and queue. `package` is the folder of the package, where the archive is in one;
    `folder` is where it stands on this machine, the package and all. `index` is set
    where a command has opened one that may be used.
    """

    origin: str
    archive: "ErasableArchive"
    ledger: "Ledger"
    leases: "Leases"
    control: "AppendLog"
    control_files: "ArchiveFiles"
    storage: Storage | None = None
    package: Path | None = None
    folder: Path | None = None
    files: "EvidenceFiles | None" = None
    index: "IndexReader | None" = None
    people: PeopleDirectory = NOBODY_KNOWN
    """Who is who, where a command shows it."""

    @property
    def address(self) -> str:
        """Where it stands, without passwords."""
        return str(self.folder.resolve()) if self.folder else self.origin

    async def size(
        self, prefixes: Sequence[str] = (), ends: str | tuple[str, ...] = ""
    ) -> int:
        """Return the bytes of all files under some prefixes, for a bar to run to."""
        total = 0
        for prefix in prefixes or ("",):
            async for file in self.archive.walk(prefix):
                total += file.size if file.path.endswith(ends) else 0
        return total

    def find(
        self,
        on_bytes: Callable[[int], None] = lambda _: None,
        on_failure: Callable[[str], None] = lambda _: None,
    ) -> Find:
        return Find(
            archive=self.archive,
            on_bytes=on_bytes,
            on_failure=on_failure,
            index=self.index,
            people=self.people,
        )

    def scan(
        self, on_bytes: Callable[[int], None], on_failure: Callable[[str], None]
    ) -> Scan:
        """Return what searches without an index."""
        return Scan(
            archive=self.archive,
            on_bytes=on_bytes,
            on_failure=on_failure,
            people=self.people,
        )

    def verify(
        self,
        on_finding: "Callable[[Finding], None]",
        on_bytes: Callable[[int], None],
    ) -> Verify:
        return Verify(
            archive=self.archive,
            files=self.files,
            clock=utc_now,
            on_finding=on_finding,
            on_bytes=on_bytes,
        )

    def prove(self) -> Prove:
        return Prove(archive=self.archive)

    async def checkpoint(self, origin: str = "") -> "Checkpoint":
        """Return the ledger's head as it is now; raise as `Ledger.head` does."""
        return await self.ledger.head(origin or self.origin)

    def look_up(self, on_bytes: Callable[[int], None]) -> LookUp:
        return LookUp(archive=self.archive, on_bytes=on_bytes)

    def holds(self) -> Holds:
        return Holds(archive=self.archive, ledger=self.ledger, draw=new_salt)

    def check_writable(self) -> None:
        """See that something may be written here.

        Raises:
            PackageIsFinal: it is a package.

        """
        if self.package is not None:
            raise PackageIsFinal(
                "This is a package: evidence of the moment when it was made, which "
                "any change would break. Name the archive that it was made from."
            )

    def check_outside(self, output: Path) -> None:
        """See that what is written for somebody does not land in the archive.

        It would break the evidence there, and no erasure would ever reach it.

        Raises:
            InsideArchive: it would.

        """
        if self.folder and output.resolve().is_relative_to(self.folder.resolve()):
            raise InsideArchive(
                f"{output} is in the archive itself, which holds nothing but what was "
                "archived. Name a place outside of it"
            )

    def erase(self) -> Erase:
        return Erase(
            archive=self.archive,
            ledger=self.ledger,
            holds=self.holds(),
            log=self.storage.log if self.storage else None,
            leases=self.leases,
            draw=new_salt,
        )

    def choose(self, on_bytes: Callable[[int], None]) -> Choose:
        return Choose(archive=self.archive, on_bytes=on_bytes, index=self.index)

    def pack(
        self,
        folder: Path,
        on_bytes: Callable[[int], None],
        make_site: MakeSite | None,
        *,
        recorded: bool,
    ) -> Package:
        """Return what packs threads into an empty folder.

        With `recorded`, the archive's ledger says so; a package has none to write to.
        """
        from shared.adapters.storage.archive_folder import FolderArchive

        return Package(
            archive=self.archive,
            target=FolderArchive(folder),
            clock=utc_now,
            draw=new_salt,
            record=self.ledger.append if recorded and not self.package else None,
            on_bytes=on_bytes,
            make_site=make_site,
        )

    def run(self, name: str) -> BackfillRun:
        return BackfillRun(name=name, log=self.control, files=self.control_files)

    def status(self, due: DueSettings) -> ReadStatus:
        """Return what reads how the app is doing.

        Raises:
            NoStorageAccount: no app works on a folder.

        """
        storage = self.account()
        return ReadStatus(
            log=storage.log,
            log_files=storage.files(layout.LOG),
            sweep_log=storage.sweep_log,
            queue=storage.queue,
            poison=storage.poison,
            events_queue=storage.events_queue,
            events_poison=storage.events_poison,
            quarantine=storage.unprocessed(layout.LOG, layout.quarantine_folder("")),
            dead_letters=storage.unprocessed(layout.DEAD_LETTER),
            clock=utc_now,
            quiet_for=due.quiet_for,
            max_open=due.max_open,
        )

    def watch(self, *, since: datetime | None, thread_id: str = "") -> Watch:
        """Return what shows events as they come; raise `NoStorageAccount` as above."""
        files = self.account().files(layout.LOG)
        return Watch(files=files, since=since, thread_id=thread_id)

    def redeliver(self, *, execute: bool) -> Redeliver:
        """Return what ingests events again that nothing could process.

        Raises:
            NoStorageAccount: no app works on a folder.

        """
        storage = self.account()
        return Redeliver(
            quarantine=storage.unprocessed(layout.LOG, layout.quarantine_folder("")),
            dead_letters=storage.unprocessed(layout.DEAD_LETTER),
            poisoned=storage.poisoned_events(takes=execute),
            events_poison=storage.events_poison,
            ingest=Ingest(
                log=storage.log,
                queue=storage.queue,
                clock=utc_now,
                new_salt=new_salt,
                settle_for=timedelta(),
            ),
            log=storage.log,
            execute=execute,
        )

    def stores(self) -> Stores:
        """Return where a thread is archived in this process, from a log if any.

        Raises:
            PackageIsFinal: it is a package.

        """
        self.check_writable()
        from shared.adapters.storage.no_thread_logs import NoThreadLogs

        log: ThreadLogs = self.storage.log if self.storage else NoThreadLogs()
        return Stores(
            log=log, ledger=self.ledger, archive=self.archive, leases=self.leases
        )

    def account(self) -> Storage:
        if self.storage is None:
            raise NoStorageAccount(
                "A folder has no log and no queue: name the storage account, by "
                "CHAT_STORAGE or by its container's address."
            )
        return self.storage
