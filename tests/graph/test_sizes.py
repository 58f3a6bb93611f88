"""Runs that are far wider, longer and more often gone back to than any that a person would draw."""

from __future__ import annotations

import asyncio

import pytest

from genxai_nb import Graph, Run
from genxai_nb.journal import events as facts

pytestmark = pytest.mark.slow


def counting(steps):
    async def count(state):
        return {"n": state["n"] + 1}

    graph = Graph("long").node("count", count)
    return graph.parse(f"START -> count\ncount -> count if n < {steps} max {steps}\ncount -> END else")


def test_ten_thousand_branches_meet_in_order(tmp_path):
    """All run side by side, and their join sees them in the order of their edges."""
    width = 10_000
    together = asyncio.Event()
    begun = []

    def branch(number):
        async def body(state):
            begun.append(number)
            if len(begun) == width:
                together.set()
            await together.wait()
            return {"log": [number]}

        return body

    graph = Graph("wide", reducers={"log": "append"}).node("end", lambda state: {"seen": len(state["log"])})
    for number in range(width):
        graph.node(f"b{number}", branch(number)).edge("START", f"b{number}").edge(f"b{number}", "end")
    run = graph.start({"log": []}, store=str(tmp_path / "runs.db"))
    state = run.resume().state

    assert state["seen"] == width
    assert state["log"] == list(range(width))
    assert Run.load(run.run_id, graph, str(tmp_path / "runs.db")).state == state


def test_a_map_over_ten_thousand_items_keeps_their_order():
    """Each instance is recorded once."""
    graph = Graph("map", reducers={"out": "append"}).node("work", lambda state: {"out": [state["item"] * 2]})
    run = graph.edge("START", "work", each="items").start({"items": list(range(10_000))}, store=":memory:")

    assert run.resume().state["out"] == [2 * number for number in range(10_000)]
    assert sum(type(event) is facts.InstanceFinished for event in run.events()) == 10_000


def test_a_run_of_ten_thousand_steps_is_gone_back_into_anywhere(tmp_path):
    """Each of its states is there, also for another process, and a journal twice as long is twice as large."""
    sizes = []
    for steps in (5_000, 10_000):
        store = tmp_path / f"{steps}.db"
        run = counting(steps).start({"n": 0}, store=str(store))
        assert run.resume().state == {"n": steps}
        sizes.append(store.stat().st_size + store.with_name(f"{steps}.db-wal").stat().st_size)
        loaded = Run.load(run.run_id, counting(steps), str(store))
        assert [loaded.state_at(step)["n"] for step in range(0, steps + 1, 499)] == list(
            range(0, steps + 1, 499)
        )
        loaded.goto(steps // 2)
        assert loaded.resume().state == {"n": steps}
    assert sizes[1] < 2.3 * sizes[0]


def test_a_thousand_forks_share_their_history(tmp_path):
    """Each goes its own way, none changes another, and a fork adds little to the journal."""
    store = tmp_path / "runs.db"
    graph = counting(500)
    run = graph.start({"n": 0}, store=str(store))
    run.resume()
    whole, before = run.canonical(), store.stat().st_size
    forks = [run.fork(number % 500, n=490 + number % 10) for number in range(1_000)]

    assert [fork.resume().state["n"] for fork in forks[:40]] == [500] * 40
    assert [fork.state["n"] for fork in forks[40:]] == [490 + number % 10 for number in range(40, 1_000)]
    assert run.canonical() == whole
    assert store.stat().st_size - before < 4_000 * len(forks)
