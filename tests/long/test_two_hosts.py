"""Two hosts on one storage account, killed at random, lose nothing and double nothing.

Events come as Event Grid sends them: at least once, in no order, again after a failure.
"""

import base64
import json
import random
import threading
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from builders import envelope, moment, who
from local.audit import Account
from local.azurite_process import azurite
from local.hosts import (
    RunningHost,
    kill_now_and_then,
    running_hosts,
    sweep_all_the_time,
    wait_until,
)
from local.stack import SWITCH, chat_service
from shared.domain import layout

pytestmark = [pytest.mark.long, pytest.mark.e2e, pytest.mark.azurite]

THREADS, BURSTS, EVENTS = 24, 3, 3000
BRIEF = 150
"""Threads of two messages: the second comes about when the first one is archived."""
LENGTH = 90.0
"""Seconds over which the events come; hosts are killed all the while."""
TWICE = 0.2
SENDERS = 8
AT_REST_WITHIN = 150.0
QUEUES = (
    layout.FINALIZE_QUEUE,
    layout.POISON_QUEUE,
    layout.EVENTS_QUEUE,
    layout.EVENTS_POISON_QUEUE,
)


@dataclass
class Chat:
    """What was said in all threads: the events in the order they come, and the truth."""

    schedule: list = field(default_factory=list)
    versions: dict = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    ids: set = field(default_factory=set)

    def tell(self, at, thread_id, name, message_id, version, **more):
        data = {
            "messageId": str(message_id),
            "type": "Text",
            "version": str(version),
            "senderDisplayName": "Alice",
            "senderCommunicationIdentifier": who("8:acs:x_alice"),
            "composeTime": moment(message_id),
            "threadId": thread_id,
            "transactionId": "t",
        }
        id = f"{thread_id} {message_id} {version}"
        event = envelope(f"ChatMessage{name}InThread", data | more, id=id)
        event["eventTime"] = moment(version)
        self.schedule.append((at, event))
        self.versions[thread_id][str(message_id)].append(str(version))
        self.ids.add(id)


