"""The function app: settings to use cases, each part made when it is needed.

SDK clients and use cases are imported and made on the first call, never before: a
wrong setting must not hide the functions from the host, and cold start is paid by every
scale-out. An instance that only ingests events never imports what archives them.
"""

import functools
import os
import platform
from datetime import timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from shared.bootstrap.identity import new_salt, quieten_sdk_logs, utc_now
from shared.bootstrap.storage import Storage
from shared.config.settings import Settings
from shared.domain import layout
from shared.domain.log.commitment import sha256
from shared.formats import ARCHIVED
from shared.usecases.capture.ingest import Ingest

if TYPE_CHECKING:
    from shared.adapters.chat.clients import ChatClients
    from shared.usecases.archive.finalize import Finalize
    from shared.usecases.capture.handle_work import HandleWork
    from shared.usecases.capture.sweep import Sweep
    from shared.usecases.inventory.discover import Discover


RESCUED_WITHIN = timedelta(days=3)
"""How long before it would expire a queued event that failed too often is rescued: the
host gives it a week, so people have four days."""


class App:
    """The use cases of the function app, and what each is wired to.

    Use it inside one running loop; `close` closes what was opened.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.storage = Storage(settings.storage, block_bytes=settings.log_block_bytes)

    async def close(self) -> None:
        """Close every part that was opened."""
        await self.storage.close()

    @cached_property
    def ingest(self) -> Ingest:
        return Ingest(
            log=self.storage.log,
            queue=self.storage.queue,
            clock=utc_now,
            new_salt=new_salt,
            settle_for=self.settings.settle_for,
        )

    @cached_property
    def sweep(self) -> "Sweep":
        from shared.config.schedule import next_due
        from shared.usecases.capture.prune import Prune
        from shared.usecases.capture.rescue import Rescue
        from shared.usecases.capture.sweep import Sweep

        storage, due = self.storage, self.settings.due
        return Sweep(
            log=storage.log,
            prune=Prune(
                log=storage.log,
                archive=storage.archive,
                log_keep=self.settings.log_keep,
                keep_superseded=self.settings.keep_superseded,
            ),
            queue=storage.queue,
            poison=storage.poison,
            events_poison=storage.events_poison,
            rescue=Rescue(
                expiring=storage.expiring_events(RESCUED_WITHIN), ingest=self.ingest
            ),
            discover=self.discover if self.settings.discover else None,
            ledger=storage.ledger,
            sweep_log=storage.sweep_log,
            clock=utc_now,
            quiet_for=due.quiet_for,
            max_open=due.max_open,
            next_due=partial(next_due, self.settings.sweep_schedule),
            python=platform.python_version(),
            lock=lock_digest(),
        )

    @cached_property
    def discover(self) -> "Discover":
        from shared.adapters.chat.finder import AcsThreadFinder
        from shared.usecases.inventory.archivers import PutOnQueue
        from shared.usecases.inventory.discover import RUN, Discover
        from shared.usecases.inventory.settle import Settle

        storage, chat, due = self.storage, self.settings.chat, self.settings.due
        return Discover(
            finder=AcsThreadFinder(self.chat_clients, chat.list_within),
            new_archiver=lambda: PutOnQueue(
                queue=storage.queue,
                sweep_log=storage.sweep_log,
                clock=utc_now,
                by=RUN,
                lets_rest=True,
            ),
            settle=Settle(
                archive=storage.archive,
                queue=storage.queue,
                sweep_log=storage.sweep_log,
                clock=utc_now,
            ),
            log=storage.control,
            files=storage.files(layout.CONTROL),
            leases=storage.leases,
            clock=utc_now,
            reader_ids=chat.reader_ids,
            quiet_for=due.quiet_for,
            max_open=due.max_open,
        )

    @cached_property
    def finalize(self) -> "Finalize":
        from shared.bootstrap.finalizing import Stores, finalize, open_topic

        storage, settings = self.storage, self.settings
        return finalize(
            Stores(
                log=storage.log,
                ledger=storage.ledger,
                archive=storage.archive,
                leases=storage.leases,
            ),
            settings.chat,
            settings.fetch,
            self.chat_clients,
            storage.register(open_topic(settings.topic)),
            settings.formats,
            keep_superseded=settings.keep_superseded,
            whole_pass_every=settings.whole_pass_every,
        )

    @cached_property
    def handle_work(self) -> "HandleWork":
        from shared.usecases.capture.handle_work import HandleWork

        return HandleWork(
            finalize=self.finalize,
            queue=self.storage.queue,
            sweep_log=self.storage.sweep_log,
            clock=utc_now,
        )

    @cached_property
    def chat_clients(self) -> "ChatClients":
        from shared.bootstrap.finalizing import open_chat_clients

        return self.storage.register(open_chat_clients(self.settings.chat))


def lock_digest(root: Path = Path(__file__).parents[2]) -> str:
    """Return the SHA-256 of the lock that was installed; "" where nothing says it.

    What is deployed has no lock: its packages come packed, and beside them stands the
    digest of the lock that they are of (infra/hooks/prepackage.py).
    """
    lock, packed = root / "requirements.txt", root / ".python_packages" / "lock.sha256"
    if packed.is_file():
        return packed.read_text("ascii").strip()
    return sha256(lock.read_bytes()) if lock.is_file() else ""


@functools.cache
def current_app() -> App:
    """Return this process's app, from its environment.

    Raises:
        ConfigError: on every call, until the settings are right.

    """
    quieten_sdk_logs()
    return App(Settings.from_env(os.environ, known_formats=ARCHIVED))
