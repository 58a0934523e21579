"""The server: chat completions, files and batches, on 127.0.0.1 alone."""

import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from aiohttp import web

from local.language_model.extract import answer
from local.language_model.misbehaviour import FINISH, STATUS, Misbehaviour, spoiled
from local.served import served

BYTES_PER_TOKEN = 4
MOST_BYTES = 512 * 1024 * 1024
Body = dict[str, Any]


@dataclass(slots=True)
class LanguageModelServer:
    """What is asked and answered; `key` is what a caller has to have, "" for none.

    `coming` are misbehaviours of the next requests, one each; `always` of all others.
    A batch is done when it was looked at so many times.
    """

    key: str = ""
    looks: int = 1
    always: Misbehaviour | None = None
    coming: deque[Misbehaviour | None] = field(default_factory=deque)
    asked: list[Body] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    batches: dict[str, Body] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    lock: threading.Lock = field(default_factory=threading.Lock)
    address: str = ""

    def misbehave(self, *kinds: Misbehaviour | None) -> None:
        """Misbehave in the next requests; None is one that is answered well."""
        self.coming.extend(kinds)

    def answer(self, body: Body) -> tuple[int, Body]:
        """Return status and body of an answer."""
        with self.lock:
            self.asked.append(body)
            kind = self.coming.popleft() if self.coming else self.always
        if kind and kind in STATUS:
            status, code = STATUS[kind]
            return status, {"error": {"code": code, "message": code, "type": code}}
        content = body["messages"][-1]["content"]
        made = answer(content, body["response_format"]["json_schema"]["schema"])
        text = (
            spoiled(made, kind, content)
            if kind
            else json.dumps(made, ensure_ascii=False)
        )
        message = {"role": "assistant", "content": text, "refusal": None}
        if kind is Misbehaviour.REFUSAL:
            message |= {"content": None, "refusal": "No."}
        sent = sum(len(each["content"].encode("utf-8", "replace"))
                   for each in body["messages"])  # fmt: skip
        tokens_in, tokens_out = sent // BYTES_PER_TOKEN, len(text) // BYTES_PER_TOKEN
        return 200, {
            "id": f"chatcmpl-{next(self.numbers)}",
            "object": "chat.completion",
            "created": 0,
            "model": "extractive-1",
            "choices": [
                {
                    "index": 0,
                    "message": message,
                    "finish_reason": FINISH.get(kind, "stop") if kind else "stop",
                    "logprobs": None,
                }
            ],
            "usage": {
                "prompt_tokens": tokens_in,
                "completion_tokens": tokens_out,
                "total_tokens": tokens_in + tokens_out,
            },
        }

    # Routes

    async def complete(self, request: web.Request) -> web.Response:
        status, body = self.answer(await request.json())
        headers = {"Retry-After": "0"} if status == 429 else {}
        return web.json_response(body, status=status, headers=headers)

    async def models(self, request: web.Request) -> web.Response:
        return web.json_response(
            {"object": "list", "data": [{"id": "extractive", "object": "model"}]}
        )

    async def upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        file = form["file"]
        data = file.file.read() if isinstance(file, web.FileField) else b""
        return web.json_response(file_json(self.keep(data), data))

    def keep(self, data: bytes) -> str:
        file_id = f"file-{next(self.numbers)}"
        self.files[file_id] = data
        return file_id

    async def download(self, request: web.Request) -> web.Response:
        data = self.files.get(request.match_info["id"])
        if data is None:
            return missing()
        return web.Response(body=data, content_type="application/octet-stream")

    async def delete(self, request: web.Request) -> web.Response:
        file_id = request.match_info["id"]
        if self.files.pop(file_id, None) is None:
            return missing()
        return web.json_response({"id": file_id, "object": "file", "deleted": True})

    async def start(self, request: web.Request) -> web.Response:
        wanted = await request.json()
        data = self.files.get(wanted["input_file_id"])
        if data is None:
            return missing()
        lines = [json.loads(line) for line in data.splitlines()]
        batch_id = f"batch_{next(self.numbers)}"
        self.batches[batch_id] = {
            "id": batch_id,
            "object": "batch",
            "endpoint": wanted["endpoint"],
            "completion_window": wanted["completion_window"],
            "input_file_id": wanted["input_file_id"],
            "metadata": wanted.get("metadata"),
            "created_at": 0,
            "status": "in_progress",
            "request_counts": {"total": len(lines), "completed": 0, "failed": 0},
            "looks": self.looks,
        }
        return web.json_response(shown(self.batches[batch_id]))

    async def list(self, request: web.Request) -> web.Response:
        data = [shown(batch) for batch in reversed(self.batches.values())]
        return web.json_response({"object": "list", "data": data, "has_more": False})

    async def look(self, request: web.Request) -> web.Response:
        batch = self.batches.get(request.match_info["id"])
        if batch is None:
            return missing()
        batch["looks"] -= 1
        if batch["looks"] < 0 and batch["status"] == "in_progress":
            self.work_on(batch)
        return web.json_response(shown(batch))

    def work_on(self, batch: Body) -> None:
        good: list[str] = []
        bad: list[str] = []
        for line in self.files[batch["input_file_id"]].splitlines():
            asked = json.loads(line)
            status, body = self.answer(asked["body"])
            answered = {
                "id": f"response_{next(self.numbers)}",
                "custom_id": asked["custom_id"],
                "response": {"status_code": status, "request_id": "", "body": body},
                "error": None,
            }
            (good if status == 200 else bad).append(json.dumps(answered))
        batch["status"] = "completed"
        batch["request_counts"] |= {"completed": len(good), "failed": len(bad)}
        # The order of answers is nobody's promise.
        batch["output_file_id"] = self.keep("\n".join(reversed(good)).encode())
        if bad:
            batch["error_file_id"] = self.keep("\n".join(bad).encode())

    @web.middleware
    async def guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        given = request.headers.get("Authorization", "")
        if self.key and given != f"Bearer {self.key}":
            error = {"code": "invalid_api_key", "message": "", "type": ""}
            return web.json_response({"error": error}, status=401)
        response: web.StreamResponse = await handler(request)
        return response

    @property
    def app(self) -> web.Application:
        app = web.Application(middlewares=[self.guard], client_max_size=MOST_BYTES)
        app.add_routes(
            [
                web.post("/v1/chat/completions", self.complete),
                web.get("/v1/models", self.models),
                web.post("/v1/files", self.upload),
                web.get("/v1/files/{id}/content", self.download),
                web.delete("/v1/files/{id}", self.delete),
                web.post("/v1/batches", self.start),
                web.get("/v1/batches", self.list),
                web.get("/v1/batches/{id}", self.look),
            ]
        )
        return app


def shown(batch: Body) -> Body:
    return {name: value for name, value in batch.items() if name != "looks"}


def missing() -> web.Response:
    error = {"code": "not_found", "message": "", "type": ""}
    return web.json_response({"error": error}, status=404)


def file_json(file_id: str, data: bytes) -> Body:
    return {
        "id": file_id,
        "object": "file",
        "bytes": len(data),
        "created_at": 0,
        "filename": "batch.jsonl",
        "purpose": "batch",
        "status": "processed",
    }


@contextmanager
def language_model(key: str = "", port: int = 0) -> Iterator[LanguageModelServer]:
    """Run the server in a thread until the block ends."""
    server = LanguageModelServer(key)
    with served(server.app, port) as address:
        server.address = f"{address}/v1/"
        yield server
