"""`chat-archive certificate`: one page that a person can sign."""

import hashlib
import json
from pathlib import Path
from typing import Any

import click

from shared.bootstrap.archive import ArchiveAddress, open_archive
from shared.bootstrap.certifying import certify
from shared.bootstrap.identity import utc_now
from shared.cli.certificate_page import PRODUCT, certificate_page
from shared.cli.evidence import write_new
from shared.cli.options import archive_argument, by_option, run_option, runs
from shared.cli.text import say
from shared.cli.verify import check
from shared.cli.verify_output import TextOutput
from shared.domain.times import format_time


@click.command()
@archive_argument
@run_option
@by_option
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("certificate.html"),
    show_default=True,
    help="Page to write; its numbers go beside it, as .json.",
)
@runs
async def certificate(address: ArchiveAddress, name: str, by: str, output: Path) -> int:
    """Write one page to sign: what there was and what became of it.

    What the resource held by inventory and chat logs; what is archived, missing, and
    closed by whose decision; the baseline; what was imported into Teams; sums that add
    up; the checkpoint. The archive is verified first, and there is no certificate where
    that fails. Every number follows from the archive alone: `chat-archive verify
    --certificate certificate.json` computes them again.

    Exit status: 0 written, and complete, 1 written, and incomplete, or the archive
    failed, 2 unreadable.

    \b
    Example:
      chat-archive certificate archive --by "Dana Reed" --output certificate.html
    """
    if output.suffix.lower() not in (".html", ".htm"):
        raise click.UsageError("--output is a page: end it in .html.")
    async with open_archive(address) as archive:
        archive.check_outside(output)
        head = await archive.checkpoint()
        verified = TextOutput()
        await check(archive, "", head, verified)
        if verified.failures:
            say(
                "NOT CERTIFIED: the archive fails `chat-archive verify`, which says "
                "where.",
                err=True,
            )
            return 1
        numbers = await certify(archive, name, head)
        stated = {
            "archive": archive.address,
            "by": by,
            "written_on": format_time(utc_now().replace(microsecond=0)),
            "product": PRODUCT,
        }
    document = as_document({"stated": stated, "certified": numbers})
    digest = hashlib.sha256(document).hexdigest()
    write_new(output.with_suffix(".json"), document)
    write_new(output, certificate_page(stated, numbers, digest).encode())
    click.echo(f"Wrote {output} and {output.with_suffix('.json')}.")
    is_whole = numbers["complete"] and all(numbers["sums"].values())
    if not is_whole:
        say("INCOMPLETE: the page says what is open.", err=True)
    return 0 if is_whole else 1


def as_document(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, ensure_ascii=True, indent=1) + "\n").encode()
