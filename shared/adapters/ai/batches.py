"""Questions to a model that are answered within a day, by the Batch API."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal

from shared.adapters.ai.chat import body_of, finish_of_failure, reply_of
from shared.adapters.ai.client import translated
from shared.domain.errors import Transient
from shared.ports.language_model import (
    Batch,
    BatchState,
    Finish,
    ModelRefused,
    Reply,
    Request,
)

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from openai.types import Batch as ServiceBatch

PATH: Literal["/v1/chat/completions"] = "/v1/chat/completions"
NAME = "chat_archive"
"""Where a batch says its name at the service: so one is found that was half sent."""
OVER = ("completed", "expired", "cancelled")
MOST_LOOKED_AT = 1_000


class ServiceBatches:
    """A deployment that answers batches."""

    def __init__(self, client: "AsyncOpenAI", deployment: str) -> None:
        self.client = client
        self.deployment = deployment

    async def submit(self, name: str, requests: Sequence[tuple[str, Request]]) -> str:
        """Send requests as a batch."""
        lines = b"".join(
            batch_line(key, request, self.deployment) for key, request in requests
        )
        with translated():
            file = await self.client.files.create(
                file=(f"{name}.jsonl", lines), purpose="batch"
            )
            batch = await self.client.batches.create(
                input_file_id=text(file.id),
                endpoint=PATH,
                completion_window="24h",
                metadata={NAME: name},
            )
            return text(batch.id)

    async def find(self, name: str) -> str:
        """Return the id of the batch of a name; "" where there is none."""
        seen = 0
        with translated():
            async for batch in self.client.batches.list(limit=100):
                if (batch.metadata or {}).get(NAME) == name:
                    return batch.id
                seen += 1
                if seen >= MOST_LOOKED_AT:
                    break
        return ""

    async def state(self, batch_id: str) -> Batch:
        """Return how far a batch is."""
        batch = await self.retrieve(batch_id)
        counts = batch.request_counts
        errors = batch.errors.data if batch.errors and batch.errors.data else []
        state = BatchState.DONE if batch.status in OVER else BatchState.WAITING
        return Batch(
            batch_id=batch_id,
            state=BatchState.FAILED if batch.status == "failed" else state,
            done=counts.completed + counts.failed if counts else 0,
            total=counts.total if counts else 0,
            reason=", ".join(sorted({error.code or "" for error in errors} - {""})),
        )

    async def retrieve(self, batch_id: str) -> "ServiceBatch":
        with translated():
            batch = await self.client.batches.retrieve(batch_id)
            text(batch.id)
            text(batch.status)
        return batch

    async def replies(self, batch_id: str) -> AsyncIterator[tuple[str, Reply | None]]:
        """Yield each key with its answer; None where the request failed."""
        batch = await self.retrieve(batch_id)
        for file_id in (batch.output_file_id, batch.error_file_id):
            if file_id:
                async for line in self.lines(file_id):
                    yield answer_in(line)

    async def lines(self, file_id: str) -> AsyncIterator[str]:
        """Yield the lines of a file, while it is on its way."""
        with translated():
            async with self.client.files.with_streaming_response.content(
                file_id
            ) as response:
                async for line in response.iter_lines():
                    if line.strip():
                        yield line

    async def forget(self, batch_id: str) -> None:
        """Delete the files of a batch from the service."""
        batch = await self.retrieve(batch_id)
        for file_id in (batch.input_file_id, batch.output_file_id, batch.error_file_id):
            if file_id:
                # One that is gone is what was wanted.
                with suppress(ModelRefused), translated():
                    await self.client.files.delete(file_id)


def text(value: Any) -> str:
    """Return a text of the service; raise TypeError where it is none."""
    if not isinstance(value, str) or not value:
        raise TypeError
    return value


def batch_line(key: str, request: Request, deployment: str) -> bytes:
    """Return a line of the file that a batch is sent as."""
    value = {
        "custom_id": key,
        "method": "POST",
        "url": PATH,
        "body": body_of(request, deployment),
    }
    return json.dumps(value).encode() + b"\n"


def answer_in(line: str) -> tuple[str, Reply | None]:
    """Return the key and the answer in a line of a batch's output.

    Raises:
        Transient: it is no such line; the file may be cut off.

    """
    try:
        value: Any = json.loads(line)
        key, response = str(value["custom_id"]), value.get("response") or {}
        status, body = int(response.get("status_code") or 0), response.get("body") or {}
        if status == 200:  # noqa: PLR2004
            return key, reply_of(body)
        error = body.get("error") or value.get("error") or {}
        finish: Finish | None = finish_of_failure(status, str(error.get("code") or ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Transient("a line of a batch's output cannot be read") from None
    return key, Reply(text="", finish=finish) if finish else None
