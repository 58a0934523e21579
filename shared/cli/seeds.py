"""Where a backfill begins: files of user ids, of thread ids, and chat logs of Azure."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, BinaryIO

from shared.cli.options import Unreadable
from shared.cli.tables import decoded, records_of, rows_of
from shared.domain.words import plural
from shared.usecases.inventory.backfill import Seeds

USER, THREAD = "userid", "chatthreadid"
"""The columns of a chat log, in lower case: its exports spell them in several ways."""
SUFFIX = re.compile(r"(?:\s*\[.*\]|\s*\(.*\)|_[sg])$")
"""What exports put behind a column's name: a zone, a type."""
NESTED = ("properties", "records", "value", "tables")


def read_seeds(
    users: Iterable[BinaryIO],
    chat_logs: Iterable[BinaryIO],
    threads: Iterable[BinaryIO],
) -> Seeds:
    """Read all files.

    Raises:
        Unreadable: a file holds nothing that could be used.

    """
    by_user: dict[str, str] = {}
    named: list[tuple[str, str]] = []
    for file in users:
        by_user |= {row[0]: file.name for row in id_rows(file)}
    for file in threads:
        for thread_id, *readers in id_rows(file):
            named.append((thread_id, readers[0] if readers else ""))
            by_user |= dict.fromkeys(readers[:1], file.name)
    for file in chat_logs:
        for user, thread in log_rows(file):
            by_user |= {user: file.name} if user else {}
            named += [(thread, user)] if thread else []
    return Seeds(users=[*by_user.items()], threads=named)


def id_rows(file: BinaryIO) -> Iterator[list[str]]:
    """Yield the ids on each line: one, or several with commas between."""
    rows = rows_of(decoded(file.read(), file.name), file.name)
    cells = ([cell.strip() for cell in row if cell.strip()] for row in rows)
    lines = [ids for ids in cells if ids and not ids[0].startswith("#")]
    # A header has no colon; every raw id and thread id has one.
    if lines and ":" not in lines[0][0]:
        del lines[0]
    if odd := sum(":" not in ids[0] for ids in lines):
        raise Unreadable(
            f"{file.name} holds {plural(odd, 'line')} without an id. Ids begin as in "
            "8:acs:… or 19:…"
        )
    yield from lines
    if not lines:
        raise Unreadable(
            f"{file.name} holds no id. Write one a line, such as 8:acs:… or 19:…"
        )


def log_rows(file: BinaryIO) -> Iterator[tuple[str, str]]:
    """Yield user and thread of each row of a chat log, CSV or JSON; "" for none."""
    text = decoded(file.read(), file.name)
    is_json = text.lstrip()[:1] in ("{", "[")
    rows = json_rows(text) if is_json else table_rows(text, file.name)
    found = dict.fromkeys(
        (str(row.get(USER) or "").strip(), str(row.get(THREAD) or "").strip())
        for row in rows
    )
    found.pop(("", ""), None)
    if not found:
        raise Unreadable(
            f"{file.name} names neither users nor threads. It needs the columns UserId "
            "and ChatThreadId of ACSChatIncomingOperations."
        )
    if any(":" not in named for row in found for named in row if named):
        raise Unreadable(
            f"{file.name} has ids without their beginning in UserId or ChatThreadId. "
            "They begin as in 8:acs:… and 19:…"
        )
    return iter(found)


def table_rows(text: str, name: str) -> Iterator[dict[str, Any]]:
    for record in records_of(text, name):
        yield from rows_in(record)


def json_rows(text: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a document, or of one document a line."""
    try:
        yield from rows_in(json.loads(text))
    except ValueError:
        for line in text.splitlines():
            try:
                yield from rows_in(json.loads(line))
            except ValueError:
                continue


def rows_in(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every object that names a user or a thread, however deep it stands."""
    if isinstance(value, str):  # Event Hubs and some exports have text in its place
        with suppress(ValueError, RecursionError):
            yield from rows_in(json.loads(value) if value[:1] in ("{", "[") else None)
    elif isinstance(value, list):
        for inner in value:
            yield from rows_in(inner)
    elif isinstance(value, Mapping):
        row = {column(key): inner for key, inner in value.items()}
        if "columns" in row and "rows" in row:  # an answer of Log Analytics
            names = [column(told["name"]) for told in row["columns"]]
            for cells in row["rows"]:
                yield dict(zip(names, cells, strict=False))
        elif USER in row or THREAD in row:
            yield row
        else:
            for name in NESTED:
                yield from rows_in(row.get(name))


def column(name: Any) -> str:
    """Return a column's name in small letters, without what exports add to it."""
    return SUFFIX.sub("", str(name).strip().lower())