def chat_of(chance, now):
    """Return what is said in bursts, today and on the days before."""
    chat = Chat()
    count = EVENTS // (THREADS * BURSTS)
    for number in range(THREADS):
        thread_id = f"19:long-{number}@thread.v2"
        for burst in range(BURSTS):
            begins = chance.uniform(0, LENGTH - 10)
            day = now - timedelta(days=chance.choice([0, 0, 1, 2]))
            first = int(day.timestamp() * 1000) + burst * 1_000_000
            for message in range(count // 2):
                at = begins + chance.uniform(0, 10)
                message_id = first - 10_000_000 + message * 1000
                text = {"messageBody": f"{number} {burst} {message}"}
                chat.tell(at, thread_id, "Received", message_id, message_id, **text)
                version = message_id + chance.randrange(1, 900)
                at += chance.uniform(-3, 6)  # an edit may come before its message
                if chance.random() < 0.2:
                    when = {"deleteTime": moment(version)}
                    chat.tell(at, thread_id, "Deleted", message_id, version, **when)
                else:
                    when = {"editTime": moment(version), "messageBody": "changed"}
                    chat.tell(at, thread_id, "Edited", message_id, version, **when)
    today = int(now.timestamp() * 1000)
    for number in range(BRIEF):
        thread_id = f"19:brief-{number}@thread.v2"
        at = chance.uniform(0, LENGTH - 10)
        for message_id in (today - 9000, today - 1000):
            text = {"messageBody": f"{number} {message_id}"}
            chat.tell(at, thread_id, "Received", message_id, message_id, **text)
            at += chance.uniform(3, 6)
    again = [
        (at + chance.uniform(0, 15), event)
        for at, event in chat.schedule
        if "brief" not in event["id"] and chance.random() < TWICE
    ]
    chat.schedule = sorted([*chat.schedule, *again], key=lambda one: one[0])
    return chat


def directly(hosts: list[RunningHost], account: Account, event, chance) -> bool:
    return chance.choice(hosts).deliver(event)


def by_queue(hosts: list[RunningHost], account: Account, event, chance) -> bool:
    text = base64.b64encode(json.dumps(event).encode()).decode()
    queue = account.queues.get_queue_client(layout.EVENTS_QUEUE)
    queue.send_message(text, time_to_live=-1)
    return True


DELIVERIES = {"direct": directly, "queue": by_queue}
"""How an event comes to the app, by the setting of the deployment."""


class EventGrid:
    """Delivers a chat on time, and each event again until it is acknowledged."""

    def __init__(self, chat, deliver, hosts, account):
        self.events = iter(chat.schedule)
        self.deliver, self.hosts, self.account = deliver, hosts, account
        self.lock = threading.Lock()
        self.begins = time.monotonic()
        self.acknowledged = set()
        self.refused = 0

    def send(self, chance):
        while True:
            with self.lock:
                at, event = next(self.events, (0, None))
            if event is None:
                return
            time.sleep(max(0.0, self.begins + at - time.monotonic()))
            while not self.deliver(self.hosts, self.account, event, chance):
                self.refused += 1
                time.sleep(0.2)
            self.acknowledged.add(event["id"])


@pytest.mark.timeout(420)
@pytest.mark.parametrize("delivery", sorted(DELIVERIES))
def test_two_hosts_that_are_killed_lose_nothing_and_double_nothing(
    tmp_path: Path, seed, delivery
):
    chance = random.Random(seed)
    chat = chat_of(chance, datetime.now(UTC))
    stopped = threading.Event()
    with (
        azurite() as storage,
        chat_service(tmp_path) as service,
        running_hosts(
            tmp_path,
            2,
            {
                "CHAT_STORAGE": storage.connection_string,
                SWITCH: "false" if delivery == "queue" else "true",
                **service.environment,
            },
        ) as hosts,
        ThreadPoolExecutor(SENDERS + 3) as pool,
    ):
        account = Account(connection_string=storage.connection_string)
        if delivery == "queue":
            account.queues.create_queue(layout.EVENTS_QUEUE)
        grid = EventGrid(chat, DELIVERIES[delivery], hosts, account)
        kills = pool.submit(kill_now_and_then, hosts, chance, stopped, every=(3, 8))
        sweeps = pool.submit(sweep_all_the_time, hosts, stopped, every=2)
        rolls = pool.submit(rolled_meanwhile, account, stopped)
        senders = [
            pool.submit(grid.send, random.Random(chance.random()))
            for _ in range(SENDERS)
        ]
        try:
            for sender in senders:
                sender.result()
        finally:
            stopped.set()
        kills.result()
        sweeps.result()
        rolled = rolls.result()

        def is_at_rest():
            hosts[0].sweep()
            return account.is_at_rest()

        came_to_rest = wait_until(is_at_rest, within=AT_REST_WITHIN)
        found = account.audit()
        verified, text = account.command("verify")
        left = [*map(account.depth, QUEUES)]
        pruned = chat.ids - found.logged
        killed = sum(host.kills for host in hosts)

    print(
        f"{delivery}, seed {seed}: {len(grid.acknowledged)} events of {len(chat.schedule)} deliveries, "
        f"{grid.refused} refused, {killed} kills, {len(found.manifests)} revisions, "
        f"{len(rolled)} rolled segments, {len(pruned)} events pruned"
    )
    assert came_to_rest
    assert grid.acknowledged == chat.ids
    assert found.lost(chat.ids) == set()
    assert chat.ids - found.archived == set()
    assert found.doubled == []
    assert read(found.transcripts) == chat.versions
    assert left == [0, 0, 0, 0]
    assert verified == 0, text
    assert found.ledger_is_right
    assert killed > 5, "nothing was tried"
    assert len(rolled) > 5, "nothing was tried"
    assert pruned, "nothing was tried"


def rolled_meanwhile(account, stopped):
    """Return the segments that were rolled to, as seen while the hosts ran.

    Soon after midnight nearly all that was said belongs to a day that is over, so at the
    end such segments are pruned.
    """
    seen = set()
    while not stopped.wait(1.0):
        seen |= account.rolled_segments()
    return seen


def read(transcripts):
    return {
        thread_id: {message_id: sorted(versions) for message_id, versions in messages}
        for thread_id, messages in transcripts.items()
    }
