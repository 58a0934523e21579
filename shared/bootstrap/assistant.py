"""What an assistant asks through: the tools over an archive's index, and their log."""

import getpass
import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from shared.bootstrap.address import ENDING
from shared.bootstrap.identity import utc_now
from shared.bootstrap.index import index_path, open_index
from shared.bootstrap.insights import shown_insights
from shared.bootstrap.opened_archive import OpenedArchive
from shared.domain.errors import ArchiverError
from shared.ports.archive_index import IndexReader
from shared.ports.assistant import Refused
from shared.usecases.assistant.ask import TOOLS, Ask
from shared.usecases.assistant.limits import Limits

__all__ = ["TOOL_NAMES", "Limits", "serve_over_http", "serve_over_stdio", "token_from"]

TOOL_NAMES = tuple(TOOLS)
LOG_ENDING = "-mcp.jsonl"
TOKEN = "CHAT_ARCHIVE_MCP_TOKEN"  # noqa: S105 - the name of a variable
SHORTEST_TOKEN = 32
"""Characters of a token that somebody gives."""


class NoSdk(ArchiverError):
    """The package of the protocol is not installed. The text says what to do."""


class NotServed(ArchiverError):
    """The server cannot start. The text says what to do."""


def log_path(archive: OpenedArchive) -> Path:
    """Return where the log of questions stands: beside the index."""
    index = index_path(archive)
    return index.with_name(index.name.removesuffix(ENDING) + LOG_ENDING)


def ask_of(archive: OpenedArchive, limits: Limits, *, is_stale_ok: bool) -> Ask:
    """Return what answers questions about an archive."""
    from shared.adapters.mcp.question_log import FileQuestionLog

    def opened() -> AbstractAsyncContextManager[IndexReader]:
        return open_index(archive, stale_ok=is_stale_ok)

    async def prove(thread_id: str, message_id: str) -> bytes:
        head = await archive.checkpoint()
        return await archive.prove()(thread_id, message_id, checkpoint=head)

    return Ask(
        open_index=opened,
        open_insights=lambda index: shown_insights(archive, index),
        prove=prove,
        archive=archive.address if archive.folder else "",
        limits=limits,
        log=FileQuestionLog(log_path(archive)),
        user=user_name(),
        clock=utc_now,
    )


def check_participant(limits: Limits, index: IndexReader) -> str:
    """Return why a participant limits to nobody; "" where it does not."""
    try:
        if limits.participant:
            limits.raw_id(index)
    except Refused as error:
        return str(error)
    return ""


def user_name() -> str:
    """Return the user's name, or the number where the system knows no name."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"uid {os.getuid()}" if hasattr(os, "getuid") else "unknown"


def token_from(environment: Mapping[str, str]) -> tuple[str, bool]:
    """Return the token of http, and whether it was drawn just now.

    Raises:
        NotServed: the one that is given is too short, or no header can hold it.

    """
    given = environment.get(TOKEN, "")
    if not given:
        return secrets.token_urlsafe(SHORTEST_TOKEN), True
    if len(given) < SHORTEST_TOKEN or not (given.isascii() and given.isprintable()):
        raise NotServed(
            f"{TOKEN} has to be {SHORTEST_TOKEN} characters of ASCII or more"
        )
    if " " in given:
        raise NotServed(f"{TOKEN} holds a blank, which no header can carry")
    return given, False


def check_sdk() -> None:
    """See that the protocol's package is there.

    Raises:
        NoSdk: it is not.

    """
    try:
        import mcp.server.lowlevel  # noqa: F401
    except ImportError:
        raise NoSdk(
            "the package `mcp` is missing: install the extra `mcp`, as in "
            '`pip install "acs-chat-archiver[mcp]"`'
        ) from None


async def serve_over_stdio(
    archive: OpenedArchive, limits: Limits, *, is_stale_ok: bool
) -> None:
    """Serve one assistant over standard input and output, until the input ends.

    Raises:
        NoSdk: the protocol's package is missing.

    """
    check_sdk()
    from shared.adapters.mcp.serve import serve_stdio
    from shared.adapters.mcp.server import make_server

    ask = ask_of(archive, limits, is_stale_ok=is_stale_ok)
    await serve_stdio(make_server(ask.offer))


async def serve_over_http(
    archive: OpenedArchive,
    limits: Limits,
    *,
    is_stale_ok: bool,
    port: int,
    token: str,
    on_address: Callable[[str], None],
) -> None:
    """Serve assistants on this machine over http, until the process is stopped.

    `on_address` is called once, when the port is open.

    Raises:
        NoSdk: the protocol's package is missing.
        NotServed: the port cannot be used.

    """
    check_sdk()
    from shared.adapters.loopback import listen
    from shared.adapters.mcp.serve import address_of, serve_http
    from shared.adapters.mcp.server import make_server

    try:
        listening = listen(port)
    except (OSError, OverflowError):
        raise NotServed(f"port {port} cannot be used: give --http another") from None
    with listening:
        on_address(address_of(listening))
        ask = ask_of(archive, limits, is_stale_ok=is_stale_ok)
        await serve_http(make_server(ask.offer), listening, token)
