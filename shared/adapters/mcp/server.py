"""The tools as the protocol has them: nothing but tools, and none of them writes."""

import json
import re
from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server

from shared import __version__
from shared.ports.assistant import Offer, OfferedTool, Refused

NAME = "chat-archive"
SESSION_HEADER = "mcp-session-id"
SESSION = re.compile("[0-9a-f]{32}")
"""An id of a session, as the SDK draws it."""


def make_server(offer: Offer) -> Server[Any]:
    """Return a server of what is offered."""

    async def list_tools(
        _context: ServerRequestContext[Any],
        _params: types.PaginatedRequestParams | None,
    ) -> types.ListToolsResult:
        return types.ListToolsResult(tools=list(map(described, offer.tools)))

    async def call_tool(
        context: ServerRequestContext[Any], params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        given = params.arguments or {}
        try:
            answer = await offer.ask(params.name, given, session_of(context))
        except Refused as error:
            return types.CallToolResult(content=[text_of(str(error))], is_error=True)
        shown = text_of(json.dumps(answer, ensure_ascii=False))
        return types.CallToolResult(content=[shown], structured_content=answer)

    server: Server[Any] = Server(
        NAME,
        version=__version__,
        title="Chat archive",
        instructions=offer.instructions,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )
    # What comes with it would write what is asked into spans, where somebody has
    # OpenTelemetry configured.
    server.middleware.clear()
    return server


def described(tool: OfferedTool) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=dict(tool.input_schema),
        output_schema=dict(tool.output_schema),
        annotations=types.ToolAnnotations(
            title=tool.title,
            read_only_hint=True,
            destructive_hint=False,
            idempotent_hint=True,
            open_world_hint=False,
        ),
    )


def text_of(text: str) -> types.TextContent:
    return types.TextContent(type="text", text=text)


def session_of(context: ServerRequestContext[Any]) -> str:
    """Return the session of a request: its id, or else the client's port."""
    request = context.request
    if request is None:
        return ""
    found = request.headers.get(SESSION_HEADER, "")
    if SESSION.fullmatch(found):
        return str(found)
    return f"port {request.client.port}" if request.client else "http"
