"""What joins make of nodes that take too long, fail, or go on elsewhere."""

from __future__ import annotations

import asyncio

import pytest
from graphs import nothing

from genxai_nb import Graph, Run
from genxai_nb.errors import NodeFailed, TimedOut
from genxai_nb.journal import events as facts

SOON = 0.01  # seconds that a node may take which never ends


async def quick(state):
    return {"log": ["quick"]}


async def forever(state):
    await asyncio.Event().wait()


def finished(run):
    return [(event.node, event.visit) for event in run.events() if type(event) is facts.NodeFinished]


def late(run):
    return [(e.node, e.source, e.number) for e in run.events() if type(e) is facts.TokenAbsorbed]


def failed(run):
    return [(event.node, event.code) for event in run.events() if type(event) is facts.NodeFailed]


def racing(join, **slow):
    """Two branches, one of which never ends by itself, and their join."""
    graph = Graph("race", reducers={"log": "append", "error": "append"})
    graph.node("quick", quick).node("slow", forever, timeout=SOON, **slow)
    graph.node("j", lambda state: {"log": ["j"]}, join=join)
    return graph


LINES = "START -> [quick, slow]\n[quick, slow] -> j\nj -> END"


@pytest.mark.parametrize(
    ("join", "visits", "too_late"),
    [("all", 1, []), ("any", 1, [("j", "slow", 1)]), (2, 1, []), ("each", 2, [])],
)
def test_a_node_that_took_too_long_and_goes_on_counts_in_its_join(join, visits, too_late):
    """With "on error continue" its token comes as from any node: joined, too late, or a visit of its own."""
    run = racing(join, on_error="continue").parse(LINES).start({}, store=":memory:")
    state = run.resume().state

    assert failed(run) == [("slow", TimedOut.code)]
    assert late(run) == too_late
    assert state["log"] == ["quick"] + ["j"] * visits


@pytest.mark.parametrize("join", ["any", 2, "each"])
def test_a_node_that_took_too_long_fails_the_run_whatever_its_join(join):
    """A join that could do without it does not hide the failure; the run goes on once the node is mended."""
    graph = racing(join).parse(LINES)
    run = graph.start({}, store=":memory:")
    with pytest.raises(NodeFailed, match="'slow' failed: .*took longer than 0.01 s"):
        run.resume()
    graph.bind("slow", lambda state: {"log": ["slow"]})
    state = run.resume().state

    assert sorted(state["log"]) == sorted(
        ["quick", "j", *{"any": [], 2: ["slow"], "each": ["slow", "j"]}[join]]
    )
    assert late(run) == ([("j", "slow", 1)] if join == "any" else [])


@pytest.mark.parametrize("join", ["any", 2, "each"])
def test_a_join_may_take_too_long_itself(join):
    """It goes on where it is told, once a visit; what comes while it runs is treated as ever."""
    graph = Graph("g", reducers={"error": "append"}).node("a", nothing).node("b", nothing)
    graph.node("j", forever, join=join, timeout=SOON, on_error="goto:fix").node("fix", nothing)
    run = graph.parse("START -> [a, b]\n[a, b] -> j\nj -> END\nfix -> END").start({}, store=":memory:")
    visits = 2 if join == "each" else 1

    assert len(run.resume().state["error"]) == visits
    assert [node for node, _ in finished(run)].count("fix") == visits
    assert len(late(run)) == (1 if join == "any" else 0)


def test_what_comes_too_late_after_a_timeout_leaves_nothing_in_the_state():
    """Neither what the node told of its failure nor what it had read shows in the end."""
    run = racing("any", on_error="goto:j").parse(LINES).start({}, store=":memory:")
    state = run.resume().state

    assert state == {"log": ["quick", "j"]}
    assert late(run) == [("j", "slow", 1)]


def test_a_failed_node_may_go_on_straight_into_its_join():
    """The join waits for it, is visited once, and finds what went wrong."""
    graph = racing("all", on_error="goto:j").node("other", nothing)
    run = graph.parse("START -> [quick, slow]\nquick -> j\nslow -> other\nj -> END").start(
        {}, store=":memory:"
    )
    state = run.resume().state

    assert finished(run)[-1] == ("j", 1)
    assert state["log"] == ["quick", "j"]
    assert state["error"] == ["Node 'slow' took longer than 0.01 s."]
    assert ("other", 1) not in finished(run)


@pytest.mark.parametrize("how", ["retry", "continue", "goto"])
def test_a_join_behind_a_map_of_which_some_fail_is_visited_once(how):
    """It sees the results of the others in their order, and those that were tried again where they belong."""
    tries = set()

    def work(state):
        if state["item"] % 2 and (how != "retry" or state["item"] not in tries):
            tries.add(state["item"])
            raise ValueError(state["item"])
        return {"out": [state["item"]]}

    graph = Graph("map", reducers={"out": "append", "error": "append"}).node("side", nothing)
    graph.node(
        "work", work, retry=int(how == "retry"), on_error={"retry": "fail", "goto": "goto:j"}.get(how, how)
    )
    graph.node("j", lambda state: {"seen": list(state["out"])})
    graph.parse("START -> work for each item in items\nSTART -> side\n[work, side] -> j\nj -> END")
    run = graph.start({"items": [0, 1, 2, 3, 4]}, store=":memory:")
    state = run.resume().state

    assert state["seen"] == ([0, 1, 2, 3, 4] if how == "retry" else [0, 2, 4])
    assert state.get("error", []) == (["ValueError: 1", "ValueError: 3"] if how == "goto" else [])
    assert [node for node, _ in finished(run)].count("j") == 1


@pytest.mark.parametrize("join", ["any", 2, "each"])
def test_a_map_may_be_what_a_join_does_not_wait_for(join, tmp_path):
    """Its instances end as one token; the journal is folded to the same."""
    graph = Graph("map", reducers={"out": "append", "log": "append"})
    graph.node("work", lambda state: {"out": [state["item"]]}).node("side", nothing)
    graph.node("j", lambda state: {"log": ["j"]}, join=join)
    graph.parse("START -> work for each item in items\nSTART -> side\n[work, side] -> j\nj -> END")
    store = str(tmp_path / "runs.db")
    run = graph.start({"items": [1, 2, 3]}, store=store)
    state = run.resume().state

    assert state["log"] == ["j"] * (2 if join == "each" else 1)
    if not late(run):
        assert state["out"] == [1, 2, 3]
    assert Run.load(run.run_id, graph, store).state == state
