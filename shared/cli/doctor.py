"""`chat-archive doctor`: what stands in the way, and the command that fixes it."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict

import click

from shared.bootstrap.archive import ArchiveAddress
from shared.bootstrap.doctor import SIGNED_IN, open_doctor
from shared.cli.options import JSON, Unreadable, archive_argument, runs
from shared.cli.setting_options import setting_options
from shared.cli.text import plural, printable, say
from shared.usecases.capture.doctor.examine import Check, Verdict, examine

WORDS = {verdict: verdict.value.replace("_", " ") for verdict in Verdict}
VERDICT_WIDTH = max(map(len, WORDS.values())) + 2
NOT_SIGNED_IN = (
    "Nobody is signed in to Azure, so most could not be looked at: run `az login`, or "
    "use a key."
)


@click.command()
@archive_argument
@setting_options(
    "ACS_CONNECTION_STRING",
    "ACS_ENDPOINT",
    "ACS_CLIENT_ID",
    "ACS_READER_IDS",
    "ACS_CHAT_API_VERSION",
    "EVENT_TOPIC_ID",
)
@JSON
@runs
async def doctor(
    address: ArchiveAddress, settings: Mapping[str, str], as_json: bool
) -> int:
    """Find what stands in the way, and the command that fixes it.

    Looks at settings, sign-in, storage with its containers and queues, the clock,
    events, the sweep, the app's packages, the chat service, the event subscription and
    the index: a line each, ok, warning, failure or not checked, and below it the
    command that fixes it. It takes seconds and changes nothing: what only a write
    would tell is not checked. docs/operations.md says what each line means.

    Exit status: 0 nothing failed (there may be warnings), 1 something failed, 2 nobody
    is signed in, or a usage error.

    \b
    Examples:
      chat-archive doctor
      chat-archive doctor --event-topic-id "$(azd env get-value EVENT_TOPIC_ID)"
      chat-archive doctor https://acme.blob.core.windows.net/chat-archive --json
    """
    checks: list[Check] = []
    async with open_doctor(address, settings) as steps:
        width = max(len(step.name) for step in steps) + 2
        async for check in examine(steps):
            checks.append(check)
            if not as_json:
                print_check(check, width)
    sums = Counter(check.verdict for check in checks)
    if as_json:
        found = [{"name": check.name} | asdict(check) for check in checks]
        every = {verdict: sums[verdict] for verdict in Verdict}
        click.echo(json.dumps({"checks": found, "sums": every}))
    else:
        click.echo(", ".join(summed(verdict, sums[verdict]) for verdict in Verdict))
    if is_anonymous(checks):
        raise Unreadable(NOT_SIGNED_IN)
    return 1 if sums[Verdict.FAILURE] else 0


def print_check(check: Check, width: int) -> None:
    word = f"{WORDS[check.verdict]:<{VERDICT_WIDTH}}"
    say(f"{word}{check.name:<{width}}{check.text}")
    if check.fix and check.verdict is not Verdict.OK:
        click.echo(printable(f"{'':<{VERDICT_WIDTH + width}}{check.fix}"))


def summed(verdict: Verdict, count: int) -> str:
    is_counted = verdict in (Verdict.WARNING, Verdict.FAILURE)
    return plural(count, WORDS[verdict]) if is_counted else f"{count} {WORDS[verdict]}"


def is_anonymous(checks: list[Check]) -> bool:
    return any(
        check.name == SIGNED_IN and check.verdict is Verdict.FAILURE for check in checks
    )
