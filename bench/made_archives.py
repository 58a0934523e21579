"""Made-up archives of many threads in a folder, as finalizing leaves them."""

import itertools
import json
import random
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from shared import __version__
from shared.domain import layout
from shared.domain.archive.chain import Chain
from shared.domain.archive.new_lines import recorded_lines
from shared.domain.evidence.ledger import blob_path
from shared.domain.evidence.manifest import Manifest
from shared.domain.evidence.paths import MANIFEST_FILE, THREAD_FILE
from shared.domain.evidence.thread_file import ThreadFile
from shared.domain.log.record import encode_record, read_records
from shared.domain.times import format_time

START = datetime(2024, 1, 1, tzinfo=UTC)
DAYS = 900
VOCABULARY = 60_000
LENGTH = 100
"""Characters of a message."""
PEOPLE = 300
LETTERS = {
    "latin": "abcdefghijklmnopqrstuvwxyz",
    "accented": "aàbcdeéèfghilmnoöprstuüvz",
    "han": "的一是不了人我在有他这中大来上国个到说们为子和你地出道也时年",
}
SHARES = {"latin": 0.9, "accented": 0.05, "han": 0.05}


def who(number: int) -> str:
    return f"8:acs:00000000-0000-0000-0000-000000000000_{number:08d}"


@dataclass(slots=True)
class Speech:
    """Texts of words that are as unequal as those of a language (Zipf)."""

    seed: random.Random
    words: list[str] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make the vocabulary."""
        kinds = list(SHARES)
        for rank in range(VOCABULARY):
            kind = self.seed.choices(kinds, list(SHARES.values()))[0]
            length = 2 if kind == "han" else self.seed.randint(2, 10)
            self.words.append("".join(self.seed.choices(LETTERS[kind], k=length)))
            self.weights.append(1 / (rank + 2))
        self.weights = list(itertools.accumulate(self.weights))

    def word(self) -> str:
        return self.words[bisect(self.weights, self.seed.random() * self.weights[-1])]

    def text(self) -> str:
        said: list[str] = []
        length = 0
        while length < LENGTH:
            said.append(self.word())
            length += len(said[-1]) + 1
        return " ".join(said)[:LENGTH]


class MadeArchive:
    """An archive in a folder that grows thread by thread, and revision by revision."""

    def __init__(self, root: Path, seed: int = 7) -> None:
        self.root = root
        self.seed = random.Random(seed)
        self.speech = Speech(self.seed)
        self.chains: dict[str, tuple[Chain, Manifest]] = {}
        self.salts = itertools.count(1)
        (root / "ledger").mkdir(parents=True)
        self.ledger = (root / blob_path(1)).open("ab")

    def add_thread(self, number: int, messages: int) -> str:
        """Write a new thread with its first revision."""
        thread_id = f"19:acsV1_{self.seed.getrandbits(128):032x}@thread.v2"
        thread = ThreadFile(
            thread_id=thread_id, thread_key=f"{self.seed.getrandbits(128):032x}"
        )
        self.write(thread_id, THREAD_FILE, thread.stored)
        begins = START + timedelta(seconds=self.seed.randrange(DAYS * 86_400))
        lines = self.events(thread_id, begins, messages, topic=f"Case {number}")
        self.add_revision(thread_id, thread.thread_key, lines, begins)
        return thread_id

    def add_news(self, thread_id: str, messages: int) -> None:
        """Write one more revision of a thread."""
        key = self.chains[thread_id][1].thread_key
        begins = START + timedelta(days=DAYS, seconds=self.seed.randrange(86_400))
        lines = self.events(thread_id, begins, messages)
        self.add_revision(thread_id, key, lines, begins)

    def add_revision(
        self, thread_id: str, key: str, log: bytes, written: datetime
    ) -> None:
        chain, previous = self.chains.get(thread_id) or (
            Chain(thread_id=thread_id),
            None,
        )
        number = previous.revision + 1 if previous else 1
        chain.begin(number)
        stored = [
            line.stored for line in recorded_lines("events", read_records(log).records)
        ]
        data = b"".join(stored)
        chain.files["events"].add_all(data)
        manifest = Manifest(
            thread_id=thread_id,
            thread_key=key,
            revision=number,
            previous_revision=previous.revision if previous else 0,
            previous=previous.digest if previous else "",
            inputs=chain.roots,
            files=(),
            covers={},
            grade="may_be_incomplete",
            grade_reason="events_only",
            written_on=format_time(written + timedelta(days=1)),
            archiver_version=__version__,
        )
        folder = f"rev={number:04d}/"
        self.write(thread_id, f"{folder}{layout.EVENTS_FILE}", data)
        self.write(thread_id, f"{folder}{MANIFEST_FILE}", manifest.stored)
        self.ledger.write(manifest.ledger_line)
        self.ledger.flush()
        self.chains[thread_id] = chain, manifest

    def events(
        self, thread_id: str, begins: datetime, messages: int, topic: str = ""
    ) -> bytes:
        people = self.seed.sample(range(PEOPLE), 3)
        events = [self.created(thread_id, begins, topic, people)] if topic else []
        moment = begins
        for _ in range(messages):
            moment += timedelta(milliseconds=self.seed.randrange(1000, 300_000))
            sender = self.seed.choice(people)
            events.append(self.received(thread_id, moment, sender))
        return b"".join(
            encode_record(event, begins, next(self.salts).to_bytes(16, "big"))
            for event in events
        )

    def received(self, thread_id: str, moment: datetime, sender: int) -> str:
        name = str(int(moment.timestamp() * 1000))
        data = {
            "messageBody": self.speech.text(),
            "messageId": name,
            "type": "Text",
            "version": name,
            "senderDisplayName": f"Person {sender}",
            "senderCommunicationIdentifier": identifier(sender),
            "composeTime": moment.isoformat(timespec="milliseconds"),
            "threadId": thread_id,
        }
        return event("ChatMessageReceivedInThread", name, moment, data)

    def created(
        self, thread_id: str, moment: datetime, topic: str, people: Sequence[int]
    ) -> str:
        data = {
            "createdByCommunicationIdentifier": identifier(people[0]),
            "properties": {"topic": f"{topic} {self.speech.word()}"},
            "participants": [
                {
                    "displayName": f"Person {number}",
                    "participantCommunicationIdentifier": identifier(number),
                }
                for number in people
            ],
            "createTime": moment.isoformat(timespec="milliseconds"),
            "threadId": thread_id,
            "version": int(moment.timestamp() * 1000),
        }
        return event("ChatThreadCreated", thread_id, moment, data)

    def write(self, thread_id: str, name: str, data: bytes) -> None:
        file = self.root / f"{layout.thread_folder(thread_id)}{name}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)


def identifier(number: int) -> dict[str, object]:
    return {"rawId": who(number), "communicationUser": {"id": who(number)}}


def event(name: str, id: str, moment: datetime, data: object) -> str:  # noqa: A002
    return json.dumps(
        {
            "id": f"{name}-{id}",
            "topic": "/subscriptions/x/resourcegroups/y/communicationservices/z",
            "subject": "thread",
            "eventType": f"Microsoft.Communication.{name}",
            "eventTime": moment.isoformat(),
            "dataVersion": "1.0",
            "metadataVersion": "1",
            "data": data,
        },
        ensure_ascii=False,
    )
