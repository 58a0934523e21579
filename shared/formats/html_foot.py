"""The foot of a page: which revision it is of, what it was made from, how to verify."""

from html import escape

from shared.domain.thread.listing import Visibility
from shared.domain.thread.transcript import Transcript
from shared.domain.words import plural
from shared.formats.one_line import one_line

ARCHIVED = """\
<p><strong>How to verify:</strong> in the program that wrote it,
<code>chat-archive verify</code> renders this page again from the lines of
<code>events.jsonl</code> and <code>listing.jsonl</code> that stand beside it and in
earlier revisions, and compares every byte. The <code>verify.py</code> of a package
checks its seal, and needs nothing but Python.</p>
"""
COPIED = """\
<p><strong>How to verify:</strong> this page is a copy, outside of the archive, and has
no seal of its own. <code>chat-archive verify</code> verifies the archive that it was
made from; what is erased there stays in a copy.</p>
"""
SEEN = {
    Visibility.FULL: "the service showed the whole thread",
    Visibility.SNAPSHOT: "the service showed what was new",
    Visibility.PARTIAL: "the service showed a part of the thread",
    Visibility.EVENTS_ONLY: "the service showed nothing of the thread",
}


def foot(transcript: Transcript, *, is_copy: bool) -> str:
    """Return the foot; a copy stands outside of the archive."""
    which = f"Revision {transcript.revision}" if transcript.revision else "A replay"
    thread = f"<code>{escape(one_line(transcript.thread_id))}</code>"
    source = (
        f"Source: {plural(transcript.records.total, 'record')} in the event log; "
        f"{SEEN[transcript.listing.visibility]}"
        + (
            f" (chat interface {escape(one_line(transcript.listing.api_version))})."
            if transcript.listing.api_version
            else "."
        )
    )
    return (
        f"<footer><p>{which} of thread {thread}. {source}</p>\n"
        "<p>To cite a message, name thread, message id and revision; the number beside "
        "its time is its id, and a link to it.</p>\n"
        f"{COPIED if is_copy else ARCHIVED}"
        "<p>All times are UTC unless the box for local times is ticked. Nothing is "
        "loaded from elsewhere.</p></footer>\n"
    )
