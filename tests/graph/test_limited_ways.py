"""Limits where something else meets them: failures, re-entry, else."""

from __future__ import annotations

import pytest
from graphs import nothing
from simulation import Simulation

from genxai_nb import END, START, Graph, Run
from genxai_nb.errors import GraphInvalid, NoWayOn
from genxai_nb.journal import events as facts


def broken(state):
    raise ValueError("no luck")


def visited(run):
    return [event.node for event in run.events() if isinstance(event, facts.NodeFinished)]


def retrying(limit=2):
    """A node that always fails and goes back for it, in a graph whose loops have a limit."""
    graph = Graph("g", reducers={"error": "append"}, limit=limit)
    graph.node("a", nothing).node("x", broken, on_error="goto:a")
    return graph.parse("START -> a -> x -> END")


def test_the_way_back_of_a_failed_node_has_the_limit_of_its_graph():
    """It is taken that often; then the run has no way on, says so, and lists the limit."""
    run = retrying().start({}, store=":memory:")
    with pytest.raises(NoWayOn, match=r"stopped at 'x'.*x -> a on error.*limit, or mend what fails"):
        run.resume()

    assert visited(run) == ["a", "x"] * 3
    assert [limit.target for limit in run.result().limits] == ["a"]
    assert run.state["error"] == ["ValueError: no luck"] * 3


def test_a_spent_way_back_is_folded_as_it_was_run(tmp_path):
    """Another process finds the run where it stopped, and no state differs."""
    store = str(tmp_path / "runs.db")
    run = retrying().start({}, store=store)
    with pytest.raises(NoWayOn):
        run.resume()
    loaded = Run.load(run.run_id, retrying(), store)
    assert [loaded.state_at(step) for step in range(7)] == [run.state_at(step) for step in range(7)]
    with pytest.raises(NoWayOn, match="stopped at 'x'"):
        loaded.resume()
    assert visited(loaded) == visited(run)


def test_a_spent_way_back_does_not_end_what_runs_beside_it():
    """The token stops there; another one that comes to the end ends the run well."""
    graph = retrying(limit=1).node("b", lambda state: {"b": 1}).edge("a", "b").edge("b", END)
    run = graph.start({}, store=":memory:")

    assert run.resume().state["b"] == 1
    assert visited(run).count("x") == 2


def test_a_way_back_without_a_limit_is_refused():
    """Neither the edge nor the graph has one."""
    with pytest.raises(GraphInvalid, match="has no limit"):
        retrying(limit=None).build()


def test_a_node_may_be_a_leaf_that_goes_on_only_when_it_fails():
    """A graph without END is fine if a node that has not failed can end it."""
    for body, ends in ((broken, ["a", "x"]), (nothing, ["a", "x"])):
        graph = Graph("g").node("a", nothing).node("x", body, on_error="goto:END").parse("START -> a -> x")
        run = graph.start({}, store=":memory:")
        assert run.resume().status == "done"
        assert visited(run) == ends


def test_else_beside_a_limit_alone_can_be_written_down():
    """What may be declared in Python may be in the graph language too."""
    graph = (
        Graph("g").node("a", nothing).edge(START, "a").edge("a", "a", limit=2).edge("a", END, otherwise=True)
    )

    assert graph.lines() == "START -> a\na -> a max 2\na -> END else"
    again = Graph("g").parse(graph.lines()).bind("a", nothing)
    assert again.structure == graph.structure
    assert visited_of(again) == ["a", "a", "a"]


def visited_of(graph):
    run = graph.start({}, store=":memory:")
    run.resume()
    return visited(run)


def test_limits_count_anew_for_each_token_that_enters_from_outside():
    """Two waves into one loop have as many rounds each."""
    run = Simulation(
        "START -> a\na -> h\nh -> h if true max 2\nh -> b else\nb -> a if more max 1\nb -> END else",
        {"b": lambda view, number: {"more": number < 2}},
        {"true": True},
    )
    run.finish()

    assert [(run.count(name)) for name in "ahb"] == [2, 6, 2]
    assert run.spent.count(("h", "h")) == 2


def test_the_limit_of_an_outer_loop_is_not_renewed_from_inside():
    """Only its own entry renews it; coming round through the inner loop does not."""
    lines = "START -> o -> i\ni -> i if odd max 1\ni -> o if even max 2\ni -> END else"
    run = Simulation(lines, {"i": lambda view, number: {"odd": number % 2 == 1, "even": number % 2 == 0}})
    run.finish()

    assert (run.count("o"), run.count("i")) == (3, 6)
    assert run.spent == [("i", "o")]


def test_a_node_run_for_each_item_is_no_way_on_for_a_failed_one():
    """It would have no items, so the graph is refused as with any plain way there."""
    graph = Graph("g").node("x", broken, on_error="goto:m").node("a", nothing).node("m", nothing)
    graph.parse("START -> [x, a]\na -> m for each item in items\nx -> END\nm -> END")

    with pytest.raises(GraphInvalid, match="'m' is run for each item by 'a' and plainly by 'x'"):
        graph.build()


def test_a_node_is_run_for_each_item_of_one_list_only():
    """Of two lists that lead to one join, one would be left out."""
    graph = Graph("g").node("a", nothing).node("b", nothing).node("m", nothing)
    graph.parse("START -> [a, b]\na -> m for each x in xs\nb -> m for each x in ys\nm -> END")

    with pytest.raises(
        GraphInvalid, match="for each item in 'xs' by 'a' and in 'ys' by 'b'.*node of its own"
    ):
        graph.build()
