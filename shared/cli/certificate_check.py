"""A certificate that is checked: read strictly, and compared with its archive and page.

Rule: what is not checked is said to be not checked.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from shared.bootstrap.certifying import certificate_problems
from shared.bootstrap.opened_archive import OpenedArchive
from shared.cli.certificate_page import PRODUCT, certificate_page
from shared.cli.options import Unreadable
from shared.domain.json_line import reject_constant
from shared.usecases.evidence.findings import Finding, failure, note

PARTS = {"stated", "certified"}
STATED = {"archive", "by", "written_on", "product"}
PAGES = (".html", ".htm")
NOT_CHECKED = (
    "name, day, address and product on it are what its writer says, and were not "
    "checked"
)


def read_certificate(file: Path) -> dict[str, Any]:
    """Read the numbers of a certificate; what says a thing twice is none.

    Raises:
        Unreadable: it is none.

    """
    try:
        value = json.loads(
            file.read_bytes(),
            object_pairs_hook=once_each,
            parse_constant=reject_constant,
        )
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict) or "certified" not in value:
        raise Unreadable(
            f"{file} is no certificate: give the .json that stands beside its page."
        )
    return value


def once_each(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError("a member stands twice")
        found[name] = value
    return found


async def certificate_findings(
    archive: OpenedArchive, file: Path, value: dict[str, Any]
) -> list[Finding]:
    """Return where a certificate, its page and the archive part, and what is unknown.

    Raises:
        IntegrityError: it is no certificate.
        Transient: the archive cannot be reached.

    """
    problems = await certificate_problems(archive, value)
    problems += [f"{name} is no part of a certificate" for name in {*value} - PARTS]
    stated = value.get("stated")
    if (
        not isinstance(stated, dict)
        or stated.keys() != STATED
        or not all(isinstance(said, str) for said in stated.values())
    ):
        problems.append("who wrote it, when and of what is not said as it should be")
    found = [failure(str(file), problem) for problem in problems]
    if not problems:  # so it can be rendered
        found += page_findings(file, value)
        found.append(note(str(file), NOT_CHECKED))
    return found


def page_findings(file: Path, value: dict[str, Any]) -> Iterator[Finding]:
    """Yield whether the page beside a certificate's numbers says other than they."""
    pages = [page for end in PAGES if (page := file.with_suffix(end)).is_file()]
    if not pages:
        yield note(str(file), "no page stands beside it, so none was compared")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    wanted = certificate_page(value["stated"], value["certified"], digest)
    for page in pages:
        if page.read_bytes() == wanted.encode("utf-8", "replace"):
            continue
        if value["stated"]["product"] == PRODUCT:
            yield failure(str(file), f"{page} does not say its numbers")
        else:
            yield note(
                str(page),
                f"it was not compared: {PRODUCT} did not write it. Read the numbers "
                "in the .json alone",
            )
