"""Nodes that fail and go on elsewhere: on error goto."""

from __future__ import annotations

import asyncio

import pytest
from graphs import nothing
from pydantic import BaseModel

from genxai_nb import Graph, Run
from genxai_nb.errors import DefinitionError, GraphInvalid, NodeFailed, UnknownName, WriteConflict
from genxai_nb.graph.definition import END, START
from genxai_nb.journal import events as facts


def broken(state):
    raise ValueError("no luck")


def mending(**options):
    """A node that fails, another that mends it, and one that comes after both."""
    graph = Graph("mends").node("x", broken, on_error="goto:fix", **options)
    graph.node("fix", lambda s: {"mended": s["error"]}).node("z", nothing)
    return graph.parse("START -> x -> z\nfix -> z\nz -> END")


def visited(run):
    return [event.node for event in run.events() if isinstance(event, facts.NodeFinished)]


def test_a_node_that_fails_goes_on_where_it_is_told():
    """The other node finds what went wrong; the usual way is not taken."""
    run = mending().start({}, store=":memory:")
    result = run.resume()

    assert (result.status, result.state["mended"]) == ("done", "ValueError: no luck")
    assert visited(run) == ["x", "fix", "z"]
    assert [e.error for e in run.events() if isinstance(e, facts.NodeFailed)] == ["ValueError: no luck"]


def test_retries_come_first():
    """Only what fails for good goes on elsewhere."""
    run = mending(retry=2).start({}, store=":memory:")
    run.resume()

    assert [e.attempt for e in run.events() if isinstance(e, facts.NodeFailed)] == [1, 2, 3]
    assert visited(run) == ["x", "fix", "z"]


def test_a_node_that_does_not_fail_goes_its_usual_way():
    """The join behind it does not wait for the other one."""
    run = mending().bind("x", nothing).start({}, store=":memory:")
    run.resume()

    assert visited(run) == ["x", "z"]


def test_it_is_said_in_the_graph_language():
    """As an option of the node; the text is stable, and the way is part of the structure."""
    graph = Graph("g").parse("node x: on error goto fix-it\nSTART -> x -> END\nfix-it -> END")
    again = Graph("g").parse(graph.lines())

    assert "node x: on error goto fix_it" in graph.lines()
    for name in graph.nodes:
        graph.bind(name, nothing)
        again.bind(name, nothing)
    assert again.structure == graph.structure
    other = Graph("g").parse("node x: on error continue\nSTART -> x -> END\nx -> fix_it -> END")
    for name in other.nodes:
        other.bind(name, nothing)
    assert other.structure != graph.structure


def test_the_way_is_drawn():
    """With what it is for, beside the declared edges."""
    assert '"x" -> "fix" [label="on error"];' in mending().draw()
    assert [edge.error for edge in mending().arrows] == [False, False, False, False, True]


def test_it_may_end_the_way():
    """Goto END."""
    graph = (
        Graph("g").node("x", broken, on_error="goto:END").node("y", nothing).parse("START -> x -> y -> END")
    )
    run = graph.start({}, store=":memory:")

    assert run.resume().state == {"error": "ValueError: no luck"}
    assert visited(run) == ["x"]


def test_a_loop_through_a_failure_needs_a_limit():
    """As any other loop; with one it is tried so often."""
    lines = "START -> x -> END\nfix -> x"
    graph = Graph("g").node("x", broken, on_error="goto:fix").node("fix", nothing).parse(lines)
    with pytest.raises(GraphInvalid, match="has no limit"):
        graph.build()
    graph = Graph("g").node("x", broken, on_error="goto:fix").node("fix", nothing)
    graph.parse("START -> x -> END").edge("fix", "x", limit=2).edge("fix", END, otherwise=True)
    run = graph.start({}, store=":memory:")
    run.resume()

    assert visited(run) == ["x", "fix", "x", "fix", "x", "fix"]


def test_a_map_of_which_one_fails_goes_on_elsewhere_once_all_have_ended():
    """The others' results are kept."""

    def each(state):
        if state["item"] == 2:
            raise ValueError("two")
        return {"got": [state["item"]]}

    graph = Graph("m", reducers={"got": "append", "error": "append"}).node("w", each, on_error="goto:fix")
    graph.node("fix", nothing).node("z", nothing)
    graph.parse("START -> w for each item in items\nw -> z -> END\nfix -> END")
    run = graph.start({"items": [1, 2, 3]}, store=":memory:")
    state = run.resume().state

    assert (state["got"], state["error"]) == ([1, 3], ["ValueError: two"])
    assert visited(run) == ["w", "fix"]


def failing_in_parallel(*, slow: str = "", **kind):
    """Two nodes that fail beside each other, and one that goes on with both failures."""

    async def fail(state, context):
        if context.node == slow:
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        raise ValueError(f"no luck in {context.node}")

    graph = Graph("both", **kind).node("split", nothing)
    graph.node("b", fail, on_error="goto:fix").node("a", fail, on_error="goto:fix")
    graph.node("fix", lambda s: {"mended": s["error"]} if kind.get("state") is None else {"mended": s.error})
    graph.node("z", nothing)
    return graph.parse("START -> split -> [b, a] -> z\nfix -> z -> END")


