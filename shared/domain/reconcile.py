"""Reconciliation: what log and listing together prove about one message (P8).

The rules are read top-down; the first that fits is the outcome.
1. Deleted, and no version's content is known: `deleted_without_content`.
2. Only the listing knows it: `backfilled`.
3. The listing shows a version that no event told: `version_gap`.
4. The newest version of the log stands in a listing, or the newest listing shows
   nothing newer: `matched`.
5. The log tells the deletion and the newest, full listing lacks the message:
   `matched`, for that is what a deletion looks like.
6. The newest listing, able to show the message, lacks it: `missing_at_recheck`.
7. Else nobody could check: `unverifiable`.
"""

from collections.abc import Sequence

from shared.domain.event import Kind
from shared.domain.listing import Sight, View
from shared.domain.times import parse_time
from shared.domain.transcript import Outcome, Version


def reconcile(
    versions: Sequence[Version], *, created_on: str, in_newest: bool, view: View
) -> Outcome:
    """Judge one message by its known versions, oldest first.

    `in_newest` says whether the newest listing shows the message, `view` how much
    that listing can show.
    """
    logged = {one.number for one in versions if "event" in one.sources}
    listed = {one.number for one in versions if "listing" in one.sources}
    deleted = versions[-1].kind is Kind.DELETED
    if deleted and all(one.content is None for one in versions):
        return Outcome.DELETED_WITHOUT_CONTENT
    if not logged:
        return Outcome.BACKFILLED
    if listed and max(listed) not in logged:
        return Outcome.VERSION_GAP
    if max(logged) in listed or in_newest:
        return Outcome.MATCHED
    if not could_show(created_on, view):
        return Outcome.UNVERIFIABLE
    return Outcome.MATCHED if deleted else Outcome.MISSING_AT_RECHECK


def could_show(created_on: str, view: View) -> bool:
    """Say whether a listing with this view would show a message made at that time."""
    if view.sight is not Sight.PARTIAL:
        return view.sight is Sight.FULL
    since, created = parse_time(view.since), parse_time(created_on)
    return since is not None and created is not None and created >= since
