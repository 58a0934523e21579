"""`chat-archive verify`: says whether an archive holds what it should."""

import json
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from shared.bootstrap.archive import CHECKPOINT, ArchiveAddress, open_archive
from shared.bootstrap.opened_archive import OpenedArchive
from shared.cli.options import Unreadable, archive_argument, read_checkpoint, runs
from shared.cli.progress import bytes_bar
from shared.cli.text import printable, readable, some
from shared.domain import json_line, layout
from shared.domain.archive.checkpoint import Checkpoint
from shared.domain.archive.erasure import Erasures
from shared.domain.archive.proof import check_proof
from shared.domain.words import plural
from shared.usecases.evidence.verify_revision import Failure, VerificationReport

MOST_STRANGERS = 5
"""Files of the operating system that are named; all are counted."""


@click.command()
@archive_argument
@click.option("--thread", default="", help="Check one thread only, by its id.")
@click.option(
    "--checkpoint",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A checkpoint that was kept elsewhere.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@runs
async def verify(
    address: ArchiveAddress,
    thread: str,
    checkpoint: Path | None,
    as_json: bool,
) -> int:
    """Check an archive, a package or a proof, trusting nothing that it says.

    ARCHIVE is a folder, a package, a proof of `prove`, or the address of a container.
    Every file, count, Merkle root and ledger line is rebuilt from the events and the
    listing, and compared.

    Exit status: 0 verified, 1 failed (a line for each failure), 2 unreadable.

    \b
    Examples:
      chat-archive verify demo-archive/archive
      chat-archive verify https://acme.blob.core.windows.net/chat-archive
      chat-archive verify package --checkpoint from-the-auditor.txt
    """
    saved = read_checkpoint(checkpoint)
    if address.text and zipfile.is_zipfile(address.text):
        raise Unreadable(
            f"{address.text} is a zip file: unpack it, then verify the folder."
        )
    if address.text and Path(address.text).is_file():
        return show_proof(Path(address.text), saved, as_json=as_json)
    output = JSON_OUTPUT if as_json else PLAIN_OUTPUT
    async with open_archive(address) as archive:
        report = await check(archive, thread, saved, output)
    if not (report.threads or report.ledger_lines or report.failures):
        raise Unreadable(f"There is no archive in {address.shown or archive.origin}.")
    output.report(report)
    return 1 if report.failures else 0


async def check(
    archive: OpenedArchive,
    thread: str,
    saved: Checkpoint | None,
    output: "Output",
) -> VerificationReport:
    if saved is None and archive.package and not thread:
        saved = read_checkpoint(archive.package / CHECKPOINT)
    total = await archive.size(
        [layout.thread_folder(thread) if thread else layout.THREAD_PREFIX]
    )
    with bytes_bar("verifying", total) as on_bytes:
        return await archive.verify(output.failure, output.erased, on_bytes)(
            thread_id=thread,
            checkpoint=saved,
            may_withhold=archive.package is not None,
        )


def show_proof(file: Path, saved: Checkpoint | None, *, as_json: bool) -> int:
    data = file.read_bytes()
    problems = check_proof(data, saved)
    is_erased = not problems and json_line.parse(data)["erased"] is True
    for problem in problems:
        failure = Failure(path=str(file), reason=problem)
        (print_json_failure if as_json else print_failure)(failure)
    if as_json:
        click.echo(json.dumps({"verified": not problems, "failures": len(problems)}))
    else:
        click.echo("FAILED" if problems else "VERIFIED  the message is in the archive")
        if is_erased:
            click.echo("  its content was erased, and nothing is proven of it")
        if saved is None:
            click.echo("  against the checkpoint in the proof itself; bring your own")
    return 1 if problems else 0


def print_failure(failure: Failure) -> None:
    click.echo(printable(f"FAILED {failure.path}: {failure.reason}"))


def print_json_failure(failure: Failure) -> None:
    click.echo(json.dumps({"failure": asdict(failure)}))


def print_report(report: VerificationReport) -> None:
    """Print what was looked at, and what that does and does not mean."""
    head = "FAILED  " if report.failures else "VERIFIED"
    failures = f", {plural(report.failures, 'failure')}" if report.failures else ""
    click.echo(
        f"{head} {plural(report.threads, 'thread')}, "
        f"{plural(report.revisions, 'revision')}, {plural(report.files, 'file')}, "
        f"{readable(report.bytes)}{failures}"
    )
    complete = report.revisions - report.incomplete
    head = f"head {plural(report.head_size, 'line')}, root {report.head_root[:16]}…"
    rows = {
        "complete": f"{complete} of {plural(report.revisions, 'revision')}; "
        "the others name what may be missing in reconciliation.json",
        "ledger": f"{plural(report.ledger_lines, 'line')}; {head}",
        "open": ", ".join(report.open_days)
        and f"{', '.join(report.open_days)}: the order of its lines is fixed when the "
        "day is closed, or by a checkpoint",
        "withheld": some(report.withheld_lines, "line", "of other threads"),
        "ignored": some(report.torn_attempts, "attempt", "without a manifest"),
        "strangers": some(len(report.strangers), "file", "of the operating system: ")
        + ", ".join(report.strangers[:MOST_STRANGERS]),
        "by digest": some(report.unknown_formats, "file", "of formats unknown here"),
    }
    for name, text in rows.items():
        if text:
            click.echo(printable(f"  {name:<10}{text}"))


def print_json_report(report: VerificationReport) -> None:
    click.echo(json.dumps({"verified": not report.failures, **asdict(report)}))


def print_erased(erasures: Erasures) -> None:
    for order in erasures.orders:
        click.echo(
            printable(
                f"ERASED {plural(len(order.messages), 'message')} of "
                f"{erasures.thread_id} "
                f"revision {erasures.revision}: {order.erased_on} by {order.by}, "
                f"{order.reason}"
            )
        )


def print_json_erased(erasures: Erasures) -> None:
    facts = {
        "thread_id": erasures.thread_id,
        "revision": erasures.revision,
        "versions": len(erasures.versions),
        "orders": [asdict(order) for order in erasures.orders],
    }
    click.echo(json.dumps({"erased": facts}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """How what is found is printed: for people, or for programs."""

    failure: Callable[[Failure], None]
    erased: Callable[[Erasures], None]
    report: Callable[[VerificationReport], None]


PLAIN_OUTPUT = Output(failure=print_failure, erased=print_erased, report=print_report)
JSON_OUTPUT = Output(
    failure=print_json_failure, erased=print_json_erased, report=print_json_report
)
