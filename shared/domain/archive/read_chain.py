"""What an archive says of a thread: a function of its input alone (P5)."""

from dataclasses import replace

from shared.domain.archive.chain import Chain
from shared.domain.archive.read_events import read_events
from shared.domain.archive.read_listings import read_listings
from shared.domain.log.logged import Logged
from shared.domain.thread.attachments import read_attachments
from shared.domain.thread.replay import replay
from shared.domain.thread.transcript import Transcript


def transcript_of(chain: Chain, log: Logged | None = None) -> Transcript:
    """Return the transcript. `log` holds the events if they were read already.

    Raises:
        IntegrityError: the listing or the attachments cannot be read.

    """
    if log is None:
        log = read_events(chain.thread_id, chain.files["events"])
    transcript = replay(
        chain.thread_id,
        log,
        read_listings(chain.files["listing"]),
        quarantined=len(chain.files["quarantine"]),
    )
    return with_attachments(replace(transcript, revision=chain.newest), chain)


def with_attachments(transcript: Transcript, chain: Chain) -> Transcript:
    """Return a transcript with what the chain says of attachments.

    Raises:
        IntegrityError: that cannot be read.

    """
    attempts = chain.files["attachments"]
    return transcript.with_attachments(
        read_attachments(
            (attempts.revision_of(index), line) for index, line in enumerate(attempts)
        )
    )
