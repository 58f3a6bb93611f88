"""Retry: the attempts of one call, each within its own time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from time import monotonic, time
from typing import Any

from genxai_nb.errors import CallError, TimedOut
from genxai_nb.journal.events import CallRetried

from .call import Call, Handler
from .earlier import Earlier
from .record import Commit

FIRST_WAIT = 0.5  # seconds, doubled at each further attempt
LONGEST_WAIT = 30.0


class Retry:
    """Middleware that tries a call again after an error that may pass.

    A server's Retry-After is honoured; else the wait doubles. Both get jitter, so that parallel calls do
    not come back at the same moment. No attempt begins, and none goes on, after ``traits.deadline``. What failed and
    what time went by before a crash counts.

    Args:
        commit: Appends events.
        sleep: Waits so many seconds; another one can be given to tests.
        clock: Tells the time in seconds, for the deadline.
        earlier: What calls have behind them from before a crash, by slot.
    """

    def __init__(
        self,
        commit: Commit,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = monotonic,
        earlier: Mapping[str, Earlier] | None = None,
    ) -> None:
        self._commit = commit
        self._sleep = sleep
        self._clock = clock
        self._earlier = dict(earlier or {})

    async def __call__(self, call: Call, proceed: Handler) -> Any:
        """Make the call, at most ``traits.attempts`` times.

        Raises:
            TimedOut: The last attempt took longer than ``traits.timeout`` seconds, or than was left.
            CallError: What the last attempt raised.
        """
        traits = call.traits
        failed, spent = self._earlier.pop(call.slot, Earlier())
        call.attempt += failed
        ends = None if traits.deadline is None else self._clock() + traits.deadline - spent
        if spent and ends is not None and ends <= self._clock():
            raise TimedOut(
                f"{call.kind} {call.name!r} had taken all its {traits.deadline:g} s before the run was resumed.",
                hint="Raise its deadline.",
            )
        while True:
            seconds = _least(traits.timeout, None if ends is None else ends - self._clock())
            try:
                if seconds is None:
                    return await proceed(call)
                return await self._within(seconds, call, proceed)
            except CallError as exc:
                if not exc.retryable or call.attempt >= traits.attempts:
                    raise
                wait = pause(call.attempt, getattr(exc, "retry_after", None))
                if ends is not None and self._clock() + wait >= ends:
                    raise
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


def pause(attempt: int, asked: float | None = None) -> float:
    """Seconds to wait after the given attempt.

    Args:
        attempt: Its number, from 1; the wait doubles with each, half of it random.
        asked: What the server asked for; then it is that and up to a tenth more.
    """
    jitter = random.random()  # noqa: S311 - not a secret
    if asked is not None:
        return asked * (1 + jitter / 10)
    return min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (attempt - 1)) * (0.5 + jitter / 2)


def _least(one: float | None, other: float | None) -> float | None:
    return other if one is None else one if other is None else min(one, other)
