"""Runs that are read without their graph: the journal keeps enough of it."""

from __future__ import annotations

import pytest
from graphs import nothing
from pydantic import BaseModel
from stepping import place

from genxai_nb import Graph, Run, run_log
from genxai_nb.errors import RunError, RunNotFound


def own(old, new):
    return old * 10 + new


def counting():
    inner = Graph("inner", reducers={"log": "append"}).node("x", lambda s: {"n": s["n"] + 1, "log": ["x"]})
    inner.node("y", lambda s: {"n": s["n"] * 2}).parse("START -> x -> y -> END")
    graph = Graph("count", reducers={"log": "append", "sum": own})
    graph.node("a", lambda s: {"sum": 1}).node("b", lambda s: {"sum": 2, "log": ["b"]}).node("part", inner)
    graph.parse("START -> [a, b]\n[a, b] -> part\npart -> a if n < 20 max 2\npart -> END else")
    return graph


def test_a_run_is_read_without_its_graph(tmp_path):
    """Its state now and at each step is the same as with it, through reducers, joins, loops and subgraphs."""
    store = str(tmp_path / "runs.db")
    run = counting().start({"n": 1, "sum": 0, "log": []}, store=store)
    for _ in range(4):
        run.step()
    run.cancel()
    read = Run.load(run.run_id, store=store)

    assert read.graph is None
    assert (read.state, read.position) == (run.state, run.position)
    assert place(read)[0] == "part#1"
    run.resume()
    assert read.result().state == run.state
    same = [read.state_at(step) == run.state_at(step) for step in range(run.steps + 1)]
    assert same == [step != 2 for step in range(run.steps + 1)]
    assert (read.state_at(2)["sum"], run.state_at(2)["sum"]) == (2, 12)  # a and b have not met yet


def test_a_run_that_is_read_only_cannot_be_driven(tmp_path):
    """The error says how to load it."""
    store = str(tmp_path / "runs.db")
    run = counting().start({"n": 1}, store=store)

    with pytest.raises(RunError, match="loaded for reading only. Load it with its graph"):
        Run.load(run.run_id, store=store).next()


def test_a_state_with_a_schema_is_read_as_a_dict(tmp_path):
    """The class is not at hand, but its values are."""

    class Count(BaseModel):
        n: int = 3

    store = str(tmp_path / "runs.db")
    run = (
        Graph("g", state=Count).node("a", lambda s: {"n": s.n + 1}).edge("START", "a").start({}, store=store)
    )
    run.resume()

    assert Run.load(run.run_id, store=store).state == {"n": 4}


def test_a_condition_that_is_a_function_leaves_later_states_readable(tmp_path):
    """The edges that were taken are recorded; only one out of START would have to be asked again."""

    def big(state):
        return state["n"] > 1

    store = str(tmp_path / "runs.db")
    graph = Graph("g").node("a", nothing).edge("START", "a").edge("a", "END", when=big)
    run = graph.start({"n": 5}, store=store)
    run.resume()
    first = Graph("first").node("a", nothing).edge("START", "a", when=big).edge("a", "END")
    other = first.start({"n": 5}, store=store)

    assert Run.load(run.run_id, store=store).state == {"n": 5}
    loaded = Run.load(other.run_id, store=store)
    assert loaded.result().state is None
    with pytest.raises(RunError, match="The condition big is a function"):
        _ = loaded.state


def test_a_run_that_went_on_in_a_changed_graph_is_read(tmp_path):
    """By the graph that it went on in."""
    store = str(tmp_path / "runs.db")
    run = (
        Graph("g")
        .node("a", lambda s: {"a": 1})
        .node("b", nothing)
        .parse("START -> a -> b")
        .start({}, store=store)
    )
    run.next()
    changed = Graph("g").node("b", lambda s: {"b": 2}).node("c", lambda s: {"c": 3}).parse("START -> b -> c")
    run.rebase(changed)
    run.resume()

    assert Run.load(run.run_id, store=store).state == {"a": 1, "b": 2, "c": 3}


def test_looking_for_runs_makes_no_journal(tmp_path):
    """Where there is none there are no runs."""
    store = str(tmp_path / "deep" / "runs.db")

    with pytest.raises(RunNotFound, match="No run 'r1'"):
        Run.load("r1", store=store)
    assert run_log(store).empty
    assert list(tmp_path.iterdir()) == []
