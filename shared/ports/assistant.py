"""What an assistant is offered: tools by name, each a question with an answer."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.domain.errors import ArchiverError


class Refused(ArchiverError):
    """A question is not answered. The text says why, and nothing of an archive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedTool:
    """A tool as an assistant is told of it; the schemas are JSON Schema."""

    name: str
    title: str
    description: str
    input_schema: Mapping[str, Any]
    output_schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """All that is offered. `ask` answers a tool's name, arguments and session.

    It raises Refused, whose text the assistant may read, and nothing else.
    """

    instructions: str
    tools: tuple[OfferedTool, ...]
    ask: Callable[[str, Mapping[str, Any], str], Awaitable[dict[str, Any]]]
