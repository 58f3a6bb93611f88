"""The client of Google's SDK, changed in one way: the SDK sends a request for a stream, and we read it.

What the SDK makes of a stream is too little to build on: it takes the lines that keep a connection alive for
broken JSON, warns of each reason to stop that it does not know, and drops fields that it does not know, which
the vendor may want back.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar
from types import ModuleType
from typing import Any

import httpx2

from .events import Opened

_opening: ContextVar[list[httpx2.Response] | None] = ContextVar("_opening", default=None)


class _Transport(httpx2.AsyncClient):
    """Gives streams to who opens them, and the SDK an empty one."""

    def __init__(self, connect: float) -> None:
        super().__init__(follow_redirects=True)
        self._connect = connect

    async def send(self, request: httpx2.Request, *, stream: bool = False, **more: Any) -> httpx2.Response:
        # the SDK has one timeout for everything, and sets none by default
        request.extensions["timeout"]["connect"] = self._connect
        response = await super().send(request, stream=stream, **more)
        opening = _opening.get()
        if opening is None or not stream or response.status_code != httpx2.codes.OK:
            return response
        opening.append(response)
        return httpx2.Response(httpx2.codes.OK, content=b"", request=request)


def connected(sdk: ModuleType, url: str, key: str, *, connect: float) -> AbstractAsyncContextManager[Any]:
    """Make a client of the SDK for Google's own API, which tries nothing again; the context gives it.

    Args:
        sdk: The SDK's module.
        url: The address.
        key: The key.
        connect: How many seconds a connection may take to be made.
    """
    transport = _Transport(connect)
    options = sdk.types.HttpOptions(base_url=url, httpx_async_client=transport)
    return _held(sdk.Client(vertexai=False, api_key=key, http_options=options), transport)


@asynccontextmanager
async def _held(client: Any, transport: _Transport) -> AsyncIterator[Any]:
    async with transport:
        try:
            yield client.aio
        finally:
            client.close()


async def opened(client: Any, **sent: Any) -> Opened:
    """Let the SDK send a request for a stream, and return the stream.

    Args:
        client: What ``connected`` gives.
        sent: The parameters of ``generate_content_stream``.
    """
    found: list[httpx2.Response] = []
    token = _opening.set(found)
    try:
        async for _ in await client.models.generate_content_stream(**sent):
            pass  # the SDK was given nothing to read
    finally:
        _opening.reset(token)
    stream = Opened(found[0])
    stream.push_async_callback(found[0].aclose)
    return stream
