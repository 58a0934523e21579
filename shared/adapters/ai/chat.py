"""Questions to a model that are answered now, by chat completions."""

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from shared.adapters.ai.client import code_of, translated
from shared.ports.language_model import Finish, Reply, Request

if TYPE_CHECKING:
    from openai import AsyncOpenAI

FILTERED = "content_filter"
LONGEST_NAME = 200
TOO_LONG = ("context_length_exceeded", "string_above_max_length")


class ChatModel:
    """A deployment of a model."""

    def __init__(self, client: "AsyncOpenAI", deployment: str) -> None:
        self.client = client
        self.deployment = deployment

    async def ask(self, request: Request) -> Reply:
        """Ask, and wait for the answer."""
        from openai import BadRequestError

        with translated():
            try:
                # The SDK reads an answer as a model of its own, whatever it is.
                raw = await self.client.chat.completions.with_raw_response.create(
                    **body_of(request, self.deployment)
                )
            except BadRequestError as error:
                finish = finish_of_failure(error.status_code, code_of(error))
                if finish is None:
                    raise
                return Reply(text="", finish=finish)
        try:
            return reply_of(json.loads(raw.content))
        except ValueError:
            return reply_of(None)

    async def close(self) -> None:
        await self.client.close()


def body_of(request: Request, deployment: str) -> dict[str, Any]:
    """Return a request as the interface has it; it has no tools."""
    return {
        "model": deployment,
        "messages": [
            {"role": "system", "content": request.instructions},
            {"role": "user", "content": request.content},
        ],
        "response_format": {
            "type": "json_schema",
            "json_schema": {
                "name": request.name,
                "strict": True,
                "schema": request.schema,
            },
        },
        "max_completion_tokens": request.output_tokens,
    }


def finish_of_failure(status: int, code: str) -> Finish | None:
    """Return what a refused request means; None where it says nothing of its text."""
    if status != HTTPStatus.BAD_REQUEST:
        return None
    if code == FILTERED:
        return Finish.FILTERED
    return Finish.CUT if code in TOO_LONG else None


def reply_of(answer: Any) -> Reply:
    """Return an answer as far as it is one; what is not of the form is no text."""
    answer = members(answer)
    choices = answer.get("choices")
    choice = members(choices[0] if isinstance(choices, list) and choices else None)
    message, usage = members(choice.get("message")), members(answer.get("usage"))
    text, model = message.get("content"), answer.get("model")
    ended, finish = choice.get("finish_reason"), Finish.DONE
    if ended == "length":
        finish = Finish.CUT
    elif ended == FILTERED or message.get("refusal"):
        finish = Finish.FILTERED
    return Reply(
        text=text if isinstance(text, str) else "",
        finish=finish,
        model=model[:LONGEST_NAME] if isinstance(model, str) else "",
        input_tokens=counted(usage.get("prompt_tokens")),
        output_tokens=counted(usage.get("completion_tokens")),
    )


def members(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def counted(value: Any) -> int:
    is_count = isinstance(value, int) and not isinstance(value, bool) and value > 0
    return int(value) if is_count else 0
