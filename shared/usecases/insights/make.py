"""Make the insights of one thread now: ask, check, and ask again where that helps.

Rule 1: an answer that has not the form is asked for again, three times in all.
Rule 2: one that was cut off is asked for in halves, a few times: a model whose answers
        are all too long would be asked for each message.
Rule 3: what a content filter held back, or nothing answered, is said to be missing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from shared.domain.insights.answers import BadAnswer
from shared.domain.insights.insights import Insights, Statement, Usage
from shared.domain.insights.terms import Terms
from shared.domain.times import to_milliseconds
from shared.domain.words import plural
from shared.ports.language_model import Finish, LanguageModel, Request
from shared.usecases.insights.check import HeldClaims
from shared.usecases.insights.given import Given
from shared.usecases.insights.questions import (
    Subject,
    apart,
    groups,
    is_shorter,
    kept_of,
    question,
    question_together,
    together,
    usage_of,
    with_part,
)

TRIES = 3
MOST_HALVINGS = 3
FILTERED = "the service's content filter held back"
UNANSWERED = f"after {TRIES} tries there was no answer of the form for"
CUT = "the answer was cut off for"


@dataclass(slots=True)
class InsightsSoFar:
    """Insights while they are made."""

    insights: Insights

    def add(self, kept: HeldClaims, usage: Usage, model: str) -> None:
        self.insights = with_part(self.insights, kept, usage, model)

    def use(self, usage: Usage) -> None:
        self.insights = replace(self.insights, usage=self.insights.usage + usage)

    def miss(self, why: str, part: Sequence[Given]) -> None:
        count = plural(len(part), "text")
        self.insights = replace(
            self.insights,
            missing=(*self.insights.missing, f"{why} {count} of the thread"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeInsights:
    """Asks a model about threads."""

    model: LanguageModel
    deployment: str
    terms: Terms
    clock: Callable[[], datetime]

    async def __call__(self, subject: Subject) -> Insights:
        """Return the insights of a thread.

        Raises:
            Transient: the model cannot be reached, or wants to be asked later.
            ModelRefused: it will not answer us.

        """
        told = InsightsSoFar(
            replace(
                subject.blank,
                deployment=self.deployment,
                terms=self.terms.digest,
                made_on=to_milliseconds(self.clock()),
            )
        )
        for part in subject.parts:
            await self.ask_about(part, subject, told)
        if not told.insights.is_together:
            told.insights = await self.put_together(told.insights)
        return told.insights

    async def ask_about(
        self,
        part: Sequence[Given],
        subject: Subject,
        told: InsightsSoFar,
        halvings: int = MOST_HALVINGS,
    ) -> None:
        """Ask about a part of a thread, and add what holds of the answer."""
        for _ in range(TRIES):
            reply = await self.model.ask(question(part, self.terms))
            used = usage_of(reply)
            if reply.finish is Finish.DONE:
                try:
                    kept = kept_of(reply.text, part, subject, self.terms)
                except BadAnswer:
                    told.use(used)
                    continue
                told.add(kept, used, reply.model)
                return
            told.use(used)
            if reply.finish is Finish.CUT and len(part) > 1 and halvings:
                half = len(part) // 2
                await self.ask_about(part[:half], subject, told, halvings - 1)
                await self.ask_about(part[half:], subject, told, halvings - 1)
            else:
                is_filtered = reply.finish is Finish.FILTERED
                told.miss(FILTERED if is_filtered else CUT, part)
            return
        told.miss(UNANSWERED, part)

    async def put_together(self, insights: Insights) -> Insights:
        """Make the summaries of parts one, in rounds while they do not fit into one."""
        summary = tuple(insights.sections["summary"])
        while summary:
            parts = groups(summary, self.terms)
            shorter: list[Statement] = []
            for group in parts:
                made, insights = await self.ask_together(group, insights)
                if made is None:
                    return apart(insights)
                shorter += made
            if not is_shorter(shorter, summary) and len(parts) > 1:
                return apart(insights)
            summary = tuple(shorter)
            if len(parts) == 1:
                break
        return replace(
            insights,
            sections={**insights.sections, "summary": summary},
            is_together=True,
        )

    async def ask_together(
        self, group: Sequence[Statement], insights: Insights
    ) -> tuple[Sequence[Statement] | None, Insights]:
        """Return the sentences that a group became; None where nothing answered."""
        asked: Request = question_together(group, self.terms)
        for _ in range(TRIES):
            reply = await self.model.ask(asked)
            insights = replace(insights, usage=insights.usage + usage_of(reply))
            if reply.finish is not Finish.DONE:
                return None, insights
            try:
                made, dropped = together(reply.text, group)
            except BadAnswer:
                continue
            return made, replace(insights, dropped=insights.dropped + dropped)
        return None, insights
