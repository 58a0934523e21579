"""`README.txt` of a package: who asked for it, what is in it, and how to check it."""

from dataclasses import dataclass

from shared.domain.words import plural, printable

README = """\
Archived chat threads

Requested on {on} by {by}
Why:    {reason}
Chosen: {filters}
From:   an archive {origin}
{unreadable}
{site}archive/thread=.../     a folder for each thread, with a folder for each revision
archive/ledger/         {ledger}
checkpoint.txt          the head of the ledger from before this package was made
request.json            what was asked for, and the digests of the files beside it
verify.py               checks all of it: Python 3.11 or newer, nothing else

Check it, offline:

    python verify.py
    python verify.py --checkpoint FILE

FILE is a checkpoint that you were given through another channel. Without one you see
that the package agrees with itself, not that nobody wrote all of it anew.

{recorded}
"""
SITE = """\
site/index.html         open it in a browser: every thread, with a search over all
"""
OTHERS_WITHHELD = """\
a line for each revision, erasure, hold and package;
                        lines that concern other threads are withheld"""
ALL_LINES = "a line for each revision, erasure, hold and package"
IN_A_FOLDER = "in a folder, not in a storage account"
EVERY_THREAD = ("all",)
RECORDED = """\
The ledger of the archive has a line for this package, and ends with it here. A thread
or a revision that was left out on purpose shows."""
NOT_RECORDED = """\
The ledger of the archive has no line for this package. It proves what it says of these
threads, and nothing of any other thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who asked for a package, when, why, and for which threads of which archive."""

    by: str
    on: str
    reason: str
    origin: str
    filters: tuple[str, ...]
    unreadable: int
    """Threads that could not be read, so that nobody knows whether they are meant."""


def readme_of(asked: Asked, *, recorded: bool, has_site: bool) -> bytes:
    """Return the text, in UTF-8."""
    count = asked.unreadable
    unreadable = f"Unread: {plural(count, 'thread')} that may have been meant\n"
    text = README.format(
        on=asked.on,
        # What somebody typed stays on its line: it writes no other one.
        by=printable(asked.by),
        reason=printable(asked.reason),
        origin=f"at {printable(asked.origin)}" if "/" in asked.origin else IN_A_FOLDER,
        filters=printable("; ".join(asked.filters)),
        ledger=ALL_LINES if asked.filters == EVERY_THREAD else OTHERS_WITHHELD,
        unreadable=unreadable if count else "",
        recorded=RECORDED if recorded else NOT_RECORDED,
        site=SITE if has_site else "",
    )
    return text.encode("utf-8", "replace")
