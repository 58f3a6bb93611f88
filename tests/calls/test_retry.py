"""Attempts of one call: what is waited for, and when it is given up."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from genxai_nb.calls.call import Call, Scope, Traits
from genxai_nb.calls.retry import Retry
from genxai_nb.errors import Authentication, ConnectionLost, RateLimited, TimedOut


class Clock:
    """Time that passes only when somebody waits."""

    def __init__(self) -> None:
        self.now = 100.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


def call_of(**traits: Any) -> Call:
    place = {"scope": Scope("", "node", 1), "ordinal": 0, "slot": "s", "head": "r1.1"}
    return Call("model", "m", "ask", **place, traits=Traits(**traits), emit=lambda hint: None)


async def made(clock: Clock, call: Call, *errors: Exception, takes: float = 0.0) -> Any:
    """Make a call that fails with each error in turn, taking some time, and then succeeds."""
    left = list(errors)
    recorded: list[Any] = []

    async def commit(events: Any) -> None:
        recorded.extend(events)

    async def proceed(call: Call) -> str:
        clock.now += takes
        if left:
            raise left.pop(0)
        return "done"

    answer = await Retry(commit, clock.sleep, clock)(call, proceed)
    assert [event.attempt for event in recorded] == list(range(1, call.attempt))
    return answer


async def test_wait_that_was_asked_for_is_kept():
    """Retry-After is waited for, and at most a tenth longer."""
    clock = Clock()
    assert await made(clock, call_of(attempts=3), RateLimited("Slow.", retry_after=20.0)) == "done"
    (wait,) = clock.waits
    assert 20 <= wait <= 22


async def test_waits_double_without_one():
    """Each further wait is about twice the last one."""
    clock = Clock()
    await made(clock, call_of(attempts=5), *(ConnectionLost("Gone.") for _ in range(4)))
    assert len(clock.waits) == 4
    for wait, longest in zip(clock.waits, (0.5, 1, 2, 4), strict=True):
        assert longest / 2 <= wait <= longest


async def test_attempts_are_counted():
    """The last attempt's error is raised, and what no waiting mends at once."""
    clock = Clock()
    with pytest.raises(ConnectionLost, match="second"):
        await made(clock, call_of(attempts=2), ConnectionLost("first"), ConnectionLost("second"))
    with pytest.raises(Authentication):
        await made(clock, call_of(attempts=2), Authentication("No key."))
    assert len(clock.waits) == 1


async def test_wait_past_the_deadline_is_not_begun():
    """A server that asks to come back after the deadline is an error now, not then."""
    clock = Clock()
    with pytest.raises(RateLimited):
        await made(clock, call_of(attempts=9, deadline=60), RateLimited("Slow.", retry_after=3600.0))
    assert clock.waits == []


async def test_attempts_and_waits_share_one_deadline():
    """However many attempts are left, the time for all of them ends."""
    clock = Clock()
    call = call_of(attempts=99, deadline=30)
    with pytest.raises(ConnectionLost):
        await made(clock, call, *(ConnectionLost("Gone.") for _ in range(99)), takes=7)
    assert clock.now - 100 <= 30 + 7


async def test_attempt_is_cut_at_what_is_left_of_the_deadline():
    """An attempt that hangs ends with the deadline though its own timeout is longer."""

    async def commit(events: Any) -> None:
        raise AssertionError(events)

    async def hang(call: Call) -> None:
        await asyncio.Event().wait()

    with pytest.raises(TimedOut, match="no answer within 0.0"):
        await Retry(commit)(call_of(timeout=600, deadline=0.01), hang)
