"""Runs whose definitions changed while they went on: what the script has, and what the check compares."""

from __future__ import annotations

import json

import pytest

from genxai_nb.errors import NodeFailed
from genxai_nb.graph.run import Run

FAILING = """
    from genxai_nb import Graph, tool
    @tool
    def look(what: str) -> str:
        "Look."
        return what.upper()
    async def first(state, context):
        return {"seen": await context.tool("look", what="tea")}
    async def second(state, context):
        found = [await context.tool("look", what=word) for word in ("milk", "cup")]
        raise ValueError(found)
    graph = Graph("g", lookup={"look": look}).node("first", first).node("second", second).parse("START -> first -> second")
"""


def test_a_node_that_was_mended_and_taken_up_again(flow):
    """Its visit is run again by the script; a call that only the broken version made is no difference."""
    made = flow(FAILING)
    with pytest.raises(NodeFailed) as caught:
        made.run()
    made.edit('("milk", "cup")', '("cup",)').edit("raise ValueError(found)", 'return {"found": found}')
    assert Run.load(caught.value.run_id, made.graph, made.store).resume().state["found"] == ["CUP"]

    exported = made.export(run=caught.value.run_id)

    assert exported.checked is True, str(exported)
    assert exported.earlier == ""


SUBGRAPH = """
    from genxai_nb import Graph
    def step(state):
        return {"n": state.get("n", 0) + 1}
    def twice(state):
        return {"twice": [2 * state["item"]]}
    inner = Graph("inner").node("step", step).parse("START -> step")
    graph = Graph("g", reducers={"twice": "append"}).node("part", inner).node("twice", twice)
    graph.node("split", lambda state: {"items": [1, 2]})
    graph.edge("START", "split").edge("split", "twice", each="items", item="item").edge("twice", "part")
    graph.edge("part", "split", when="n < 4", limit=9).edge("part", "END", otherwise=True)
"""


@pytest.mark.parametrize(
    ("edit", "earlier"),
    [
        (('state.get("n", 0) + 1', 'state.get("n", 0) + 2'), "visit 1 of part"),
        (("2 * state", "3 * state"), "visit 1 of twice"),
        (('"items": [1, 2]', '"items": [1]'), "visit 1 of split"),
    ],
)
def test_subgraphs_and_maps_that_were_edited_half_way(flow, script, edit, earlier):
    """Of visits by earlier versions, what they wrote is compared, and of a subgraph nothing that happened inside."""
    made = flow(SUBGRAPH)
    run = made.graph.start({"twice": []}, store=made.store)
    for _ in range(3):
        run.next()
    run.cancel()
    made.edit(*edit)
    Run.load(run.run_id, made.graph, made.store).resume()

    exported = made.export(run=run.run_id)

    assert exported.checked is True, str(exported)
    assert exported.earlier == earlier
    assert exported.verdict.endswith(f"; {earlier} ran under an earlier version")
    text = exported.path.read_text("utf-8")
    assert edit[1].strip("{}") in text
    done = script(exported.path, "--twice", "[]", "--json", "--store", ":memory:")
    assert json.loads(done.stdout)["n"] >= 4, done.stderr


def test_what_the_script_does_otherwise_than_the_versions_that_ran_last_is_told(flow):
    """Visits by the versions of the end are run: one that does something else there is the difference."""
    made = flow(SUBGRAPH)
    run = made.graph.start({"twice": []}, store=made.store)
    run.next()
    run.cancel()
    made.edit("2 * state", "3 * state")
    Run.load(run.run_id, made.graph, made.store).resume()
    made.edit("3 * state", "4 * state")

    exported = made.export(run=run.run_id)

    assert exported.checked is False
    assert exported.difference.where == "definition of twice"
    assert '-    return {"twice": [3 * state' in str(exported.difference)
    assert '+    return {"twice": [4 * state' in str(exported.difference)


def test_a_run_that_was_rebased_is_told_by_its_two_graphs(flow):
    """A script is the graph of the end; that the run began in another one is the difference, with both."""
    made = flow(SUBGRAPH)
    run = made.graph.start({"twice": []}, store=made.store)
    run.next()
    made.edit('"n < 4", limit=9', '"n < 3", limit=5')
    run.rebase(made.graph)
    run.resume()

    exported = made.export(run=run.run_id)

    assert exported.checked is False
    assert exported.difference.where.endswith("the run was rebased on another graph half way")
    assert "-part -> split if n < 4 max 9" in str(exported.difference)
    assert "+part -> split if n < 3 max 5" in str(exported.difference)
