"""Salted commitments: what stands for a content where the content may go.

The content is behind a salt, so that it can be erased later while every proof still
verifies, and so that nobody can guess a short message from its hash.
"""

import hashlib
from typing import Any

from shared.domain.json_line import canonical


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def commitment(content: Any, salt: str) -> str:
    """Commit to a content: SHA-256 of the salt, then the canonical JSON of it."""
    return sha256(bytes.fromhex(salt) + canonical(content))
