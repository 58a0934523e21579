"""What a marker says of bytes tells how long the records in a segment were."""

from shared.domain.log.coverage import ThreadLog
from shared.ports.append_log import ThreadLogs


async def forget_covers(logs: ThreadLogs, log: ThreadLog) -> None:
    """Replace a thread's markers by one that covers nothing; by none if that will do.

    The finalizer looks at the segments that are left, and marks them anew. What is
    still to be done for the thread stays in the marker.
    """
    for revision in log.markers:
        await logs.unmark(log.thread_id, revision)
    if log.markers and (log.superseded or log.whole_pass_due):
        newest, due = max(log.markers), log.whole_pass_due
        await logs.mark(log.thread_id, newest, {}, log.superseded, due)
