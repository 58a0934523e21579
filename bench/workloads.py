"""What is sent: chat events in one thread or many, spread evenly or as people chat."""

import itertools
import json
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

TEXT = (
    "The parcel left our warehouse on Friday and should be with you on Wednesday. " * 3
)
RESOURCE = "11111111-1111-1111-1111-111111111111"
FIRST_ID = 1_795_363_468_000


@dataclass(frozen=True, slots=True)
class Workload:
    """How events spread over threads; `skew` is Zipf's exponent, 0 for evenly."""

    name: str
    threads: int
    skew: float = 0.0

    def thread_ids(self) -> list[str]:
        return [f"19:bench-{number:04d}@thread.v2" for number in range(self.threads)]

    def events(self, seed: int) -> Iterator[str]:
        """Yield events without end, as the texts that Event Grid would deliver."""
        chance = random.Random(seed)
        ids = self.thread_ids()
        weights = [1 / (rank + 1) ** self.skew for rank in range(self.threads)]
        totals = list(itertools.accumulate(weights))
        for number in itertools.count():
            (thread_id,) = chance.choices(ids, cum_weights=totals)
            yield event_text(thread_id, FIRST_ID + number)


WORKLOADS = (
    Workload("1 thread", 1),
    Workload("16 threads", 16),
    Workload("64 threads", 64),
    Workload("512 threads", 512),
    Workload("512 Zipf", 512, 1.1),
)


def event_text(thread_id: str, message_id: int) -> str:
    """Return one event of about 1 kB, with the fields that ACS sends."""
    user = f"8:acs:{RESOURCE}_{message_id % 7}"
    composed = datetime.fromtimestamp(message_id / 1000, UTC).isoformat()
    event = {
        "id": str(uuid.UUID(int=message_id << 61 | 0xABCDEF)),
        "topic": "/subscriptions/0/resourcegroups/bench/providers/bench",
        "subject": f"thread/{thread_id}/sender/{user}",
        "data": {
            "messageBody": TEXT,
            "messageId": str(message_id),
            "type": "Text",
            "version": str(message_id),
            "senderDisplayName": "Bench",
            "senderCommunicationIdentifier": {
                "rawId": user,
                "communicationUser": {"id": user},
            },
            "composeTime": composed,
            "threadId": thread_id,
            "transactionId": f"bench.{message_id}",
        },
        "eventType": "Microsoft.Communication.ChatMessageReceivedInThread",
        "dataVersion": "1.0",
        "metadataVersion": "1",
        "eventTime": "2026-11-22T12:00:00.1234567Z",
    }
    return json.dumps(event, separators=(",", ":"))
