"""What a stack that is up tells other commands: where it is, and how to talk there."""

import json
import os
import threading
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

from local.ports import is_open
from local.stack import ROOT

SESSION = ROOT / ".up.json"
"""Only its owner may read it; it goes when the stack is stopped."""
NOT_UP = "Nothing is up here: start it with `make up`, or `python -m local.up`."


class NotUp(Exception):
    """No stack is up. The text says what to do."""


@dataclass(slots=True, kw_only=True)
class Session:
    """A stack that is up, a person who talks there, and the thread they talk in."""

    storage: str
    endpoint: str
    ca_file: str
    token: str
    thread: str
    last_message: str = ""

    def write(self) -> None:
        new = SESSION.with_name(f"{SESSION.name}.new")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            json.dump(asdict(self), file)
        new.replace(SESSION)

    @classmethod
    def read(cls) -> "Session":
        """Return the session of the stack that is up.

        Raises:
            NotUp: there is none.

        """
        try:
            return cls(**json.loads(SESSION.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            raise NotUp(NOT_UP) from None

    @classmethod
    def is_up(cls) -> bool:
        """Return whether a stack answers: one that was killed leaves its file."""
        try:
            return is_open(urlsplit(cls.read().endpoint).port or 0)
        except NotUp:
            return False

    def wait(self) -> None:
        """Wait until somebody stops the process."""
        threading.Event().wait()
