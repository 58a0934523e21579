"""What an estate really contains, so that reports and plans can be compared with it.

Each thread is counted as its best reader sees it; all sums are made of these counts.
"""

import json
from collections import Counter
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from typing import Any

from local.chat_service.model import AMS_REFERENCES, Member, Message, Thread
from local.chat_service.wire import wire_seconds

ARCHIVED, PARTIAL = "archived", "partial"
UNREACHABLE, DELETED = "unreachable", "deleted"
READABLE = (ARCHIVED, PARTIAL)
DAY_MS = 86_400_000


@dataclass(slots=True, kw_only=True)
class ThreadTruth:
    """One thread. What nobody can read is not counted."""

    id: str
    status: str
    """What becomes of it in a backfill, in the words of the report."""
    topic: str
    created_on: str
    participants: list[str] = field(default_factory=list)
    """Who is in it now, by raw id."""
    left: list[str] = field(default_factory=list)
    """Who was removed from it."""
    deleted_on: str = ""
    kept_days: int = 0
    """For how many days its policy keeps it; 0 for ever."""
    deletion_due_on: str = ""
    messages: int = 0
    system: int = 0
    edited: int = 0
    deleted: int = 0
    html: int = 0
    attachments: int = 0
    metadata: int = 0
    images: int = 0
    """Messages with an image, from Teams or of plain ACS chat."""
    first_on: str = ""
    last_on: str = ""
    by_author_and_day: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def has_readable_properties(self) -> bool:
        """Whether somebody may read its topic and policy: who has left may not."""
        return self.status in READABLE and bool(self.participants)

    def count(self, message: Message) -> None:
        """Count a message that its best reader sees."""
        is_there, created_on = not message.deleted_ms, wire_seconds(message.created_ms)
        self.messages += 1
        self.edited += bool(message.edited_ms) and is_there
        self.deleted += not is_there
        self.html += message.type == "html"
        self.attachments += is_there and "attachments" in message.content
        self.metadata += is_there and bool(message.metadata)
        self.images += is_there and has_image(message)
        self.first_on = min(filter(None, (self.first_on, created_on)))
        self.last_on = max(self.last_on, created_on)
        if not message.sender_id:
            self.system += 1
            return
        days = self.by_author_and_day.setdefault(message.sender_id, {})
        days[created_on[:10]] = days.get(created_on[:10], 0) + 1


SUMS = (
    "messages",
    "system",
    "edited",
    "deleted",
    "html",
    "attachments",
    "metadata",
    "images",
)


def has_image(message: Message) -> bool:
    return "attachments" in message.content or AMS_REFERENCES in message.metadata


def thread_truth(thread: Thread, status: str) -> ThreadTruth:
    """Return what a thread is, and what its best reader sees of it."""
    policy = thread.retention_policy
    days = int(policy.get("deleteThreadAfterDays", 0))
    truth = ThreadTruth(
        id=thread.id,
        status=status,
        topic=thread.topic,
        created_on=wire_seconds(thread.created_ms),
        participants=sorted(member.id for member in thread.present()),
        left=sorted(thread.members.keys() - {each.id for each in thread.present()}),
        deleted_on=wire_seconds(thread.deleted_ms) if thread.deleted_ms else "",
        kept_days=days,
        deletion_due_on=wire_seconds(thread.created_ms + days * DAY_MS) if days else "",
    )
    if status in READABLE:
        for message in thread.visible_to(best_reader(thread)):
            truth.count(message)
    return truth


def best_reader(thread: Thread) -> Member:
    """Return who sees most: one who has left sees no more than one who is there."""
    people = thread.present() or thread.members.values()
    return min(people, key=lambda member: member.share_history_ms)


@dataclass(slots=True, kw_only=True)
class Truth:
    """An estate: its users, and every thread."""

    users: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    """Users whose identity was deleted."""
    guests: list[str] = field(default_factory=list)
    """Participants who are no users of the resource: of Teams, and phones."""
    names: dict[str, str] = field(default_factory=dict)
    """Raw id → display name, where a person has the same in every thread."""
    threads: list[ThreadTruth] = field(default_factory=list)

    @property
    def living(self) -> list[str]:
        return [user for user in self.users if user not in set(self.gone)]

    @property
    def idle(self) -> list[str]:
        """Users with an identity who are, and were, in no thread."""
        met = {who for row in self.threads for who in (*row.participants, *row.left)}
        return [user for user in self.living if user not in met]

    @property
    def lost(self) -> dict[str, str]:
        """Threads that nobody can read, each with one who is or was in it."""
        return {
            row.id: row.participants[0]
            for row in self.threads
            if row.status == UNREACHABLE
        }

    @property
    def statuses(self) -> dict[str, int]:
        """How many threads have each status."""
        return dict(Counter(row.status for row in self.threads))

    @property
    def people_by_name(self) -> dict[str, list[str]]:
        """Display name → everybody who has it."""
        people: dict[str, list[str]] = {}
        for who, name in self.names.items():
            people.setdefault(name, []).append(who)
        return people

    @property
    def memberships(self) -> int:
        """How many are in the readable threads, thread by thread."""
        return sum(
            len(row.participants) for row in self.threads if row.status in READABLE
        )

    @property
    def by_author_and_day(self) -> dict[str, dict[str, int]]:
        """Messages by the author's raw id and UTC day, without system messages."""
        counts: dict[str, Counter[str]] = {}
        for row in self.threads:
            for author, days in row.by_author_and_day.items():
                counts.setdefault(author, Counter()).update(days)
        return {author: dict(days) for author, days in counts.items()}

    @property
    def deletions_due(self) -> dict[str, str]:
        """Threads that are deleted by a policy which somebody may read → when."""
        return {
            row.id: row.deletion_due_on
            for row in self.threads
            if row.deletion_due_on and row.has_readable_properties
        }

    def of_status(self, status: str) -> list[str]:
        """Return the threads that end with a status."""
        return [row.id for row in self.threads if row.status == status]

    def total(self, name: str) -> int:
        """Return the sum of one of `SUMS` over all threads."""
        return sum(getattr(row, name) for row in self.threads)

    def unmapped(self, decided: Collection[str]) -> dict[str, list[str]]:
        """Return the threads with authors of whom a map decides nothing, and them."""
        found = {
            row.id: sorted(set(row.by_author_and_day) - set(decided))
            for row in self.threads
        }
        return {thread_id: authors for thread_id, authors in found.items() if authors}

    def to_json(self) -> str:
        """Return all of it as one document, the sums included."""
        sums = {name: self.total(name) for name in SUMS}
        derived = {
            "full": self.of_status(ARCHIVED),
            "partial": self.of_status(PARTIAL),
            "lost": self.lost,
            "idle": self.idle,
            "statuses": self.statuses,
            "people_by_name": self.people_by_name,
            "memberships": self.memberships,
            "by_author_and_day": self.by_author_and_day,
            "deletions_due": self.deletions_due,
        }
        return json.dumps({**asdict(self), **sums, **derived})

    @classmethod
    def from_json(cls, text: str) -> "Truth":
        """Return the truth that `to_json` wrote."""
        value: dict[str, Any] = json.loads(text)
        return cls(
            users=value["users"],
            gone=value["gone"],
            guests=value["guests"],
            names=value["names"],
            threads=[ThreadTruth(**row) for row in value["threads"]],
        )
