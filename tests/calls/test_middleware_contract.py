"""What every middleware around a call has to keep; one that is added to the room is tried."""

from __future__ import annotations

import asyncio
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import genxai_nb.calls
from genxai_nb.calls.budget import Account, Spending
from genxai_nb.calls.call import Call, Scope, Traits
from genxai_nb.calls.cassette import Cassette
from genxai_nb.calls.gate import Gate
from genxai_nb.calls.playing import Playing
from genxai_nb.calls.policy import Guard
from genxai_nb.calls.record import Record
from genxai_nb.calls.replay import Replay
from genxai_nb.calls.retry import Retry
from genxai_nb.errors import ToolFailed
from genxai_nb.guard.budget import Budget


async def commit(events: Any) -> None:
    """Take facts and keep none."""


def halt(error: Exception) -> None:
    raise error


MADE: dict[type, Callable[[Path], Any]] = {
    Gate: lambda _: Gate(),
    Guard: lambda _: Guard(),
    Playing: lambda folder: Playing(Cassette(folder / "calls.jsonl"), (), halt),
    Record: lambda _: Record(commit, Replay()),
    Replay: lambda _: Replay(),
    Retry: lambda _: Retry(commit),
    Spending: lambda _: Spending((Account("the run", Budget(calls=9)),), Gate(), halt),
}


def middlewares() -> Iterator[type]:
    """The classes of the room that are called with a call and what makes it."""
    for module in pkgutil.iter_modules(genxai_nb.calls.__path__):
        for kind in vars(import_module(f"genxai_nb.calls.{module.name}")).values():
            own = (
                isinstance(kind, type) and kind.__module__.endswith(module.name) and "__call__" in vars(kind)
            )
            if own and [*inspect.signature(kind.__call__).parameters] == ["self", "call", "proceed"]:
                yield kind


ALL = sorted(set(middlewares()), key=lambda kind: kind.__name__)


@pytest.fixture(params=ALL, ids=lambda kind: kind.__name__)
def middleware(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    return MADE[request.param](tmp_path)


def call_of(slot: str = "s", request: Any = ("ask",)) -> Call:
    place = {"scope": Scope("", "node", 1), "ordinal": 0, "slot": slot, "head": "r1.1"}
    return Call("tool", "t", list(request), **place, traits=Traits(), emit=lambda hint: None)


def test_each_of_the_room_is_tried():
    """A middleware that is added has to say here how it is made."""
    assert set(ALL) == set(MADE)


@pytest.mark.parametrize("reply", ["text", "", None, 0, [], {"a": [1]}])
async def test_a_call_goes_through_once_and_its_reply_comes_back(middleware: Any, reply: Any):
    """Whatever is answered is given as it is, and the call is made once."""
    made: list[Call] = []

    async def proceed(call: Call) -> Any:
        made.append(call)
        return reply

    call = call_of()
    assert await middleware(call, proceed) == reply
    assert made == [call]
    assert call.request == ["ask"]


async def test_a_failure_comes_back_as_it_is(middleware: Any):
    """What the call fails with is raised, and is not tried again if that is of no use."""
    made: list[Call] = []

    async def proceed(call: Call) -> Any:
        made.append(call)
        raise ToolFailed("no such tree")

    with pytest.raises(ToolFailed, match="no such tree"):
        await middleware(call_of(), proceed)
    assert len(made) == 1


async def test_a_cancelled_call_is_cancelled_below(middleware: Any):
    """Whoever waits for it may leave; what makes it is cancelled then."""
    begun, left = asyncio.Event(), asyncio.Event()

    async def proceed(call: Call) -> Any:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            left.set()

    async def ask() -> Any:
        return await middleware(call_of(), proceed)

    task = asyncio.create_task(ask())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert left.is_set()


async def test_calls_beside_each_other_do_not_mix(middleware: Any):
    """Each of fifty calls gets its own reply, whoever is answered first."""

    async def proceed(call: Call) -> Any:
        await asyncio.sleep(0)
        return call.slot

    calls = [call_of(f"s{number}", [number]) for number in range(50)]

    async def ask(call: Call) -> Any:
        return await middleware(call, proceed)

    assert await asyncio.gather(*map(ask, calls)) == [call.slot for call in calls]
