"""The body of an answer, whole: a read of a stream returns what has come so far."""

import aiohttp


async def whole_body(answer: aiohttp.ClientResponse, most: int) -> bytes:
    """Return the body of an answer.

    Raises:
        ClientPayloadError: it is longer than `most` bytes, or was cut short.

    """
    body = bytearray()
    async for part in answer.content.iter_any():
        body += part
        if len(body) > most:
            raise aiohttp.ClientPayloadError("the answer is too long")
    return bytes(body)
