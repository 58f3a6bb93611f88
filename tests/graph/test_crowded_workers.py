"""The threads in which plain functions run: enough of them for runs inside of runs, and some for a forked child."""

from __future__ import annotations

import subprocess
import sys

from genxai_nb import START, Graph
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


def test_forked_child_runs_graphs_of_its_own(tmp_path):
    """Neither waits for threads that only the other one has."""
    text = """
import os, sys
from genxai_nb import START, Graph
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
