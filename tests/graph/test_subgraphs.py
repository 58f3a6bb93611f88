"""Graphs as nodes of graphs: what goes in and out, stepping into them, resuming inside them."""

from __future__ import annotations

import asyncio

import pytest
from graphs import nothing
from stepping import calling, place

from genxai_nb import Graph, Run
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


@pytest.mark.parametrize(
    ("reducer", "given", "written", "found"),
    [
        ("append", ["a", "b"], ["c"], ["a", "b", "c"]),
        ("append", ["a", "b"], ["a", "b", "c"], ["a", "b", "c"]),
        ("append", [{"n": 1}], [{"n": 1}, {"n": 2}], [{"n": 1}, {"n": 2}]),
        ("add", 5, 7, 7),
        ("add", "ab", "abc", "abc"),
        ("add", "ab", "c", "abc"),
        ("add", [1], [1, 2], [1, 2]),
        ("merge", {"a": 1}, {"a": 1, "b": 2}, {"a": 1, "b": 2}),
    ],
)
def test_what_a_subgraph_writes_over_is_joined_once(reducer, given, written, found):
    """Nothing of it is lost, and what was there before does not count twice."""
    inner = Graph("inner").node("x", lambda state: {"key": written}).parse("START -> x")
    graph = Graph("outer", reducers={"key": reducer}).node("part", inner).parse("START -> part")
    assert graph.run({"key": given}).state["key"] == found


def test_subgraphs_side_by_side_bring_only_their_own_news():
    """Neither puts back what the other one has changed."""

    def part(name, number):
        body = lambda state: {"seen": {name: number}, "total": number}  # noqa: E731 - two of a kind
        inner = Graph(name, reducers={"seen": "merge", "total": "add"}).node("x", body)
        return inner.parse("START -> x")

    graph = Graph("outer", reducers={"seen": "merge", "total": "add"})
    graph.node("one", part("a", 1)).node("two", part("b", 2)).parse("START -> [one, two]")
    state = graph.run({"seen": {"a": 0, "b": 0}, "total": 10}).state
    assert state == {"seen": {"a": 1, "b": 2}, "total": 13}


def test_next_goes_over_a_subgraph_in_a_map():
    """All its instances are one visit."""
    inner = (
        Graph("inner").node("x", lambda s: {"out": [s["item"]]}).node("y", nothing).parse("START -> x -> y")
    )
    graph = Graph("outer", reducers={"out": "append"}).node("part", inner).node("z", nothing)
    run = graph.edge("START", "part", each="items").edge("part", "z").start({"items": [1, 2, 3]})
    run.next()
    assert place(run) == ("", "z", 1, "before")
    assert run.resume().state["out"] == [1, 2, 3]


def test_next_over_a_subgraph_in_a_map_waits_for_what_is_being_written(tmp_path):
    """While the end of a node of one instance is written, that of another does not let the run stand."""
    inner = Graph("inner").node("x", lambda s: {"out": [s["item"]]}).parse("START -> x -> y -> z")
    inner.node("y", nothing).node("z", nothing)
    graph = Graph("outer", reducers={"out": "append"}).node("part", inner).node("z", nothing)
    graph.edge("START", "part", each="items").edge("part", "z")
    for _ in range(40):
        run = graph.start({"items": list(range(8))}, store=str(tmp_path / "journal.db"))
        run.next()
        assert place(run) == ("", "z", 1, "before")


def test_a_run_is_read_wherever_it_stands_among_subgraphs_in_maps(tmp_path):
    """Subgraphs that have ended are no more part of where it stands, whatever their nodes are called."""
    store = str(tmp_path / "journal.db")
    deep = Graph("deep").node("x", nothing).parse("START -> x")
    inner = Graph("inner").node("a[b]", deep).node("y", nothing).parse('START -> "a[b]" -> y')
    graph = Graph("outer").node("part", inner).edge("START", "part", each="items")
    run = graph.start({"items": [1, 2]}, store=store)
    stood = []
    while run.status != "done":
        run.step()
        loaded = Run.load(run.run_id, graph, store)
        stood.append((loaded.position.path, loaded.position.node))
        assert (loaded.state, loaded.state) == (run.state, run.state)
    assert {("part#1[0]", "y"), ("part#1[1]", "y")} <= set(stood)


def test_runs_are_compared_whichever_subgraph_is_faster():
    """A node's place in its own graph counts, not that of another graph's node of the same name."""
    first = [""]

    async def wait(state, context):
        if not context.path.startswith(first[0]):
            for _ in range(20):
                await asyncio.sleep(0)
        return {}

    short = Graph("short").node("w", wait).node("x", nothing).parse("START -> w -> x")
    long = Graph("long").node("w", wait).node("y", nothing).node("x", nothing).parse("START -> w -> y -> x")
    graph = Graph("outer").node("one", short).node("two", long).parse("START -> [one, two]")
    found = set()
    for path in ("one", "two"):
        first[0] = path
        run = graph.start({}, store=":memory:")
        run.resume()
        found.add(run.canonical())
    assert len(found) == 1
