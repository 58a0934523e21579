"""`chat-archive checkpoint` and `prove`: evidence for others to keep."""

import codecs
import os
from functools import partial
from pathlib import Path

import click

from shared.bootstrap.address import without_secrets
from shared.bootstrap.archive import ArchiveAddress, open_archive
from shared.bootstrap.timestamps import ask_timestamp
from shared.cli.look_up import look_up, say_unknown
from shared.cli.options import (
    Unreadable,
    archive_argument,
    runs,
    thread_argument,
)
from shared.cli.text import say
from shared.domain import layout
from shared.domain.errors import IntegrityError
from shared.domain.evidence.checkpoint import Checkpoint, parse_checkpoint
from shared.domain.evidence.proof import decode_proof
from shared.domain.evidence.proven import commitments_of
from shared.domain.words import plural
from shared.usecases.evidence.revisions import revisions_of

OUTPUT = click.Path(path_type=Path)


@click.command()
@archive_argument
@click.option("--output", type=OUTPUT, help="File to write; standard output if absent.")
@click.option("--origin", default="", help="Name of the log; the container's address.")
@click.option(
    "--timestamp",
    default="",
    metavar="URL",
    help="Have an authority (RFC 3161) say when it was; needs --output.",
)
@runs
async def checkpoint(
    address: ArchiveAddress, output: Path | None, origin: str, timestamp: str
) -> int:
    """Write the ledger's head, to be kept elsewhere.

    Three lines in the form of C2SP tlog-checkpoint: name, number of lines, root.
    Whoever keeps them, in another account, a signed mail or a timestamp service, can
    tell later whether an earlier line was changed or removed.

    With --timestamp the authority's time stamp stands beside it, as .tsr, and `verify
    --checkpoint` checks it (--timestamp-ca names whom to trust). Nothing is sent there
    but the SHA-256 of the three lines. It needs the extra `timestamp`.

    \b
    Examples:
      chat-archive checkpoint demo-archive/archive --output 2026-11-22.checkpoint
      chat-archive checkpoint ARCHIVE --output final.checkpoint --timestamp https://…
    """
    if timestamp and output is None:
        raise click.UsageError("--timestamp stands beside a file: give --output.")
    async with open_archive(address) as archive:
        if output is not None:
            archive.check_outside(output)
        head = await archive.checkpoint(without_secrets(origin))
    token = await ask_timestamp(timestamp, head.body.encode()) if timestamp else b""
    if output is None:
        click.echo(head.body, nl=False)
    else:
        if token:
            write_new(beside(output), token)
        write_new(output, head.body.encode())
        click.echo(
            f"Wrote {output}: {plural(head.size, 'line')}, root {head.root[:16]}…"
        )
    return 0


def beside(file: Path) -> Path:
    """Return where the time stamp of a checkpoint stands."""
    return file.with_name(f"{file.name}.tsr")


def check_message(
    context: click.Context,  # noqa: ARG001 - as click has it
    parameter: click.Parameter,  # noqa: ARG001
    message: str,
) -> str:
    if Path(message).is_dir():
        raise click.UsageError(
            f"{message} is a folder: name the MESSAGE by its id before it; "
            "`chat-archive cat THREAD` shows the id of each after the #."
        )
    return message


@click.command()
@thread_argument
@click.argument("message", callback=check_message)
@archive_argument
@click.option(
    "--revision", default=0, help="As of which revision; the newest if absent."
)
@click.option(
    "--checkpoint",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Prove against this checkpoint; the ledger's head if absent.",
)
@click.option(
    "--output",
    type=OUTPUT,
    help="File to write; proof-MESSAGE.json if absent, though another thread may "
    "have a message of this id.",
)
@runs
async def prove(
    thread: str,
    message: str,
    address: ArchiveAddress,
    revision: int,
    checkpoint: Path | None,
    output: Path | None,
) -> int:
    """Prove what the archive holds of one message.

    THREAD and MESSAGE are ids. The proof holds every line that tells the message, all
    its versions, and of other lines only hashes behind salts. `chat-archive verify`
    and `verify.py --proof` check it, and say what it proves. The commitments by which
    its versions are cited are printed. Of what was erased it holds by whom, when and
    why. It fits one checkpoint only: where somebody has kept
    one, prove against theirs.

    \b
    Example:
      chat-archive prove 19:acsV1_…@thread.v2 1795363469316 demo-archive/archive
    """
    file = output or Path(f"proof-{layout.encode_id(message)}.json")
    async with open_archive(address) as archive:
        archive.check_outside(file)
        if not (await revisions_of(archive.archive, thread)).finished:
            known = await look_up(archive, thread=thread)
            say_unknown(thread, known, "Nothing was proven")
            return 2
        head = read_checkpoint(checkpoint) or await archive.checkpoint()
        proof = await archive.prove()(
            thread, message, revision=revision, checkpoint=head
        )
    write_new(file, proof)
    click.echo(f"Wrote {file}")
    for line in commitments_of(decode_proof(proof)):
        say(f"  {line}")
    return 0


def write_new(file: Path, data: bytes) -> None:
    """Write a file that is not there yet.

    Raises:
        Unreadable: it is; evidence is never written over.

    """
    try:
        # A proof holds a message: only the user may read it.
        with open(file, "xb", opener=partial(os.open, mode=0o600)) as out:
            out.write(data)
    except FileExistsError:
        raise Unreadable(
            f"{file} exists already, and is left as it is. Give another --output."
        ) from None
    except OSError as error:
        raise Unreadable(f"Cannot write {file}: {error.strerror}.") from None


def read_checkpoint(file: Path | None) -> Checkpoint | None:
    """Read a checkpoint's file, where one was given.

    Raises:
        IntegrityError: it is not a checkpoint.

    """
    if file is None:
        return None
    data = file.read_bytes()
    try:
        # Windows PowerShell writes UTF-16, and Notepad a byte order mark.
        is_utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        text = data.decode("utf-16" if is_utf16 else "utf-8-sig")
        return parse_checkpoint(text.encode())
    except ValueError:
        raise IntegrityError(f"{file}: this is not a checkpoint") from None
