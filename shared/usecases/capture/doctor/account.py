"""The storage account: whether it answers, its clock, its containers and queues.

Nothing is written. So what only a write would tell is not checked, and says so.
"""

import sys
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus

from shared.domain import layout
from shared.domain.words import plural
from shared.ports.account_look import AccountLook, StorageAnswer
from shared.ports.clock import Clock
from shared.usecases.capture.doctor.examine import (
    Found,
    Once,
    Step,
    failure,
    not_checked,
    ok,
    warning,
)

STORAGE = "storage"
REACHED_WITHIN = 6.0
SKEW_WARNS = timedelta(minutes=2)
SKEW_FAILS = timedelta(minutes=15)
"""From here on the storage refuses what a key has signed, and signatures and tokens
seem expired, or not yet valid."""
AGAIN = "wait, then: chat-archive doctor"
NO_TIME = not_checked("the storage did not say what time it has")
REFUSES_US = frozenset(
    (
        "AuthenticationFailed",
        "InvalidAuthenticationInfo",
        "KeyBasedAuthenticationNotPermitted",
        "NoAuthenticationInformation",
    )
)
"""Codes of who is not known at all, whatever the container."""
NOT_THERE = ("ContainerNotFound", "ContainerBeingDeleted")
"""Codes of an account that is there."""
SET_CLOCK = {
    "win32": "w32tm /resync",
    "darwin": "sudo sntp -sS time.apple.com",
}
CONTAINERS = (
    layout.LOG,
    layout.ARCHIVE,
    layout.CONTROL,
    layout.DEAD_LETTER,
    layout.INSIGHTS,
)
QUEUES = (
    layout.FINALIZE_QUEUE,
    layout.POISON_QUEUE,
    layout.EVENTS_QUEUE,
    layout.EVENTS_POISON_QUEUE,
)
NEEDED_FOR = {
    layout.LOG: "status, tail and redeliver",
    layout.CONTROL: "status, report and backfill",
    layout.DEAD_LETTER: "status and redeliver",
    layout.INSIGHTS: "insights",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedAt:
    """An answer, and the middle of the time in which it came."""

    answer: StorageAnswer
    on: datetime


@dataclass(slots=True, kw_only=True)
class Account:
    """Looks at one account: at `host`, called `name`, with the container `archive`.

    `by_key` says that it is opened with the account's key, which may do everything.
    """

    look: AccountLook
    clock: Clock
    host: str
    name: str
    archive: str
    by_key: bool
    reached: Once[AskedAt] = field(init=False)

    def __post_init__(self) -> None:
        self.reached = Once(self.reach)

    def steps(self, needs: tuple[str, ...]) -> list[Step]:
        """Return the steps; the first ones need what is given."""
        names = [self.archive if c == layout.ARCHIVE else c for c in CONTAINERS]
        return [
            Step(name=STORAGE, look=self.storage, needs=needs, within=REACHED_WITHIN),
            Step(
                name="clock",
                look=self.skew,
                needs=needs,
                within=REACHED_WITHIN,
                late=NO_TIME,
            ),
            *(
                Step(
                    name=container_step(name),
                    look=partial(self.container, name),
                    needs=(STORAGE,),
                )
                for name in names
            ),
            Step(name="right to write", look=self.writing, needs=(STORAGE,)),
            *(
                Step(
                    name=f"queue {name}",
                    look=partial(self.queue, name),
                    needs=(STORAGE,),
                )
                for name in QUEUES
            ),
        ]

    async def reach(self) -> AskedAt:
        began = self.clock()
        answer = await self.look.container(self.archive)
        return AskedAt(answer=answer, on=began + (self.clock() - began) / 2)

    async def storage(self) -> Found:
        """See whether the account answers, and knows us."""
        answer = (await self.reached()).answer
        if not answer.status:
            return failure(
                f"{self.host} does not answer ({answer.code})",
                "look at the address (ARCHIVE_URL, CHAT_STORAGE) and at the network, "
                "then: chat-archive doctor",
            )
        if self.is_stranger(answer):
            return failure(
                f"{self.host} refuses the key, the signature or the token, or its "
                f"firewall this address ({answer.status} {answer.code})",
                f"az storage account show-connection-string --name {self.name}, and "
                "set CHAT_STORAGE to it; or unset that, and az login",
            )
        is_usual = answer.is_well or answer.status == HTTPStatus.FORBIDDEN
        if not is_usual and answer.code not in NOT_THERE:
            return failure(
                f"{self.host} answers {answer.status} {answer.code}: it is busy, or "
                "no storage account",
                "look at the address, and for a proxy in between, then: "
                "chat-archive doctor",
            )
        return ok(f"{self.host} answers")

    def is_stranger(self, answer: StorageAnswer) -> bool:
        """Return whether we are not known at all; a key needs no role."""
        if answer.code in REFUSES_US or answer.status == HTTPStatus.UNAUTHORIZED:
            return True
        return self.by_key and answer.status == HTTPStatus.FORBIDDEN

    async def skew(self) -> Found:
        """Compare this machine's clock with the storage's."""
        asked = await self.reached()
        if asked.answer.said_on is None:
            return NO_TIME
        skew = asked.on - asked.answer.said_on
        seconds = abs(skew).total_seconds()
        way = "ahead of" if skew > timedelta() else "behind"
        text = f"{seconds:.0f} s {way} the storage's"
        fix = SET_CLOCK.get(sys.platform, "sudo timedatectl set-ntp true")
        if abs(skew) > SKEW_FAILS:
            return failure(f"{text}: keys, signatures and tokens are refused", fix)
        if abs(skew) > SKEW_WARNS:
            return warning(text, fix)
        return ok("within two seconds" if seconds <= 2 else text)  # noqa: PLR2004

    async def container(self, name: str) -> Found:
        """See whether a container is there, and may be listed and read."""
        is_archive = name == self.archive
        answer = (
            (await self.reached()).answer
            if is_archive
            else await self.look.container(name)
        )
        if answer.is_well:
            is_empty = not answer.depth
            return ok(
                "may be listed; is empty" if is_empty else "may be listed and read"
            )
        if answer.status == HTTPStatus.NOT_FOUND:
            return self.missing(name)
        scope = f"blobServices/default/containers/{name}"
        role = "Storage Blob Data " + ("Reader" if is_archive else "Contributor")
        return self.refused(answer, scope, role, "" if is_archive else NEEDED_FOR[name])

    def missing(self, name: str) -> Found:
        fix = (
            f"az storage container create --name {name} --auth-mode login "
            f"--account-name {self.name}"
        )
        if name == layout.INSIGHTS:
            return ok("is not there; only `chat-archive insights` uses it")
        if name == layout.DEAD_LETTER:
            return warning("is not there: Event Grid drops what it gives up on", fix)
        return warning("is not there; the app makes it, if its role allows", fix)

    async def writing(self) -> Found:
        """Say whether what is there may be written."""
        if self.by_key:
            return ok("the account's key may write everything")
        return not_checked("only a write would tell: erase, hold and redeliver say so")

    async def queue(self, name: str) -> Found:
        """See whether a queue may be looked at, and what waits in it."""
        answer = await self.look.queue(name)
        if answer.is_well:
            return self.waiting(name, answer.depth)
        if answer.status != HTTPStatus.NOT_FOUND:
            scope = f"queueServices/default/queues/{name}"
            role = "Storage Queue Data Contributor"
            return self.refused(answer, scope, role, "status and backfill")
        if name != layout.FINALIZE_QUEUE:
            return ok("is not there: nothing was ever put on it")
        return warning(
            "is not there; the app makes it, if its role allows",
            f"az storage queue create --name {name} --auth-mode login "
            f"--account-name {self.name}",
        )

    def waiting(self, name: str, depth: int) -> Found:
        text = f"{plural(depth, 'message')} waiting" if depth else "empty"
        if depth and name == layout.EVENTS_POISON_QUEUE:
            return warning(
                f"{plural(depth, 'event')} that failed five times",
                "chat-archive redeliver --execute",
            )
        if depth and name == layout.POISON_QUEUE:
            return warning(
                f"{plural(depth, 'message')} about threads that failed five times",
                "chat-archive verify, and when the cause is fixed: az storage message "
                f"clear --queue-name {name} --auth-mode login "
                f"--account-name {self.name}",
            )
        return ok(text)

    def refused(
        self, answer: StorageAnswer, scope: str, role: str, needed_for: str
    ) -> Found:
        """Say what a refusal stands in the way of, and which role is missing."""
        said = f"{answer.status or 'no answer'} {answer.code}".strip()
        if answer.status != HTTPStatus.FORBIDDEN:
            return failure(f"cannot be read ({said})", AGAIN)
        text = f"may not be read ({said})"
        if answer.code == "AuthorizationFailure":
            text += ": a role is missing, or the account's firewall blocks this address"
        fix = (
            f'az role assignment create --role "{role}" --assignee <you> '
            f'--scope "$(azd env get-value STORAGE_ID)/{scope}"'
        )
        if not needed_for:
            return failure(text, fix)
        return warning(f"{text}; {needed_for} need it", fix)


def container_step(name: str) -> str:
    return f"container {name}"
