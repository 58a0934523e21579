"""Evidence: salted commitments to contents, and a Merkle tree over message versions.

A leaf commits to a version's facts and to a commitment of its content. The content is
behind a salt, so that it can be erased later while every proof still verifies, and so
that nobody can guess a short message from its hash.
The tree is that of RFC 6962, section 2.1.
"""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

from shared.domain.json_line import canonical
from shared.domain.transcript import Transcript


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def listing_salt(page_salt: str, message_id: str) -> str:
    """Give the salt of a message that only a listing knows (16 bytes, hex)."""
    seed = bytes.fromhex(page_salt) + message_id.encode("utf-8", "surrogatepass")
    return sha256(seed)[:32]


def commitment(content: Any, salt: str) -> str:
    """Commit to a content: SHA-256 of the salt, then the canonical JSON of it."""
    return sha256(bytes.fromhex(salt) + canonical(content))


def leaves(transcript: Transcript) -> Iterator[bytes]:
    """Give the leaf of every version of every message, in the transcript's order."""
    for message in transcript.messages:
        for version in message.versions:
            yield canonical(
                {
                    "thread": transcript.thread_id,
                    "message": message.id,
                    "version": version.number,
                    "kind": version.kind,
                    "sender": message.sender_id,
                    "on": version.on,
                    "commitment": commitment(version.content, version.salt),
                }
            )


def merkle_root(entries: Iterable[bytes]) -> str:
    """Give the RFC 6962 root, hex, over the entries in their order.

    Keeps one hash for each full subtree on the right edge, so memory grows with the
    logarithm of the number of entries.
    """
    edge: list[tuple[int, bytes]] = []  # (height, hash), higher trees first
    for entry in entries:
        height, node = 0, hashlib.sha256(b"\x00" + entry).digest()
        while edge and edge[-1][0] == height:
            node = hashlib.sha256(b"\x01" + edge.pop()[1] + node).digest()
            height += 1
        edge.append((height, node))
    if not edge:
        return sha256(b"")
    _, root = edge.pop()
    while edge:
        root = hashlib.sha256(b"\x01" + edge.pop()[1] + root).digest()
    return root.hex()
