"""Steps that look at one thing each, side by side, and what each of them found.

A step that fails or hangs stops no other: it has a limit of its own, and what needs it
says so. So an examination ends in seconds, whatever cannot be reached.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from shared.domain.errors import NotSignedIn
from shared.telemetry import known

SIGN_IN = "az login"
NOBODY = "nobody is signed in"
WITHIN = 8.0
"""Seconds that a step may take, unless it says otherwise."""

Looked = TypeVar("Looked")


class Verdict(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"
    NOT_CHECKED = "not_checked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a step found. `fix` is the command that fixes it; "" where nothing is to."""

    verdict: Verdict
    text: str
    fix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Found):
    """What was found, and the name of the step that found it."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to look at. Whatever it needs has to be ok before it looks.

    `late` is what it found where it takes longer than `within`, in seconds.
    """

    name: str
    look: Callable[[], Awaitable[Found]]
    needs: Sequence[str] = ()
    within: float = WITHIN
    late: Found | None = None


def ok(text: str) -> Found:
    return Found(verdict=Verdict.OK, text=text)


def warning(text: str, fix: str) -> Found:
    return Found(verdict=Verdict.WARNING, text=text, fix=fix)


def failure(text: str, fix: str) -> Found:
    return Found(verdict=Verdict.FAILURE, text=text, fix=fix)


def not_checked(text: str, fix: str = "") -> Found:
    return Found(verdict=Verdict.NOT_CHECKED, text=text, fix=fix)


class Once(Generic[Looked]):
    """A look that several steps share: it is taken once, by whoever needs it first."""

    def __init__(self, look: Callable[[], Awaitable[Looked]]) -> None:
        self.look = look
        self.task: asyncio.Future[Looked] | None = None

    async def __call__(self) -> Looked:
        """Return what was seen; raise as the look does."""
        if self.task is None:
            self.task = asyncio.ensure_future(self.look())
            self.task.add_done_callback(ignore)
        return await asyncio.shield(self.task)


async def examine(steps: Sequence[Step]) -> AsyncIterator[Check]:
    """Yield what every step found, in their order, each as soon as it is known.

    A step needs only what stands before it.
    """
    tasks: dict[str, asyncio.Task[Check]] = {}
    for step in steps:
        needed = {name: tasks[name] for name in step.needs}
        tasks[step.name] = asyncio.create_task(check(step, needed))
    try:
        for task in tasks.values():
            yield await task
    finally:
        for task in tasks.values():
            task.cancel()


async def check(step: Step, needed: Mapping[str, asyncio.Task[Check]]) -> Check:
    missing = [
        name for name, task in needed.items() if (await task).verdict is not Verdict.OK
    ]
    if missing:
        found = not_checked(f"{' and '.join(missing)} must be ok first")
    else:
        found = await look(step)
    return Check(name=step.name, verdict=found.verdict, text=found.text, fix=found.fix)


async def look(step: Step) -> Found:
    # Not `asyncio.timeout`, which waits for what it has cancelled.
    task = asyncio.ensure_future(step.look())
    task.add_done_callback(ignore)
    try:
        done, _ = await asyncio.wait([task], timeout=step.within)
    finally:
        task.cancel()
    if not done:
        return step.late or failure(
            f"no answer within {step.within:.0f} seconds",
            "look at the network and the address, then run it again",
        )
    try:
        return task.result()
    except NotSignedIn:
        return not_checked(NOBODY, SIGN_IN)
    except Exception as error:  # noqa: BLE001 - it must not stop the others
        return failure(
            str(known(error)), "docs/operations.md says what each line means"
        )


def ignore(task: "asyncio.Future[Any]") -> None:
    """Take the error of something that nobody waits for any more."""
    if not task.cancelled():
        task.exception()
