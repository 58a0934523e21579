"""Proofs: one message version in one archive, revealing nothing of other messages.

A proof holds the version's leaf with its content and salt, the path to the root in the
manifest, the manifest, its line in the ledger, and the path from there to a checkpoint.
It reveals no other message's content: a sibling in a tree is the hash of a leaf, and a
leaf commits to its content with a salt.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.domain import json_line
from shared.domain.archive.checkpoint import Checkpoint, parse_checkpoint
from shared.domain.archive.evidence import (
    inclusion_path,
    leaf_facts,
    leaf_hash,
    leaves,
    root_of_path,
)
from shared.domain.archive.ledger import revision_line
from shared.domain.archive.manifest import decode_manifest
from shared.domain.errors import IntegrityError
from shared.domain.json_line import canonical
from shared.domain.log.commitment import commitment
from shared.domain.log.record import SCHEMA
from shared.domain.thread.transcript import Message, Transcript, Version


def find_version(
    transcript: Transcript, message_id: str, number: str
) -> tuple[int, Message, Version]:
    """Return a message's version with its place among all leaves, counted from 0.

    Without a `number`, it is the newest version.

    Raises:
        IntegrityError: the archive has no such message or version.

    """
    place, found = 0, None
    for message in transcript.messages:
        for version in message.versions:
            if message.id == message_id and number in ("", str(version.number)):
                found = (place, message, version)
            place += 1
    if found is None:
        what = f" version {number}" if number else ""
        raise IntegrityError(f"the archive has no message {message_id}{what}")
    return found


def encode_proof(
    transcript: Transcript,
    found: tuple[int, Message, Version],
    manifest: bytes,
    *,
    line: bytes,
    line_index: int,
    line_path: Sequence[str],
    checkpoint: Checkpoint,
) -> bytes:
    """Return the bytes of a proof. `line` is the ledger's line, without LF."""
    index, message, version = found
    hashes = [leaf_hash(leaf) for leaf in leaves(transcript)]
    document = {
        "schema": SCHEMA,
        "leaf": leaf_facts(transcript.thread_id, message, version),
        "erased": version.erased,
        "content": version.content,
        "salt": version.salt,
        "index": index,
        "path": inclusion_path(hashes, index),
        "manifest": manifest.decode(),
        "ledger": {
            "line": line.decode(),
            "index": line_index,
            "path": list(line_path),
        },
        "checkpoint": checkpoint.body,
    }
    return json_line.encode(json_line.pretty(document))


def check_proof(data: bytes, checkpoint: Checkpoint | None = None) -> list[str]:
    """Return what is wrong with a proof; nothing for a valid one.

    `checkpoint` is one that was stored elsewhere; without it, the proof's own is used.

    Raises:
        IntegrityError: the data is not a proof.

    """
    try:
        return problems_of(json_line.parse(data), checkpoint)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise IntegrityError("this is not a proof") from None


def problems_of(proof: Mapping[str, Any], checkpoint: Checkpoint | None) -> list[str]:
    facts, ledger = proof["leaf"], proof["ledger"]
    text, line = (
        json_line.encode(part) for part in (proof["manifest"], ledger["line"])
    )
    manifest = decode_manifest(text)
    head = checkpoint or parse_checkpoint(proof["checkpoint"])
    root = root_of_path(
        leaf_hash(canonical(facts)),
        proof["index"],
        manifest.content["counts"]["versions"],
        proof["path"],
    )
    top = root_of_path(leaf_hash(line), ledger["index"], head.size, ledger["path"])
    if proof["erased"] is True:
        is_content = proof["content"] is None and proof["salt"] == ""
    else:
        said = commitment(proof["content"], proof["salt"])
        is_content = said == facts["commitment"]
    checks = {
        "the content does not match its commitment": is_content,
        "the message is not in the archive's tree": (root == manifest.merkle_root),
        "the manifest belongs to another thread": facts["thread"] == manifest.thread_id,
        "the ledger's line belongs to another manifest": (
            line + b"\n" == revision_line(manifest)
        ),
        "the ledger's line is not in the checkpoint's tree": top == head.root,
    }
    return [problem for problem, holds in checks.items() if not holds]