@pytest.mark.parametrize("slow", ["a", "b"])
def test_failures_that_meet_are_told_line_by_line(tmp_path, slow):
    """In the order of the edges, whoever was first; with a schema too; loading and going back know the same."""

    class Told(BaseModel):
        error: str = ""
        mended: str = ""

    both = "ValueError: no luck in b\nValueError: no luck in a"
    for kind in ({}, {"state": Told}):
        graph = failing_in_parallel(slow=slow, **kind)
        run = graph.start({}, store=str(tmp_path / "runs.db"))
        assert dict(run.resume().state)["mended"] == both
        loaded = Run.load(run.run_id, graph, str(tmp_path / "runs.db"))
        assert dict(loaded.state)["error"] == both
        assert loaded.canonical() == run.canonical()
    graph = failing_in_parallel(slow=slow, reducers={"error": "append"})
    assert graph.run({}, store=":memory:").state["mended"] == both.split("\n")


def test_failure_that_meets_what_a_node_wrote_is_a_conflict():
    """Only failures stand beside each other; a node's own key of that name is as any other."""
    graph = failing_in_parallel().bind("a", lambda s: {"error": "mine"})
    graph.edge("a", "fix")
    with pytest.raises(WriteConflict, match="Nodes 'a' and 'b' both wrote 'error' in parallel"):
        graph.run({}, store=":memory:")


def test_failure_after_a_failure_takes_its_place():
    """What was seen before is told no more: it is the last one that counts."""
    graph = Graph("g").node("x", broken, on_error="goto:y")
    graph.node("y", lambda s: 1 / 0, on_error="goto:fix").node("fix", nothing)
    graph.parse("START -> x -> END\ny -> END\nfix -> END")
    assert graph.run({}, store=":memory:").state == {"error": "ZeroDivisionError: division by zero"}


def test_a_state_with_a_schema_is_told_only_if_it_has_the_field():
    """Without a field for it, the journal still says why."""

    class Told(BaseModel):
        error: str = ""

    class Untold(BaseModel):
        n: int = 0

    for model, said in ((Told, {"error": "ValueError: no luck"}), (Untold, {"n": 0})):
        graph = Graph("g", state=model).node("x", broken, on_error="goto:fix").node("fix", nothing)
        run = graph.parse("START -> x -> END\nfix -> END").start({}, store=":memory:")
        assert run.resume().state.model_dump() == said
        assert visited(run) == ["x", "fix"]


def test_a_failure_is_folded_as_it_was_run(tmp_path):
    """Going back, loading and reading without the graph know the way that was taken."""
    store = str(tmp_path / "runs.db")
    run = mending().start({}, store=store)
    run.next()
    run.cancel()
    loaded = Run.load(run.run_id, mending(), store)

    assert loaded.position.node == "fix"
    assert Run.load(run.run_id, store=store).position.node == "fix"
    assert loaded.resume().state["mended"] == "ValueError: no luck"


def test_a_run_that_is_killed_among_instances_remembers_that_one_failed(tmp_path):
    """What is missing runs, and then the other way is taken."""
    stop = [True]

    def each(state):
        if state["item"] == 1:
            raise ValueError("one")
        if stop:
            raise SystemExit("later")
        return {}

    def graph():
        made = Graph("m").node("w", each, on_error="goto:fix").node("fix", nothing).node("z", nothing)
        return made.parse("START -> w for each item in items\nw -> z -> END\nfix -> END")

    store = str(tmp_path / "runs.db")
    run = graph().start({"items": [1, 2]}, store=store)
    run.resume()
    events = run.events()
    cut = next(n for n, e in enumerate(events) if isinstance(e, facts.InstanceFinished) and e.index == 0) + 1
    fork = run.store.fork(run.run_id, cut)
    stop.clear()
    again = Run.load(fork, graph(), store)
    again.resume()

    assert visited(again) == ["w", "fix"]


@pytest.mark.parametrize("on_error", ["goto:", "goto", "stop", None, 3])
def test_an_unknown_way_on_is_refused(on_error):
    """It says which there are."""
    with pytest.raises(DefinitionError, match='"fail", "continue" or "goto:NODE"'):
        Graph("g").node("a", nothing, on_error=on_error)


def test_a_way_to_nowhere_is_refused():
    """The nearest node is named."""
    graph = Graph("g").node("a", nothing, on_error="goto:fxi").node("fix", nothing)
    graph.edge(START, "a").edge("a", "fix").edge("fix", END)

    with pytest.raises(UnknownName, match="'fxi'. Did you mean 'fix'"):
        graph.build()


def test_a_body_that_was_stopped_has_not_failed():
    """Its run ends as before."""
    import asyncio

    async def stopped(state):
        raise asyncio.CancelledError

    graph = Graph("g").node("a", stopped, on_error="goto:fix").node("fix", nothing)
    with pytest.raises(NodeFailed):
        graph.parse("START -> a -> END\nfix -> END").run({}, store=":memory:")
