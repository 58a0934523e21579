"""`graph-reconciliation.json`: what an import has to match, and what it leaves behind.

The baseline of Microsoft's migration guide, and the counts by status, which add up to
it: nobody completes a migration before they do.
"""

from collections import Counter
from typing import Any

from shared.domain.thread.grade import grade_of
from shared.domain.thread.transcript import Transcript
from shared.formats.graph_ledger import Status, status_of
from shared.formats.graph_plan import ImportPlan
from shared.formats.graph_times import written
from shared.formats.json_format import gap_json
from shared.formats.part import Options

MEETING = "19:meeting_"
"""How the id of a meeting's chat begins."""
FEWEST_MEMBERS = 2


def reconciliation(
    transcript: Transcript, plan: ImportPlan, options: Options
) -> dict[str, Any]:
    """Return the document; `docs/formats.md` describes every field."""
    moved = moved_apart(plan)
    return {
        "thread_id": transcript.thread_id,
        "refusals": refusals(transcript, plan),
        "topic": {"original": transcript.topic, "effective": plan.topic},
        "baseline": baseline(transcript, plan),
        "messages": len(transcript.messages),
        "statuses": statuses(transcript, plan),
        "left_out": Counter(plan.left_out.values()),
        "left_out_ids": ids_by_reason(plan),
        "authors": authors(transcript, plan, options),
        "not_sent": plan.not_sent,
        "collisions": len(moved),
        "moved": moved,
        "dated_by_id": plan.dated_by_id,
        "members": [*plan.members.values()],
        "not_members": plan.not_members,
        "unmapped": sorted(plan.unmapped),
    }


def refusals(transcript: Transcript, plan: ImportPlan) -> list[str]:
    """Return why Graph may refuse the whole thread, in sentences."""
    found = []
    if transcript.thread_id.startswith(MEETING):
        found.append("The chat of a meeting cannot be imported.")
    if len(plan.members) < FEWEST_MEMBERS:
        found.append(
            f"A chat needs {FEWEST_MEMBERS} members: of those who are in the thread, "
            f"{len(plan.members)} can be one."
        )
    return found


def baseline(transcript: Transcript, plan: ImportPlan) -> dict[str, Any]:
    """Return the guide's baseline of the source, and how far it can be relied on."""
    grade = grade_of(transcript)
    return {
        "threads": 1,
        "participants": len(transcript.participants),
        **transcript.tally.baseline.to_json(),
        "identities_without_mapping": len(plan.unmapped),
        "grade": grade.name,
        "grade_reason": grade.reason,
        "gaps": [gap_json(gap) for gap in transcript.gaps],
    }


def statuses(transcript: Transcript, plan: ImportPlan) -> dict[str, int]:
    """Return how many messages have each status: together, all of the source."""
    found = Counter(status_in(plan, message.id) for message in transcript.messages)
    return {status: found[status] for status in Status}


def status_in(plan: ImportPlan, message_id: str) -> Status:
    return status_of(plan.left_out.get(message_id, ""))


def ids_by_reason(plan: ImportPlan) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for message_id, reason in plan.left_out.items():
        found.setdefault(reason, []).append(message_id)
    return found


def authors(
    transcript: Transcript, plan: ImportPlan, options: Options
) -> dict[str, dict[str, Any]]:
    """Return whom each author is mapped to, and their messages by status."""
    counts: dict[str, Counter[str]] = {}
    for message in transcript.messages:
        if not message.is_system:
            found = counts.setdefault(message.sender_id, Counter())
            found[status_in(plan, message.id)] += 1
    return {
        author: {**mapping_of(author, options), **known_as(author, options), **count}
        for author, count in sorted(counts.items())
    }


def known_as(author: str, options: Options) -> dict[str, str]:
    """Return who an author is by the directory of people; {} where there is none."""
    return {"knownAs": options.people.name(author)} if options.people else {}


def mapping_of(author: str, options: Options) -> dict[str, Any]:
    """Return what the map of identities says of an author, in the guide's words."""
    identity = options.identities.get(author)
    if identity is not None:
        return {"targetEntraObjectId": identity.id, "mappingStatus": "mapped"}
    is_decided = author in options.archive_only
    status = "archive-only" if is_decided else "unresolved"
    return {"targetEntraObjectId": None, "mappingStatus": status}


def moved_apart(plan: ImportPlan) -> list[dict[str, str]]:
    """Return the messages whose millisecond was taken, with both times."""
    return [
        {
            "message_id": each.message_id,
            "original": written(each.wanted),
            "effective": written(plan.effective[each.message_id]),
        }
        for each in plan.posts
        if plan.effective[each.message_id] != each.wanted
    ]
