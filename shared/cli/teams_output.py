"""What `chat-archive teams` prints."""

from collections import Counter
from collections.abc import Iterable, Sequence

import click

from shared.cli.text import as_json as to_json
from shared.cli.text import printable, say
from shared.domain.imports import ImportState, ImportStatus
from shared.domain.words import plural
from shared.usecases.teams.plan_import import PlannedThread
from shared.usecases.teams.reconcile_import import Reconciled

MOST_NAMED = 20


def print_plan(thread: PlannedThread, *, as_json: bool) -> None:
    """Print what would become of a thread."""
    plan = thread.plan
    if as_json:
        value = {
            "sourceThreadId": thread.transcript.thread_id,
            "topic": plan.topic,
            "members": [*plan.members.values()],
            "refusals": thread.refusals,
            "statuses": thread.counts,
            "not_sent": plan.not_sent,
            "unmapped": sorted(plan.unmapped),
        }
        click.echo(to_json(value))
        return
    counts = in_words(thread.counts)
    name = plan.topic or "(no topic)"
    people = plural(len(plan.members), "member")
    line = f"{thread.transcript.thread_id}  {name}: {people}, {counts}"
    click.echo(printable(line))
    for refusal in thread.refusals:
        click.echo(printable(f"  NOT A CHAT: {refusal}"))
    lost = Counter(
        kind for each in plan.not_sent for kind in each if kind != "message_id"
    )
    if lost:
        kinds = ", ".join(f"{kind.replace('_', ' ')}" for kind in lost)
        click.echo(f"  stays in the archive alone, in part: {kinds}")


def in_words(counts: dict[str, int]) -> str:
    return (
        ", ".join(f"{count} {status}" for status, count in counts.items() if count)
        or "no message"
    )


def print_reconciled(found: Iterable[Reconciled]) -> None:
    """Print how threads compare."""
    for said in found:
        verdict = "DIFFERS" if said.problems else "FITS"
        step = said.step or "no chat"
        line = f"{verdict} {said.thread_id}: {step}, {in_words(said.counts)}"
        say(line)
        for problem in said.problems:
            click.echo(printable(f"  {problem}"))
        for note in said.notes:
            click.echo(printable(f"  note: {note}"))


def say_open(state: ImportState, *, as_json: bool) -> int:
    """Say how many messages have which status; return how many are open."""
    counts: Counter[str] = Counter()
    failed: list[str] = []
    for thread in state.threads.values():
        for line in thread.messages.values():
            counts[line.status] += 1
            if line.status is ImportStatus.FAILED:
                failed.append(
                    f"{thread.thread_id} #{line.message_id}: {line.last_error}"
                )
    open_ = sum(len(thread.open) for thread in state.threads.values())
    if as_json:
        click.echo(to_json({"statuses": counts, "open": open_}))
        return open_
    for line_ in failed[:MOST_NAMED]:
        say(f"FAILED {line_}", err=True)
    if len(failed) > MOST_NAMED:
        click.echo(f"… and {len(failed) - MOST_NAMED} more", err=True)
    if state.unreadable:
        lines = plural(state.unreadable, "line")
        click.echo(
            f"{lines} of the import's own log cannot be read, and were passed over",
            err=True,
        )
    click.echo(f"{plural(sum(counts.values()), 'message')}: {in_words(dict(counts))}")
    return open_


def say_failures(failures: Sequence[str]) -> None:
    for failure in failures:
        say(f"NOT DONE {failure}", err=True)
