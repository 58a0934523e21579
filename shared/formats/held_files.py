"""The files that an archive holds: where a page finds them, and which it can show.

Whoever sent a file chose its name and what its server says of it: neither decides what
opens it but from a list of endings that run nothing.
"""

from collections.abc import Callable, Mapping
from pathlib import PurePosixPath

from shared.domain.thread.attachment import Attachment

Place = Callable[[Attachment], str]
"""The address of a held file, relative to the page."""

PICTURES: Mapping[str, str] = {
    "image/gif": ".gif",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
}
OFFICE = "application/vnd.openxmlformats-officedocument"
ENDINGS: Mapping[str, str] = {
    **PICTURES,
    "application/pdf": ".pdf",
    f"{OFFICE}.wordprocessingml.document": ".docx",
    f"{OFFICE}.presentationml.presentation": ".pptx",
    f"{OFFICE}.spreadsheetml.sheet": ".xlsx",
    "application/zip": ".zip",
    "audio/mpeg": ".mp3",
    "text/csv": ".csv",
    "text/plain": ".txt",
    "video/mp4": ".mp4",
}
"""Endings by content type. A browser runs no script in any of these."""


def content_type(file: Attachment) -> str:
    """Return a file's content type as its server said it, without parameters."""
    return file.content_type.partition(";")[0].strip().lower()


def is_shown(file: Attachment) -> bool:
    """Return whether a page shows a file itself: a picture that is held."""
    return file.is_held and not file.erased and content_type(file) in PICTURES


def ending(file: Attachment) -> str:
    """Return the ending with which a file opens; "" where none is known to be safe."""
    named = PurePosixPath(file.name.replace("\\", "/")).suffix.lower()
    safe = named if named in ENDINGS.values() else ""
    return ENDINGS.get(content_type(file), safe)


def in_archive(file: Attachment) -> str:
    """Return where a file stands as seen from a page of any revision."""
    return f"../rev={file.revision:04d}/attachments/{file.stored}"


def in_export(file: Attachment) -> str:
    """Return where an export writes a file, beside its page."""
    return f"attachments/{file.stored}{ending(file)}"
