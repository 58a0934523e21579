"""Checkpoints: the number of ledger lines up to now, and the root over them.

The form is C2SP tlog-checkpoint: the log's name, the number, the root in base64, one a
line; what follows after an empty line is a signature, and not looked at here. CR before
LF means nothing: mail and editors put it there.
Source: https://c2sp.org/tlog-checkpoint and https://c2sp.org/signed-note.
"""

import base64
import re
from dataclasses import dataclass

BODY = re.compile(
    r"([^\n]+)\n(0|[1-9][0-9]{0,14})\n([A-Za-z0-9+/]{43}=)\n(?:[^\n]+\n)*"
)
"""Origin, size, a root of 32 bytes; further lines are extensions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The head of the ledger; `root` is hex."""

    origin: str
    size: int
    root: str

    @property
    def body(self) -> str:
        """The text that is stored."""
        root = base64.b64encode(bytes.fromhex(self.root)).decode()
        return f"{self.origin}\n{self.size}\n{root}\n"


def parse_checkpoint(data: bytes) -> Checkpoint:
    """Return the checkpoint in a file.

    Raises:
        ValueError: it is not a checkpoint.

    """
    text = data.decode().replace("\r\n", "\n")
    body, _, _ = text.partition("\n\n")
    match = BODY.fullmatch(body.rstrip("\n") + "\n")
    if match is None:
        raise ValueError("not a checkpoint")
    root = base64.b64decode(match[3], validate=True)
    if base64.b64encode(root).decode() != match[3]:
        raise ValueError("not a checkpoint: its root has bits that say nothing")
    return Checkpoint(origin=match[1], size=int(match[2]), root=root.hex())
