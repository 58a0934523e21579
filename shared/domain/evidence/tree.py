"""Merkle trees: RFC 6962, section 2.1; paths as in RFC 9162, section 2.1.3.

A tree grows leaf by leaf with one hash for each full subtree, so every root on the way
costs O(log n) memory: the root over an earlier revision is that of a prefix.
"""

import hashlib
from collections.abc import Iterable, Sequence


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """A growing tree that holds one hash for each full subtree on its right edge."""

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

    def copy(self) -> "Tree":
        """Return a tree of the same entries that grows by itself."""
        tree = Tree()
        tree.size, tree.edge = self.size, list(self.edge)
        return tree

    @property
    def root(self) -> str:
        """The root over all entries so far, hex."""
        if not self.edge:
            return hashlib.sha256(b"").hexdigest()
        *rest, (_, root) = self.edge
        for _, node in reversed(rest):
            root = node_hash(node, root)
        return root.hex()


def root_of(hashes: Iterable[bytes]) -> str:
    """Return the root, hex, over leaf hashes in their order."""
    tree = Tree()
    for hashed in hashes:
        tree.add(hashed)
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
