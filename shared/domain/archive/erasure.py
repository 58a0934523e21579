"""Erasure: content, salt and names go for good; commitments, and so every proof, stay.

Rule 1: a message is erased in all its versions, also those that are told later.
Rule 2: `redaction` takes it out of the input; everything else is made anew from that.
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
from shared.domain.log.event import raw_id
from shared.domain.log.record import SCHEMA
from shared.domain.thread.messages import VersionKey
from shared.domain.thread.transcript import Message, Outcome, Transcript


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Who had what erased in one thread, when, and why."""

    erased_on: str
    by: str
    reason: str
    participant: str
    messages: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasures:
    """Everything that was erased of one revision, and what its files are since.

    `outcomes` are what reconciling had said of the messages, which without content it
    could not say again. `files` are those that differ from the manifest. Both are empty
    where the revision was written without what is erased.
    """

    thread_id: str
    revision: int
    orders: tuple[Order, ...] = ()
    versions: Mapping[VersionKey, str] = field(default_factory=dict)
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    files: tuple[ArchiveFile, ...] = ()

    @property
    def messages(self) -> frozenset[str]:
        return frozenset(one for order in self.orders for one in order.messages)

    @property
    def people(self) -> frozenset[str]:
        return frozenset(order.participant for order in self.orders) - {""}

    def inherited(self, revision: int) -> "Erasures":
        """Return what of it holds for a revision that is only being made."""
        return replace(self, revision=revision, outcomes={}, files=())

    def ordered(self, order: Order, before: Transcript) -> "Erasures":
        """Return it with one more order for the revision that `before` is of."""
        outcomes = {
            one.id: one.outcome for one in before.messages if one.id in order.messages
        }
        return replace(
            self,
            orders=(*self.orders, order),
            outcomes={**outcomes, **self.outcomes},
        )

    def current(self, manifest: Manifest) -> tuple[ArchiveFile, ...]:
        """Return what the revision's files are now, without `erasures.json`."""
        changed = {one.name: one for one in self.files}
        return tuple(changed.get(one.name, one) for one in manifest.files)


def encode_erasures(erasures: Erasures) -> bytes:
    """Return the bytes of `erasures.json`."""
    document = {
        "schema": SCHEMA,
        "thread_id": erasures.thread_id,
        "revision": erasures.revision,
        "orders": [
            {
                "erased_on": one.erased_on,
                "by": one.by,
                "reason": one.reason,
                "participant": one.participant,
                "messages": list(one.messages),
            }
            for one in erasures.orders
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
        "files": [file_json(one) for one in erasures.files],
    }
    return json_line.encode(json_line.pretty(document))


def decode_erasures(data: bytes) -> Erasures:
    """Read `erasures.json`.

    Raises:
        IntegrityError: it is not one that this product writes.

    """
    try:
        value = json_line.parse(data)
        if value["schema"] != SCHEMA:
            raise IntegrityError("erasures.json is of an unknown schema")
        erasures = Erasures(
            thread_id=str(value["thread_id"]),
            revision=int(value["revision"]),
            orders=tuple(
                Order(
                    erased_on=str(one["erased_on"]),
                    by=str(one["by"]),
                    reason=str(one["reason"]),
                    participant=str(one["participant"]),
                    messages=tuple(map(str, one["messages"])),
                )
                for one in value["orders"]
            ),
            versions={
                (str(one["message"]), int(one["version"]), str(one["kind"])): str(
                    one["commitment"]
                )
                for one in value["versions"]
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
        raise IntegrityError("erasures.json is not of the form that is written")
    return erasures


def erasure_line(erasures: Erasures, digest: str) -> bytes:
    """Return the ledger's line for the newest order of a revision's erasures."""
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
    """Return the ids of the messages to erase: by id, by sender, or naming somebody."""
    return {
        one.id
        for one in transcript.messages
        if one.id in messages
        or (participant and participant in (one.sender_id, *people_in(one)))
    }


def people_in(message: Message) -> Iterable[str]:
    """Yield whom a system message names with their display names."""
    people = message.content.get("participants")
    for one in people if isinstance(people, list) else ():
        if isinstance(one, dict):
            yield raw_id(one.get("communicationIdentifier"))


def newly_erased(
    transcript: Transcript, messages: Collection[str]
) -> dict[VersionKey, str]:
    """Return the commitments of the chosen messages' contents that are still there."""
    return {
        (message.id, version.number, str(version.kind)): version.commitment
        for message in transcript.messages
        if message.id in messages
        for version in message.versions
        if version.content is not None
    }
