"""A server at one origin, for a library that makes the requests and reads the answers itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING

from genxai_nb.errors import Denied, ToolFailed
from genxai_nb.guard.visible import visible

from .bodies import unpack
from .client import MOST_BYTES, USUAL
from .cookies import Cookies, closed_jar, origin_of
from .transport import Resolve, Transport, resolve

# after transport, which says what to install where it is missing
import httpx2  # isort: skip

if TYPE_CHECKING:
    from genxai_nb.guard.policy import Policy

__all__ = ["MOST_STREAMED", "open_endpoint"]

MOST_STREAMED = 50_000_000  # bytes of a stream that a server sends unasked
MOST_CONNECTIONS = 100

_CONNECT = 30.0  # seconds
_SILENT = 300.0  # seconds without a byte
_LEAVE = 5.0  # seconds for saying goodbye
_PAUSE = 0.25  # seconds from one stream to the next, so that a server cannot make us ask without end
_EVENTS = "text/event-stream"


def open_endpoint(
    url: str,
    policies: Sequence[Policy],
    *,
    credentials: Mapping[str, str] | None = None,
    seconds: float,
    resolve: Resolve = resolve,
) -> httpx2.AsyncClient:
    """A client for a library, which sends nothing to another origin than the URL's, but from http to https.

    Connections and their addresses are checked as for all tools. An answer has as many bytes and seconds as any
    tool reads, or is ended with an error; the answer to a GET may be a stream of events, which lasts.

    Args:
        url: Where the server is.
        policies: What may be reached; all of them have to allow it.
        credentials: Headers for the URL's origin.
        seconds: Seconds for an answer.
        resolve: Finds the addresses of a host.
    """
    inner = Transport(policies, resolve, connections=MOST_CONNECTIONS)
    return httpx2.AsyncClient(
        transport=_Endpoint(httpx2.URL(url), inner, credentials or {}, seconds),
        cookies=closed_jar(),
        timeout=httpx2.Timeout(_CONNECT, read=max(_SILENT, seconds)),
        trust_env=False,
        headers=USUAL,
    )


class _Ended(httpx2.SSEError, httpx2.StreamError):
    """An answer that was ended: an error of what reads events, and of what reads a body as a whole."""


class _Endpoint(httpx2.AsyncBaseTransport):
    def __init__(
        self, url: httpx2.URL, inner: Transport, credentials: Mapping[str, str], seconds: float
    ) -> None:
        self._origin, self._inner = origin_of(url), inner
        plain = self._origin.scheme == "http" and self._origin.port == 80
        self._secured = self._origin._replace(scheme="https", port=443) if plain else self._origin
        self._credentials, self._seconds = credentials, seconds
        self._cookies = Cookies()
        self._next = 0.0  # when another stream may be asked for

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self._address(request)
        loop = asyncio.get_running_loop()
        if request.method == "GET":
            at = max(self._next, loop.time())
            self._next = at + _PAUSE
            await asyncio.sleep(at - loop.time())
        seconds = min(_LEAVE, self._seconds) if request.method == "DELETE" else self._seconds
        ends = loop.time() + seconds
        try:
            async with asyncio.timeout_at(ends):
                answer = await self._inner.handle_async_request(request)
        except TimeoutError as exc:
            raise _late(seconds) from exc
        answer.request = request
        self._cookies.keep(answer)
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        lasting = request.method == "GET" and kind == _EVENTS
        limits = (None, seconds, MOST_STREAMED) if lasting else (ends, seconds, MOST_BYTES)
        body = _read(answer, *limits)
        headers = answer.headers.copy()
        headers.pop("content-encoding", None)
        headers["content-type"] = kind  # without a charset, which would choose what decodes it
        return httpx2.Response(
            answer.status_code, headers=headers, stream=_Stream(body, answer), extensions=answer.extensions
        )

    async def aclose(self) -> None:
        await self._inner.aclose()

    def _address(self, request: httpx2.Request) -> None:
        """Give a request what belongs to its origin.

        Raises:
            Denied: It is not the server's.
        """
        for name in self._credentials:  # which a redirected request has still
            request.headers.pop(name, None)
        target = origin_of(request.url)
        if target == self._origin:
            request.headers.update(self._credentials)
        elif target != self._secured:
            raise Denied(
                f"'{visible(str(request.url), 200)}' is not where the server is.",
                hint="If it has moved there, give that URL.",
            )
        self._cookies.put(request)


class _Stream(httpx2.AsyncByteStream):
    def __init__(self, parts: AsyncIterator[bytes], answer: httpx2.Response) -> None:
        self._parts, self._answer = parts, answer

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._parts

    async def aclose(self) -> None:
        await self._answer.aclose()


async def _read(
    answer: httpx2.Response, ends: float | None, seconds: float, most: int
) -> AsyncIterator[bytes]:
    """A body; its limits hold for what comes and for what that unpacks to."""
    come = _bounded(_timely(answer.aiter_raw(), ends, seconds), most)
    try:
        async for part in _bounded(unpack(come, answer.headers), most):
            yield part
    except (ToolFailed, httpx2.DecodingError) as exc:
        raise _Ended(str(exc)) from exc


async def _bounded(parts: AsyncIterator[bytes], most: int) -> AsyncIterator[bytes]:
    left = most
    async for part in parts:
        left -= len(part)
        if left < 0:
            raise ToolFailed(f"The answer has more than {most} bytes.", hint="Ask for less at a time.")
        yield part


async def _timely(parts: AsyncIterator[bytes], ends: float | None, seconds: float) -> AsyncIterator[bytes]:
    while True:
        try:
            async with asyncio.timeout_at(ends):
                part = await anext(parts, None)
        except TimeoutError as exc:
            raise _late(seconds) from exc
        if part is None:
            return
        yield part


def _late(seconds: float) -> ToolFailed:
    return ToolFailed(f"The answer was not done within {seconds:g} s.", hint="Raise timeout.")
