"""A blob server that does nothing: it answers 201 at once, so only clients cost time.

Run it as `python -m bench.null_server PORT`, in a process of its own.
"""

import asyncio
import sys

ANSWER = (
    b"HTTP/1.1 201 Created\r\n"
    b'ETag: "0x1"\r\n'
    b"Last-Modified: Sun, 22 Nov 2026 12:00:00 GMT\r\n"
    b"x-ms-request-id: 0\r\n"
    b"x-ms-version: 2026-10-06\r\n"
    b"x-ms-blob-append-offset: 0\r\n"
    b"x-ms-blob-committed-block-count: 1\r\n"
    b"x-ms-request-server-encrypted: true\r\n"
    b"Date: Sun, 22 Nov 2026 12:00:00 GMT\r\n"
    b"Content-Length: 0\r\n\r\n"
)
HEADERS_END = b"\r\n\r\n"
LENGTH = b"\r\ncontent-length:"


class NullBlobs(asyncio.Protocol):
    """Reads requests from a connection and gives each the same answer."""

    def __init__(self) -> None:
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(HEADERS_END)) >= 0:
            size = end + len(HEADERS_END) + body_length(self.buffer[:end])
            if len(self.buffer) < size:
                return
            self.buffer = self.buffer[size:]
            self.transport.write(ANSWER)  # type: ignore[attr-defined]


def body_length(head: bytes) -> int:
    head = head.lower()
    start = head.find(LENGTH)
    if start < 0:
        return 0
    start += len(LENGTH)
    end = head.find(b"\r\n", start)
    return int(head[start : end if end >= 0 else None])


async def serve(port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(NullBlobs, "127.0.0.1", port)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
