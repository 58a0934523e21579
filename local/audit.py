"""What an account holds at the end of a run, read without the product's own reading.

Events are found by the ids of their envelopes, in the log and in the archives.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from local.stack import ROOT
from shared.domain import layout

Versions = dict[str, list[str]]
"""The versions of each message of a thread, by the message's id."""


@dataclass(slots=True, kw_only=True)
class Audit:
    """What was found. `transcripts` has each thread's newest revision, by thread id."""

    logged: set[str] = field(default_factory=set)
    archived: set[str] = field(default_factory=set)
    transcripts: dict[str, list[tuple[str, list[str]]]] = field(default_factory=dict)
    manifests: set[tuple[str, int]] = field(default_factory=set)
    ledger: Counter[str] = field(default_factory=Counter)
    """The ledger's lines about revisions, and how often each stands there."""
    keys: dict[str, str] = field(default_factory=dict)
    """The ids of threads, by the key that the ledger names them by."""

    @property
    def doubled(self) -> list[str]:
        """Messages, and versions of one message, that a transcript has twice."""
        return [
            f"{thread_id} {message_id}"
            for thread_id, messages in self.transcripts.items()
            for message_id, times in Counter(map(itemgetter(0), messages)).items()
            if times > 1
        ] + [
            f"{thread_id} {message_id}"
            for thread_id, messages in self.transcripts.items()
            for message_id, versions in messages
            if len(set(versions)) < len(versions)
        ]

    @property
    def ledger_is_right(self) -> bool:
        """Whether the ledger has one line for each revision, be it there twice."""
        revisions = [
            (self.keys.get(facts["thread_key"], ""), facts["revision"])
            for facts in map(json.loads, self.ledger)
        ]
        return sorted(revisions) == sorted(self.manifests)

    def lost(self, acknowledged: Iterable[str]) -> set[str]:
        """Return the events that are nowhere, of those that were acknowledged."""
        return set(acknowledged) - self.archived - self.logged


@dataclass(slots=True, kw_only=True)
class Account:
    """A storage account, as its owner looks at it."""

    connection_string: str
    environment: Mapping[str, str] = field(default_factory=dict)
    blobs: BlobServiceClient = field(init=False)
    queues: QueueServiceClient = field(init=False)

    def __post_init__(self) -> None:
        text = self.connection_string
        self.blobs = BlobServiceClient.from_connection_string(text)
        self.queues = QueueServiceClient.from_connection_string(text)

    def command(self, *arguments: str) -> tuple[int, str]:
        """Run `chat-archive` on the account; return its status and its text."""
        done = subprocess.run(
            [sys.executable, "-m", "shared.cli.main", *arguments],
            env={
                **os.environ,
                **self.environment,
                "PYTHONPATH": str(ROOT),
                "CHAT_STORAGE": self.connection_string,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def status(self) -> dict[str, Any]:
        """Return what `chat-archive status` says."""
        done = self.command("status", "--json", "--quiet-for", "0s")
        return dict(json.loads(done[1])) if done[1].startswith("{") else {}

    def is_at_rest(self) -> bool:
        """Return whether no thread is due and nothing waits on a queue."""
        status = self.status()
        waits = ("due", "queued", "queued_events")
        return bool(status) and not any(status[name] for name in waits)

    def depth(self, queue: str) -> int:
        """Return how many messages a queue holds, hidden ones included."""
        client = self.queues.get_queue_client(queue)
        with suppress(ResourceNotFoundError):
            return int(client.get_queue_properties().approximate_message_count or 0)
        return 0

    def rolled_segments(self) -> set[str]:
        """Return the segments of logs that were begun since another one was full."""
        return {
            path
            for path in self.paths(layout.LOG)
            if path.startswith(layout.THREAD_PREFIX)
            and layout.segment_day(path)
            and layout.segment_roll(path)
        }

    def audit(self) -> Audit:
        """Read the whole log, the ledger, and of archives what tells of events."""
        found = Audit()
        for path in self.paths(layout.LOG):
            if path.startswith(layout.THREAD_PREFIX) and layout.segment_day(path):
                found.logged |= ids_in(self.read(layout.LOG, path), "event")
        newest: dict[str, int] = {}
        events: list[str] = []
        for path in self.paths(layout.ARCHIVE):
            if path.startswith(layout.LEDGER_PREFIX):
                lines = self.read(layout.ARCHIVE, path).decode().splitlines()
                found.ledger.update(
                    line for line in lines if json.loads(line)["kind"] == "revision"
                )
            elif path.endswith("/thread.json"):
                thread = json.loads(self.read(layout.ARCHIVE, path))
                found.keys[thread["thread_key"]] = thread["thread_id"]
            elif path.endswith(f"/{layout.MANIFEST_FILE}"):
                thread_id = layout.thread_of(path)
                revision = layout.revision_number(path) or 0
                found.manifests.add((thread_id, revision))
                newest[thread_id] = max(revision, newest.get(thread_id, 0))
            elif path.endswith(f"/{layout.EVENTS_FILE}"):
                events.append(path)
        found.archived = self.archived_in(events, found.manifests)
        for thread_id, revision in newest.items():
            data = self.of_revision(thread_id, revision, "transcript.json")
            found.transcripts[thread_id] = [
                (message["id"], [*map(itemgetter("version"), message["versions"])])
                for message in json.loads(data)["messages"]
            ]
        return found

    def archived_in(
        self, paths: list[str], manifests: set[tuple[str, int]]
    ) -> set[str]:
        """Return the ids of the events in finished revisions."""
        return {
            event
            for path in paths
            if (layout.thread_of(path), layout.revision_number(path)) in manifests
            for event in ids_in(self.read(layout.ARCHIVE, path), "content")
        }

    def paths(self, container: str) -> list[str]:
        with suppress(ResourceNotFoundError):
            client = self.blobs.get_container_client(container)
            return list(client.list_blob_names())
        return []

    def of_revision(self, thread_id: str, revision: int, name: str) -> bytes:
        path = layout.revision_path(thread_id, revision, name)
        return self.read(layout.ARCHIVE, path)

    def read(self, container: str, path: str) -> bytes:
        return bytes(
            self.blobs.get_blob_client(container, path).download_blob().readall()
        )


def ids_in(data: bytes, member: str) -> set[str]:
    """Return the envelope ids of the events that lines hold in a member."""
    lines = [json.loads(line) for line in data.splitlines() if line.strip()]
    return {line[member]["id"] for line in lines}
