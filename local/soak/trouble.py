"""What goes wrong during a run, one thing at a time, by seed.

Nothing here takes what only the app holds: the log goes only when an archive holds all
of it, and queue and control container hold no chat.
"""

import base64
import random
import signal
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

from azure.core.exceptions import AzureError, ResourceNotFoundError

from local.audit import Account
from local.hosts import RunningHost, wait_until
from local.soak.people import Crowd
from local.stack import ChatPart, call, tls_of
from shared.domain import layout
from shared.domain.log.work import Work, encode_work

USUAL = {"duplicate": 0.1, "reorder": 0.1, "delay": 2.0}
BAD_DAY = {**USUAL, "throttle": 0.3, "fail": 0.2, "retry_after": 1.0}
BAD_FOR = (10.0, 30.0)
FROZEN_FOR = (2.0, 20.0)
"""Seconds; longer than a lease lasts, now and then."""
FLOOD = 400
EVERY = (2.0, 10.0)
LOG_GOES_EVERY = 600.0
AT_REST_WITHIN = 240.0


@dataclass(slots=True)
class Trouble:
    """Does one bad thing after the other until the run stops."""

    hosts: list[RunningHost]
    account: Account
    chat: ChatPart
    crowd: Crowd
    chance: random.Random
    stopped: threading.Event
    done: Counter[str] = field(default_factory=Counter)

    def make(self, *, lasts: float) -> None:
        """Go on until the run stops; the log goes half-way, and every ten minutes."""
        kinds = {
            self.kill: 6,
            self.freeze: 2,
            self.have_a_bad_day: 3,
            self.flood: 2,
            self.lose_control: 1,
            self.lose_queue: 1,
        }
        log_goes_at = time.monotonic() + min(lasts / 2, LOG_GOES_EVERY)
        while not self.stopped.wait(self.chance.uniform(*EVERY)):
            if time.monotonic() > log_goes_at:
                self.lose_log()
                log_goes_at = time.monotonic() + LOG_GOES_EVERY
                continue
            trouble = self.chance.choices([*kinds], [*kinds.values()])[0]
            with suppress(AzureError):
                trouble()

    def kill(self) -> None:
        host = self.chance.choice(self.hosts)
        host.kill()
        host.start()
        self.done["kills"] += 1

    def freeze(self) -> None:
        """Stop a host's clock, as a machine does that is moved."""
        process = self.chance.choice(self.hosts).part.process
        if process is None:
            return
        process.send_signal(signal.SIGSTOP)
        try:
            self.stopped.wait(self.chance.uniform(*FROZEN_FOR))
        finally:
            process.send_signal(signal.SIGCONT)
        self.done["freezes"] += 1

    def have_a_bad_day(self) -> None:
        self.misbehave(BAD_DAY)
        self.stopped.wait(self.chance.uniform(*BAD_FOR))
        self.misbehave(USUAL)
        self.done["bad days of the chat service"] += 1

    def misbehave(self, wish: dict[str, float]) -> None:
        url = f"{self.chat.url}/local/misbehaviour"
        wish = {**wish, "seed": self.chance.randrange(1000)}
        call("PUT", url, wish, tls=tls_of(self.chat))

    def flood(self) -> None:
        """Fill the queue with work that is done already."""
        threads = [talk.thread_id for talk in self.crowd.old[-FLOOD:]]
        queue = self.account.queues.get_queue_client(layout.FINALIZE_QUEUE)
        for _ in range(FLOOD if threads else 0):
            work = Work(thread_id=self.chance.choice(threads), reason="flood")
            text = base64.b64encode(encode_work(work).encode()).decode()
            queue.send_message(text, time_to_live=-1)
        self.done["floods of the queue"] += 1

    def lose_control(self) -> None:
        """Delete leases and sweep log: the app makes their container again."""
        with suppress(ResourceNotFoundError):
            self.account.blobs.delete_container(layout.CONTROL)
            self.done["control containers lost"] += 1

    def lose_queue(self) -> None:
        """Delete the queue with all that waits on it."""
        with suppress(ResourceNotFoundError):
            self.account.queues.delete_queue(layout.FINALIZE_QUEUE)
            self.done["queues lost"] += 1

    def lose_log(self) -> None:
        """Delete the log once an archive holds all of it and nobody speaks."""
        self.crowd.quiet.set()
        try:
            if wait_until(lambda: self.crowd.is_silent, within=AT_REST_WITHIN):
                flush(self.chat)
                if wait_until(self.account.is_at_rest, within=AT_REST_WITHIN):
                    self.account.blobs.delete_container(layout.LOG)
                    self.done["logs lost"] += 1
                    return
            self.done["logs that never came to rest"] += 1
        finally:
            self.crowd.quiet.clear()


def flush(chat: ChatPart) -> None:
    """Wait until no delivery is outstanding."""
    call("POST", f"{chat.url}/local/flush", tls=tls_of(chat))
