"""Verify rendered files by rendering them anew: the input alone decides what they say.

A seal tells that a file is the one that was sealed; only this tells that it says what
the input says. Memory grows with the input of one thread.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from shared.domain.archive.chain import Chain
from shared.domain.archive.read_chain import transcript_of
from shared.domain.errors import ArchiverError
from shared.domain.evidence.manifest import Manifest
from shared.domain.evidence.paths import MANIFEST_FILE
from shared.domain.evidence.seals import SealedFile
from shared.domain.thread.grade import grade_of
from shared.domain.thread.transcript import Transcript
from shared.formats.registry import formats_of, renderer_of, streamed
from shared.usecases.evidence.findings import Finding, failure, note

MOST_RENDERED_BYTES = 2 * 1024**3
"""Of longer input only the seals are checked, and a note says so."""
UNREADABLE = (
    ArchiverError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    OverflowError,
    RecursionError,
)
"""What rendering may raise where somebody wrote lines that no service sends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedRevision:
    """A revision to render anew.

    `chain` is the input up to it, `sealed` what its files have to be, and `digests` has
    those that are there and fit their seals. Paths are made with `folder`.
    """

    folder: str
    manifest: Manifest
    chain: Chain
    sealed: Sequence[SealedFile]
    digests: Mapping[str, bytes]

    @property
    def has_erased_lines(self) -> bool:
        return any(not all(file.salts) for file in self.chain.files.values())


def check_rendered(revision: RenderedRevision) -> Iterator[Finding]:
    """Yield where files and grade are not what the input gives."""
    if revision.chain.size > MOST_RENDERED_BYTES:
        yield note(revision.folder, "its input is too long to be rendered anew here")
        return
    try:
        transcript = transcript_of(revision.chain)
        yield from check_grade(revision, transcript)
        yield from check_files(revision, transcript)
    except UNREADABLE as error:
        yield failure(
            revision.folder, f"its input cannot be rendered ({type(error).__name__})"
        )


def check_grade(
    revision: RenderedRevision, transcript: Transcript
) -> Iterator[Finding]:
    """Yield whether the grade is another; once a line is erased nobody can tell."""
    if revision.has_erased_lines:
        return
    grade, manifest = grade_of(transcript), revision.manifest
    if (grade.name, grade.reason) != (manifest.grade, manifest.grade_reason):
        yield failure(
            revision.folder + MANIFEST_FILE, "its grade is not what its input gives"
        )


def check_files(
    revision: RenderedRevision, transcript: Transcript
) -> Iterator[Finding]:
    """Yield which files are others, and which cannot be rendered here."""
    if not revision.digests:
        return
    sealed = {file.name: file.renderer for file in revision.sealed}
    known = {name for name in sealed if sealed[name] == renderer_of(name)}
    found: set[str] = set()
    for name, parts in streamed(formats_of(known), transcript):
        digest = digest_of(parts)
        found.add(name)
        if name not in sealed:
            yield failure(revision.folder + name, "its input gives this file as well")
        elif name in known and revision.digests.get(name, digest) != digest:
            yield failure(revision.folder + name, "it is not what its input gives")
    there = revision.digests.keys()
    for name in sorted((there & known) - found):
        yield failure(revision.folder + name, "its input gives no such file")
    for renderer in sorted({sealed[name] for name in there - known}):
        reason = f"of what {renderer} rendered, only seals can be checked here"
        yield note(revision.folder, reason)


def digest_of(parts: Iterator[bytes]) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()
