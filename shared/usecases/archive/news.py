"""Whether a listing says anything that the newest revision does not hold."""

from collections.abc import Iterable, Mapping
from typing import Any

from shared.domain.archive.evidence import leaves, merkle_root
from shared.domain.archive.manifest import Manifest, attachment_json, counts
from shared.domain.thread.listing import Visibility
from shared.domain.thread.transcript import Transcript


def has_news(transcript: Transcript, previous: Manifest) -> bool:
    """Return whether a listing showed more than the newest revision holds.

    One that shows less than an earlier one did is no news.
    """
    content = previous.content
    return (
        merkle_root(leaves(transcript)) != previous.merkle_root
        or counts(transcript) != content["counts"]
        or held_files(map(attachment_json, transcript.attachments))
        != held_files(content.get("attachments", ()))
        or (
            transcript.listing.visibility is Visibility.FULL
            and (transcript.outcomes, Visibility.FULL)
            != (content["reconciliation"], content["view"]["sight"])
        )
    )


def held_files(attachments: Iterable[Mapping[str, Any]]) -> set[str]:
    return {file["sha256"] for file in attachments} - {""}
