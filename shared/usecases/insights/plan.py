"""Plan insights: what they would take, estimated from the index; nothing is sent.

What a model counts as a token, and how long it answers, nobody knows before: the
figures are estimates, by a rule of thumb.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

from shared.domain.insights.terms import Terms
from shared.usecases.insights.given import estimated_tokens
from shared.usecases.insights.questions import Subject
from shared.usecases.insights.subjects import Subjects

OUTPUT_PER_REQUEST = 700
"""Tokens of an answer, as a rule of thumb: a sentence with its citation has some 60."""


@dataclass(slots=True, kw_only=True)
class Planned:
    """What insights would take."""

    threads: int = 0
    current: int = 0
    messages: int = 0
    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0

    def cost(self, input_price: float, output_price: float) -> float:
        """Return what it costs, given prices of a million tokens."""
        total = self.input_tokens * input_price + self.output_tokens * output_price
        return total / 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanInsights:
    """Estimates; `on_thread` takes how many threads were looked at, and of how many."""

    subjects: Subjects
    on_thread: Callable[[int, int], None]

    async def __call__(self) -> Planned:
        planned = Planned()
        threads = [*self.subjects.threads()]
        for done, facts in enumerate(threads):
            self.on_thread(done, len(threads))
            subject = await self.subjects.due(facts)
            if subject is None:
                planned.current += 1
            elif subject.parts:
                self.add(subject, planned)
            if planned.threads == self.subjects.limit:
                break
        return planned

    def add(self, subject: Subject, planned: Planned) -> None:
        terms, parts = self.subjects.terms, len(subject.parts)
        planned.threads += 1
        planned.messages += subject.messages
        planned.requests += parts
        planned.output_tokens += parts * OUTPUT_PER_REQUEST
        planned.input_tokens += parts * overhead(terms) + sum(
            line.tokens for part in subject.parts for line in part
        )
        if parts > 1:
            planned.requests += 1
            planned.output_tokens += OUTPUT_PER_REQUEST
            planned.input_tokens += estimated_tokens(terms.instructions_together)
            planned.input_tokens += parts * OUTPUT_PER_REQUEST // 2


def overhead(terms: Terms) -> int:
    """Return the tokens of what goes with each part."""
    return estimated_tokens(terms.instructions + json.dumps(terms.schema))
