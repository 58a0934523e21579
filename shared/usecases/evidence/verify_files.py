"""Verify the files of a revision beside its lines: attachments, and rendered files."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from shared.domain.evidence.orders import Order
from shared.domain.evidence.paths import ATTACHMENTS, INPUT_NAMES, MANIFEST_FILE
from shared.domain.evidence.seals import SealedFile, seal_of
from shared.ports.evidence_files import EvidenceFiles
from shared.usecases.evidence.findings import Finding, failure
from shared.usecases.evidence.verify_lines import VerifiedInput


@dataclass(slots=True)
class RevisionFiles:
    """The files of one revision. `folder` has a slash at its end."""

    files: EvidenceFiles
    folder: str
    names: set[str]
    digests: dict[str, bytes] = field(default_factory=dict)
    """The SHA-256 of each rendered file that fits its seal."""

    def check_attachments(self, lines: VerifiedInput) -> Iterator[Finding]:
        """Yield which attachments are not those that the revision's lines name."""
        there = {
            name.removeprefix(ATTACHMENTS)
            for name in self.names
            if name.startswith(ATTACHMENTS)
        }
        for stored in sorted(there | lines.attachments.keys()):
            path = self.folder + ATTACHMENTS + stored
            salt = lines.attachments.get(stored)
            if salt is None:
                yield failure(path, "no line has it, or it was erased")
            elif stored in there:
                if digest_of(self.files, path, b"\x02" + salt).hex() != stored:
                    yield failure(path, "it is another file")
            elif stored not in lines.pending:
                yield failure(path, "it is missing")

    def check_sealed(
        self,
        sealed: Sequence[SealedFile],
        order: Order | None,
        lines: VerifiedInput,
        *,
        is_newest: bool,
    ) -> Iterator[Finding]:
        """Yield which rendered files are not those that a manifest or order seals."""
        doubt = "an erasure is not finished, or " if order else ""
        there = {
            name
            for name in self.names - {MANIFEST_FILE, *INPUT_NAMES}
            if not name.startswith(ATTACHMENTS)
        }
        for name in sorted(there - {file.name for file in sealed}):
            yield failure(self.folder + name, doubt + "it does not belong there")
        for file in sealed:
            path, digest = self.folder + file.name, b""
            is_there = file.name in there
            try:
                digest = read_digest(self.files, path) if is_there else b""
            except FileNotFoundError:
                is_there = False  # a superseded one may be removed at any time
            except OSError:
                pass
            if not is_there:
                if is_newest:
                    yield failure(path, doubt + "it is missing")
            elif seal_of(file.name, bytes(lines.salts), digest) == file.seal:
                self.digests[file.name] = digest
            else:
                yield failure(path, doubt + "it was changed")


def digest_of(files: EvidenceFiles, path: str, prefix: bytes = b"") -> bytes:
    """Return the SHA-256 of a file after a prefix; b"" where it cannot be read."""
    try:
        return read_digest(files, path, prefix)
    except OSError:
        return b""


def read_digest(files: EvidenceFiles, path: str, prefix: bytes = b"") -> bytes:
    """Return the SHA-256 of a file after a prefix; raise as reading does."""
    digest = hashlib.sha256(prefix)
    for chunk in files.chunks(path):
        digest.update(chunk)
    return digest.digest()
