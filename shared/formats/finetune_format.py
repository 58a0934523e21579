"""`finetune.jsonl`: one conversation per thread for Azure OpenAI, chat completions.

UTF-8 with a byte order mark, as Azure OpenAI requires. Who is the assistant must be
given, and is never guessed. Deleted, erased and system messages are left out.
"""

from collections.abc import Iterator

from shared.domain import json_line
from shared.domain.errors import ArchiverError
from shared.domain.thread.transcript import Transcript
from shared.formats.names import NOBODY
from shared.formats.part import Options, RenderedFile
from shared.formats.plain import display_text

BOM = b"\xef\xbb\xbf"
ROLES = ("system", "user", "assistant")


class NoRoles(ArchiverError):
    """No participant was given as the assistant."""


def write(transcript: Transcript, options: Options) -> Iterator[RenderedFile]:
    if "assistant" not in options.roles.values():
        raise NoRoles(
            "Say who the assistant is: --role RAWID=assistant, by a raw id that "
            "`chat-archive show` gives."
        )
    yield "finetune.jsonl", iter([conversation(transcript, options)])


def conversation(transcript: Transcript, options: Options) -> bytes:
    """Return the line; empty if nobody in the thread is the assistant."""
    turns: list[dict[str, str]] = []
    for message in transcript.messages:
        current = message.current
        if message.is_system or current.content is None or current.erased:
            continue
        role = options.roles.get(message.sender_id, "user")
        text = display_text(message, current, NOBODY)
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += f"\n{text}"
        else:
            turns.append({"role": role, "content": text})
    if not any(turn["role"] == "assistant" for turn in turns):
        return b""
    line = json_line.compact({"messages": turns}) + "\n"
    return BOM + json_line.encode(line)
