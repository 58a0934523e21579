"""`README.txt` at the root of an archive, for whoever finds it and nothing else.

It is no part of the archive: no line commits to it, and verifiers name it apart.
"""

from contextlib import suppress
from dataclasses import dataclass

from shared.ports.archive_store import AlreadyExists, ArchiveStore

README_FILE = "README.txt"
README = """\
Archived chat threads

This is an archive of chat threads of Azure Communication Services, written by the
ACS chat archiver. That chat is retired on 2028-09-30; what stands here needs neither
the service nor an account.

What is in it

    thread=.../             a folder for each thread, named by its id
        rev=0001/           what was known of it at one time; the highest number is the
                            newest, and holds all that those before it hold
            manifest.json   what the revision consists of, and how complete it is
            *.jsonl         the input: every event and listing, line by line
            transcript.*    the thread, for people and for programs
            attachments/    files that its messages name
    ledger/                 a line for each revision, erasure, hold and package

How to read it

    Open transcript.html in the newest revision of a thread: it needs a browser and
    nothing else. transcript.json, messages.jsonl and messages.csv hold the same for
    programs. For all threads at once, with a search over everything:

        chat-archive site ARCHIVE --output FOLDER
        chat-archive search WORDS ARCHIVE

How to verify it

        chat-archive verify ARCHIVE

    It checks every line and every file against the ledger, and says what was erased,
    by whom and why. Compare the ledger's head with one that was kept elsewhere: then
    nobody can have written all of it anew.

Nothing here may be edited, renamed or deleted by hand: it would no longer verify.
"""


@dataclass(slots=True)
class ArchiveReadme:
    """Sees to it that an archive has its README, once."""

    archive: ArchiveStore
    is_there: bool = False

    async def __call__(self) -> None:
        """Create the README where there is none; one that is there is left.

        Raises:
            Transient: it may work next time.

        """
        if self.is_there:
            return
        with suppress(AlreadyExists):  # from another process, or an earlier year
            await self.archive.create(README_FILE, README.encode())
        self.is_there = True
