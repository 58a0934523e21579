"""An import into Teams over an opened archive, wired for Graph or for a look."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from shared.bootstrap.archive_input import archive_input
from shared.bootstrap.identity import signed_in, utc_now
from shared.bootstrap.opened_archive import OpenedArchive
from shared.domain import layout
from shared.domain.errors import ArchiverError
from shared.domain.thread.transcript import Transcript
from shared.formats.part import Options
from shared.ports.leases import LeaseHeld
from shared.ports.teams_chats import TeamsChats
from shared.usecases.evidence.read_input import read_input
from shared.usecases.teams.complete_import import accept_failed, complete_thread
from shared.usecases.teams.import_log import IMPORTS, ImportLog, keep_ledger
from shared.usecases.teams.plan_import import PlannedThread
from shared.usecases.teams.run_import import RunImport
from shared.usecases.teams.work import plan_all

GRAPH = "GRAPH_ENDPOINT"
"""Names a stand-in on this machine in the place of Microsoft Graph."""


class ImportIsBusy(ArchiverError):
    """The import is held by another process. The text says what to do."""


class NoGraph(ArchiverError):
    """Microsoft Graph cannot be asked. The text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedImport:
    """An import with what it knows loaded."""

    archive: OpenedArchive
    log: ImportLog
    chats: TeamsChats | None

    def plan(
        self,
        chosen: AsyncIterator[Transcript],
        options: Options,
        *,
        on_failure: Callable[[str], None],
        retry: bool = False,
    ) -> AsyncIterator[PlannedThread]:
        return plan_all(
            self.archive.archive,
            chosen,
            options,
            self.log,
            on_failure=on_failure,
            retry=retry,
        )

    def run(self, on_message: Callable[[], None], files_at: str) -> RunImport:
        return RunImport(
            chats=self.graph,
            log=self.log,
            archive=self.archive.archive,
            clock=utc_now,
            on_message=on_message,
            files_at=files_at,
        )

    @property
    def graph(self) -> TeamsChats:
        if self.chats is None:
            raise NoGraph("nothing is asked of Microsoft Graph in a dry run")
        return self.chats

    async def complete(self, thread_id: str) -> None:
        known = self.log.state.thread(thread_id)
        await complete_thread(known, self.graph, self.log, utc_now)

    async def accept(self, thread_id: str, *, by: str, reason: str) -> int:
        known = self.log.state.thread(thread_id)
        return await accept_failed(known, self.log, by=by, reason=reason)

    async def keep(self) -> int:
        """Keep what is new of the ledger in the archive."""
        return await keep_ledger(archive_input(self.archive), self.log)


@asynccontextmanager
async def open_import(
    archive: OpenedArchive,
    name: str,
    env: Mapping[str, str],
    *,
    per_second: float = 5,
    asks: bool = True,
) -> AsyncIterator[OpenedImport]:
    """Open an import, and hold its lease; without `asks` Graph is not asked.

    Raises:
        ImportIsBusy: another process is at it.
        NotSignedIn: nobody is signed in.
        NoGraph: GRAPH_ENDPOINT names no stand-in on this machine.
        Transient: the archive cannot be reached.

    """
    async with AsyncExitStack() as stack:
        lease = None
        if asks:
            archive.check_writable()
            try:
                held = archive.leases.hold(layout.import_lease_path(name))
                lease = await stack.enter_async_context(held)
            except LeaseHeld:
                raise ImportIsBusy(
                    f"Import {name} is at work elsewhere, or was killed less than a "
                    "minute ago. Wait: by another --import all of it is made again."
                ) from None
        log = ImportLog(
            name=name,
            log=archive.control,
            files=archive.control_files,
            lease=lease,
        )
        await log.load(await read_input(archive.archive, IMPORTS))
        chats = await open_chats(stack, env, per_second) if asks else None
        yield OpenedImport(archive=archive, log=log, chats=chats)


async def open_chats(
    stack: AsyncExitStack, env: Mapping[str, str], per_second: float
) -> TeamsChats:
    from shared.adapters.graph.chats import GraphChats
    from shared.adapters.graph.client import ENDPOINT, SCOPE, GraphClient

    credential = await stack.enter_async_context(signed_in(""))
    endpoint = env.get(GRAPH, "").strip() or ENDPOINT
    try:
        client = GraphClient(credential, endpoint=endpoint, per_second=per_second)
    except ValueError:
        raise NoGraph(
            f"{GRAPH} names another address than this machine's: a token for Graph "
            "goes to Microsoft Graph alone. Unset it."
        ) from None
    stack.push_async_callback(client.close)
    await credential.check(SCOPE)
    return GraphChats(client)
