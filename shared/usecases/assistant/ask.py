"""Ask: one question of an assistant, over an index that is opened for it.

Rule 1: nothing is answered that is not in the log of questions.
Rule 2: what is refused says why in words of ours: no text of an archive is in them, and
        nothing tells a thread that may not be shown from one that does not exist.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.domain.errors import Transient
from shared.domain.times import to_milliseconds
from shared.domain.words import printable
from shared.ports.archive_index import IndexReader, NoIndex
from shared.ports.assistant import Offer, Refused
from shared.ports.question_log import LogFailed, LoggedQuestion, QuestionLog
from shared.telemetry import unforeseen
from shared.usecases.assistant.history import MESSAGE_HISTORY
from shared.usecases.assistant.insights import THREAD_INSIGHTS
from shared.usecases.assistant.limits import Limits, Shown
from shared.usecases.assistant.messages import READ_THREAD, SEARCH_MESSAGES
from shared.usecases.assistant.parameters import read_arguments
from shared.usecases.assistant.proofs import PROVE_MESSAGE
from shared.usecases.assistant.texts import WARNING
from shared.usecases.assistant.threads import COMPLETENESS, LIST_THREADS, WHO_IS
from shared.usecases.assistant.tool import Question, Tool
from shared.usecases.insights.show import ShowInsights

TOOLS: Mapping[str, Tool] = {
    tool.name: tool
    for tool in (
        LIST_THREADS,
        SEARCH_MESSAGES,
        READ_THREAD,
        MESSAGE_HISTORY,
        WHO_IS,
        COMPLETENESS,
        PROVE_MESSAGE,
        THREAD_INSIGHTS,
    )
}
INSTRUCTIONS = (
    f"Read-only tools over an archive of chats. {WARNING} Cite each statement with "
    "the `citation` of its message, and quote texts as they are. An answer is a page: "
    "where `truncated` is true, `next` leads on. Before you say that something was "
    "never said, ask `completeness`. All times are UTC."
)
"""What an assistant is told of the server as a whole."""
NO_TOOL = "there is no such tool"
NO_LOG = (
    "the log of questions beside the index cannot be written, and nothing is answered "
    "without it"
)
NOT_REACHED = "the archive cannot be reached just now: try again"


class Failed(Refused):
    """A question could not be answered, which is nobody's wish."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Answers questions about one archive."""

    open_index: Callable[[], AbstractAsyncContextManager[IndexReader]]
    open_insights: Callable[
        [IndexReader], AbstractAsyncContextManager[ShowInsights | None]
    ]
    prove: Callable[[str, str], Awaitable[bytes]]
    archive: str
    """Where it stands, as a command is told it."""
    limits: Limits
    log: QuestionLog
    user: str
    clock: Callable[[], datetime]

    @property
    def offer(self) -> Offer:
        tools = tuple(tool.offered for tool in TOOLS.values())
        return Offer(instructions=INSTRUCTIONS, tools=tools, ask=self)

    async def __call__(
        self, name: str, arguments: Mapping[str, Any], session: str = ""
    ) -> dict[str, Any]:
        """Answer a question.

        Raises:
            Refused: it is not answered. The text may be shown to the assistant.

        """
        tool, shown, outcome = TOOLS.get(name), Shown(), "failed"
        try:
            answer = await self.answer(tool, arguments, shown)
            outcome = "answered"
        except Failed:
            raise
        except Refused:
            outcome = "refused"
            raise
        finally:
            self.write(name if tool else "", session, outcome, shown)
        return answer

    async def answer(
        self, tool: Tool | None, arguments: Mapping[str, Any], shown: Shown
    ) -> dict[str, Any]:
        if tool is None:
            raise Refused(NO_TOOL)
        given = read_arguments(tool.parameters, arguments)
        try:
            async with (
                self.open_index() as index,
                self.open_insights(index) as insights,
            ):
                question = Question(
                    scope=self.limits.scope(index),
                    arguments=given,
                    prove=self.prove,
                    archive=self.archive,
                    shown=shown,
                    insights=insights,
                )
                answer = await tool.answer(question)
                age: dict[str, Any] = {"index_built_on": index.about.built_on}
                if index.is_older:
                    age |= {"is_outdated": True}
        except Refused:
            raise
        except NoIndex as error:
            raise Refused(printable(str(error))) from None
        except Transient:
            raise Failed(NOT_REACHED) from None
        except Exception as error:  # noqa: BLE001 - its text may hold content
            raise Failed(f"this did not work: {unforeseen(error)}") from None
        return {**answer, **age}

    def write(self, tool: str, session: str, outcome: str, shown: Shown) -> None:
        is_answered = outcome == "answered"
        try:
            self.log.append(
                LoggedQuestion(
                    asked_on=to_milliseconds(self.clock()),
                    user=self.user,
                    session=session,
                    tool=tool,
                    outcome=outcome,
                    shown=shown.messages if is_answered else {},
                )
            )
        except LogFailed:
            raise Refused(NO_LOG) from None
