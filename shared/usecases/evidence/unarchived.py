"""What a thread's log and quarantine hold and its archive lacks."""

from shared.domain.archive.new_lines import recorded_lines, unknown
from shared.domain.evidence.lines import InputLine
from shared.domain.log.record import read_quarantined, read_records
from shared.ports.append_log import ThreadLogs
from shared.usecases.evidence.thread_archive import ThreadArchive


async def unarchived_lines(
    log: ThreadLogs, thread: ThreadArchive
) -> dict[str, list[InputLine]]:
    """Return the lines that no revision has yet, by file of the input.

    The archive itself is asked for every record, not only the marker.

    Raises:
        Transient: the log cannot be reached.

    """
    events = [
        record
        for segment in (await log.thread(thread.thread_id)).segments
        for record in read_records(await log.read(segment, 0)).records
    ]
    quarantined = [
        record
        for segment in await log.quarantine(thread.thread_id)
        for record in read_quarantined(await log.read(segment, 0)).records
    ]
    files = thread.chain.files
    return {
        file: list(unknown(recorded_lines(file, records), files[file]))
        for file, records in (("events", events), ("quarantine", quarantined))
    }
