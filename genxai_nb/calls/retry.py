"""Retry: the attempts of one call, each within its own time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from time import time
from typing import Any

from genxai_nb.errors import CallError, TimedOut
from genxai_nb.journal.events import CallRetried

from .call import Call, Handler
from .record import Commit

FIRST_WAIT = 0.5  # seconds, doubled at each further attempt
LONGEST_WAIT = 30.0


class Retry:
    """Middleware that tries a call again after an error that may pass.

    A server's Retry-After is honoured; else the wait doubles, with jitter so that parallel calls do
    not come back at the same moment.

    Args:
        commit: Appends events.
        sleep: Waits so many seconds; another one can be given to tests.
    """

    def __init__(self, commit: Commit, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._commit = commit
        self._sleep = sleep

    async def __call__(self, call: Call, proceed: Handler) -> Any:
        """Make the call, at most ``traits.attempts`` times.

        Raises:
            TimedOut: The last attempt took longer than ``traits.timeout`` seconds.
            CallError: What the last attempt raised.
        """
        attempts, timeout = call.traits.attempts, call.traits.timeout
        while True:
            try:
                if timeout is None:
                    return await proceed(call)
                return await self._within(timeout, call, proceed)
            except CallError as exc:
                if not exc.retryable or call.attempt >= attempts:
                    raise
                asked = getattr(exc, "retry_after", None)
                wait = pause(call.attempt) if asked is None else asked
                retried = CallRetried(
                    at=time(), slot=call.slot, error=str(exc), attempt=call.attempt, wait=wait
                )
                await self._commit((retried,))
            await self._sleep(wait)
            call.attempt += 1

    async def _within(self, seconds: float, call: Call, proceed: Handler) -> Any:
        clock = asyncio.timeout(seconds)
        try:
            async with clock:
                return await proceed(call)
        except TimeoutError as exc:
            if not clock.expired():
                raise
            raise TimedOut(
                f"{call.kind} {call.name!r} gave no answer within {seconds:g} s.", hint="Raise its timeout."
            ) from exc


def pause(attempt: int) -> float:
    """Seconds to wait after the given attempt: exponential, half of it random."""
    longest = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (attempt - 1))
    return longest * (0.5 + random.random() / 2)  # noqa: S311 - jitter, not a secret
