"""Lines of a log, cut where a failed append left a torn one before a record.

Rule: a torn line is counted and never hides the record that follows on it.
"""

import json
from collections.abc import Iterator
from typing import Any

from shared.domain import json_line

HEAD = b'{"schema":'
"""How a record begins. A JSON string cannot contain it unescaped."""


GLANCE = 4096
"""Bytes that are read first of what may be a record: most are no longer, or are seen to
be none by then, and reading on would cost each of them the rest of the line."""
LONGEST_TOKEN = 16
"""How far before the end of a text the cut through a literal may be noticed."""


def pieces(log: bytes) -> Iterator[bytes]:
    """Yield each piece of a range of the log: a record, or what cannot be read."""
    return (piece for _, piece, _ in parsed_pieces(log))


def parsed_pieces(log: bytes) -> Iterator[tuple[int, bytes, Any]]:
    """Yield each piece with its offset, and its JSON value or None."""
    start = 0
    while start < len(log):
        end = log.find(b"\n", start)
        end = len(log) if end < 0 else end
        line = log[start:end]
        if line.strip():
            position = start
            for piece, value in untangle(line):
                yield position, piece, value
                position += len(piece)
        start = end + 1


def untangle(line: bytes) -> Iterator[tuple[bytes, Any]]:
    """Yield a line whole if it is JSON, else cut where the next record begins.

    A writer that dies in the middle of a line leaves it torn, and the next record
    follows on the same line. A JSON string cannot contain the head of a record
    unescaped, so a head always begins a record.
    """
    value = parse_or_none(line)
    start = start_of_last(line) if value is None else 0
    if start:
        # Cut off right before its LF, what precedes is a whole record itself.
        yield line[:start], parse_or_none(line[:start])
        yield line[start:], parse_or_none(line[start:])
    else:
        yield line, value


def start_of_last(line: bytes) -> int:
    """Return where a whole record begins behind torn ones; 0 where none does.

    It is looked for from the end. A text that ends before its value does can be part of
    no record, wherever one might begin, so a torn line costs one pass and not one for
    each beginning in it. A value that ends early is a part of the record around it.
    """
    start = line.rfind(HEAD)
    while start > 0:
        if is_short(line[start : start + GLANCE]):
            start = line.rfind(HEAD, 0, start)
            continue
        text = line[start:].decode("utf-8", "replace")
        try:
            _, end = json_line.DECODER.raw_decode(text)
        except RecursionError:
            return 0
        except ValueError as error:
            if is_cut_short(error, text):
                return 0
        else:
            if end == len(text):
                return 0 if parse_or_none(line[start:]) is None else start
        start = line.rfind(HEAD, 0, start)
    return 0


def is_short(glance: bytes) -> bool:
    """Return whether a value ends, or is seen to be none, before a glance does."""
    text = glance.decode("utf-8", "replace")
    if len(glance) < GLANCE:
        return False
    try:
        _, end = json_line.DECODER.raw_decode(text)
    except json.JSONDecodeError as error:
        is_early = error.pos < len(text) - LONGEST_TOKEN
        return is_early and not is_cut_short(error, text)
    except (ValueError, RecursionError):
        return False
    return end < len(text)


def is_cut_short(error: ValueError, text: str) -> bool:
    """Return whether a text is not JSON because it ends too early."""
    if not isinstance(error, json.JSONDecodeError):
        return False
    return error.pos >= len(text) or error.msg.startswith("Unterminated string")


def parse_or_none(line: bytes) -> Any:
    try:
        return json_line.parse(line)
    except ValueError:
        return None
