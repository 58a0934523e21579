"""Paths of an archive, and what may stand in one beside it."""

import re
from dataclasses import dataclass

from shared.domain.evidence.ledger import BLOB
from shared.domain.evidence.words import INPUT_FILES, INPUT_KINDS

THREAD_FILE = "thread.json"
ORDERS_FILE = "erasures.json"
MANIFEST_FILE = "manifest.json"
INPUT_NAMES = tuple(f"{file}.jsonl" for file in INPUT_FILES)
ATTACHMENTS = "attachments/"
ARCHIVE_INPUT = "archive-input/"
INPUT_ORDERS = f"{ARCHIVE_INPUT}{ORDERS_FILE}"
REVISION = re.compile("rev=((?!0000/)[0-9]{4}|[1-9][0-9]{4,8})/(.+)", re.DOTALL)
INPUT_BLOB = re.compile(
    f"{ARCHIVE_INPUT}({'|'.join(INPUT_KINDS)})/([0-9]{{6}}|[1-9][0-9]{{6,11}})\\.jsonl"
)
LEFT_BY_SYSTEMS = frozenset((".DS_Store", "Thumbs.db", "desktop.ini"))
FOLDERS = re.compile(
    "ledger|archive-input(/[a-z-]+)?|thread=[^/]+(/rev=[0-9]+(/attachments)?)?|.*/",
    re.DOTALL,
)
"""Where a storage may keep an empty blob that stands for a folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadPath:
    """A file in a thread's folder; revision 0 where it is in none."""

    folder: str
    revision: int
    name: str


def thread_path(path: str) -> ThreadPath | None:
    """Return what a path under `thread=…/` names; None for any other path."""
    folder, slash, rest = path.partition("/")
    if not folder.startswith("thread=") or not slash:
        return None
    match = REVISION.fullmatch(rest)
    if match is None:
        return ThreadPath(folder=folder, revision=0, name=rest)
    return ThreadPath(folder=folder, revision=int(match[1]), name=match[2])


def input_path(kind: str, number: int) -> str:
    """Return the path of a file of archive-level input."""
    return f"{ARCHIVE_INPUT}{kind}/{number:06d}.jsonl"


def input_blob(path: str) -> tuple[str, int] | None:
    """Return kind and number of a file of archive-level input; None for another."""
    match = INPUT_BLOB.fullmatch(path)
    return (match[1], int(match[2])) if match else None


def is_stranger(path: str) -> bool:
    """Return whether a path is on the closed list of what is no part of an archive."""
    return (
        path.rsplit("/", 1)[-1] in LEFT_BY_SYSTEMS
        or path == "README.txt"
        or path.startswith(".unfinished/")
    )


def may_be_stub(path: str) -> bool:
    """Return whether an empty file of this path may stand for a folder."""
    return FOLDERS.fullmatch(path) is not None


def top_of_archive(path: str) -> str:
    """Return the folder at the top of an archive that a path is in; "" for another."""
    folder, slash, _ = path.partition("/")
    is_top = folder in ("ledger", "archive-input") or folder.startswith("thread=")
    return folder if slash and is_top else ""


def is_known_outside(path: str) -> bool:
    """Return whether a path outside of the threads' folders is an archive's."""
    return (
        BLOB.fullmatch(path) is not None
        or input_blob(path) is not None
        or path == INPUT_ORDERS
    )
