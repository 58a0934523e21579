"""Checkpoints: the head of the ledger in the C2SP tlog-checkpoint format.

Three lines: the log's name (its origin), the number of lines, the root in base64. In a
signed note, signatures follow after an empty line; this module ignores them.
Source: https://c2sp.org/tlog-checkpoint and https://c2sp.org/signed-note.
"""

import base64
import re
from dataclasses import dataclass

from shared.domain.errors import IntegrityError

BODY = re.compile(r"([^\n]+)\n(\d{1,15})\n([A-Za-z0-9+/]{43}=)\n(?:[^\n]+\n)*")
"""Origin, size, a root of 32 bytes; further lines are extensions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The head of the ledger; `root` is hex."""

    origin: str
    size: int
    root: str

    @property
    def body(self) -> str:
        """The text that is stored, and signed."""
        root = base64.b64encode(bytes.fromhex(self.root)).decode()
        return f"{self.origin}\n{self.size}\n{root}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """Read a checkpoint, signed or not, also as mail and editors write it.

    A byte order mark and CR before LF mean nothing here.

    Raises:
        IntegrityError: the text is not a checkpoint.

    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    body, _, _ = text.partition("\n\n")
    match = BODY.fullmatch(body.rstrip("\n") + "\n")
    if match is None:
        raise IntegrityError("this is not a checkpoint")
    origin, size, root = match.groups()
    return Checkpoint(origin=origin, size=int(size), root=base64.b64decode(root).hex())
