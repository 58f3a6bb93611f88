"""One of several processes that use one journal at once.

python crowd.py STORE STEPS START      run a graph of so many steps once the file START is there
python crowd.py STORE hold             start a run, say so and never end
python crowd.py STORE take RUN         try to drive that run; the error and how long it took to come
python crowd.py STORE stall [RUN]      drive a run whose first node waits for a line of input
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from genxai_nb import Graph, Run
from genxai_nb.errors import GenXAIError


def counting(steps):
    """A loop of so many steps."""

    async def count(state):
        return {"n": state.get("n", 0) + 1}

    return (
        Graph("counting")
        .node("count", count)
        .parse(f"START -> count\ncount -> count if n < {steps} max {steps}\ncount -> END else")
    )


def waiting():
    """A graph whose node tells that it runs, and never ends."""

    async def wait(state, context):
        sys.stdout.write(f"holds {context.run_id}\n")
        sys.stdout.flush()
        await asyncio.sleep(3600)

    return Graph("waiting").node("wait", wait).parse("START -> wait -> END")


def stalling():
    """A graph whose first node tells that it runs, and waits for a line of input."""

    def wait(state, context):
        sys.stdout.write(f"holds {context.run_id}\n")
        sys.stdout.flush()
        sys.stdin.readline()

    async def go_on(state):
        return {"on": True}

    return Graph("stalling").node("wait", wait).node("on", go_on).parse("START -> wait -> on -> END")


def main():
    store, what, *more = sys.argv[1:]
    try:
        if what == "hold":
            waiting().run({}, store=store)
        elif what == "take":
            run = Run.load(more[0], waiting(), store)
            began = time.perf_counter()
            try:
                run.resume()
            finally:
                sys.stdout.write(f"took {(time.perf_counter() - began) * 1000:.1f} ms\n")
        elif what == "stall":
            run = Run.load(more[0], stalling(), store) if more else stalling().start({}, store=store)
            sys.stdout.write(f"ended {run.resume().state}\n")
        else:
            while not Path(more[0]).exists():
                time.sleep(0.001)
            result = counting(int(what)).run({}, store=store)
            sys.stdout.write(f"{result.run_id} {result.state['n']}\n")
    except GenXAIError as exc:
        sys.stdout.write(f"{type(exc).__name__}: {exc}\n")
        sys.exit(3)


if __name__ == "__main__":
    main()
