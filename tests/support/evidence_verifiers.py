"""Both verifiers on files in memory, and that they agree."""

from shared.domain.evidence.checkpoint import parse_checkpoint
from shared.usecases.evidence.verify_archive import ArchiveVerification
from shared.verifier import verify

TODAY = "2027-06-01"


class MemoryFiles(verify.Files):
    """Files by path, read as the stand-alone verifier reads a folder."""

    def __init__(self, files):
        self.files = files
        self.odd = []

    def names(self, prefix=""):
        return sorted(path for path in self.files if path.startswith(prefix))

    def chunks(self, path):
        if self.files.get(path) is None:  # None stands for a link, or a bad disk
            raise PermissionError(path)
        data = self.files[path]
        # In parts, so that lines are cut across them.
        return (data[at : at + 9973] for at in range(0, len(data), 9973))


def findings(files, checkpoint=b"", today=TODAY, check_rendered=None):
    """Return the findings of `chat-archive verify`."""
    run = verification(files, checkpoint, today, check_rendered)
    return list(run.verify())


def verification(files, checkpoint=b"", today=TODAY, check_rendered=None):
    return ArchiveVerification(
        files=MemoryFiles(files),
        today=today,
        checkpoint=parse_checkpoint(checkpoint) if checkpoint else None,
        check_rendered=check_rendered,
    )


def failures(files, checkpoint=b"", today=TODAY):
    """Return the failures of both verifiers, who have to agree whether there are any."""
    ours = [
        (f.path, f.reason) for f in findings(files, checkpoint, today) if f.is_failure
    ]
    theirs = verify.verify(MemoryFiles(files), checkpoint, today).failures
    assert bool(ours) == bool(theirs), (ours, theirs)
    return ours + theirs


def reasons(files, checkpoint=b"", today=TODAY):
    return " | ".join(reason for _, reason in failures(files, checkpoint, today))


def notes(files):
    """Return the notes of both verifiers on an archive in one text.

    What is said of holds is the same in both.
    """
    ours = sorted(f.reason for f in findings(files) if not f.is_failure)
    theirs = sorted(
        reason for _, reason in verify.verify(MemoryFiles(files), b"", TODAY).notes
    )
    about_holds = [
        [text for text in found if "hold" in text] for found in (ours, theirs)
    ]
    assert about_holds[0] == about_holds[1]
    return " | ".join(ours + theirs)


def write(folder, files):
    for path, data in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
