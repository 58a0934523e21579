"""A language model: what it is asked, and what it answers."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from shared.domain.errors import ArchiverError


class ModelRefused(ArchiverError):
    """The service takes no request from us as it is set up. The text says why."""


class Finish(StrEnum):
    """How an answer ended."""

    DONE = "done"
    CUT = "cut"
    """It was too long, or what was asked was."""
    FILTERED = "filtered"
    """A content filter held back the question or the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A question whose answer has to be JSON of a schema."""

    instructions: str
    content: str
    name: str
    """Of the schema, for the service."""
    schema: Mapping[str, Any]
    output_tokens: int
    """The most that may be answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer; `model` is what the service calls what answered."""

    text: str
    finish: Finish
    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0


class LanguageModel(Protocol):
    """A deployment of a model."""

    async def ask(self, request: Request) -> Reply:
        """Ask, and wait for the answer.

        Raises:
            Transient: it cannot be reached, or wants to be asked later.
            ModelRefused: it will never answer us like this.

        """
        ...


class BatchState(StrEnum):
    """How far a batch is."""

    WAITING = "waiting"
    DONE = "done"
    """Whatever has an answer has it: some requests may have failed, or expired."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A batch at the service: its id, and how far it is."""

    batch_id: str
    state: BatchState
    done: int = 0
    total: int = 0
    reason: str = ""
    """Why it failed."""


class BatchModel(Protocol):
    """A deployment that answers many questions within a day, for half the price.

    Each method raises as `LanguageModel.ask` does.
    """

    async def submit(self, name: str, requests: Sequence[tuple[str, Request]]) -> str:
        """Send requests, each with a key, as a batch of a name; return its id."""
        ...

    async def find(self, name: str) -> str:
        """Return the id of the batch of a name; "" where there is none."""
        ...

    async def state(self, batch_id: str) -> Batch:
        """Return how far a batch is."""
        ...

    def replies(self, batch_id: str) -> AsyncIterator[tuple[str, Reply | None]]:
        """Yield each key with its answer; None where the request failed."""
        ...

    async def forget(self, batch_id: str) -> None:
        """Delete the files of a batch, which hold content, from the service."""
        ...
