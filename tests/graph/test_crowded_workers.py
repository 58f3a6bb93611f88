"""The threads in which plain functions run: enough of them for runs inside of runs, and some for a forked child."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading

from genxai_nb import START, Graph
from genxai_nb.graph.performed import here
from genxai_nb.loop import WORKERS


def test_more_plain_bodies_than_workers_may_each_wait_for_a_run_of_their_own():
    """Those who wait do not take the room of those whom they wait for, at no depth."""
    leaf = Graph("leaf").node("add", lambda state: {"n": state["n"] + 1}).edge(START, "add")

    def deeper(state):
        return {"n": leaf.run({"n": state["n"]}, store=":memory:").state["n"]}

    middle = Graph("middle").node("deeper", deeper).edge(START, "deeper")

    def sums(state):
        return {"sums": [middle.run({"n": state["item"]}, store=":memory:").state["n"]]}

    graph = Graph("crowd", reducers={"sums": "append"}).node("sums", sums).edge(START, "sums", each="items")
    items = list(range(WORKERS + 6))
    assert graph.run({"items": items}, store=":memory:").state["sums"] == [n + 1 for n in items]


def test_a_thread_that_outlives_its_visit_is_still_that_visit_s():
    """What it asks a person or prints is not the next node's."""
    going_on, told = threading.Event(), threading.Event()
    found = []

    def late(state):
        going_on.wait()
        found.append((here().node, here().visit))
        told.set()

    async def after(state):
        going_on.set()
        await asyncio.to_thread(told.wait)
        return {}

    graph = Graph("g").node("late", late, timeout=0.01, on_error="continue").node("after", after)
    graph.parse("START -> late -> after").run({}, store=":memory:")
    assert found == [("late", 1)]


def test_forked_child_runs_graphs_of_its_own(tmp_path):
    """Neither waits for threads that only the other one has."""
    text = """
import os, sys
from genxai_nb import START, Graph
from genxai_nb.graph.performed import here
async def waits(state): return {"a": 1}
graph = Graph("g").node("a", waits).node("b", lambda state: {"b": 2}).parse("START -> a -> b")
first = graph.run({}, store=sys.argv[1])
child = os.fork()
result = graph.run({}, store=sys.argv[1])
if child == 0:
    os._exit(result.state != first.state)
print(os.waitpid(child, 0)[1], result.state)
"""
    command = [sys.executable, "-c", text, str(tmp_path / "journal.db")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("0 {'a': 1, 'b': 2}\n", "")
