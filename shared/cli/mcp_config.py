"""What to paste into an assistant, so that it starts or finds the server."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from shared.bootstrap.assistant import TOKEN, TOOL_NAMES

NAME = "chat-archive"
CLIENTS = ("claude", "vscode", "copilot")
INPUT = "chat-archive-token"


def config_for(client: str, arguments: list[str], url: str = "") -> str:
    """Return what a client is configured with, as JSON; with `url`, for http.

    `arguments` are those of `chat-archive`. No secret is in it.
    """
    server = at(client, url) if url else started(client, arguments)
    if client != "vscode":
        return shown({"mcpServers": {NAME: server}})
    asked = {
        "type": "promptString",
        "id": INPUT,
        "description": "Token of chat-archive mcp",
        "password": True,
    }
    return shown({"servers": {NAME: server}} | ({"inputs": [asked]} if url else {}))


def started(client: str, arguments: list[str]) -> dict[str, Any]:
    """Return how a client starts the server by itself."""
    server = {"command": command(), "args": arguments}
    if client == "vscode":
        return {"type": "stdio", **server}
    if client == "copilot":
        # It asks nobody before it calls a tool: each one is named.
        return {"type": "local", **server, "tools": list(TOOL_NAMES)}
    return server


def at(client: str, url: str) -> dict[str, Any]:
    """Return where a client finds the server, and from where it has the token."""
    token = f"${{input:{INPUT}}}" if client == "vscode" else f"${{{TOKEN}}}"
    headers = {"Authorization": f"Bearer {token}"}
    return {"type": "http", "url": url, "headers": headers}


def command() -> str:
    """Return the command's whole path: an app on a desktop knows no PATH of a shell."""
    typed = Path(sys.argv[0])
    if typed.stem == NAME and typed.is_file():
        return str(typed.absolute())
    return shutil.which(NAME) or NAME


def shown(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
