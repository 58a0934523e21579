"""The files of a message: pictures go with it, and other files are linked or named.

A file that is not held, or was erased, is in the reconciliation alone; so is what a
message has no room for.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import quote

from shared.domain import layout
from shared.domain.errors import IntegrityError
from shared.domain.evidence.paths import ATTACHMENTS
from shared.domain.thread.attachment import Attachment
from shared.domain.thread.transcript import Transcript
from shared.formats.graph_plan import LONGEST_BODY, Post
from shared.formats.held_files import in_export, is_shown
from shared.formats.one_line import one_line
from shared.ports.archive_store import ArchiveFiles

PICTURES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
}
"""Content types by what such a file begins with: whoever served it may have said
anything, and Graph refuses a message with a picture that is none."""
MOST_PICTURE_BYTES = 2 * 1024 * 1024
"""Of all pictures of a message: Graph takes about 4 MB, and base64 adds a third."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFiles:
    """Adds the files of a thread's messages to what is sent.

    `files_at` is the address of a place where files stand as an export writes them; ""
    where there is none, and files are named only.
    """

    archive: ArchiveFiles
    transcript: Transcript
    files_at: str = ""

    async def added_to(self, post: Post) -> tuple[Mapping[str, Any], int]:
        """Return a message with its files, and how many pictures go with it.

        Raises:
            Transient: the archive cannot be read.

        """
        content = post.body["body"]["content"]
        hosted: list[dict[str, str]] = []
        room = MOST_PICTURE_BYTES
        for file in self.transcript.attachments:
            if file.message_id != post.message_id or not file.is_held or file.erased:
                continue
            number = str(len(hosted) + 1)
            added = f'<br><img src="../hostedContents/{number}/$value">'
            data, kind = b"", ""
            if file.bytes <= room and is_shown(file):
                data = await self.read(file)
                kind = kind_of(data)
            if not kind:
                added = f"<br>{self.named(file)}"
            if len((content + added).encode()) > LONGEST_BODY:
                continue
            content += added
            if kind:
                room -= len(data)
                hosted.append(
                    {
                        "@microsoft.graph.temporaryId": number,
                        "contentBytes": base64.b64encode(data).decode(),
                        "contentType": kind,
                    }
                )
        said = {**post.body["body"], "content": content}
        body = {**post.body, "body": said}
        return (body | {"hostedContents": hosted} if hosted else body), len(hosted)

    async def read(self, file: Attachment) -> bytes:
        """Return a file; nothing where it is not there any more (`verify` names it)."""
        name = ATTACHMENTS + file.stored
        path = layout.revision_path(self.transcript.thread_id, file.revision, name)
        try:
            return await self.archive.read(path)
        except IntegrityError:
            return b""

    def named(self, file: Attachment) -> str:
        """Return the link to a file, or its name, as HTML."""
        name = escape(one_line(file.name) or "file")
        if not self.files_at:
            return f"{name} (in the chat archive)"
        folder = layout.thread_folder(self.transcript.thread_id)
        address = f"{self.files_at.rstrip('/')}/{quote(folder + in_export(file), '/=')}"
        return f'<a href="{escape(address)}">{name}</a>'


def kind_of(data: bytes) -> str:
    """Return the content type of a picture that Teams shows; "" for anything else."""
    return next(
        (kind for start, kind in PICTURES.items() if data.startswith(start)), ""
    )
