"""Erasure: content, salt and names go for good; commitments, and so every proof, stay.

Rule 1: a message is erased in all its versions, including those received later.
Rule 2: `redaction` removes it from the input; everything else is rebuilt from that.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from shared.domain import json_line
from shared.domain.archive.ledger import LineKind, encode_line
from shared.domain.archive.manifest import (
    ArchiveFile,
    Manifest,
    file_from_json,
    file_json,
)
from shared.domain.errors import IntegrityError
from shared.domain.log.identity import raw_id
from shared.domain.log.record import SCHEMA
from shared.domain.thread.transcript import Message, Outcome, Transcript
from shared.domain.thread.versions import VersionKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Who had what erased from one thread, when, and why."""

    erased_on: str
    by: str
    reason: str
    participant: str
    messages: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasures:
    """Everything that was erased from one revision, and the state of its files since.

    `outcomes` are the results of reconciling the erased messages, which cannot be
    computed again without their content. `files` are those that differ from the
    manifest. Both are empty where the revision was written after the erasure.
    """

    thread_id: str
    revision: int
    orders: tuple[Order, ...] = ()
    versions: Mapping[VersionKey, str] = field(default_factory=dict)
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    files: tuple[ArchiveFile, ...] = ()

    @property
    def messages(self) -> frozenset[str]:
        return frozenset(message for order in self.orders for message in order.messages)

    @property
    def people(self) -> frozenset[str]:
        return frozenset(order.participant for order in self.orders) - {""}

    def inherited(self, revision: int) -> "Erasures":
        """Return the erasures as they apply to a new revision."""
        return replace(self, revision=revision, outcomes={}, files=())

    def ordered(self, order: Order, before: Transcript) -> "Erasures":
        """Return the erasures with one more order; `before` is the old transcript."""
        outcomes = {
            message.id: message.outcome
            for message in before.messages
            if message.id in order.messages
        }
        return replace(
            self,
            orders=(*self.orders, order),
            outcomes={**outcomes, **self.outcomes},
        )

    def current(self, manifest: Manifest) -> tuple[ArchiveFile, ...]:
        """Return the revision's current files, without `erasures.json`."""
        changed = {file.name: file for file in self.files}
        return tuple(changed.get(file.name, file) for file in manifest.files)


def encode_erasures(erasures: Erasures) -> bytes:
    """Return the bytes of `erasures.json`."""
    document = {
        "schema": SCHEMA,
        "thread_id": erasures.thread_id,
        "revision": erasures.revision,
        "orders": [
            {
                "erased_on": order.erased_on,
                "by": order.by,
                "reason": order.reason,
                "participant": order.participant,
                "messages": list(order.messages),
            }
            for order in erasures.orders
        ],
        "versions": [
            {
                "message": message,
                "version": str(number),
                "kind": kind,
                "commitment": commitment,
            }
            for (message, number, kind), commitment in sorted(erasures.versions.items())
        ],
        "outcomes": dict(sorted(erasures.outcomes.items())),
        "files": [file_json(file) for file in erasures.files],
    }
    return json_line.encode(json_line.pretty(document))


def decode_erasures(data: bytes) -> Erasures:
    """Read `erasures.json`.

    Raises:
        IntegrityError: it is not in the form that this product writes.

    """
    try:
        value = json_line.parse(data)
        if value["schema"] != SCHEMA:
            raise IntegrityError("erasures.json has an unknown schema")
        erasures = Erasures(
            thread_id=str(value["thread_id"]),
            revision=int(value["revision"]),
            orders=tuple(
                Order(
                    erased_on=str(order["erased_on"]),
                    by=str(order["by"]),
                    reason=str(order["reason"]),
                    participant=str(order["participant"]),
                    messages=tuple(map(str, order["messages"])),
                )
                for order in value["orders"]
            ),
            versions={
                (
                    str(version["message"]),
                    int(version["version"]),
                    str(version["kind"]),
                ): str(version["commitment"])
                for version in value["versions"]
            },
            outcomes={
                str(message): Outcome(outcome)
                for message, outcome in value["outcomes"].items()
            },
            files=tuple(map(file_from_json, value["files"])),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise IntegrityError("erasures.json cannot be read") from None
    if encode_erasures(erasures) != data:
        raise IntegrityError(
            "erasures.json is not in the form that this product writes"
        )
    return erasures


def erasure_line(erasures: Erasures, digest: str) -> bytes:
    """Return the ledger line for the newest order of a revision's erasures."""
    newest = erasures.orders[-1]
    facts = {
        "thread_id": erasures.thread_id,
        "revision": erasures.revision,
        "orders": len(erasures.orders),
        "erasures_sha256": digest,
        "erased_on": newest.erased_on,
        "by": newest.by,
        "reason": newest.reason,
    }
    return encode_line(LineKind.ERASURE, facts)


def chosen_by(
    transcript: Transcript, *, participant: str, messages: Collection[str]
) -> set[str]:
    """Return the ids of the messages to erase.

    Those are the given `messages`, and those that `participant` sent or that name them.
    """
    return {
        message.id
        for message in transcript.messages
        if message.id in messages
        or (participant and participant in (message.sender_id, *people_in(message)))
    }


def people_in(message: Message) -> Iterable[str]:
    """Yield the raw ids of those a system message describes by display name."""
    people = message.content.get("participants")
    for person in people if isinstance(people, list) else ():
        if isinstance(person, dict):
            yield raw_id(person.get("communicationIdentifier"))


def newly_erased(
    transcript: Transcript, messages: Collection[str]
) -> dict[VersionKey, str]:
    """Return the commitments of the chosen versions that still have their content."""
    return {
        (message.id, version.number, str(version.kind)): version.commitment
        for message in transcript.messages
        if message.id in messages
        for version in message.versions
        if version.content is not None
    }
