"""Lines of the ledger: what each kind holds, and what of it stays when it is withheld.

Rule 1: a line is canonical JSON with its kind, a thread's key, and the members of its
        kind; exactly these. The key is "" where a line concerns no thread.
Rule 2: its leaf is SHA-256(0x00 ‖ canonical {kind, rest, thread_key}), where `rest` is
        the SHA-256 of the canonical form of all other members. So a withheld line keeps
        kind, key and `rest`, and its leaf is the same.
Rule 3: lines of hold, order and package hold 16 random bytes: a withheld one cannot be
        guessed.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shared.domain.evidence import canonical
from shared.domain.evidence.moments import is_given_time
from shared.domain.evidence.shapes import (
    Shape,
    has_shape,
    is_day,
    is_digest,
    is_key_or_none,
    is_line,
    is_number,
    is_random,
    is_string,
    one_of,
)
from shared.domain.evidence.tree import leaf_hash
from shared.domain.evidence.words import INPUT_KINDS


class LineKind(StrEnum):
    """What a line records."""

    CLOSED = "closed"
    REVISION = "revision"
    ERASURE = "erasure"
    HOLD = "hold"
    PACKAGE = "package"
    INPUT = "input"


SHAPES: Mapping[str, Shape] = {
    LineKind.CLOSED: {
        "blob": is_number,
        "lines": is_number,
        "root": is_digest,
        "day": is_day,
    },
    LineKind.REVISION: {"revision": is_number, "manifest": is_digest},
    LineKind.ERASURE: {
        "number": is_number,
        "random": is_random,
        "who": is_line,
        "when": is_given_time,
        "order": is_digest,
    },
    LineKind.HOLD: {
        "action": one_of("add", "release"),
        "hold": is_random,
        "random": is_random,
        "participant": is_string,
        "message": is_string,
        "who": is_line,
        "when": is_given_time,
        "why": is_string,
    },
    LineKind.PACKAGE: {"random": is_random, "request": is_digest},
    LineKind.INPUT: {
        "input": one_of(*INPUT_KINDS),
        "number": is_number,
        "lines": is_number,
        "root": is_digest,
    },
}
WITHHELD = {"rest": is_digest}
WITHOUT_THREAD = (LineKind.CLOSED, LineKind.PACKAGE, LineKind.INPUT)


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerLine:
    """A line of the ledger. `members` are empty where it is withheld."""

    kind: LineKind
    thread_key: str
    members: Mapping[str, Any]
    rest: str

    @property
    def is_withheld(self) -> bool:
        return not self.members

    @property
    def leaf(self) -> bytes:
        committed = {
            "kind": str(self.kind),
            "rest": self.rest,
            "thread_key": self.thread_key,
        }
        return leaf_hash(canonical.encode(committed))

    @property
    def withheld(self) -> bytes:
        """The line as it stands where it is withheld, with its LF."""
        kept = {
            "kind": str(self.kind),
            "rest": self.rest,
            "thread_key": self.thread_key,
        }
        return canonical.encode(kept) + b"\n"


def encode_line(kind: LineKind, thread_key: str, members: Mapping[str, Any]) -> bytes:
    """Return a line, with its LF.

    Raises:
        ValueError: the members are not those of the kind.

    """
    value = {"kind": str(kind), "thread_key": thread_key, **members}
    data = canonical.encode(value)
    decode_line(data)
    return data + b"\n"


def decode_line(data: bytes) -> LedgerLine:
    """Return the line in its bytes, without LF.

    Raises:
        ValueError: it is not its own encoding, of an unknown kind, or of another shape.

    """
    value = canonical.decode(data)
    if not isinstance(value, dict):
        raise ValueError("not an object")  # noqa: TRY004 - all that is read raises it
    kind, key = value.pop("kind", None), value.pop("thread_key", None)
    if not isinstance(kind, str) or kind not in SHAPES or not is_key_or_none(key):
        raise ValueError("a line of an unknown kind")
    if key and kind in WITHOUT_THREAD:
        raise ValueError("a line that concerns no thread has a thread's key")
    if not key and kind == LineKind.REVISION:
        raise ValueError("the line of a revision has no thread's key")
    if has_shape(value, WITHHELD) and kind != LineKind.CLOSED:
        return LedgerLine(
            kind=LineKind(kind), thread_key=key, members={}, rest=value["rest"]
        )
    if not has_shape(value, SHAPES[kind]):
        raise ValueError("a line is not of the shape of its kind")
    rest = hashlib.sha256(canonical.encode(value)).hexdigest()
    return LedgerLine(kind=LineKind(kind), thread_key=key, members=value, rest=rest)


def revision_line(thread_key: str, revision: int, manifest: str) -> bytes:
    """Return the line of a revision; `manifest` is the SHA-256 of its manifest."""
    return encode_line(
        LineKind.REVISION, thread_key, {"revision": revision, "manifest": manifest}
    )
