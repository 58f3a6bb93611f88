"""The gate: always in the chain, open unless somebody holds it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from .call import Call, Handler


class Gate:
    """Holds calls back before they are made. Driving a run opens and closes it.

    All methods belong to the loop on which the run is driven.

    Attributes:
        held: How many calls wait here now.
        changed: Called when a call begins to wait.
    """

    def __init__(self) -> None:
        self._opened: asyncio.Event | None = None
        self._stopped = False
        self.held = 0
        self.changed: Callable[[], None] = _nothing

    def hold(self) -> None:
        """Let no further call through; those under way end as usual."""
        if self._opened is None:
            self._opened = asyncio.Event()

    def release(self) -> None:
        """Let the held calls go on."""
        if self._opened is not None:
            self._opened.set()
            self._opened = None

    def stop(self) -> None:
        """End each body at its next call: its run has failed elsewhere."""
        self._stopped = True
        self.release()

    async def __call__(self, call: Call, proceed: Handler) -> Any:
        """Wait while the gate is held, then let the call go on."""
        while self._opened is not None and not self._stopped:
            self.held += 1
            self.changed()
            try:
                await self._opened.wait()
            finally:
                self.held -= 1
        if self._stopped:
            raise asyncio.CancelledError
        return await proceed(call)


def _nothing() -> None:
    """Nobody has asked to be told."""
