"""The history of a run that stands: any step's state at once, and always the one that a plain fold gives."""

from __future__ import annotations

import asyncio
import random

import pytest
from graphs import nothing
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_graphs import graphs
from standing import stands

from genxai_nb import Graph, Run
from genxai_nb.calls.call import Traits
from genxai_nb.errors import GenXAIError, NodeFailed
from genxai_nb.graph.binding import NoLookup
from genxai_nb.graph.fold import fold
from genxai_nb.graph.history import History
from genxai_nb.journal import events as facts


def recorded(graph, given):
    """A finished run in memory, or one that failed where random branches met."""
    run = graph.start(given, store=":memory:")
    try:
        run.resume()
    except GenXAIError:
        assert run.steps
    return run


def same_as_plain(run, graph, rng, between):
    """Ask for cuts in any order, twice as many as are kept, and compare each with a fold of all."""
    history, events = History(run._store, run.run_id, between), run.events()
    cuts = [rng.randint(1, len(events)) for _ in range(8)]
    for cut in [*cuts, *cuts]:
        assert stands(history.folded(graph, cut)) == stands(fold(graph, events[:cut]))
    for cut in cuts:
        went_on = history.folded(graph, cut).copy()
        for event in events[cut:]:
            went_on.take(event)
        assert stands(went_on) == stands(fold(graph, events))


def body(name):
    async def run(state):
        await asyncio.sleep(0)
        return {f"{name}_n": state.get(f"{name}_n", 0) + 1, "log": [name]}

    return run


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    graphs(),
    st.lists(st.sampled_from(["all", "all", "any", "each", "2"]), min_size=8, max_size=8),
    st.integers(0, 2**32),
    st.integers(1, 9),
)
def test_any_cut_of_any_graph_is_as_a_plain_fold_gives_it(lines, joins, seed, between):
    """Tokens, views, counts and what may start next do not depend on where a fold was kept."""
    ways = "\n".join(f"node n{i}: join {join}" for i, join in enumerate(joins) if f"n{i}" in lines)
    graph = Graph("random", reducers={"log": "append"}).parse(f"{ways}\n{lines}\nn0 -> END if n0_n > 99")
    for name in graph.nodes:
        graph.bind(name, body(name))
    run = recorded(graph, {f"n{i}_n": 0 for i in range(8)})

    if run.status == "done":
        assert fold(graph, run.events()).schedule.result() == run.state
    same_as_plain(run, graph, random.Random(seed), between)


@pytest.mark.parametrize("between", [1, 2, 5])
def test_subgraphs_and_maps_are_kept_half_way(between):
    """So are the attempts of what failed."""
    failed = []

    def shaky(state):
        if len(failed) < 3:
            failed.append(state["item"])
            raise ValueError(state["item"])
        return {"seen": [state["item"]]}

    inner = Graph("inner").node("w", lambda s: {"n": s["n"] + 1}).node("x", lambda s: {"n": s["n"] * 2})
    inner.parse("START -> w -> x\nx -> w if n < 40 max 9\nx -> END else")
    graph = Graph("outer", reducers={"seen": "append"})
    graph.node("a", nothing).node("part", inner).node("m", shaky, retry=3)
    graph.parse("START -> a -> part\na -> m for each item in items\npart -> z\nm -> z\nnode z = function a")
    graph.bind("z", nothing)
    run = recorded(graph, {"n": 1, "items": ["p", "q", "r"]})
    assert run.status == "done"

    for seed in range(5):
        same_as_plain(run, graph, random.Random(seed), between)


