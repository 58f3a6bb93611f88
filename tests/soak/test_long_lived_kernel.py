"""A kernel that lives for hours and runs a graph over and over."""

from __future__ import annotations

import os
import time
from itertools import pairwise

import pytest
from jupyter_client.manager import start_new_kernel

SET_UP = """
import resource, gc
from pathlib import Path
from genxai_nb import Graph, Run

def page(state):
    return {"log": [f"{state['word']}" * 20]}

async def merge(state):
    return {"round": state.get("round", 0) + 1}

graph = Graph("soak", reducers={"log": "append"}).node("page", page).node("merge", merge)
graph.parse("START -> page for each word in words\\npage -> merge\\nmerge -> merge if round < 5 max 9\\nmerge -> END else")
place = Path("soak.db")

def memory():
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

def size():
    return sum(path.stat().st_size for path in Path().glob("soak.db*"))

def go(times):
    for number in range(times):
        run = graph.start({"words": ["a", "b", "c"], "log": []}, store=str(place))
        run.resume()
        if number % 10 == 0:
            fork = run.fork(3)
            fork.resume()
            fork.goto(2)
            fork.resume()
    return memory(), size()
"""
RUNS = 200  # of one cell
SPARE = 24 << 20  # bytes that the process may have grown by in the end, whatever the number of runs


@pytest.mark.soak
def test_a_kernel_does_not_grow_with_what_it_has_run(tmp_path):
    """Its memory settles, and its journal grows by as much for the last run as for the first."""
    until = time.monotonic() + 60 * float(os.environ.get("SOAK_MINUTES", "120")) / 2
    manager, client = start_new_kernel(cwd=str(tmp_path))

    def cell(code):
        reply = client.execute_interactive(
            code, user_expressions={"found": "found"}, timeout=900, output_hook=lambda message: None
        )
        assert reply["content"]["status"] == "ok", reply["content"]
        return eval(reply["content"]["user_expressions"]["found"]["data"]["text/plain"])

    try:
        cell(SET_UP + "found = ()")
        rounds = []
        while len(rounds) < 8 or time.monotonic() < until:
            rounds.append(cell(f"found = go({RUNS})"))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    settled = max(memory for memory, _ in rounds[:4])
    grown = [after[1] - before[1] for before, after in pairwise(rounds)]
    print(
        f"{RUNS * len(rounds)} runs; MB: {[memory >> 20 for memory, _ in rounds]}; journal per run: {[g // RUNS for g in grown]}"
    )
    assert rounds[-1][0] - settled < SPARE
    half = len(grown) // 2
    assert sum(grown[half:]) / len(grown[half:]) < 1.2 * sum(grown[:half]) / half
