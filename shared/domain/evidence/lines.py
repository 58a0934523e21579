"""Lines: one received thing with its facts and its salt, committed to by itself.

    {"facts":…,"salt":"…","content":…}         as received
    {"facts":…,"commitment":"…"}               erased: salt and content are gone

Rule 1: commitment = SHA-256(salt ‖ content); leaf = SHA-256(0x00 ‖ canonical {facts,
        commitment}). An erased line has the same leaf as before.
Rule 2: the content is cut out by its position and never parsed with the rest: facts
        are canonical JSON, in which `},"salt":"` cannot stand inside a string.
Rule 3: a line is exactly its own encoding.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from shared.domain.evidence import canonical
from shared.domain.evidence.facts import NOT_READ, check_facts, facts_of
from shared.domain.evidence.tree import leaf_hash

KEPT = re.compile(
    rb'\{"facts":(\{.*?\}),"salt":"([0-9a-f]{32})","content":(.+)\}', re.DOTALL
)
ERASED = re.compile(rb'\{"facts":(\{.*?\}),"commitment":"([0-9a-f]{64})"\}', re.DOTALL)

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class InputLine:
    """A line of the input. `salt` and `content` are empty where it is erased.

    Its facts were checked: by `make_line`, by `cut_line`, or when they were written.
    """

    facts: Facts
    commitment: bytes
    salt: bytes = b""
    content: bytes = b""

    @property
    def is_erased(self) -> bool:
        return not self.salt

    @property
    def leaf(self) -> bytes:
        return line_leaf(self.facts, self.commitment)

    @property
    def stored(self) -> bytes:
        """The bytes of the line, with its LF."""
        facts = canonical.encode_checked(self.facts)
        if self.is_erased:
            commitment = self.commitment.hex().encode()
            return b'{"facts":%b,"commitment":"%b"}\n' % (facts, commitment)
        salt = self.salt.hex().encode()
        return b'{"facts":%b,"salt":"%b","content":%b}\n' % (facts, salt, self.content)

    def erased(self) -> "InputLine":
        """Return the line without salt and content; its leaf is the same."""
        return InputLine(facts=self.facts, commitment=self.commitment)


@dataclass(frozen=True, slots=True)
class StoredParts:
    """What a line commits to, as it is had without reading its facts."""

    leaf: bytes
    commitment: bytes
    salt: bytes
    """Empty where the line is erased."""


def parts_of(stored: bytes) -> StoredParts:
    """Return the parts of a stored line, without LF, which was checked when written.

    Raises:
        ValueError: these bytes are not a line.

    """
    salt = b""
    if match := KEPT.fullmatch(stored):
        salt = bytes.fromhex(match[2].decode())
        commitment = commitment_to(salt, match[3])
    elif match := ERASED.fullmatch(stored):
        commitment = bytes.fromhex(match[2].decode())
    else:
        raise ValueError("not a line")
    return StoredParts(stored_leaf(match[1], commitment), commitment, salt)


def parts_of_line(stored: bytes, line: InputLine) -> StoredParts:
    """Return the parts of a stored line that was cut before."""
    # Facts hold no object, and no quote that is not escaped within a string.
    facts = stored[len(b'{"facts":') : stored.index(b'},"') + 1]
    leaf = stored_leaf(facts, line.commitment)
    return StoredParts(leaf, line.commitment, line.salt)


def stored_leaf(facts: bytes, commitment: bytes) -> bytes:
    committed = b'{"commitment":"%b","facts":%b}' % (commitment.hex().encode(), facts)
    return leaf_hash(committed)


def commitment_to(salt: bytes, content: bytes) -> bytes:
    return hashlib.sha256(salt + content).digest()


def line_leaf(facts: Facts, commitment: bytes) -> bytes:
    """Return the leaf hash of a line in the tree of its file."""
    committed = {"facts": facts, "commitment": commitment.hex()}
    return leaf_hash(canonical.encode(committed))


def make_line(
    given: Facts, content: bytes, salt: bytes, value: Any = NOT_READ
) -> InputLine:
    """Return a new line. `salt` is 16 random bytes, drawn for this line alone.

    `content` comes from `content.content_of`, `given` are the facts it does not hold;
    `value` is the content's, where it was read before.
    """
    return InputLine(
        facts=facts_of(given, content, value),
        commitment=commitment_to(salt, content),
        salt=salt,
        content=content,
    )


def make_erased_line(line: InputLine, order: int) -> InputLine:
    """Return the line as it is written where an older order covers it from the start.

    The order's number stands in its facts, and hence in its leaf.
    """
    return InputLine(facts={**line.facts, "order": order}, commitment=line.commitment)


def cut_line(stored: bytes) -> InputLine:
    """Return the line in its stored bytes, without LF; the content is not parsed.

    Raises:
        ValueError: these bytes are not the encoding of a line.

    """
    if match := KEPT.fullmatch(stored):
        salt, content = bytes.fromhex(match[2].decode()), match[3]
        line = InputLine(
            facts=canonical.decode(match[1]),
            commitment=commitment_to(salt, content),
            salt=salt,
            content=content,
        )
    elif match := ERASED.fullmatch(stored):
        commitment = bytes.fromhex(match[2].decode())
        line = InputLine(facts=canonical.decode(match[1]), commitment=commitment)
    else:
        raise ValueError("not a line")
    check_facts(line.facts, is_erased=line.is_erased)
    return line


def read_line(stored: bytes, commitment: bytes) -> InputLine:
    """Return a line that was checked when it was written, and whose root fits.

    Nothing is checked again, which takes a quarter of the time.

    Raises:
        ValueError: these bytes are not a line.

    """
    if match := KEPT.fullmatch(stored):
        return InputLine(
            facts=orjson.loads(match[1]),
            commitment=commitment,
            salt=bytes.fromhex(match[2].decode()),
            content=match[3],
        )
    if match := ERASED.fullmatch(stored):
        return InputLine(facts=orjson.loads(match[1]), commitment=commitment)
    raise ValueError("not a line")


def check_content(line: InputLine) -> None:
    """Check that an un-erased line's facts are those of its content.

    Raises:
        ValueError: they are not.

    """
    if not line.is_erased and facts_of(line.facts, line.content) != line.facts:
        raise ValueError("the facts are not those of the content")


def attachment_name(salt: bytes, data: bytes) -> str:
    """Return `stored`: the name of an attachment's bytes, and their digest."""
    return hashlib.sha256(b"\x02" + salt + data).hexdigest()