def test_a_subgraph_that_is_tried_again_begins_anew(tmp_path):
    """A fold follows it: what the failed attempt did inside does not count any more."""
    tries = []

    def shaky(state):
        tries.append(state["n"])
        if len(tries) == 1:
            raise ValueError("not yet")
        return {"n": state["n"] * 10}

    inner = Graph("inner").node("w", lambda s: {"n": s["n"] + 1}).node("x", shaky).parse("START -> w -> x")
    graph = Graph("outer").node("part", inner, retry=1).node("z", nothing).parse("START -> part -> z")
    store = str(tmp_path / "runs.db")
    run = graph.start({"n": 1}, store=store)
    assert run.resume().state == {"n": 20}

    assert [run.state_at(step)["n"] for step in range(run.steps + 1)][-1] == 20
    run.goto(4)
    assert Run.load(run.run_id, graph, store).resume().state == {"n": 20}


class Known(NoLookup):
    """Finds what a dict holds at the time."""

    def __init__(self, found):
        self._found = found

    def find(self, name):
        return self._found.get(name)


def test_a_fold_is_not_kept_beyond_a_changed_graph():
    """A subgraph that was bound anew is folded as it is now."""
    first = Graph("inner").node("x", nothing).node("y", nothing).parse("START -> x -> y")
    second = Graph("inner").node("x", nothing).node("y", lambda s: {"n": 5}).parse("START -> x -> y")
    known = {"part": first}
    graph = Graph("outer", lookup=Known(known)).parse("START -> part")
    run = graph.start({"n": 1}, store=":memory:")
    run.step()
    run.step()
    run.cancel()
    history = History(run._store, run.run_id, 1)
    assert history.folded(graph).inner["part#1"].graph is first
    known["part"] = second

    assert history.folded(graph).inner["part#1"].graph is second


def test_what_another_process_recorded_is_seen(tmp_path):
    """Also that it went back."""
    store = str(tmp_path / "runs.db")
    graph = Graph("count").node("a", lambda s: {"n": s["n"] + 1})
    graph.parse("START -> a\na -> a if n < 5 max 9\na -> END else")
    run = graph.start({"n": 0}, store=store)
    other = Run.load(run.run_id, graph, store)
    assert (other.steps, other.state) == (0, {"n": 0})
    run.resume()
    assert (other.steps, other.state) == (5, {"n": 5})
    run.goto(2)

    assert (other.steps, other.state) == (2, {"n": 2})
    assert other.events() == run.events()


def test_what_is_done_while_a_run_stands_is_among_its_events():
    """A call answered by hand, one that was edited, a value that was set."""

    async def said(call):
        return call.request

    async def asks(state, context):
        return {
            "one": await context.call("tool", "first", {"q": 1}, said, Traits(effect=True)),
            "two": await context.call("tool", "second", {"q": 2}, said, Traits(effect=True)),
        }

    run = Graph("asks").node("a", asks).parse("START -> a").start({}, store=":memory:")
    run.step()
    run.edit_call(run.held[0].slot, {"q": 7})
    run.step()
    assert [call.name for call in run.held] == ["second"]
    run.set(extra=1)
    assert type(run.events()[-1]) is facts.StateSet
    run.answer_call(run.held[0].slot, "by hand")
    result = run.resume()
    finished = [e for e in run.events() if type(e) is facts.CallFinished]
    started = [e for e in run.events() if type(e) is facts.CallStarted]

    assert result.state == {"one": {"q": 7}, "two": "by hand", "extra": 1}
    assert [(e.reply, e.by_hand) for e in finished] == [({"q": 7}, False), ("by hand", True)]
    assert [e.edited for e in started] == [True, False]
    same_as_plain(run, run.graph, random.Random(0), 1)


def test_a_run_that_failed_is_folded_from_where_it_failed():
    """The visit that failed is running still, with its attempts."""

    def broken(state):
        raise ValueError("no")

    graph = Graph("fails").node("a", nothing).node("b", broken).parse("START -> a -> b")
    run = graph.start({}, store=":memory:")
    with pytest.raises(NodeFailed):
        run.resume()

    assert (run.position.node, run.position.visit, run.steps) == ("b", 1, 1)
    same_as_plain(run, graph, random.Random(1), 1)
