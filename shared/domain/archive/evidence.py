"""Evidence: a Merkle tree over message versions.

A leaf commits to a version's facts and to the commitment of its content.
The tree is that of RFC 6962, section 2.1; inclusion proofs are those of RFC 9162,
sections 2.1.3.1 and 2.1.3.2.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from shared.domain.json_line import canonical
from shared.domain.log.commitment import sha256
from shared.domain.thread.transcript import Message, Transcript, Version


def leaf_facts(thread_id: str, message: Message, version: Version) -> dict[str, Any]:
    """Return what the leaf of one version commits to."""
    return {
        "thread": thread_id,
        "message": message.id,
        "version": version.number,
        "kind": version.kind,
        "sender": message.sender_id,
        "on": version.on,
        "commitment": version.commitment,
    }


def leaves(transcript: Transcript) -> Iterator[bytes]:
    """Yield the leaf of every version of every message, in transcript order."""
    for message in transcript.messages:
        for version in message.versions:
            yield canonical(leaf_facts(transcript.thread_id, message, version))


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """A growing RFC 6962 tree.

    Keeps one hash for each full subtree on the right edge, so memory grows with the
    It holds one hash for each full subtree on the right edge, so memory grows with the
    """

    def __init__(self) -> None:
        self.size = 0
        self.edge: list[tuple[int, bytes]] = []  # (height, hash), higher trees first

    def add(self, hashed: bytes) -> None:
        """Add an entry by its leaf hash."""
        height, node = 0, hashed
        while self.edge and self.edge[-1][0] == height:
            node = node_hash(self.edge.pop()[1], node)
            height += 1
        self.edge.append((height, node))
        self.size += 1

    @property
    def root(self) -> str:
        """The root over all entries so far, hex."""
        if not self.edge:
            return sha256(b"")
        *rest, (_, root) = self.edge
        for _, node in reversed(rest):
            root = node_hash(node, root)
        return root.hex()


def merkle_root(entries: Iterable[bytes]) -> str:
    """Return the RFC 6962 root, hex, over the entries in order."""
    tree = Tree()
    for entry in entries:
        tree.add(leaf_hash(entry))
    return tree.root


def inclusion_path(hashes: Sequence[bytes], index: int) -> list[str]:
    """Return the proof that entry `index` is in the tree over these leaf hashes.

    The hashes, hex, run from the leaf's neighbour up to the root.
    """
    path: list[str] = []
    level = list(hashes)
    while len(level) > 1:
        if (index ^ 1) < len(level):
            path.append(level[index ^ 1].hex())
        pairs = zip(level[::2], level[1::2], strict=False)
        odd = level[len(level) & ~1 :]
        level = [node_hash(left, right) for left, right in pairs] + odd
        index //= 2
    return path


def root_of_path(hashed: bytes, index: int, size: int, path: Sequence[str]) -> str:
    """Return the root that an inclusion path leads to; "" if path and size disagree."""
    if not 0 <= index < size:
        return ""
    node, last = hashed, size - 1
    for step in map(bytes.fromhex, path):
        if last == 0:
            return ""
        if index & 1 or index == last:
            node = node_hash(step, node)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            node = node_hash(node, step)
        index, last = index >> 1, last >> 1
    return node.hex() if last == 0 else ""
