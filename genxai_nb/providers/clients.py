"""One client of a vendor's SDK for each key and event loop, closed with its loop or at exit."""

from __future__ import annotations

import asyncio
import atexit
from collections.abc import AsyncGenerator, Callable, Hashable
from concurrent.futures import TimeoutError as NotInTime
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from genxai_nb.loop import run_in_worker, running_loop

_PATIENCE = 1.0  # seconds that the end of the process waits for open connections to close


class _Clients(NamedTuple):
    """The clients of a loop, and what closes them."""

    by_key: dict[Hashable, Any]
    stack: AsyncExitStack
    making: asyncio.Lock


_keepers: WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncGenerator[_Clients, None]] = WeakKeyDictionary()
_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, _Clients] = WeakKeyDictionary()


async def client_of(key: Hashable, make: Callable[[], AbstractAsyncContextManager[Any]]) -> Any:
    """Return this loop's client of a key, made at the first call.

    Args:
        key: Names the client: vendor, address and credentials.
        make: Makes it: an asynchronous context that gives the client, and whose end closes it. It is called in
            a worker thread, since it reads certificates and imports more of the SDK.
    """
    loop = asyncio.get_running_loop()
    if loop not in _clients:
        keeper = _keepers[loop] = _keep(loop)
        _clients[loop] = _Clients({}, AsyncExitStack(), asyncio.Lock())
        await anext(keeper)
    clients = _clients[loop]
    async with clients.making:
        if key not in clients.by_key:
            made = await run_in_worker(make)
            clients.by_key[key] = await clients.stack.enter_async_context(made)
    return clients.by_key[key]


async def _keep(loop: asyncio.AbstractEventLoop) -> AsyncGenerator[_Clients, None]:
    """Hold a loop's clients; a loop that is shut down ends its generators, and so closes them."""
    clients = _clients[loop]
    try:
        yield clients
    finally:
        _clients.pop(loop, None)
        _keepers.pop(loop, None)
        await clients.stack.aclose()


@atexit.register
def close_clients() -> int:
    """Close all clients, those of the caller's own loop when it comes to it; each is made again on demand.

    Returns:
        How many there were.
    """
    number = sum(len(clients.by_key) for clients in list(_clients.values()))
    for loop, keeper in list(_keepers.items()):
        if loop.is_running():
            with suppress(NotInTime, RuntimeError):
                ended = asyncio.run_coroutine_threadsafe(_ended(keeper), loop)
                if loop is not running_loop():
                    ended.result(_PATIENCE)
    return number


async def _ended(keeper: AsyncGenerator[Any, None]) -> None:
    await keeper.aclose()
