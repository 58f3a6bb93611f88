"""Measure what tools cost beside their work: a dispatch over its function, and a piece of code in each sandbox.

python tests/bench/bench_tools.py

It ends with 1 if a figure is above its bar.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from statistics import median
from time import perf_counter
from typing import Any

from genxai_nb import tool
from genxai_nb.calls.call import Call, Scope
from genxai_nb.tools.sandbox.isolated import run_isolated
from genxai_nb.tools.sandbox.limits import Limits
from genxai_nb.tools.sandbox.safe import run_safe

CODE, LIMITS = "sum([1, 2, 3])", Limits()
MICROSECOND, MILLISECOND = 1e-6, 1e-3


@tool
async def same(number: int) -> int:
    """Return a number."""
    return number


async def spent(work: Callable[[], Awaitable[Any]], times: int) -> float:
    """Seconds for some times of a piece of work."""
    began = perf_counter()
    for _ in range(times):
        await work()
    return perf_counter() - began


async def dispatch(rounds: int = 9, times: int = 20_000) -> float:
    """What the way through the schema and the plain form of the result adds to a function, in each call."""
    call = Call(
        "tool", "same", {"number": 1},
        scope=Scope("", "node", 1), ordinal=0, slot="slot", head="r1.1", traits=same.traits, emit=lambda _: None,
    )  # fmt: skip
    found = []
    for _ in range(rounds):
        bare = await spent(lambda: same.function(number=1), times)
        found.append((await spent(lambda: same.handler(call), times) - bare) / times)
    return median(found)


async def nearly_all(work: Callable[[], Awaitable[Any]], times: int) -> float:
    """The time in which 95 of 100 are done; the first one, which starts what stays, does not count."""
    await work()
    return sorted([await spent(work, 1) for _ in range(times)])[int(times * 0.95)]


async def safe() -> None:
    run_safe(CODE, {}, LIMITS)


async def isolated() -> None:
    await run_isolated(CODE, {}, LIMITS)


async def main() -> int:
    """Measure and tell; 1 if something is too slow."""
    figures = [
        ("dispatch of a tool over its function, median", await dispatch(), 20, MICROSECOND, "us"),
        ("code at level safe, p95 of 500", await nearly_all(safe, 500), 5, MILLISECOND, "ms"),
        ("code at level isolated, p95 of 60", await nearly_all(isolated, 60), 250, MILLISECOND, "ms"),
    ]
    for what, seconds, bar, unit, name in figures:
        print(f"{what:<46} {seconds / unit:8.2f} {name}   bar {bar} {name}")
    return int(any(seconds > bar * unit for _, seconds, bar, unit, _ in figures))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
