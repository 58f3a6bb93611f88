"""Server-sent events as plain data.

The vendors' SDKs build an object of each event, which takes longer than all that is done with it, drop
fields that they do not know, and in part skip what is corrupt.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing, suppress
from typing import Any

from msgspec import json

_DONE = b"[DONE]"
_REST = 0.1  # seconds; read to its end, a connection can be used again

_decode = json.decode


class Opened(AsyncExitStack):
    """A response that is still to be read; the end of the context closes it."""

    def __init__(self, response: Any) -> None:
        super().__init__()
        self.response = response


async def events_of(stream: Any) -> AsyncGenerator[Any, None]:
    """Read a stream that an SDK has opened, event by event, and close it.

    Args:
        stream: The SDK's stream, or an ``Opened``; its ``response`` is the response of the transport.

    Raises:
        DecodeError: An event is no JSON.
    """
    # what is left to the garbage collector may be closed when its loop has gone
    async with stream, aclosing(stream.response.aiter_bytes()) as pieces, aclosing(_lines(pieces)) as lines:
        data: list[bytes] = []
        async for line in lines:
            if line.startswith(b"data:"):
                data.append(line[5:].strip())
            elif data and not line:
                if data[0] == _DONE:
                    await _read_out(pieces)
                    return
                yield _decode(b"\n".join(data))
                data.clear()
        if data and data[0] != _DONE:
            yield _decode(b"\n".join(data))


async def _lines(pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """The lines of a response, split as bytes: text has more ends of lines than the format knows."""
    rest = b""
    async for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield line.rstrip(b"\r")
    if rest:
        yield rest


async def _read_out(pieces: AsyncIterator[bytes]) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_REST):
            async for _ in pieces:
                pass
