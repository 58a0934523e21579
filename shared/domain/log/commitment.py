"""Salted commitments: they stand for content that may be erased.

The salt lets content be erased later while every proof still verifies, and keeps
anybody from guessing a short message from its hash.
"""

import hashlib
from typing import Any

from shared.domain.json_line import canonical


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def commitment(content: Any, salt: str) -> str:
    """Return the SHA-256, hex, of the salt followed by the content's canonical JSON."""
    return sha256(bytes.fromhex(salt) + canonical(content))
