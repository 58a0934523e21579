"""`chat-archive verify`: says whether an archive holds what it should."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import click

from shared.bootstrap.archive import ArchiveAddress, open_archive
from shared.bootstrap.certifying import checkpoint_in
from shared.bootstrap.opened_archive import OpenedArchive
from shared.bootstrap.timestamps import check_timestamp
from shared.cli.certificate_check import certificate_findings, read_certificate
from shared.cli.evidence import beside, read_checkpoint
from shared.cli.options import (
    JSON_LINES,
    Unreadable,
    archive_argument,
    runs,
)
from shared.cli.progress import bytes_bar
from shared.cli.verify_output import JsonOutput, Output, TextOutput, proof_verdict
from shared.domain import layout
from shared.domain.evidence.checkpoint import Checkpoint
from shared.domain.evidence.proof import decode_proof
from shared.domain.times import format_time
from shared.ports.timestamps import BadTimestamp, NoTimestamp
from shared.usecases.evidence.findings import Finding, failure, note


@click.command()
@archive_argument
@click.option("--thread", default="", help="Check one thread only, by its id.")
@click.option(
    "--checkpoint",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A checkpoint that was kept elsewhere.",
)
@click.option(
    "--timestamp-ca",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Root certificates (PEM) of whom a checkpoint's time stamp may be.",
)
@click.option(
    "--certificate",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A certificate's .json: compute its numbers again.",
)
@JSON_LINES
@runs
async def verify(
    address: ArchiveAddress,
    thread: str,
    checkpoint: Path | None,
    timestamp_ca: Path | None,
    certificate: Path | None,
    as_json: bool,
) -> int:
    """Check an archive, a package or a proof; trust nothing in it.

    ARCHIVE is a folder, a package, a proof of `prove`, or the address of a container.
    Every line and its facts, every root, order and ledger line is checked, and every
    file that people read is rendered anew from the lines, and compared.

    Exit status: 0 verified, 1 failed (a line for each failure), 2 unreadable.

    \b
    Examples:
      chat-archive verify demo-archive/archive
      chat-archive verify https://acme.blob.core.windows.net/chat-archive
      chat-archive verify package --checkpoint from-the-auditor.txt
    """
    is_proof = bool(address.text) and Path(address.text).is_file()
    if timestamp_ca and not checkpoint:
        raise click.UsageError(
            "A time stamp is of a checkpoint: give --checkpoint with --timestamp-ca."
        )
    if certificate and (thread or is_proof):
        raise click.UsageError(
            "A certificate is of a whole archive: leave --thread out, and give no "
            "proof."
        )
    saved = read_checkpoint(checkpoint)
    numbers = read_certificate(certificate) if certificate else None
    if numbers and not saved:
        saved = checkpoint_in(numbers)
    if address.text and zipfile.is_zipfile(address.text):
        raise Unreadable(
            f"{address.text} is a zip file: unpack it, then verify the folder."
        )
    output = JsonOutput() if as_json else TextOutput()
    stamps = [*timestamp_findings(checkpoint, timestamp_ca)] if checkpoint else []
    if is_proof:
        return show_proof(Path(address.text), saved, stamps, output)
    async with open_archive(address) as archive:
        await check(archive, thread, saved, output)
        if output.is_empty:
            shown = address.shown or archive.origin
            raise Unreadable(f"There is no archive in {shown}.")
        for finding in stamps:
            output.add(finding)
        if numbers and certificate:
            for finding in await certificate_findings(archive, certificate, numbers):
                output.add(finding)
    output.show_verdict()
    return 1 if output.failures else 0


def timestamp_findings(file: Path, roots: Path | None) -> Iterator[Finding]:
    """Yield what the time stamp beside a checkpoint says; nothing where none is.

    Where roots were named, one has to be there.
    """
    stamp = beside(file)
    if not stamp.is_file():
        if roots:
            yield failure(str(stamp), "there is no time stamp beside the checkpoint")
        return
    try:
        said = check_timestamp(stamp.read_bytes(), file.read_bytes(), roots)
    except NoTimestamp as error:
        found = failure if roots else note
        yield found(str(stamp), f"the time stamp was not checked: {error}")
    except BadTimestamp as error:
        yield failure(str(stamp), f"the time stamp does not hold: {error}")
    else:
        on = format_time(said.on)
        yield note(str(stamp), f"the checkpoint was there on {on}, says {said.by}")


async def check(
    archive: OpenedArchive, thread: str, saved: Checkpoint | None, output: Output
) -> None:
    """Verify an archive, and have everything shown as it is found."""
    total = await archive.size([layout.thread_folder(thread) if thread else ""])

    with bytes_bar("verifying", total) as advance:

        def on_bytes(count: int) -> None:
            output.bytes += count
            advance(count)

        verify_archive = archive.verify(output.add, on_bytes)
        output.verified = await verify_archive(thread_id=thread, checkpoint=saved)


def show_proof(
    file: Path, saved: Checkpoint | None, stamps: list[Finding], output: Output
) -> int:
    try:
        proof = decode_proof(file.read_bytes())
    except OSError as error:
        # A file can be opened and fail later, with an error that names none.
        raise Unreadable(f"{file} cannot be read: {error.strerror}.") from None
    except ValueError:
        raise Unreadable(f"{file} is neither a folder nor a proof.") from None
    verdict = proof_verdict(
        file, proof, saved, [each for each in stamps if each.is_failure]
    )
    for finding in stamps:
        if not finding.is_failure:
            output.add(finding)
    output.show_proof(verdict)
    return 1 if verdict.failures else 0
