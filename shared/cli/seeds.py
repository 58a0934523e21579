"""Where a backfill begins: files of user ids, of thread ids, and chat logs of Azure."""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from shared.cli.options import Unreadable
from shared.cli.tables import decoded, records_of, rows_of
from shared.domain.words import plural
from shared.usecases.inventory.backfill import Seeds
from shared.usecases.inventory.chat_logs import ChatLog, LogRow

USER, THREAD = "userid", "chatthreadid"
"""The columns of a chat log, in lower case: its exports spell them in several ways."""
SUFFIX = re.compile(r"(?:\s*\[.*\]|\s*\(.*\)|_[sg])$")
"""What exports put behind a column's name: a zone, a type."""
PROPERTIES = "properties"
NESTED = (PROPERTIES, "records", "value", "tables")

ID = re.compile(r"\d+:\S")
"""How raw ids and thread ids begin. A time has a colon too, but no number before it."""
OTHERS = {"--users": ("user", "--threads"), "--threads": ("thread", "--users")}
"""What a file of an option holds, and the option that takes the other ids."""


def read_seeds(
    users: Iterable[BinaryIO],
    chat_logs: Iterable[ChatLog],
    threads: Iterable[BinaryIO],
) -> Seeds:
    """Read all files, and take from chat logs whom and what they name.

    Raises:
        Unreadable: a file holds nothing that could be used.

    """
    by_user: dict[str, str] = {}
    named: list[tuple[str, str]] = []
    for file in users:
        by_user |= {row[0]: file.name for row in id_rows(file, "--users")}
    for file in threads:
        for thread_id, *readers in id_rows(file, "--threads"):
            named.append((thread_id, readers[0] if readers else ""))
            by_user |= dict.fromkeys(readers[:1], file.name)
    for log in chat_logs:
        for user, thread in dict.fromkeys(
            (row.user_id, row.thread_id) for row in log.rows
        ):
            by_user |= {user: log.name} if user else {}
            named += [(thread, user)] if thread else []
    return Seeds(users=[*by_user.items()], threads=named)


def id_rows(file: BinaryIO, option: str) -> Iterator[list[str]]:
    """Yield the ids on each line: one, or several with commas between."""
    rows = rows_of(decoded(file.read(), file.name), file.name)
    cells = ([cell.strip() for cell in row if cell.strip()] for row in rows)
    lines = [ids for ids in cells if ids and not ids[0].startswith("#")]
    # A header has neither colon nor digit; every raw id and thread id has both.
    if lines and not re.search(r"[\d:]", lines[0][0]):
        del lines[0]
    if odd := sum(not ID.match(ids[0]) for ids in lines):
        raise Unreadable(
            f"{file.name} holds {plural(odd, 'line')} without an id. Ids begin as in "
            "8:acs:… or 19:…"
        )
    of, other = OTHERS[option]
    if wrong := sum(is_thread(ids[0]) == (of == "user") for ids in lines):
        raise Unreadable(
            f"{file.name} holds {plural(wrong, 'line')} that "
            f"{'begins' if wrong == 1 else 'begin'} with no {of}'s id: give "
            f"{'it' if wrong == 1 else 'them'} to {other}."
        )
    yield from lines
    if not lines:
        raise Unreadable(
            f"{file.name} holds no id. Write one a line, such as 8:acs:… or 19:…"
        )


def is_thread(id_: str) -> bool:
    return id_.startswith("19:")


def read_chat_log(file: BinaryIO) -> ChatLog:
    """Read a chat log, CSV or JSON: each row that names a user or a thread.

    Raises:
        Unreadable: it names neither, or not by their ids.

    """
    data = file.read()
    text = decoded(data, file.name)
    is_json = text.lstrip()[:1] in ("{", "[")
    rows = json_rows(text) if is_json else table_rows(text, file.name)
    try:
        found = [row for row in rows if row.user_id or row.thread_id]
    except (LookupError, TypeError, AttributeError, RecursionError):
        raise Unreadable(
            f"{file.name} is JSON of another form than a chat log. Export "
            "ACSChatIncomingOperations as CSV, or as JSON with an object for each row."
        ) from None
    if not found:
        raise Unreadable(
            f"{file.name} names neither users nor threads. It needs the columns UserId "
            "and ChatThreadId of ACSChatIncomingOperations."
        )
    ids = {each for row in found for each in (row.user_id, row.thread_id)} - {""}
    if any(":" not in each for each in ids):
        raise Unreadable(
            f"{file.name} has ids without their beginning in UserId or ChatThreadId. "
            "They begin as in 8:acs:… and 19:…"
        )
    return ChatLog(
        name=Path(file.name).name,
        sha256=hashlib.sha256(data).hexdigest(),
        taken_on=day_of(file),
        rows=found,
    )


def day_of(file: BinaryIO) -> str:
    """Return the day (UTC) on which a file was written; "" where it is none."""
    try:
        written = os.stat(file.name).st_mtime  # noqa: PTH116 - "-" is no path
    except OSError:
        return ""
    return datetime.fromtimestamp(written, UTC).date().isoformat()


def log_row(named: Mapping[str, Any], value: Mapping[str, Any]) -> LogRow:
    return LogRow(
        user_id=str(named.get(USER) or "").strip(),
        thread_id=str(named.get(THREAD) or "").strip(),
        value=value,
    )


def table_rows(text: str, name: str) -> Iterator[LogRow]:
    for record in records_of(text, name):
        yield from rows_in(record)


def json_rows(text: str) -> Iterator[LogRow]:
    """Yield the rows of a document, or of one document a line."""
    try:
        yield from rows_in(json.loads(text))
    except ValueError:
        for line in text.splitlines():
            try:
                yield from rows_in(json.loads(line))
            except ValueError:
                continue


def rows_in(value: Any) -> Iterator[LogRow]:
    """Yield every object that names a user or a thread, however deep it stands.

    Where its properties do so, the object around them is the row: it has the time.
    """
    if isinstance(value, str):  # Event Hubs and some exports have text in its place
        with suppress(ValueError, RecursionError):
            yield from rows_in(json.loads(value) if value[:1] in ("{", "[") else None)
    elif isinstance(value, list):
        for inner in value:
            yield from rows_in(inner)
    elif isinstance(value, Mapping):
        row = {column(key): inner for key, inner in value.items()}
        if "columns" in row and "rows" in row:  # an answer of Log Analytics
            names = [str(told["name"]) for told in row["columns"]]
            for cells in row["rows"]:
                yield from rows_in(dict(zip(names, cells, strict=False)))
        elif USER in row or THREAD in row:
            yield log_row(row, value)
        else:
            for name in NESTED:
                for found in rows_in(row.get(name)):
                    yield replace(found, value=value) if name == PROPERTIES else found


def column(name: Any) -> str:
    """Return a column's name in small letters, without what exports add to it."""
    return SUFFIX.sub("", str(name).strip().lower())
