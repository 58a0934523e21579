"""`finetune.jsonl`: a conversation a thread for Azure OpenAI, chat completions.

One file of all threads, UTF-8 with one byte order mark, as Azure OpenAI requires. Who
is the assistant must be given, and is never guessed.

Rule 1: a conversation ends with the assistant's turn: what is said after it teaches
        nothing, and trainers refuse it. A thread in which the assistant says nothing
        is no example. Both are counted and said.
Rule 2: consecutive turns of one role are one turn. What has no text is no turn;
        deleted, erased and system messages are left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from shared.domain import json_line
from shared.domain.errors import ArchiverError
from shared.domain.thread.message import Message
from shared.domain.thread.transcript import Transcript
from shared.domain.words import plural
from shared.formats.names import NOBODY
from shared.formats.part import Options, RenderedFile
from shared.formats.plain import display_text

NAME = "finetune.jsonl"
BOM = b"\xef\xbb\xbf"
ROLES = ("system", "user", "assistant")
ASSISTANT = "assistant"
FEWEST = 10
"""Examples that Azure OpenAI asks for."""
MOST_MEGABYTES = 512


class NoRoles(ArchiverError):
    """No participant was given as the assistant."""


def write(transcript: Transcript, options: Options) -> Iterator[RenderedFile]:
    yield NAME, iter([examples(options).add(transcript)])


def examples(options: Options) -> "Examples":
    """Return what joins the threads of an export.

    Raises:
        NoRoles: nobody is the assistant.

    """
    if ASSISTANT not in options.roles.values():
        raise NoRoles(
            "Say who the assistant is: --role RAWID=assistant, by a raw id that "
            "`chat-archive show` gives."
        )
    return Examples(options=options)


@dataclass(slots=True, kw_only=True)
class Examples:
    """The conversations of an export, counted while they are written."""

    options: Options
    name: str = NAME
    count: int = 0
    size: int = 0
    silent: int = 0
    """Threads in which the assistant says nothing."""
    unanswered: int = 0
    """Messages after the assistant's last one."""

    def add(self, transcript: Transcript) -> bytes:
        """Return the line of a thread, with the mark before the first; or nothing."""
        turns: list[dict[str, str]] = []
        ended = after = 0
        for message in transcript.messages:
            text = said(message)
            if not text.strip():
                continue
            role = self.options.roles.get(message.sender_id, "user")
            if turns and turns[-1]["role"] == role:
                turns[-1]["content"] += f"\n{text}"
            else:
                turns.append({"role": role, "content": text})
            after += 1
            if role == ASSISTANT:
                ended, after = len(turns), 0
        if not ended:
            self.silent += 1
            return b""
        line = json_line.encode(json_line.compact({"messages": turns[:ended]}) + "\n")
        begin = b"" if self.count else BOM
        self.count += 1
        self.size += len(line)
        self.unanswered += after
        return begin + line

    def notes(self) -> list[str]:
        """Return what whoever trains with the file has to know, a sentence each."""
        notes = []
        if self.silent:
            threads = plural(self.silent, "thread")
            notes.append(f"{threads} left out: the assistant says nothing there.")
        if self.unanswered:
            messages = plural(self.unanswered, "message")
            notes.append(f"{messages} left out: said after the assistant's last one.")
        if not self.count:
            notes.append("not written, since no thread is an example.")
        elif self.count < FEWEST:
            found = plural(self.count, "example")
            notes.append(f"only {found}: Azure OpenAI asks for at least {FEWEST}.")
        if self.size >= MOST_MEGABYTES * 10**6:
            notes.append(f"Azure OpenAI takes less than {MOST_MEGABYTES} MB.")
        return [f"{self.name}: {note}" for note in notes]


def said(message: Message) -> str:
    """Return the text of a message; "" for what is no part of a conversation."""
    current = message.current
    if message.is_system or current.content is None or current.erased:
        return ""
    return display_text(message, current, NOBODY)
