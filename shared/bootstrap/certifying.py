"""A certificate of an archive, and an archive against a certificate."""

from typing import Any

from shared.bootstrap.opened_archive import OpenedArchive
from shared.bootstrap.reporting import begin_report
from shared.domain.errors import IntegrityError
from shared.domain.evidence.checkpoint import Checkpoint
from shared.domain.evidence.ledger_lines import LineKind
from shared.domain.evidence.shapes import is_digest, is_number
from shared.domain.evidence.tree import Tree
from shared.domain.words import plural
from shared.usecases.evidence.read_input import read_input
from shared.usecases.inventory.report import MakeReport
from shared.usecases.retirement.certificate import certified, differences

SAYS_NOTHING = (LineKind.CLOSED, LineKind.PACKAGE)
"""Lines of the ledger after which the archive holds what it held."""


async def certify(archive: OpenedArchive, run: str, head: Checkpoint) -> dict[str, Any]:
    """Return the numbers of a certificate, from the archive alone.

    Raises:
        IntegrityError: something of it cannot be read.
        Transient: it cannot be reached.

    """
    report = await begin_report(archive, run, as_kept=True)
    await MakeReport(archive=archive.archive)(report)
    return certified(report, await read_input(archive.archive), head)


async def certificate_problems(
    archive: OpenedArchive, certificate: dict[str, Any]
) -> list[str]:
    """Return where a certificate and an archive part, in sentences.

    Raises:
        IntegrityError: it is no certificate.
        Transient: the archive cannot be reached.

    """
    head = checkpoint_in(certificate)
    news, tree = 0, Tree()
    async for placed in archive.ledger.lines():
        if placed.index < head.size:
            tree.add(placed.line.leaf)
        is_news = placed.index >= head.size and placed.line.kind not in SAYS_NOTHING
        news += is_news
    if (tree.size, tree.root) != (head.size, head.root):
        return ["its checkpoint is not of this archive"]
    if news:
        why = "so its numbers cannot be computed again: take the archive of that time"
        return [f"{plural(news, 'line')} came to the ledger since, {why}"]
    stated = certificate["certified"]
    computed = await certify(archive, str(stated.get("run")), head)
    return list(differences(stated, computed))


def checkpoint_in(certificate: dict[str, Any]) -> Checkpoint:
    """Return the checkpoint that a certificate names.

    Raises:
        IntegrityError: it is no certificate.

    """
    try:
        said = certificate["certified"]["checkpoint"]
        size, root = said["lines"], said["root"]
    except (KeyError, TypeError):
        size = root = None
    if not is_number(size) or not is_digest(root):
        raise IntegrityError("this is not a certificate")
    return Checkpoint(origin="certificate", size=int(size), root=str(root))
