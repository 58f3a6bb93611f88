"""One client of a vendor's SDK for each key and event loop, closed with its loop or at exit."""

from __future__ import annotations

import asyncio
import atexit
from collections.abc import AsyncGenerator, Callable, Hashable
from concurrent.futures import TimeoutError as NotInTime
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

_PATIENCE = 1.0  # seconds that the end of the process waits for open connections to close

_keepers: WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncGenerator[dict[Hashable, Any], None]] = (
    WeakKeyDictionary()
)
_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, Any]] = WeakKeyDictionary()


async def client_of(key: Hashable, make: Callable[[], Any]) -> Any:
    """Return this loop's client of a key, made at the first call.

    Args:
        key: Names the client: vendor, address and credentials.
        make: Makes it. It has an ``async`` method ``close``.
    """
    loop = asyncio.get_running_loop()
    if loop not in _clients:
        keeper = _keepers[loop] = _keep(loop)
        _clients[loop] = {}
        await anext(keeper)
    clients = _clients[loop]
    if key not in clients:
        clients[key] = make()
    return clients[key]


async def _keep(loop: asyncio.AbstractEventLoop) -> AsyncGenerator[dict[Hashable, Any], None]:
    """Hold a loop's clients; a loop that is shut down ends its generators, and so closes them."""
    try:
        yield _clients[loop]
    finally:
        clients = _clients.pop(loop, {})
        _keepers.pop(loop, None)
        for client in clients.values():
            await client.close()


@atexit.register
def _close_all() -> None:
    for loop, keeper in list(_keepers.items()):
        if loop.is_running():
            with suppress(NotInTime, RuntimeError):
                asyncio.run_coroutine_threadsafe(_ended(keeper), loop).result(_PATIENCE)


async def _ended(keeper: AsyncGenerator[Any, None]) -> None:
    await keeper.aclose()
