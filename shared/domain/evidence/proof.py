"""Proofs: what an archive holds of one message, revealing nothing of any other.

A proof holds the lines that tell a message, each with its path to the root of its file;
the manifest with these roots; the manifest's line of the ledger and the path from there
to a checkpoint. Where a line is erased, its content is not there; the order with its
own line of the ledger, if the proof has it, says that it was erased and by whom.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.domain.evidence import canonical
from shared.domain.evidence.checkpoint import Checkpoint, parse_checkpoint
from shared.domain.evidence.facts import check_facts
from shared.domain.evidence.ledger_lines import decode_line
from shared.domain.evidence.lines import InputLine, check_content, commitment_to
from shared.domain.evidence.manifest import Manifest, decode_manifest
from shared.domain.evidence.orders import Order, named_lines, order_of
from shared.domain.evidence.shapes import (
    exactly,
    has_shape,
    is_count,
    is_digest,
    is_line,
    is_random,
    is_string,
    one_of,
)
from shared.domain.evidence.tree import root_of_path
from shared.domain.evidence.words import INPUT_FILES
from shared.domain.words import plural

FORMAT = 2
LONGEST = 2**31


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenLine:
    """A line with its place in its file, and the path to the file's root."""

    file: str
    index: int
    line: InputLine
    path: tuple[str, ...]

    @property
    def json(self) -> dict[str, Any]:
        value = {
            "file": self.file,
            "index": self.index,
            "facts": dict(self.line.facts),
            "commitment": self.line.commitment.hex(),
            "path": list(self.path),
        }
        if self.line.is_erased:
            return value
        content = self.line.content.decode()
        return {**value, "salt": self.line.salt.hex(), "content": content}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedLine:
    """A line of the ledger, without LF, with the path to a checkpoint's root."""

    index: int
    line: bytes
    path: tuple[str, ...]

    @property
    def json(self) -> dict[str, Any]:
        return {
            "index": self.index,
            "line": self.line.decode("ascii"),
            "path": list(self.path),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A proof of one message; `orders` are those that its erased lines need."""

    message: str
    lines: tuple[ProvenLine, ...]
    manifest: Manifest
    ledger: RecordedLine
    orders: tuple[tuple[Order, RecordedLine], ...] = ()
    checkpoint: Checkpoint

    @property
    def stored(self) -> bytes:
        """The bytes of the proof."""
        value = {
            "format": FORMAT,
            "message": self.message,
            "lines": [line.json for line in self.lines],
            "manifest": self.manifest.stored.decode("ascii"),
            "ledger": self.ledger.json,
            "orders": [
                {"order": order.json, "ledger": recorded.json}
                for order, recorded in self.orders
            ],
            "checkpoint": self.checkpoint.body,
        }
        return canonical.encode(value, longest=LONGEST) + b"\n"


def is_path(value: Any) -> bool:
    return isinstance(value, list) and all(map(is_digest, value))


LEDGER_SHAPE = {"index": is_count, "line": is_line, "path": is_path}
ERASED_SHAPE = {
    "file": one_of(*INPUT_FILES),
    "index": is_count,
    "facts": lambda value: isinstance(value, dict),
    "commitment": is_digest,
    "path": is_path,
}
KEPT_SHAPE = {**ERASED_SHAPE, "salt": is_random, "content": is_line}
ORDER_SHAPE = {
    "order": lambda value: isinstance(value, dict),
    "ledger": lambda value: has_shape(value, LEDGER_SHAPE),
}
SHAPE = {
    "format": exactly(FORMAT),
    "message": is_line,
    "lines": lambda value: isinstance(value, list) and value != [],
    "manifest": is_string,
    "ledger": lambda value: has_shape(value, LEDGER_SHAPE),
    "orders": lambda value: (
        isinstance(value, list)
        and all(has_shape(entry, ORDER_SHAPE) for entry in value)
    ),
    "checkpoint": is_string,
}


def decode_proof(data: bytes) -> Proof:
    """Return the proof in its bytes; whether it proves anything is `problems_of`.

    Raises:
        ValueError: they are not the encoding of a proof.

    """
    if not data.endswith(b"\n"):
        raise ValueError("it has no LF at its end")
    value = canonical.decode(data[:-1], longest=LONGEST)
    if not has_shape(value, SHAPE):
        raise ValueError("not a proof")
    checkpoint = parse_checkpoint(value["checkpoint"].encode())
    if checkpoint.body != value["checkpoint"]:
        raise ValueError("its checkpoint has something to it")
    return Proof(
        message=value["message"],
        lines=tuple(map(proven_line, value["lines"])),
        manifest=decode_manifest(value["manifest"].encode("ascii")),
        ledger=recorded_line(value["ledger"]),
        orders=tuple(
            (order_of(entry["order"]), recorded_line(entry["ledger"]))
            for entry in value["orders"]
        ),
        checkpoint=checkpoint,
    )


def proven_line(value: Any) -> ProvenLine:
    is_erased = has_shape(value, ERASED_SHAPE)
    if not is_erased and not has_shape(value, KEPT_SHAPE):
        raise ValueError("not a line of a proof")
    facts = value["facts"]
    canonical.encode(facts)
    check_facts(facts, is_erased=is_erased)
    line = InputLine(
        facts=facts,
        commitment=bytes.fromhex(value["commitment"]),
        salt=bytes.fromhex(value.get("salt", "")),
        content=value.get("content", "").encode(),
    )
    return ProvenLine(
        file=value["file"], index=value["index"], line=line, path=tuple(value["path"])
    )


def recorded_line(value: Mapping[str, Any]) -> RecordedLine:
    line = value["line"].encode("ascii")
    return RecordedLine(index=value["index"], line=line, path=tuple(value["path"]))


def problems_of(proof: Proof, checkpoint: Checkpoint | None = None) -> Iterator[str]:
    """Yield what is wrong with a proof. Without a checkpoint its own is used."""
    head = checkpoint or proof.checkpoint
    for proven in proof.lines:
        yield from line_problems(proof, proven)
    places = [(proven.file, proven.index) for proven in proof.lines]
    if len(set(places)) != len(places):
        yield "a line stands twice"
    if proof.ledger.line + b"\n" != proof.manifest.ledger_line:
        yield "the line of the ledger is not that of the manifest"
    for order, recorded in proof.orders:
        if recorded.line + b"\n" != order.ledger_line(proof.manifest.thread_key):
            yield "an order's line of the ledger is not its own in this thread"
        if not any(is_erased_by(proven, order) for proven in proof.lines):
            yield "an order has none of these lines erased"
    yield from checkpoint_problems(proof, head)


def checkpoint_problems(proof: Proof, head: Checkpoint) -> Iterator[str]:
    """Yield why a proof's lines of the ledger are not in a checkpoint's tree."""
    is_manifest_in = is_recorded(proof.ledger, head)
    are_orders_in = all(is_recorded(recorded, head) for _, recorded in proof.orders)
    own = proof.checkpoint
    if head.size != own.size and not (is_manifest_in and are_orders_in):
        # Its paths lead to the root over so many lines, and to no other root.
        yield (
            f"it was made for a checkpoint of {plural(own.size, 'line')}, yours has "
            f"{head.size}: nothing is proven with yours; ask for a proof made with "
            "`prove --checkpoint`"
        )
        return
    if not is_manifest_in:
        yield "the manifest's line of the ledger is not in the checkpoint's tree"
    if not are_orders_in:
        yield "an order's line of the ledger is not in the checkpoint's tree"


def line_problems(proof: Proof, proven: ProvenLine) -> Iterator[str]:
    line = proven.line
    entry = next(root for root in proof.manifest.inputs if root.file == proven.file)
    root = root_of_path(line.leaf, proven.index, entry.lines, proven.path)
    if root != entry.root:
        yield "a line is not in the tree of its file"
    if line.facts["file"] != proven.file or line.facts.get("message") != proof.message:
        yield "a line does not tell this message"
    if line.is_erased:
        return
    if commitment_to(line.salt, line.content) != line.commitment:
        yield "a content does not match its commitment"
    try:
        check_content(line)
    except ValueError:
        yield "the facts of a line are not those of its content"


def is_recorded(recorded: RecordedLine, head: Checkpoint) -> bool:
    """Return whether a line of the ledger is in a checkpoint's tree."""
    try:
        leaf = decode_line(recorded.line).leaf
    except ValueError:
        return False
    return root_of_path(leaf, recorded.index, head.size, recorded.path) == head.root


def is_erased_by(proven: ProvenLine, order: Order) -> bool:
    """Return whether an order names this line, or stands in its facts."""
    if not proven.line.is_erased:
        return False
    if "order" in proven.line.facts:
        return bool(proven.line.facts["order"] == order.number)
    spans: Sequence[range] = named_lines(order).get(proven.file, ())
    return any(proven.index in span for span in spans)
