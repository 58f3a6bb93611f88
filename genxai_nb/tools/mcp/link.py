"""A connection to an MCP server that stays open between calls, on each event loop its own."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TextIO
from weakref import WeakKeyDictionary, WeakSet

from genxai_nb.errors import Denied, MissingPackage, ToolFailed
from genxai_nb.guard.visible import visible

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from mcp import Client

__all__ = ["Link", "close_links"]

_QUIET = logging.NullHandler()

IDLE = 60.0  # seconds after which a connection that nobody uses is closed
CONNECT = 30.0  # seconds

_links: WeakSet[Link] = WeakSet()

_ONE_ANSWER = "SSE stream "  # how the library begins to tell that an answer has ended, and not the connection

Job = Callable[["Client"], Awaitable[Any]]
Asked = tuple[Job, asyncio.Future[Any]]


class Link:
    """Opens a server when it is first needed, and again when it has gone.

    Args:
        name: The server's name, for errors.
        command: The words that start it; empty for a server at a URL.
        url: Where it is.
        environment: Further variables of a server that is started; it sees no others but the usual ones.
        open_http: Makes the client for a URL.
    """

    def __init__(
        self,
        name: str,
        command: list[str],
        url: str,
        environment: dict[str, str],
        open_http: Callable[[], AbstractAsyncContextManager[Any]],
    ) -> None:
        self._name = name
        self._command, self._url = command, url
        self._environment, self._open_http = environment, open_http
        self._queues: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Queue[Asked | Exception]]
        self._queues = WeakKeyDictionary()
        self._keeping: set[asyncio.Task[None]] = set()
        _links.add(self)

    async def ask(self, job: Job, seconds: float) -> Any:
        """Do something with an open client.

        Raises:
            ToolFailed: The server cannot be reached, or does not answer in time.
            MissingPackage: mcp is not installed.
        """
        loop = asyncio.get_running_loop()
        queue = self._queues.get(loop)
        if queue is None:
            queue = self._queues[loop] = asyncio.Queue()
            task = loop.create_task(self._keep(queue, loop))
            self._keeping.add(task)
            task.add_done_callback(self._keeping.discard)
        answer: asyncio.Future[Any] = loop.create_future()
        queue.put_nowait((job, answer))
        try:
            async with asyncio.timeout(seconds):
                return await answer
        except TimeoutError as exc:
            raise ToolFailed(
                f"MCP server {self._name!r} did not answer within {seconds:g} s.", hint="Raise its timeout."
            ) from exc

    async def close(self) -> None:
        """Close the connections of this loop."""
        self._queues.pop(asyncio.get_running_loop(), None)
        for task in list(self._keeping):
            if task.get_loop() is asyncio.get_running_loop():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def _keep(self, queue: asyncio.Queue[Asked | Exception], loop: asyncio.AbstractEventLoop) -> None:
        """Keep one connection and do the jobs of a queue, until it is idle or broken."""
        doing: set[asyncio.Task[None]] = set()
        waiting: set[asyncio.Future[Any]] = set()
        try:
            first: Asked | Exception | None = await queue.get()
            waiting |= {first[1]} if isinstance(first, tuple) else set()
            async with self._open() as client:
                while isinstance(first, tuple):
                    job, answer = first
                    waiting = {one for one in waiting if not one.done()} | {answer}
                    task = loop.create_task(self._do(client, job, answer, queue))
                    doing.add(task)
                    task.add_done_callback(doing.discard)
                    first = await self._next(queue, doing)
            if first is not None:  # closed, and closing has not said why
                raise first  # noqa: TRY301 - told below like any other end
        except BaseException as exc:  # whoever still waits is told, also of a cancellation
            if self._queues.get(loop) is queue:
                del self._queues[loop]
            while not queue.empty():
                waiting |= {left[1] for left in [queue.get_nowait()] if isinstance(left, tuple)}
            for one in waiting:
                if not one.done():
                    one.set_exception(self._failure(exc))
            if isinstance(exc, asyncio.CancelledError):
                raise

    async def _next(
        self, queue: asyncio.Queue[Asked | Exception], doing: set[asyncio.Task[None]]
    ) -> Asked | Exception | None:
        """The next job; None when nobody has wanted anything for a while, an error when the connection is closed."""
        while True:
            try:
                return await asyncio.wait_for(queue.get(), IDLE)
            except TimeoutError:
                if not doing and queue.empty():
                    self._queues.pop(asyncio.get_running_loop(), None)
                    return None

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Client]:
        # what goes wrong is told by our errors; without a handler, the library's tracebacks would be printed beside
        logging.getLogger("mcp").addHandler(_QUIET)
        try:
            from mcp import Client, StdioServerParameters
            from mcp.client.stdio import stdio_client
            from mcp.client.streamable_http import streamable_http_client
        except ImportError as exc:
            raise MissingPackage("mcp", "mcp") from exc
        if self._command:
            server = StdioServerParameters(
                command=self._command[0], args=self._command[1:], env=self._environment
            )
            process = stdio_client(server, errlog=_log())
            async with Client(process, read_timeout_seconds=CONNECT) as client:
                yield client
            return
        from genxai_nb.tools.http import MOST_BYTES

        async with self._open_http() as http:
            transport = streamable_http_client(self._url, http_client=http, max_sse_event_size=MOST_BYTES)
            async with Client(transport, read_timeout_seconds=CONNECT) as client:
                yield client

    async def _do(
        self,
        client: Client,
        job: Job,
        answer: asyncio.Future[Any],
        queue: asyncio.Queue[Asked | Exception],
    ) -> None:
        """Do a job; a connection that turns out to be closed is given up, so that the next call opens another."""
        from mcp import MCPError
        from mcp_types import CONNECTION_CLOSED

        try:
            value = await job(client)
        except Exception as exc:  # noqa: BLE001 - whatever it is, it belongs to whoever waits for the answer
            if (
                isinstance(exc, MCPError)
                and exc.error.code == CONNECTION_CLOSED
                and not exc.error.message.startswith(_ONE_ANSWER)
            ):
                loop = asyncio.get_running_loop()
                if self._queues.get(loop) is queue:
                    del self._queues[loop]
                queue.put_nowait(exc)  # whoever keeps the connection learns why it is closed, and tells
            elif not answer.done():
                answer.set_exception(exc)
        else:
            if not answer.done():
                answer.set_result(value)

    def _failure(self, error: BaseException) -> Exception:
        while isinstance(error, BaseExceptionGroup):
            told = error.subgroup((MissingPackage, ToolFailed))
            error = (told or error).exceptions[0]
        if isinstance(error, MissingPackage | Denied):
            return error
        if isinstance(error, ToolFailed):
            return ToolFailed(f"MCP server {self._name!r} cannot be used: {error.what}", hint=error.hint)
        said = visible(str(error) or type(error).__name__, 300).removesuffix(".")
        return ToolFailed(f"MCP server {self._name!r} cannot be used: {said}.")


def _log() -> TextIO:
    """Where a process writes what goes wrong: a file, which what stands for it in a notebook need not be."""
    try:
        sys.stderr.fileno()
    except (OSError, ValueError):
        return sys.__stderr__ or sys.stderr
    return sys.stderr


async def close_links() -> list[str]:
    """Close the connections of all servers: those of this loop at once, others when their loop comes to it.

    Returns:
        The names of the servers that had any, sorted.
    """
    here = asyncio.get_running_loop()
    opened = [link for link in list(_links) if link._keeping]
    for link in opened:
        for task in list(link._keeping):
            if (loop := task.get_loop()) is not here and loop.is_running():
                loop.call_soon_threadsafe(task.cancel)
        await link.close()
    return sorted({link._name for link in opened})
