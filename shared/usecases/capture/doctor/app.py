"""What the app has left behind: events, what nobody could read, sweeps, packages.

The app itself is not asked: nobody reaches it from outside, and its sweep log tells.
"""

from dataclasses import dataclass, field
from datetime import timedelta

from shared.domain import layout
from shared.domain.times import format_time
from shared.domain.words import plural
from shared.usecases.capture.doctor.account import container_step
from shared.usecases.capture.doctor.examine import (
    Found,
    Once,
    Step,
    failure,
    not_checked,
    ok,
    warning,
)
from shared.usecases.capture.status import SWEEPS_LOOKED_BACK, ReadStatus, Status

LAG_WARNS = 600.0
"""Seconds; the alert `ingest-lag` goes off there too."""
A_WHILE = 120.0
"""Seconds up to which a delay is read best in seconds."""
REDELIVER = "chat-archive redeliver --execute"
RESTART = (
    'az functionapp restart --name "$(azd env get-value AZURE_FUNCTION_NAME)" '
    '--resource-group "$(azd env get-value AZURE_RESOURCE_GROUP)"'
)
SUBSCRIBE = "azd hooks run postdeploy"
ALL_OF_IT = "chat-archive status"
TOO_LARGE = not_checked("there is more than can be read in seconds", ALL_OF_IT)
"""A large log is no failure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """The lock of this installation: its digest, and the Pythons that it is for.

    `digest` is "" where this installation has none. `first` and `next` are the oldest
    Python of the lock and the first that is too new, such as (3, 11); () for unknown.
    """

    digest: str = ""
    first: tuple[int, ...] = ()
    next: tuple[int, ...] = ()

    def fits(self, python: str) -> bool:
        version = tuple(int(part) for part in python.split(".")[:2] if part.isdecimal())
        if not (self.first and self.next and version):
            return True
        return self.first <= version < self.next


@dataclass(slots=True, kw_only=True)
class DeployedApp:
    """Looks at what the app has left behind in its account."""

    read: ReadStatus
    lock: Lock
    swept: Once[Status] = field(init=False)

    def __post_init__(self) -> None:
        self.swept = Once(self.sweeps)

    def steps(self) -> list[Step]:
        log = (container_step(layout.LOG),)
        control = (container_step(layout.CONTROL),)
        letters = (container_step(layout.DEAD_LETTER),)
        names = {
            "newest event": (self.newest_event, log),
            "quarantine": (self.quarantine, log),
            "dead letters": (self.dead_letters, letters),
            "sweep": (self.sweep, control),
            "packages": (self.packages, control),
        }
        return [
            Step(name=name, look=look, needs=needs, late=TOO_LARGE)
            for name, (look, needs) in names.items()
        ]

    async def newest_event(self) -> Found:
        """See whether events come, and how late."""
        status = Status()
        await self.read.look_at_log(status)
        if not status.newest_activity:
            return warning(
                "no event is in the log: none has come, or all were pruned", SUBSCRIBE
            )
        text = f"{status.newest_activity}, in {plural(status.threads, 'thread')}"
        if status.ingest_lag is None:
            return ok(f"{text}; how late it came is not known")
        # Two services have two clocks: an event may be kept before it happened.
        lag = max(status.ingest_lag, 0.0)
        late = f"{lag:.1f} s" if lag < A_WHILE else str(timedelta(seconds=round(lag)))
        text = f"{text}; it came {late} after it happened"
        if status.ingest_lag > LAG_WARNS:
            return warning(
                text, "azd env set MAXIMUM_INSTANCE_COUNT 80, and azd provision"
            )
        return ok(text)

    async def quarantine(self) -> Found:
        """See whether events could not be read."""
        status = Status()
        await self.read.look_at_quarantine(status)
        if status.quarantined:
            return warning(
                f"{plural(status.quarantined, 'event')} could not be read", REDELIVER
            )
        return ok("empty")

    async def dead_letters(self) -> Found:
        """See whether Event Grid has given up on events."""
        status = Status()
        await self.read.look_at_dead_letters(status)
        if status.dead_letters:
            return warning(
                f"{plural(status.dead_letters, 'file')} of events that Event Grid gave "
                "up on",
                REDELIVER,
            )
        return ok("none")

    async def sweeps(self) -> Status:
        status = Status()
        await self.read.look_at_sweeps(status)
        return status

    async def sweep(self) -> Found:
        """See whether the last sweep was on schedule, and went well."""
        status = await self.swept()
        last = status.last_sweep
        if last is None:
            return warning(f"none in the last {SWEEPS_LOOKED_BACK} days", RESTART)
        text = f"{format_time(last.on)}, {plural(last.threads, 'thread')} seen"
        due = last.next_due_on
        if due is None:
            return ok(f"{text}; its schedule does not say when the next one is due")
        if status.overdue:
            return failure(
                f"{text}; none since that was due {format_time(due)}", RESTART
            )
        if last.failures:
            return warning(
                f"{text}, {plural(last.failures, 'thread')} failed", "azd provision"
            )
        return ok(f"{text}; the next one is due {format_time(due)}")

    async def packages(self) -> Found:
        """Compare what the app runs on with the lock of this installation."""
        last = (await self.swept()).last_sweep
        if last is None or not last.python:
            return not_checked("no sweep said what the app runs on")
        text = f"the app runs Python {last.python}"
        if not self.lock.fits(last.python):
            return failure(f"{text}, which the lock is not for", "azd deploy")
        if not last.lock:
            return not_checked(f"{text}; no sweep said on which packages")
        if not self.lock.digest:
            return not_checked(
                f"{text}; this installation has no lock to compare its packages with",
                "run it in a clone of the version that is deployed",
            )
        if last.lock != self.lock.digest:
            return warning(f"{text}; its packages are of another lock", "azd deploy")
        return ok(f"{text}, packages as locked")
