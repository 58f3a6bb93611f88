"""The gate: always in the chain, open unless somebody holds it.

A call that is held can be looked at, edited, answered by hand or made to fail before it is made.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from msgspec import Struct

from genxai_nb.errors import CallError

from .call import Call, Handler

Parked = Callable[[int], None]


class Answered(Struct, frozen=True):
    """The decision to answer a held call by hand."""

    value: Any


class Held:
    """A call that waits at the gate.

    Attributes:
        call: The call; its request may be changed while it is held.
        decided: Resolves to None to make the call, to `Answered`, or to an error.
    """

    __slots__ = ("call", "decided")

    def __init__(self, call: Call, decided: asyncio.Future[Answered | None]) -> None:
        self.call = call
        self.decided = decided


class Gate:
    """Holds calls back before they are made. Driving a run opens and closes it.

    All methods belong to the loop on which the run is driven.

    Attributes:
        held: The calls that wait here now, by slot, in the order in which they came.
        holding: Calls are held.
        parked: Told +1 when a call begins to wait and -1 when it goes on.
        stopped: The run has failed elsewhere, and each body ends at its next call.
        answered: Records a call that was answered or failed by hand.
    """

    def __init__(self) -> None:
        self.held: dict[str, Held] = {}
        self.holding = False
        self.parked: Parked = _nobody
        self.answered: Callable[[Call, Any, CallError | None], Awaitable[None]] | None = None
        self.stopped = False

    def hold(self) -> None:
        """Let no further call through; those under way end as usual."""
        self.holding = True

    def release(self) -> None:
        """Let the held calls go on, and those to come."""
        self.holding = False
        for held in list(self.held.values()):
            self._decide(held, None)

    def release_first(self) -> bool:
        """Let the first held call go on and hold the next ones; tells whether there was one."""
        first = next((held for held in self.held.values() if not held.decided.done()), None)
        if first is not None:
            self._decide(first, None)
        return first is not None

    def stop(self) -> None:
        """End each body at its next call: its run has failed elsewhere."""
        self.stopped = True
        self.release()

    def answer(self, slot: str, value: Any) -> bool:
        """Answer a held call by hand; tells whether it was there."""
        held = self.held.get(slot)
        return held is not None and self._decide(held, Answered(value))

    def fail(self, slot: str, error: CallError) -> bool:
        """Make a held call fail; tells whether it was there."""
        held = self.held.get(slot)
        if held is None or held.decided.done():
            return False
        held.decided.set_exception(error)
        return True

    def _decide(self, held: Held, decision: Answered | None) -> bool:
        if held.decided.done():
            return False
        held.decided.set_result(decision)
        return True

    async def __call__(self, call: Call, proceed: Handler) -> Any:
        """Wait while the gate is held, then let the call go on, or answer it as decided."""
        if self.stopped:
            raise asyncio.CancelledError
        if not self.holding:
            return await proceed(call)
        held = self.held[call.slot] = Held(call, asyncio.get_running_loop().create_future())
        self.parked(1)
        try:
            decision = await held.decided
        except CallError as exc:
            if self.answered is not None:
                await self.answered(call, None, exc)
            raise
        finally:
            del self.held[call.slot]
            self.parked(-1)
        if self.stopped:
            raise asyncio.CancelledError
        if decision is None:
            return await proceed(call)
        if self.answered is not None:
            await self.answered(call, decision.value, None)
        return decision.value


def _nobody(_change: int) -> None:
    """Nobody has asked to be told."""
