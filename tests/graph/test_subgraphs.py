"""Graphs as nodes of graphs: what goes in and out, stepping into them, resuming inside them."""

from __future__ import annotations

import pytest
from graphs import nothing
from stepping import calling, place

from genxai_nb import Graph
from genxai_nb.errors import NodeFailed, RunError
from genxai_nb.journal import events as facts


def inner_graph():
    graph = Graph("inner").node("x", lambda s: {"n": s["n"] + 1}).node("y", calling("deep"))
    return graph.parse("START -> x -> y -> END")


def outer_graph(**options):
    graph = Graph("outer").node("a", nothing).node("part", inner_graph(), **options).node("z", nothing)
    return graph.parse("START -> a -> part -> z -> END")


def test_a_graph_is_a_node():
    """It is given the keys of the state, and what it changed comes back."""
    result = outer_graph().run({"n": 1, "other": 2})

    assert result.state == {"n": 2, "other": 2, "said": ["deep 0"]}


def test_a_subgraphs_state_may_go_under_one_key():
    """Into takes its whole final state."""
    assert outer_graph(into="sub").run({"n": 1}).state["sub"] == {"n": 2, "said": ["deep 0"]}


def test_events_inside_a_subgraph_carry_its_path():
    """So do its calls."""
    run = outer_graph().start({"n": 1})
    run.resume()
    paths = {(e.node, e.path) for e in run.events() if isinstance(e, facts.NodeFinished | facts.CallStarted)}

    assert paths == {("a", ""), ("x", "part#1"), ("y", "part#1"), ("part", ""), ("z", "")}


def test_next_goes_over_a_subgraph_and_step_into_it():
    """Out leaves it again."""
    over, into = outer_graph().start({"n": 1}), outer_graph().start({"n": 1})
    over.next()
    over.next()
    assert place(over) == ("", "z", 1, "before")
    into.next()
    into.step()
    assert place(into) == ("part#1", "x", 1, "before")
    into.next()
    assert place(into) == ("part#1", "y", 1, "before")
    into.out()
    assert place(into) == ("", "z", 1, "before")
    assert into.resume().state == over.resume().state


def test_a_breakpoint_inside_a_subgraph_stops_there():
    """Breakpoints may name nodes of subgraphs."""
    run = outer_graph().start({"n": 1})
    run.break_at("y")
    run.resume()

    assert place(run) == ("part#1", "y", 1, "before")
    assert run.resume().status == "done"


def test_a_run_is_resumed_inside_a_subgraph():
    """Inner nodes that had finished do not run again."""
    ran = []
    inner = Graph("inner").node("x", lambda s: ran.append("x")).node("y", nothing).parse("START -> x -> y")
    graph = Graph("outer").node("part", inner).edge("START", "part").edge("part", "END")
    run = graph.start({})
    run.break_at("y")
    run.resume()
    run.clear_break()
    run.cancel()

    assert run.resume().status == "done"
    assert ran == ["x"]


def test_a_subgraph_that_appends_gives_back_what_it_added():
    """A list that the outer graph appends to is not doubled."""
    inner = Graph("inner", reducers={"log": "append"}).node("x", lambda s: {"log": ["in"]}).edge("START", "x")
    graph = (
        Graph("outer", reducers={"log": "append"}).node("a", lambda s: {"log": ["out"]}).node("part", inner)
    )

    assert graph.parse("START -> a -> part").run({"log": []}).state["log"] == ["out", "in"]


def test_a_subgraph_in_a_map_runs_once_for_each_item():
    """Each instance has its own path."""
    inner = Graph("inner").node("x", lambda s: {"out": [s["word"] * 2]}).edge("START", "x")
    graph = Graph("outer", reducers={"out": "append"}).node("part", inner)
    run = graph.parse("START -> part for each word in words").start({"words": ["a", "b"]})

    assert run.resume().state["out"] == ["aa", "bb"]
    assert {e.path for e in run.events() if isinstance(e, facts.NodeFinished)} == {
        "part#1[0]",
        "part#1[1]",
        "",
    }


def test_a_failure_inside_a_subgraph_names_both_nodes():
    """The inner node fails, and the outer one with it."""

    def broken(state):
        raise ValueError("no")

    inner = Graph("inner").node("x", broken).edge("START", "x")
    run = Graph("outer").node("part", inner).edge("START", "part").start({})
    with pytest.raises(NodeFailed, match="Node 'part' failed: Node 'x' failed: ValueError: no"):
        run.resume()

    assert [(e.node, e.path) for e in run.events() if isinstance(e, facts.NodeFailed)] == [
        ("x", "part#1"),
        ("part", ""),
    ]


def test_what_a_visit_saw_is_known_at_every_level():
    """The view with which a visit began, also of a map's instance inside, and none for what has not begun."""
    inner = Graph("inner").node("half", lambda state: {"half": state["item"] / 2}).parse("START -> half")
    graph = (
        Graph("outer", reducers={"half": "append"})
        .node("part", inner)
        .parse("START -> part for each item in items")
    )
    run = graph.start({"items": [3, 5]})
    run.resume()

    assert run.view_of("part") == {"items": [3, 5]}
    assert run.view_of("half", path="part#1[1]") == {"items": [3, 5], "item": 5}
    with pytest.raises(RunError, match="has begun no visit 2 of 'part'"):
        run.view_of("part", 2)
