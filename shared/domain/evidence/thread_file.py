"""`thread.json`: a thread's id and key, created once, before its first ledger line.

Ledger lines name a thread by its key alone, so that a withheld line tells no id.
"""

from dataclasses import dataclass

from shared.domain.evidence import canonical
from shared.domain.evidence.shapes import exactly, has_shape, is_line, is_random

FORMAT = 2
SHAPE = {"format": exactly(FORMAT), "thread_id": is_line, "thread_key": is_random}


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadFile:
    """Id and key of a thread; the key is 16 random bytes, hex."""

    thread_id: str
    thread_key: str

    @property
    def stored(self) -> bytes:
        value = {
            "format": FORMAT,
            "thread_id": self.thread_id,
            "thread_key": self.thread_key,
        }
        return canonical.encode(value) + b"\n"


def decode_thread_file(data: bytes) -> ThreadFile:
    """Return what `thread.json` says.

    Raises:
        ValueError: it is not its own encoding.

    """
    if not data.endswith(b"\n"):
        raise ValueError("it has no LF at its end")
    value = canonical.decode(data[:-1])
    if not has_shape(value, SHAPE):
        raise ValueError("not the file of a thread")
    return ThreadFile(thread_id=value["thread_id"], thread_key=value["thread_key"])
