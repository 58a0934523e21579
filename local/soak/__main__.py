"""`python -m local.soak`: run for a while, then say what became of every event."""

import argparse
import json
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.audit import Account
from local.azurite_process import azurite
from local.demo.people import invite
from local.hosts import RunningHost, running_hosts, sweep_all_the_time, wait_until
from local.soak.front_door import FrontDoor, front_door
from local.soak.people import MOST_AWAKE, Crowd
from local.soak.trouble import USUAL, Trouble, flush
from local.stack import ChatPart, call, chat_service, tls_of
from shared.domain import layout
from shared.domain.words import plural

NAMES = ["Amina", "Ben", "Chloé", "Dana", "Eli", "Fay", "Gus", "Hana"]
SETTINGS = {"QUIET_FOR": "10s", "MAX_OPEN": "60s"}
SWEEP_EVERY = 5.0
REPORT_EVERY = 60.0
AT_REST_WITHIN = 600.0


@dataclass(slots=True, kw_only=True)
class Soak:
    """The parts of a run."""

    account: Account
    chat: ChatPart
    door: FrontDoor
    hosts: list[RunningHost]
    crowd: Crowd
    trouble: Trouble
    stopped: threading.Event

    def run(self, hours: float) -> None:
        """Let everything happen at once, and report once a minute.

        Raises:
            StackFailed: a host did not come back.

        """
        with ThreadPoolExecutor(MOST_AWAKE + 2) as pool:
            seeds = [self.trouble.chance.random() for _ in range(MOST_AWAKE)]
            futures: list[Future[None]] = [
                pool.submit(self.crowd.chat, f"talk {number}", seed)
                for number, seed in enumerate(seeds)
            ]
            futures.append(pool.submit(self.trouble.make, lasts=hours * 3600))
            futures.append(
                pool.submit(
                    sweep_all_the_time, self.hosts, self.stopped, every=SWEEP_EVERY
                )
            )
            began = time.monotonic()
            try:
                while (passed := time.monotonic() - began) < hours * 3600:
                    for future in futures:
                        if future.done():
                            future.result()  # it never ends by itself: it failed
                    time.sleep(min(REPORT_EVERY, hours * 3600 - passed))
                    self.report(round((time.monotonic() - began) / 60))
            finally:
                self.stopped.set()
        for future in futures:
            future.result()

    def report(self, minutes: int) -> None:
        troubles = ", ".join(f"{n} {what}" for what, n in self.trouble.done.items())
        print(
            f"{minutes} min: {plural(len(self.door.acknowledged), 'event')} "
            f"acknowledged, {self.door.refused} refused; "
            f"queue {self.account.depth(layout.FINALIZE_QUEUE)}, "
            f"poison {self.account.depth(layout.POISON_QUEUE)}; {troubles}",
            flush=True,
        )

    def judge(self) -> list[str]:
        """Let everything come to rest; return what is wrong then, empty for nothing."""
        self.trouble.misbehave(USUAL)
        flush(self.chat)

        def is_at_rest() -> bool:
            self.hosts[0].sweep()
            return self.account.is_at_rest()

        came_to_rest = wait_until(is_at_rest, within=AT_REST_WITHIN)
        found = self.account.audit()
        acknowledged = self.door.acknowledged
        lost = found.lost(acknowledged)
        verified, text = self.account.command("verify")
        wrong = {
            "it did not come to rest": not came_to_rest,
            f"{plural(len(lost), 'event')} lost": bool(lost),
            f"{len(acknowledged - found.archived)} in no archive": bool(
                acknowledged - found.archived
            ),
            f"{plural(len(found.doubled), 'message')} doubled": bool(found.doubled),
            "the ledger and the revisions differ": not found.ledger_is_right,
            f"verify ended with {verified}: {text[-500:]}": verified != 0,
            "messages are left on the queue": bool(
                self.account.depth(layout.FINALIZE_QUEUE)
            ),
            "messages are left on the poison queue": bool(
                self.account.depth(layout.POISON_QUEUE)
            ),
        }
        messages = sum(map(len, found.transcripts.values()))
        print(
            f"At rest: {plural(len(acknowledged), 'event')} acknowledged, "
            f"{len(found.archived)} archived, {plural(len(lost), 'event')} lost; "
            f"{plural(len(found.transcripts), 'thread')}, "
            f"{plural(len(found.manifests), 'revision')}, "
            f"{plural(messages, 'message')}, {len(found.doubled)} doubled; "
            f"deliveries {self.deliveries()}"
        )
        return [what for what, is_wrong in wrong.items() if is_wrong]

    def deliveries(self) -> str:
        url = f"{self.chat.url}/local/status"
        counts = json.loads(call("GET", url, tls=tls_of(self.chat))[1] or b"{}")
        return ", ".join(f"{number} {what}" for what, number in counts.items())


@contextmanager
def soak(folder: Path, seed: int) -> Iterator[Soak]:
    """Run all parts while the block runs; their logs go to `folder`.

    Raises:
        StackFailed: a part did not start.

    """
    chance = random.Random(seed)
    stopped = threading.Event()
    with ExitStack() as parts:
        blobs = folder / "azurite"
        blobs.mkdir(parents=True, exist_ok=True)
        storage = parts.enter_context(azurite(blobs))
        door = parts.enter_context(front_door(random.Random(chance.random())))
        chat = parts.enter_context(
            chat_service(
                folder,
                [
                    *("--webhook", door.url, "--seed", str(seed)),
                    *("--levels", "thread", "user"),
                    *("--dead-letters", str(folder / "dead-letters")),
                ],
            )
        )
        environment = {
            **chat.environment,
            **SETTINGS,
            "CHAT_STORAGE": storage.connection_string,
        }
        hosts = parts.enter_context(running_hosts(folder, 2, environment))
        door.hosts = hosts
        people = invite(
            NAMES,
            connection_string=chat.environment["ACS_CONNECTION_STRING"],
            endpoint=chat.url,
            ca_file=chat.ca_file,
        )
        account = Account(connection_string=storage.connection_string)
        crowd = Crowd(people, random.Random(chance.random()), stopped)
        trouble = Trouble(hosts, account, chat, crowd, chance, stopped)
        trouble.misbehave(USUAL)
        yield Soak(
            account=account,
            chat=chat,
            door=door,
            hosts=hosts,
            crowd=crowd,
            trouble=trouble,
            stopped=stopped,
        )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local.soak", description=__doc__)
    parser.add_argument("--hours", type=float, default=1.0, help="default: 1")
    parser.add_argument("--seed", type=int, default=1, help="default: 1")
    parser.add_argument("--folder", type=Path, help="where logs stay; default: nowhere")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as scratch:
        folder = arguments.folder or Path(scratch)
        with soak(folder, arguments.seed) as running:
            running.run(arguments.hours)
            wrong = running.judge()
            running.report(round(arguments.hours * 60))
    for what in wrong:
        print(f"WRONG: {what}")
    print("FAILED" if wrong else "PASSED")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
