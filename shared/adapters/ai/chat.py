"""Questions to a model that are answered now, by chat completions."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from shared.adapters.ai.client import code_of, translated
from shared.ports.language_model import Finish, Reply, Request

if TYPE_CHECKING:
    from openai import AsyncOpenAI

FILTERED = "content_filter"
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
                answer = await self.client.chat.completions.create(
                    **body_of(request, self.deployment)
                )
            except BadRequestError as error:
                finish = finish_of_failure(error.status_code, code_of(error))
                if finish is None:
                    raise
                return Reply(text="", finish=finish)
        return reply_of(answer.model_dump())

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
    choices = answer.get("choices") or [{}]
    message = choices[0].get("message") or {}
    ended = choices[0].get("finish_reason")
    usage = answer.get("usage") or {}
    finish = Finish.DONE
    if ended == "length":
        finish = Finish.CUT
    elif ended == FILTERED or message.get("refusal"):
        finish = Finish.FILTERED
    return Reply(
        text=message.get("content") or "",
        finish=finish,
        model=str(answer.get("model") or ""),
        input_tokens=int(usage.get("prompt_tokens") or 0),
        output_tokens=int(usage.get("completion_tokens") or 0),
    )
