"""Rewrite: the files of a revision as they follow from an input without the erased."""

from shared.domain import layout
from shared.domain.archive.manifest import Manifest, content_of
from shared.domain.archive.revision_inputs import RevisionInputs
from shared.domain.errors import IntegrityError
from shared.domain.thread.attachments import stored_files
from shared.formats.registry import formats_of, written


def rewritten(inputs: RevisionInputs, manifest: Manifest) -> dict[str, bytes]:
    """Return all files of a revision as they follow from an input without the erased.

    Raises:
        IntegrityError: a proof would break, or a file's format is not known here.

    """
    transcript = inputs.transcript()
    content = content_of(
        transcript,
        revision=manifest.revision,
        files=manifest.files,
        covers=manifest.covers,
        previous=manifest.previous,
    )
    if content != manifest.content:
        raise IntegrityError("its manifest would not verify any more; nothing erased")
    files = inputs.files
    files.pop(layout.ERASURES_FILE, None)
    names = {file.name for file in manifest.files} - {layout.ERASURES_FILE}
    files |= written(formats_of(names), transcript)
    stored = stored_files(inputs.attachments, manifest.revision)
    files |= {
        layout.attachment_name(digest): b"" for digest in stored if stored[digest]
    }
    names -= {layout.attachment_name(digest) for digest in stored if not stored[digest]}
    if files.keys() != names:
        unknown = ", ".join(sorted(names ^ files.keys()))
        raise IntegrityError(f"{unknown}: no file that is written here; nothing erased")
    return files
