"""A tool: what an assistant is told of it, and what answers it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.ports.archive_index import IndexReader
from shared.ports.assistant import OfferedTool
from shared.usecases.assistant.limits import Scope, Shown
from shared.usecases.assistant.parameters import Parameter, input_schema
from shared.usecases.assistant.texts import UNTRUSTED, WARNING
from shared.usecases.insights.show import ShowInsights

Schema = Mapping[str, Any]
STRING: Schema = {"type": "string"}
INTEGER: Schema = {"type": "integer"}
BOOLEAN: Schema = {"type": "boolean"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked, with what answers may be made of."""

    scope: Scope
    arguments: Mapping[str, Any]
    prove: Callable[[str, str], Awaitable[bytes]]
    """Returns the proof of a message, given its thread's id and its own."""
    archive: str
    """Where the archive stands, as a command is told it."""
    shown: Shown = field(default_factory=Shown)
    insights: ShowInsights | None = None
    """Returns what a model said of a thread, as far as it holds."""

    @property
    def index(self) -> IndexReader:
        return self.scope.index


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """`answer` may raise Refused; `fields` and `needed` are those of its answers."""

    name: str
    title: str
    about: str
    parameters: tuple[Parameter, ...]
    fields: Schema
    needed: tuple[str, ...] = ()
    answer: Callable[[Question], Awaitable[dict[str, Any]]]

    @property
    def offered(self) -> OfferedTool:
        return OfferedTool(
            name=self.name,
            title=self.title,
            description=f"{self.about} {WARNING}",
            input_schema=input_schema(self.parameters),
            output_schema=self.output_schema,
        )

    @property
    def output_schema(self) -> dict[str, Any]:
        """What is answered, as JSON Schema."""
        outdated = {**BOOLEAN, "description": "Whether the archive has changed since."}
        about_index = {"index_built_on": STRING, "is_outdated": outdated}
        return an_object(
            {**self.fields, **about_index}, (*self.needed, "index_built_on")
        )


def an_object(fields: Schema, needed: Sequence[str] = ()) -> dict[str, Any]:
    return {"type": "object", "properties": dict(fields), "required": list(needed)}


def a_list(of: Schema) -> dict[str, Any]:
    return {"type": "array", "items": dict(of)}


def untrusted(fields: Schema) -> dict[str, Any]:
    """Return the schema of what strangers wrote."""
    return {UNTRUSTED: {**an_object(fields), "description": WARNING}}


def without_blanks(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return what says something: answers are small."""
    return {name: value for name, value in fields.items() if value not in BLANK}


BLANK: tuple[object, ...] = ("", 0, False, None, [], {})
PAGE: Schema = {
    "truncated": {**BOOLEAN, "description": "Whether there is more than this."},
}
THREAD_ID = Parameter(name="thread_id", about="The id of a thread.", is_needed=True)
MESSAGE_ID = Parameter(name="message_id", about="The id of a message.", is_needed=True)
PARTICIPANT = Parameter(
    name="participant",
    about="Only threads with this person: a raw id, or a name or the beginning of one.",
)
TOPIC = Parameter(name="topic", about="Only threads with this in their topic.")
AFTER = Parameter(
    name="after",
    about="Only messages after this: a time such as 2026-11-22 (which is included) "
    "or 2026-11-22T12:00Z (UTC), or a message's id.",
)
BEFORE = Parameter(
    name="before", about="Only messages before this: a time or a message's id."
)


def limit_of(default: int, most: int) -> Parameter:
    return Parameter(
        name="limit", about="At most so many.", default=default, least=1, most=most
    )


OFFSET = Parameter(
    name="offset",
    about="Leave out so many; `next` of the answer before.",
    default=0,
    most=1_000_000,
)
