"""Attempts and time that calls had behind them before a crash."""

from __future__ import annotations

from typing import Any

import pytest

from genxai_nb.calls.call import Call, Scope, Traits
from genxai_nb.calls.earlier import Earlier, earlier_attempts
from genxai_nb.calls.retry import Retry
from genxai_nb.errors import ConnectionLost, TimedOut
from genxai_nb.journal.events import (
    CallFailed,
    CallFinished,
    CallRetried,
    CallStarted,
    RunCancelled,
    RunFailed,
    RunResumed,
)


def begun(at, slot="s"):
    return CallStarted(at=at, slot=slot, kind="model", name="m", request={}, node="a", visit=1, ordinal=0)


def retried(at, attempt):
    return CallRetried(at=at, slot="s", error="Gone.", attempt=attempt, wait=1)


def resumed(at):
    return RunResumed(at=at, definitions={})


def test_a_call_that_died_has_its_attempts_and_its_time_behind_it():
    """Over several crashes; the time in which nobody ran does not count."""
    first = [begun(10), retried(13, 1)]
    assert earlier_attempts(first) == {"s": Earlier(1, 3)}
    second = [*first, resumed(1000), begun(1001), retried(1003, 2), retried(1006, 3)]
    assert earlier_attempts(second) == {"s": Earlier(3, 8)}
    assert earlier_attempts([*second, resumed(5000)]) == {"s": Earlier(3, 8)}


@pytest.mark.parametrize(
    "end",
    [
        CallFinished(at=20, slot="s", reply=1),
        CallFailed(at=20, slot="s", error="e", code="c"),
        RunCancelled(at=20),
        RunFailed(at=20, error="e", code="c"),
    ],
    ids=lambda end: type(end).__name__,
)
def test_a_call_that_ended_or_was_stopped_begins_anew(end):
    """Whoever resumes a run that was stopped wants its calls to be made as they stand."""
    assert earlier_attempts([begun(10), retried(13, 1), end, resumed(30)]) == {}


def call_of(**traits: Any) -> Call:
    place = {"scope": Scope("", "node", 1), "ordinal": 0, "slot": "s", "head": "r1.1"}
    return Call("model", "m", "ask", **place, traits=Traits(**traits), emit=lambda hint: None)


async def no_wait(seconds):
    """Let no time pass."""


async def attempts(earlier, **traits):
    """How often a call that never succeeds is made."""
    made = []

    async def commit(events):
        """Keep nothing."""

    async def proceed(call):
        made.append(call.attempt)
        raise ConnectionLost("Gone.")

    retry = Retry(commit, no_wait, lambda: 100.0, {"s": earlier})
    for _ in range(2):
        with pytest.raises(ConnectionLost):
            await retry(call_of(**traits), proceed)
    return made


async def test_attempts_before_a_crash_count_once():
    """The call goes on with the attempt that it was in, and when its node is tried again it begins anew."""
    assert await attempts(Earlier(2, 5), attempts=4) == [3, 4, 1, 2, 3, 4]
    assert await attempts(Earlier(9, 5), attempts=2) == [10, 1, 2]


async def test_a_deadline_that_had_passed_before_the_crash_is_told():
    """Nothing is asked any more."""
    retry = Retry(no_wait, no_wait, lambda: 100.0, {"s": Earlier(1, 60)})
    with pytest.raises(TimedOut, match="'m' had taken all its 60 s before the run was resumed"):
        await retry(call_of(attempts=9, deadline=60), no_wait)
