"""Writes the search of a site: messages by time, their words, and their texts.

Rule 1: messages are numbered by time, so that the newest are the highest numbers, a
        time limit is a range of them, and what comes later changes no number.
Rule 2: what is asked for besides words stands in the index like a word: who sent a
        message, and whether it was edited or deleted or has files.
Rule 3: texts stand in packs, in the order of the numbers.
"""

import json
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files as resources

from shared.domain.search.fold import words
from shared.formats.site_search.fold_tables import fold_tables
from shared.formats.site_search.shards import (
    Shards,
    postings_of,
    registered,
)

PACK_CHARACTERS = 120_000
PACKS_PER_FOLDER = 1_000
SCRIPTS = (
    "numbers.js",
    "sets.js",
    "text.js",
    "query.js",
    "files.js",
    "part.js",
    "engine.js",
)
ENGINE = """\
"use strict";
const ChatSearch = (() => {{
{}
return {{ add, open, fold, words, parse, marks, useTables }};
}})();
"""
"""One script: each that a page loads costs it time."""
LARGEST_EXACT = 2**53
"""Of the whole numbers of a script."""
MARK = "\u0001"
"""Before what stands in the index like a word and is none."""
EDITED, DELETED, FILES = f"{MARK}e", f"{MARK}d", f"{MARK}f"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchedMessage:
    """A message to be found.

    `thread` is its thread's number, `ordinal` its place there, from 0. `time` is in
    epoch milliseconds, `sender` the number of a person, or -1. `texts` are what people
    read, and what they read before.
    """

    thread: int
    ordinal: int
    message_id: str
    time: int
    sender: int
    texts: Sequence[str]
    is_edited: bool
    is_deleted: bool
    has_files: bool


class SearchWriter:
    """Takes messages, the oldest first, and gives files."""

    def __init__(self) -> None:
        self.count = 0
        self.found: dict[str, array[int]] = {}
        self.pack: list[str] = []
        self.pack_size = 0
        self.packs: list[tuple[int, int]] = []
        """The number and the time of the first message of each."""

    def add(self, message: SearchedMessage) -> Iterator[tuple[str, bytes]]:
        """Add a message; yield the pack of texts that it makes full."""
        self.note_words(message)
        row = json.dumps(
            [
                message.thread,
                message.ordinal,
                0 if is_time(message) else message.message_id,
                message.time,
                message.sender,
                *message.texts,
            ],
            ensure_ascii=False,
            separators=(",", ":"),
        )
        if self.pack and self.pack_size + len(row) > PACK_CHARACTERS:
            yield self.packed()
        if not self.pack:
            self.packs.append((self.count, message.time))
        self.pack.append(row)
        self.pack_size += len(row)
        self.count += 1

    def note_words(self, message: SearchedMessage) -> None:
        number, place = self.count, 0
        for text in message.texts:
            for word in words(text):
                occurrences = self.found.get(word)
                if occurrences is None:
                    occurrences = self.found[word] = array("I")
                occurrences.append(number)
                occurrences.append(place)
                place += 1
            place += 1  # no phrase goes from one text into the next
        kinds = (message.is_edited, message.is_deleted, message.has_files)
        for term, is_so in zip((EDITED, DELETED, FILES), kinds, strict=True):
            if is_so:
                self.found.setdefault(term, array("I")).extend((number, 0))
        if message.sender >= 0:
            term = f"{MARK}p{message.sender}"
            self.found.setdefault(term, array("I")).extend((number, 0))

    def packed(self) -> tuple[str, bytes]:
        number = len(self.packs) - 1
        rows = ",\n".join(self.pack)
        text = rows.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
        self.pack, self.pack_size = [], 0
        script = f'ChatSearch.add("pack",{number},[{text}])\n'
        return pack_name(number), script.encode("utf-8", "replace")

    def finish(self) -> Iterator[tuple[str, bytes]]:
        """Yield the last pack, the terms, and last what says where everything is."""
        if self.pack:
            yield self.packed()
        shards = Shards()
        for term in sorted(
            self.found, key=lambda term: term.encode("utf-16-be", "surrogatepass")
        ):
            is_word = not term.startswith(MARK)
            postings = postings_of(self.found.pop(term), self.count, is_word=is_word)
            yield from shards.add(term, postings)
        yield from shards.finish()
        yield (
            "m.js",
            registered(
                "manifest",
                0,
                {
                    "count": self.count,
                    "terms": shards.first_terms,
                    "packs": [number for number, _ in self.packs],
                    "times": [time for _, time in self.packs],
                },
            ),
        )


def engine_files() -> Iterator[tuple[str, bytes]]:
    """Yield the script that searches, and what it needs to read text as we do."""
    yield "engine.js", ENGINE.format("\n".join(map(script, SCRIPTS))).encode()
    tables = json.dumps(fold_tables(), ensure_ascii=True, separators=(",", ":"))
    yield "fold.js", f"ChatSearch.useTables({tables})\n".encode()


def script(name: str) -> str:
    return resources("shared.formats.site_search").joinpath(name).read_text("utf-8")


def is_time(message: SearchedMessage) -> bool:
    """Return whether a message's id is its time, in digits that a script has too."""
    is_exact = message.time <= LARGEST_EXACT
    return is_exact and message.message_id == str(message.time)


def pack_name(number: int) -> str:
    return f"p{number // PACKS_PER_FOLDER}/{number}.js"
