"""Legal holds: what may not be erased, and who said so. They stand in the ledger.

A release only ends a hold: it deletes nothing.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from shared.domain import layout
from shared.domain.errors import ArchiverError, IntegrityError
from shared.domain.evidence.ledger import blob_path
from shared.domain.evidence.ledger_lines import LedgerLine, LineKind, encode_line
from shared.domain.evidence.paths import THREAD_FILE
from shared.domain.times import format_time
from shared.ports.archive_store import ArchiveFiles, ArchiveStore
from shared.ports.clock import NewSalt
from shared.usecases.evidence.ledger import Ledger
from shared.usecases.evidence.thread_key import key_in, thread_key


class NoSuchHold(ArchiverError):
    """There is no active hold of this id, or more than one that begins with it."""


class BadHold(ArchiverError):
    """A hold cannot say this. The text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A hold: on a thread, on a message of it, or on a participant there or anywhere.

    Members that say nothing are "". `when` is the storage's time.
    """

    id: str
    thread_key: str
    participant: str
    message: str
    who: str
    when: str
    why: str

    @property
    def text(self) -> str:
        """What a refusal says of it."""
        return f"hold {self.id[:12]} of {self.when} by {self.who} ({self.why})"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveHolds:
    """The holds in force, by id, and what of the ledger may be others."""

    holds: dict[str, Hold] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)
    """Where not empty, nobody knows what is held, and nothing may be erased."""
    withheld: list[str] = field(default_factory=list)
    """Where a package has a line about a hold and does not show it: the same goes."""

    @property
    def is_unknown(self) -> bool:
        """Whether something may be held that nobody can read here."""
        return bool(self.unreadable or self.withheld)

    def of_thread(self, key: str) -> list[Hold]:
        """Return the holds that concern a thread, by its key."""
        return [hold for hold in self.holds.values() if hold.thread_key in ("", key)]

    def find(self, shortened: str) -> Hold:
        """Return the one hold whose id begins so.

        Raises:
            NoSuchHold: there is none, or more than one.

        """
        found = [
            hold
            for hold in self.holds.values()
            if shortened and hold.id.startswith(shortened)
        ]
        if len(found) != 1:
            said = "more than one" if found else "no"
            raise NoSuchHold(f"{said} active hold begins with {shortened!r}")
        return found[0]

    def note(self, line: LedgerLine) -> None:
        """Bring the holds up to one more line of the ledger."""
        members = line.members
        if members["action"] != "add":
            self.holds.pop(members["hold"], None)
            return
        self.holds[members["hold"]] = Hold(
            id=members["hold"],
            thread_key=line.thread_key,
            participant=members["participant"],
            message=members["message"],
            who=members["who"],
            when=members["when"],
            why=members["why"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Holds:
    """Adds, releases and lists holds."""

    archive: ArchiveStore
    ledger: Ledger
    draw: NewSalt

    async def active(self) -> ActiveHolds:
        """Return the holds that were added and not released.

        Raises:
            Transient: the archive cannot be reached.

        """
        return await active_holds(self.ledger)

    async def add(
        self,
        *,
        thread_id: str = "",
        participant: str = "",
        message: str = "",
        why: str,
        who: str,
    ) -> Hold:
        """Add a hold; return it with its new id. A new thread gets its key by this.

        Raises:
            BadHold: a text is longer than the ledger takes, or `who` is empty.
            IntegrityError: the thread's key cannot be read.
            Transient: it may be in force all the same.

        """
        draft = Hold(
            id=self.draw().hex(),
            thread_key="",
            participant=participant,
            message=message,
            who=who,
            when=format_time(await self.ledger.now()),
            why=why,
        )
        self.line_of(draft, "add")  # before a key is drawn for it
        key = await thread_key(self.archive, thread_id, self.draw) if thread_id else ""
        hold = replace(draft, thread_key=key)
        await self.ledger.append(self.line_of(hold, "add"))
        return hold

    async def release(self, hold_id: str, *, why: str, who: str) -> Hold:
        """End a hold, whose id may be shortened; nothing is deleted.

        Raises:
            NoSuchHold: there is no active hold of this id, or more than one.
            BadHold, Transient: as `add` does.

        """
        hold = (await self.active()).find(hold_id)
        when = format_time(await self.ledger.now())
        released = replace(hold, who=who, when=when, why=why)
        await self.ledger.append(self.line_of(released, "release"))
        return hold

    def line_of(self, hold: Hold, action: str) -> bytes:
        members: Mapping[str, Any] = {
            "action": action,
            "hold": hold.id,
            "random": self.draw().hex(),
            "participant": hold.participant,
            "message": hold.message,
            "who": hold.who,
            "when": hold.when,
            "why": hold.why,
        }
        try:
            return encode_line(LineKind.HOLD, hold.thread_key, members)
        except ValueError as error:
            raise BadHold(f"a hold cannot say this: {error}") from None

    async def threads(self, keys: Collection[str]) -> dict[str, str]:
        """Return the ids of threads, by key; one whose file is gone is left out."""
        return await threads_of_keys(self.archive, keys)


async def active_holds(ledger: Ledger) -> ActiveHolds:
    """Return the holds that were added and not released.

    Raises:
        Transient: the archive cannot be reached.

    """
    active = ActiveHolds()
    try:
        async for placed in ledger.lines(active.unreadable.append):
            if placed.line.kind is not LineKind.HOLD:
                continue
            if placed.line.is_withheld:
                active.withheld.append(blob_path(placed.blob))
            else:
                active.note(placed.line)
    except IntegrityError as error:
        active.unreadable.append(str(error))
    return active


async def threads_of_keys(
    archive: ArchiveFiles, keys: Collection[str]
) -> dict[str, str]:
    """Return the ids of the threads that have these keys, by key."""
    found: dict[str, str] = {}
    wanted = set(keys) - {""}
    if not wanted:
        return found
    async for file in archive.walk(layout.THREAD_PREFIX):
        thread_id = layout.thread_of(file.path)
        if file.path != layout.thread_folder(thread_id) + THREAD_FILE:
            continue
        try:
            key = key_in(file.path, await archive.read(file.path), thread_id)
        except IntegrityError:
            continue  # `verify` names it
        if key in wanted:
            found[key] = thread_id
        if len(found) == len(wanted):
            break
    return found
