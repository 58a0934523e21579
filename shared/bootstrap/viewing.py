"""What a person looks at an archive through: a server of their own, on this machine."""

import asyncio
import json
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from shared.bootstrap.identity import utc_now
from shared.bootstrap.index import build_index, open_index
from shared.bootstrap.insights import shown_insights
from shared.bootstrap.opened_archive import OpenedArchive
from shared.domain.errors import ArchiverError
from shared.domain.search.query import NoQuery
from shared.ports.archive_index import IndexReader, NoIndex
from shared.usecases.capture.live_events import LiveEvents
from shared.usecases.reading.index_age import Age, age_of, from_json, written
from shared.usecases.reading.site.build_site import INDEX
from shared.usecases.reading.site.pages import fixed_files, own
from shared.usecases.reading.site.view_site import Asked, ViewSite

LOOK_EVERY = 5.0
"""Seconds after which it is looked whether the archive has changed."""
LIVE_SINCE = timedelta(days=1)
LIVE_FILES = ("live.html", "live.css", "live.js")
NOTHING_YET = "nothing_yet.html"
START = ("", INDEX)
MOST_HITS = 200
MOST_DIGITS = 9
OnThread = Callable[[int, int], None]


class NotServed(ArchiverError):
    """The server cannot start. The text says what to do."""


@dataclass(slots=True, kw_only=True)
class Viewing:
    """The pages of an archive as it is now, and the events of its log."""

    archive: OpenedArchive
    live: LiveEvents | None
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    site: ViewSite | None = None
    looked_at: float = 0.0

    async def give(self, path: str, asked: Mapping[str, str]) -> bytes | None:
        """Return a file; None where there is none.

        Raises:
            ArchiverError: the archive cannot be read.

        """
        if self.live and path == "events.json":
            return as_json(await self.live.after(whole_number(asked.get("after", ""))))
        if self.live and path in LIVE_FILES:
            return own(path).encode()
        if fixed := dict(fixed_files()).get(path):
            return fixed  # the live page has its looks before there is an archive
        async with self.lock:
            try:
                site = await self.current()
            except NoIndex:
                if self.live and path in START and not await self.has_ledger():
                    return own(NOTHING_YET).encode()
                raise
            if path == "find.json":
                return as_json(found(site, asked.get("asked", "")))
            said = await site.said_of(path)
        # A long thread takes a while, and no other page waits for it. What this needs
        # of the index it asks before it waits: another request may close that.
        return await site.file(path, said)

    async def current(self) -> ViewSite:
        """Return the site of the archive as it is now, or was a moment ago."""
        now = time.monotonic()
        if self.site and now - self.looked_at < LOOK_EVERY:
            return self.site
        self.looked_at = now
        if self.site and await self.is_current(self.site.index):
            return self.site
        await self.stack.aclose()
        self.site = None
        await build_index(self.archive, lambda *_: None)
        index = await self.stack.enter_async_context(open_index(self.archive))
        live = LIVE_FILES[0] if self.live else ""
        shown = shown_insights(self.archive, index)
        self.site = ViewSite(
            archive=self.archive.archive,
            index=index,
            live=live,
            insights=await self.stack.enter_async_context(shown),
        )
        return self.site

    async def has_ledger(self) -> bool:
        """Return whether anything was archived: each revision has a line there."""
        return bool(written(await self.archive.ledger.blobs.list()).blobs)

    async def is_current(self, index: IndexReader) -> bool:
        position = from_json(index.about.position)
        return await age_of(self.archive.ledger.blobs, position) is Age.CURRENT


def found(site: ViewSite, asked: str) -> dict[str, object]:
    """Return what is found, or why that cannot be searched for."""
    try:
        value: Any = json.loads(asked)
        limit = min(max(int(value.get("limit", 0)), 0), MOST_HITS)
        offset = max(int(value.get("offset", 0)), 0)
        return site.find(Asked(**{**value, "limit": limit, "offset": offset}))
    except NoQuery as error:
        return {"error": str(error)}
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        return {"error": "what is asked cannot be read"}


def whole_number(text: str) -> int:
    """Return what a page has counted to; 0 for what is no such number."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS
    return int(text) if is_number else 0


def as_json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


async def index_before(
    archive: OpenedArchive, on_indexed: OnThread, *, has_log: bool
) -> None:
    """Bring the index up to date before anybody looks: that may take a while.

    With a log that can wait: there may be events, and no archive yet.

    Raises:
        NoIndex: the archive has no ledger, so that no index can be believed.
        IndexBusy: another process is building it.
        IndexFailed: it cannot be written.
        Transient: the archive cannot be reached.

    """
    if has_log:
        archive.account()
        with suppress(NoIndex):
            await build_index(archive, on_indexed)
        return
    await build_index(archive, on_indexed)
    async with open_index(archive):
        pass


async def view(
    archive: OpenedArchive,
    *,
    port: int,
    has_log: bool,
    on_address: Callable[[str], None],
) -> None:
    """Serve until the process is stopped; `on_address` takes the address, once.

    Raises:
        NotServed: the port cannot be used.
        NoStorageAccount: a folder has no log.

    """
    from shared.adapters.loopback import listen
    from shared.adapters.web.serve import address_of, serve

    watch = archive.watch(since=utc_now() - LIVE_SINCE) if has_log else None
    live = LiveEvents(watch=watch, monotonic=time.monotonic) if watch else None
    viewing = Viewing(archive=archive, live=live)
    token = secrets.token_urlsafe(24)
    try:
        listening = listen(port)
    except OSError as error:
        raise NotServed(f"port {port} cannot be used: {error.strerror}") from None
    async with viewing.stack:
        runner = await serve(viewing.give, listening, token)
        try:
            on_address(address_of(listening, token))
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()
