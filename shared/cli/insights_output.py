"""What the commands about insights say."""

from shared.cli.text import say
from shared.domain.insights.insights import Dropped, Usage
from shared.domain.words import plural
from shared.usecases.insights.check_all import CheckedAll
from shared.usecases.insights.collect import Collected
from shared.usecases.insights.plan import Planned
from shared.usecases.insights.run import Ran
from shared.usecases.insights.submit import Submitted

ESTIMATE = (
    "An estimate, by a rule of thumb: what the service counts and charges will differ. "
    "Nothing was sent."
)
PROVES = (
    "A citation that holds proves that these words were said, in that version of that "
    "message; not that the sentence is fair, nor that nothing is left out."
)
Answer = dict[str, object]


def planned_json(planned: Planned) -> Answer:
    return {
        "is_estimate": True,
        "threads": planned.threads,
        "current": planned.current,
        "messages": planned.messages,
        "requests": planned.requests,
        "input_tokens": planned.input_tokens,
        "output_tokens": planned.output_tokens,
    }


def say_planned(planned: Planned, costs: tuple[float, float] | None) -> None:
    say(
        f"{plural(planned.threads, 'thread')} to ask about, "
        f"{planned.current} current; {plural(planned.messages, 'message')}, "
        f"{plural(planned.requests, 'request')}"
    )
    say(f"about {planned.input_tokens:,} tokens in, and {planned.output_tokens:,} out")
    if costs:
        now, later = costs
        say(
            f"about {now:,.2f} with `run`; {later:,.2f} where a batch is half the price"
        )
    say(ESTIMATE)


def ran_json(ran: Ran) -> Answer:
    return {
        "made": ran.made,
        "current": ran.current,
        "blank": ran.blank,
        "removed": ran.removed,
        "statements": ran.statements,
        "citations": ran.citations,
        **dropped_json(ran.dropped),
        **usage_json(ran.usage),
        "missing": ran.missing,
        "failures": ran.failures,
    }


def dropped_json(dropped: Dropped) -> Answer:
    return {
        "dropped_statements": dropped.statements,
        "rejected_citations": dropped.citations,
    }


def usage_json(usage: Usage) -> Answer:
    return {
        "requests": usage.requests,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
    }


def say_ran(ran: Ran, place: str) -> None:
    say_problems(ran)
    more = [f"{ran.current} current"] if ran.current else []
    more += [f"{ran.blank} without any text"] if ran.blank else []
    more += [f"{ran.removed} removed"] if ran.removed else []
    beside = f" ({', '.join(more)})" if more else ""
    say(f"Wrote insights of {plural(ran.made, 'thread')} to {place}{beside}.")
    if ran.made:
        say(
            f"{plural(ran.statements, 'statement')} with "
            f"{plural(ran.citations, 'citation')}, each found in the archive; dropped: "
            f"{plural(ran.dropped.statements, 'statement')} without one, "
            f"{plural(ran.dropped.citations, 'citation')} that did not hold"
        )
        say(
            f"{plural(ran.usage.requests, 'request')}, {ran.usage.input_tokens:,} "
            f"tokens in, {ran.usage.output_tokens:,} out"
        )


def say_problems(ran: Ran) -> None:
    for missing in ran.missing:
        say(f"NOT ALL {missing}", err=True)
    for failure in ran.failures:
        say(f"NOT MADE {failure}", err=True)


def submitted_json(sent: Submitted) -> Answer:
    return {
        "batches": sent.batches,
        "threads": sent.threads,
        "requests": sent.requests,
        "current": sent.current,
        "waiting": sent.waiting,
        "blank": sent.blank,
    }


def say_submitted(sent: Submitted) -> None:
    waiting = f", {sent.waiting} on their way already" if sent.waiting else ""
    say(
        f"Sent {plural(sent.threads, 'thread')} in "
        f"{plural(sent.requests, 'request')} as "
        + batches(len(sent.batches))
        + f" ({sent.current} current{waiting})."
    )
    if sent.batches or sent.waiting:
        say("`chat-archive insights collect` takes the answers, within a day.")


def batches(count: int) -> str:
    return "1 batch" if count == 1 else f"{count} batches"


def collected_json(collected: Collected) -> Answer:
    return {
        **ran_json(collected.ran),
        "batches": collected.batches,
        "waiting_batches": collected.waiting,
        "waiting_requests_done": collected.done,
        "waiting_requests": collected.total,
        "changed": collected.changed,
        "submitted": collected.submitted,
    }


def say_collected(collected: Collected, place: str) -> None:
    if collected.batches or collected.ran.failures:
        say_ran(collected.ran, place)
    if collected.changed:
        say(
            f"{plural(collected.changed, 'thread')} changed since: `chat-archive "
            "insights submit` sends what is due again"
        )
    if collected.submitted:
        say("Long threads are in a second batch now, which makes their parts one.")
    if collected.waiting:
        say(
            f"{batches(collected.waiting)} on the way: {collected.done} of "
            f"{plural(collected.total, 'request')} answered"
        )
    elif not collected.batches and not collected.ran.failures:
        say("No batch is on its way.")


def checked_json(checked: CheckedAll) -> Answer:
    return {
        "threads": checked.threads,
        "statements": checked.statements,
        "citations": checked.citations,
        "holding": checked.holding,
        "share": checked.share,
        "stale": checked.stale,
        "problems": checked.problems,
    }


def say_checked(checked: CheckedAll) -> None:
    for problem in checked.problems:
        say(f"FAILED {problem}", err=True)
    for thread_id in checked.stale:
        say(f"STALE {thread_id}: it has changed since; shown nowhere", err=True)
    if checked.share is None:
        say(f"No citation to check, in {plural(checked.threads, 'thread')}.")
        return
    say(
        f"{checked.holding} of {plural(checked.citations, 'citation')} hold "
        f"({share(checked.holding, checked.citations)}), of "
        f"{plural(checked.statements, 'statement')} about "
        f"{plural(checked.threads, 'thread')}"
    )
    say(PROVES)


def share(part: int, whole: int) -> str:
    """Return a share in words that never says 100 % of less than all."""
    tenths = part * 1000 // whole
    return f"{tenths / 10:.1f} %"
