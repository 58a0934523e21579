"""Where everything is stored: every path in the containers, as code.

Ids come from outside, and enter a path through `encode_id` only.
"""

import functools
import re
from datetime import date
from urllib.parse import quote, unquote

LOG = "chat-log"
ARCHIVE = "chat-archive"
CONTROL = "chat-control"
INSIGHTS = "chat-insights"
"""Apart from the archive: what a model said of it."""
DEAD_LETTER = "dead-letter"
FINALIZE_QUEUE = "threads-to-finalize"
POISON_QUEUE = "threads-to-finalize-poison"
"""Where the Functions host moves a message that failed too often."""
EVENTS_QUEUE = "chat-events"
"""Where Event Grid puts events when it delivers them by queue."""
EVENTS_POISON_QUEUE = "chat-events-poison"

LONGEST_NAME = 255
"""Characters of a file's or folder's name on file systems and in a hierarchical
namespace; a blob's whole name may have 1,024."""
THREAD_PREFIX = "thread="
EVENTS_FILE = "events.jsonl"
LISTING_FILE = "listing.jsonl"
QUARANTINE_FILE = "quarantine.jsonl"
ATTACHMENTS_FILE = "attachments.jsonl"
MANIFEST_FILE = "manifest.json"

STRANGERS = frozenset((".DS_Store", "Thumbs.db", "desktop.ini"))

LEDGER_PREFIX = "ledger/"
RUNS_PREFIX = "runs/"
IMPORTS_PREFIX = "imports/"
RUN_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")

MARKER = re.compile(r"rev-(\d+)\.done")
REVISION = re.compile(r"rev=(\d+)")


def encode_id(thread_id: str) -> str:
    """Percent-encode everything in an id but letters, digits, `.`, `_` and `-`.

    A dot at the end is encoded too, because storage strips it from a path segment.
    """
    safe = quote(thread_id, safe="", errors="surrogatepass").replace("~", "%7E")
    return safe[:-1] + "%2E" if safe.endswith(".") else safe


@functools.lru_cache(maxsize=4096)
def thread_folder(thread_id: str) -> str:
    """Return a thread's folder, with a slash; log and archive use the same name."""
    return f"{THREAD_PREFIX}{encode_id(thread_id)}/"


def has_folder(thread_id: str) -> bool:
    """Return whether a thread's folder has a name that every storage takes."""
    return len(thread_folder(thread_id)) - 1 <= LONGEST_NAME


def thread_of(path: str) -> str:
    """Return the thread id that a path under `thread=…/` belongs to.

    It is "" where the folder has not the name that a thread's folder has.
    """
    folder = path.split("/", 1)[0]
    try:
        encoded = folder.removeprefix(THREAD_PREFIX)
        thread_id = unquote(encoded, errors="surrogatepass")
    except UnicodeDecodeError:
        return ""
    return thread_id if thread_folder(thread_id) == f"{folder}/" else ""


def is_stranger(path: str) -> bool:
    """Return whether a file is one that file managers leave in folders they show."""
    return path.rsplit("/", 1)[-1] in STRANGERS


def segment_stem(thread_id: str, day: date) -> str:
    return f"{thread_folder(thread_id)}{day.isoformat()}"


def quarantine_folder(thread_id: str) -> str:
    """Return the folder of unreadable input, by thread where the input names one."""
    return f"quarantine/{thread_folder(thread_id)}" if thread_id else "quarantine/"


def quarantine_stem(thread_id: str, day: date) -> str:
    return f"{quarantine_folder(thread_id)}{day.isoformat()}"


def segment_path(stem: str, roll: int) -> str:
    """Return the path of the segment after `roll` full ones."""
    return f"{stem}.jsonl" if roll == 0 else f"{stem}.{roll:04d}.jsonl"


def segment_roll(path: str) -> int:
    """Return how many full segments of the same stem precede this one."""
    roll = path.removesuffix(".jsonl").rpartition(".")[2]
    return int(roll) if roll.isdecimal() else 0


def segment_day(path: str) -> date | None:
    """Return the day of a segment; None for a blob that is not a segment."""
    name = path.rsplit("/", 1)[-1]
    try:
        return date.fromisoformat(name[:10]) if name.endswith(".jsonl") else None
    except ValueError:
        return None


def marker_path(thread_id: str, revision: int) -> str:
    return f"{thread_folder(thread_id)}rev-{revision:04d}.done"


def marker_revision(path: str) -> int | None:
    """Return the revision that a marker stands for; None for any other blob."""
    match = MARKER.fullmatch(path.rsplit("/", 1)[-1])
    return int(match[1]) if match else None


def revision_path(thread_id: str, revision: int, file: str) -> str:
    return f"{thread_folder(thread_id)}rev={revision:04d}/{file}"


def file_name(path: str) -> str:
    """Return a file's name within its revision; "" for a path outside a revision."""
    return path.split("/", 2)[2] if revision_number(path) else ""


def revision_number(path: str) -> int | None:
    """Return the revision that an archive path belongs to; None outside a revision."""
    parts = path.split("/")
    match = REVISION.fullmatch(parts[1]) if len(parts) > 2 else None  # noqa: PLR2004
    return int(match[1]) if match else None


def lease_path(thread_id: str) -> str:
    return f"leases/{thread_folder(thread_id)[:-1]}"


INPUT_LEASE = "leases/archive-input"
"""Held by who writes what concerns no single thread of the archive."""


def sweeps_stem(day: date) -> str:
    """Return the stem of a day's sweep log in the control container."""
    return f"sweeps/{day.isoformat()}"


def run_folder(name: str) -> str:
    """Return the folder of a backfill's state in the control container."""
    return f"{RUNS_PREFIX}{name}/"


def run_stem(name: str) -> str:
    return f"{run_folder(name)}state"


def import_folder(name: str) -> str:
    """Return the folder of an import's log in the control container."""
    return f"{IMPORTS_PREFIX}{name}/"


def import_stem(name: str) -> str:
    return f"{import_folder(name)}state"


def import_lease_path(name: str) -> str:
    return f"leases/imports/{name}"


def run_lease_path(name: str) -> str:
    return f"leases/runs/{name}"
