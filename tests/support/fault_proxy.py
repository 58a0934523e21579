"""A proxy between the product and Azurite that fails appends as a bad day would.

What fails, and how, is chosen by seed. Azurite itself is never harmed.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum

import aiohttp
from aiohttp import web
from yarl import URL

from local.ports import free_ports


class Fault(StrEnum):
    DROP_BEFORE = "drop before"
    DROP_AFTER = "commit, then drop the answer"
    DELAYED = "answer 503, apply later"
    ERROR_AFTER = "commit, then answer 500"
    BUSY = "503 with Retry-After"
    GATEWAY = "503 of a gateway that speaks no XML of ours"
    READING = "409 BlobModifiedWhileReading"
    SLOW = "a slow answer"
    RESET = "reset of a reused connection"


PASSED_ON = {"content-range", "content-type", "date", "etag", "last-modified"}
HOP_BY_HOP = {"host", "connection", "transfer-encoding", "content-length"}


class FaultProxy:
    """Forwards to `port`; a share of all appends meets one of `faults`."""

    def __init__(self, port: int, *, seed: int, share: float, faults: list[Fault]):
        self.upstream = f"http://127.0.0.1:{port}"
        self.chance = random.Random(seed)
        self.share = share
        self.faults = faults
        self.is_immutable = False
        """Whether a policy forbids every change, as under WORM."""
        self.no_new_containers = False
        """Whether the caller has no right to create a container or a queue."""
        self.being_deleted = 0
        """How many of the next requests meet a container that is being deleted."""
        self.refuses: dict[tuple[str, str], tuple[int, str]] = {}
        """By `comp` and the end of a path: status and code of every such request."""
        self.requests = 0
        self.met: Counter[Fault] = Counter()
        self.lease_actions: Counter[str] = Counter()
        """What was asked of leases; "" where a request was about something else."""
        self.later: set[asyncio.Task[web.Response]] = set()
        self.connections: Counter[object] = Counter()

    def choose(self, request: web.Request) -> Fault | None:
        is_append = request.query.get("comp") == "appendblock"
        self.connections[request.transport] += 1
        if not is_append or self.chance.random() > self.share:
            return None
        fault = self.chance.choice(self.faults)
        if fault is Fault.RESET and self.connections[request.transport] < 2:
            return None
        self.met[fault] += 1
        return fault

    def refusal_of(self, request: web.Request) -> tuple[int, str] | None:
        """Return how the account as a whole refuses a request, whatever it appends."""
        if self.being_deleted:
            self.being_deleted -= 1
            return 409, "ContainerBeingDeleted"
        if self.no_new_containers and is_new_container(request):
            return 403, "AuthorizationPermissionMismatch"
        if self.is_immutable and request.method in ("PUT", "DELETE"):
            return 409, "BlobImmutableDueToPolicy"
        for (comp, end), refusal in self.refuses.items():
            if request.query.get("comp") == comp and request.path.endswith(end):
                return refusal
        return None

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.requests += 1
        self.lease_actions[request.headers.get("x-ms-lease-action", "")] += 1
        if refusal := self.refusal_of(request):
            return refuse(*refusal)
        match self.choose(request):
            case Fault.DROP_BEFORE | Fault.RESET:
                return cut(request)
            case Fault.DROP_AFTER:
                await self.forward(request, body)
                return cut(request)
            case Fault.DELAYED:
                task = asyncio.create_task(self.forward(request, body, after=0.3))
                self.later.add(task)
                return refuse(503, "ServerBusy")
            case Fault.ERROR_AFTER:
                await self.forward(request, body)
                return refuse(500, "InternalError")
            case Fault.BUSY:
                return refuse(503, "ServerBusy", {"Retry-After": "1"})
            case Fault.GATEWAY:
                body_ = "<?xml version='1.0'?><Error><Code>Gateway</Code></Error>"
                return web.Response(
                    status=503, text=body_, content_type="application/xml"
                )
            case Fault.READING:
                return refuse(409, "BlobModifiedWhileReading")
            case Fault.SLOW:
                await asyncio.sleep(0.15)
        return await self.forward(request, body)

    async def forward(
        self, request: web.Request, body: bytes, *, after: float = 0
    ) -> web.Response:
        await asyncio.sleep(after)
        headers = {
            name: value
            for name, value in request.headers.items()
            if name.lower() not in HOP_BY_HOP
        }
        url = URL(f"{self.upstream}{request.raw_path}", encoded=True)
        async with (
            aiohttp.ClientSession(auto_decompress=False) as session,
            session.request(
                request.method,
                url,
                data=body or None,
                headers=headers,
                skip_auto_headers=["Content-Type"],  # it is signed
            ) as answer,
        ):
            passed_on = {
                name: value
                for name, value in answer.headers.items()
                if name.lower() in PASSED_ON or name.lower().startswith("x-ms-")
            }
            return web.Response(
                body=await answer.read(), status=answer.status, headers=passed_on
            )

    async def settle(self) -> None:
        """Wait until every delayed append has been applied."""
        await asyncio.gather(*self.later)


def is_new_container(request: web.Request) -> bool:
    """Whether a request creates a container, or a queue: /account/name alone."""
    is_container = request.query.get("restype") == "container"
    is_queue = not request.query and request.path.count("/") == 2
    return request.method == "PUT" and (is_container or is_queue)


def cut(request: web.Request) -> web.Response:
    if request.transport:
        request.transport.abort()
    return web.Response()


def refuse(
    status: int, code: str, headers: dict[str, str] | None = None
) -> web.Response:
    return web.Response(
        status=status,
        text=f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>m</Message></Error>",
        content_type="application/xml",
        headers={"x-ms-error-code": code, **(headers or {})},
    )


@asynccontextmanager
async def fault_proxy(
    port: int, *, seed: int, share: float, faults: list[Fault]
) -> AsyncIterator[tuple[FaultProxy, int]]:
    """Run a proxy while the block runs; give it and its port."""
    proxy = FaultProxy(port, seed=seed, share=share, faults=faults)
    application = web.Application(client_max_size=64 * 1024 * 1024)
    application.router.add_route("*", "/{path:.*}", proxy.answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    (own_port,) = free_ports(1)
    await web.TCPSite(runner, "127.0.0.1", own_port).start()
    try:
        yield proxy, own_port
    finally:
        await proxy.settle()
        await runner.cleanup()
