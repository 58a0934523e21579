"""Pages of a listing: split into items, and put together again byte for byte.

Rule 1: an answer becomes one line for each item, as it stood in the answer, and one for
        the page: its text with the items cut out, and where each was, in bytes of that
        rest.
Rule 2: an item that is byte for byte an earlier line of the thread is not written
        again; the page's line names the lines that it consists of, in their order.
Rule 3: properties are a page whose only item is the whole answer.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from shared.domain.evidence import canonical, content

BLANKS = re.compile(r"[ \t\r\n]*")
LONGEST_PAGE = 2**31


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitPage:
    """An answer of the service: its items as contents, and the content of its page.

    `values` are those of the items.
    """

    items: tuple[bytes, ...]
    content: bytes
    values: tuple[Any, ...] = ()


def split_page(answer: bytes, *, is_list: bool) -> SplitPage:
    """Split an answer. One that is not of the expected form has no items."""
    text = ""
    try:
        value = content.parse(answer)
        # On one line, as contents are; JSON has LF and CR between tokens only.
        text = answer.decode().replace("\r", " ").replace("\n", " ")
        spans = list(item_spans(text)) if is_list else [(0, len(text), value)]
    except ValueError:
        return SplitPage(items=(), content=content.as_string(text.encode() or answer))
    items, kept, offsets, position, length = [], [], [], 0, 0
    for start, end, _ in spans:
        part = text[position:start].encode()
        kept.append(part)
        length += len(part)
        offsets.append(length)
        items.append(text[start:end].encode())
        position = end
    kept.append(text[position:].encode())
    return SplitPage(
        items=tuple(items),
        content=rest(b"".join(kept), offsets),
        values=tuple(value for _, _, value in spans),
    )


def rest(text: bytes, offsets: Sequence[int]) -> bytes:
    document = {"offsets": list(offsets), "text": text.decode()}
    return canonical.encode(document, longest=LONGEST_PAGE)


def item_spans(text: str) -> Iterator[tuple[int, int, Any]]:
    """Yield where each item of the list `value` of a JSON object begins and ends.

    With its value.

    Raises:
        ValueError: the text is not an object with exactly one list of that name.

    """
    position = skip(text, 0)
    if text[position : position + 1] != "{":
        raise ValueError("not an object")
    lists = []
    position = skip(text, position + 1)
    while text[position] != "}":
        name, position = content.DECODER.raw_decode(text, position)
        position = skip(text, skip(text, position) + 1)
        if name == "value":
            lists.append(position)
        _, position = content.DECODER.raw_decode(text, position)
        position = skip(text, position)
        if text[position] == ",":
            position = skip(text, position + 1)
    if len(lists) != 1 or text[lists[0]] != "[":
        raise ValueError("not a page of a list")
    yield from list_spans(text, lists[0])


def list_spans(text: str, position: int) -> Iterator[tuple[int, int, Any]]:
    position = skip(text, position + 1)
    while text[position] != "]":
        value, end = content.DECODER.raw_decode(text, position)
        yield position, end, value
        position = skip(text, end)
        if text[position] == ",":
            position = skip(text, position + 1)


def skip(text: str, position: int) -> int:
    match = BLANKS.match(text, position)
    return match.end() if match else position


def join_page(page: bytes, items: Iterable[bytes]) -> bytes:
    """Return the answer that a page's content and the contents of its items make.

    It is byte for byte the answer, but for blanks where LF or CR stood between tokens.

    Raises:
        ValueError: the content is not that of a page, or has another number of items.

    """
    if page.startswith(b'"'):
        return content.received_text(page)
    value = canonical.decode(page, longest=LONGEST_PAGE)
    if not isinstance(value, dict) or value.keys() != {"offsets", "text"}:
        raise ValueError("not the content of a page")
    text, position, parts = value["text"].encode(), 0, []
    for offset, item in zip(value["offsets"], items, strict=True):
        parts += [text[position:offset], item]
        position = offset
    return b"".join((*parts, text[position:]))


def ranges_of(indexes: Iterable[int]) -> list[str]:
    """Return indexes of lines, in their order, as the ranges `first-end`."""
    ranges: list[list[int]] = []
    for index in indexes:
        if ranges and ranges[-1][1] == index:
            ranges[-1][1] += 1
        else:
            ranges.append([index, index + 1])
    return [f"{first}-{end}" for first, end in ranges]


def indexes_in(ranges: Iterable[str]) -> Iterator[range]:
    """Yield each range of lines, which was checked before."""
    for text in ranges:
        first, _, end = text.partition("-")
        yield range(int(first), int(end))
