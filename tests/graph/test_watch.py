"""A body that changes a value of the state in place is refused before anything of it is recorded."""

from __future__ import annotations

import pytest
from graphs import chain, nothing
from pydantic import BaseModel

from genxai_nb import Graph, Run
from genxai_nb.errors import NodeFailed, StateAssigned
from genxai_nb.graph.watch import LARGE
from genxai_nb.journal import events as facts


def fails(graph, given, said, store=":memory:"):
    run = graph.start(given, store=store)
    with pytest.raises(NodeFailed, match=said) as caught:
        run.resume()
    assert isinstance(caught.value.__cause__, StateAssigned)
    assert not [e for e in run.events() if isinstance(e, facts.NodeFinished)]
    return run


async def adds(state):
    state["log"].append("b")
    return {"log": state["log"]}


def adds_in_a_thread(state):
    state["log"].append("b")


@pytest.mark.parametrize("body", [adds, adds_in_a_thread])
def test_a_list_that_is_appended_to_is_noticed(body):
    """Whether it is returned or not; the message names the place and what to do."""
    run = fails(chain(body), {"log": ["a"]}, r"log\[1\] was changed in place. Return \{'log': ...\} instead")

    assert run.state == {"log": ["a"]}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda v: v["a"][1].update(b=3), r"v\['a'\]\[1\]\['b'\] was"),
        (lambda v: v.pop("a"), r"v\['a'\] was"),
        (lambda v: v["a"].clear(), r"v\['a'\]\[0\] was"),
        (lambda v: v["s"].add(3), "v was changed"),
    ],
)
def test_the_path_of_a_change_inside_is_named(change, said):
    """Down to where the two differ first, as far as the value is plain data."""
    given = {"v": {"a": [1, {"b": 2}]}} if "'a'" in said else {"v": {"s": {1, 2}}}

    fails(chain(lambda state: change(state["v"]) and None), given, said)


def test_a_state_with_a_schema_is_watched_too():
    """Its fields are values of the state as well, also when they are read in a loop over it."""

    class Draft(BaseModel):
        notes: list[str] = []
        title: str = ""

    def direct(state):
        state.notes.append("x")

    def looped(state):
        for _, value in state:
            if isinstance(value, list):
                value.append("x")

    for body in (direct, looped):
        graph = Graph("g", state=Draft).node("a", body).edge("START", "a")
        fails(graph, {"notes": ["n"]}, r"notes\[1\] was changed in place")


def test_an_item_of_a_map_is_watched():
    """Each instance has its own."""
    graph = Graph("m").node("w", lambda s: s["item"].append(1)).node("z", nothing)
    graph.parse("START -> w for each item in items\nw -> z -> END")

    run = graph.start({"items": [[], []]}, store=":memory:")
    with pytest.raises(NodeFailed, match=r"item\[0\] was changed in place"):
        run.resume()


def test_a_run_goes_on_once_the_body_is_mended(tmp_path):
    """What was changed has been put back, so that the next attempt sees the state as it was."""
    store = str(tmp_path / "runs.db")
    run = fails(chain(adds), {"log": ["a"]}, "changed in place", store)
    run.graph.bind("a", lambda state: {"log": [*state["log"], "c"]})

    assert run.resume().state == {"log": ["a", "c"]}
    assert Run.load(run.run_id, store=store).state == {"log": ["a", "c"]}


def test_a_new_value_is_no_change():
    """Copies, and values that a body made itself, are its own."""

    def copies(state):
        log = [*state["log"]]
        log.append("b")
        log.sort(reverse=True)
        return {"log": log, "n": len(state["log"])}

    assert chain(copies, copies).run({"log": ["a"]}, store=":memory:").state == {
        "log": ["b", "b", "a"],
        "n": 2,
    }


def test_a_large_value_is_watched_at_first_and_when_somebody_steps():
    """To compare it each time would cost more than most bodies."""

    def sly(state):
        if state["n"] == 5:
            state["big"].append(1)
        return {"n": state["n"] + 1}

    graph = Graph("g").node("a", sly).parse("START -> a\na -> a if n < 8 max 9\na -> END else")
    big = ["x" * LARGE]
    assert graph.run({"n": 0, "big": big}, store=":memory:").state["n"] == 8
    del big[1:]
    with pytest.raises(NodeFailed, match="big was changed in place"):
        graph.run({"n": 4, "big": big}, store=":memory:")
    del big[1:]
    run = graph.start({"n": 0, "big": big}, store=":memory:")
    run.break_at("a", "n == 7")
    with pytest.raises(NodeFailed, match="big was changed in place"):
        run.resume()


def test_what_cannot_be_kept_is_not_watched():
    """In memory a state may hold anything."""
    thing = object()

    def body(state):
        return {"same": state["thing"] is thing}

    assert chain(body).run({"thing": thing}, store=":memory:").state["same"]


@pytest.mark.parametrize("again", [{"on_error": "continue"}, {"retry": 1, "on_error": "continue"}])
def test_what_a_body_changed_that_failed_is_put_back(again):
    """Neither its next attempt nor another node sees it, and nobody else is blamed for it."""
    seen = []

    async def broken(state):
        seen.append((list(state["xs"]), dict(state["by"])))
        state["xs"].append(9)
        state["by"]["x"] = 9
        raise ValueError("no luck")

    async def count(state):
        return {"n": len(state["xs"]) + len(state["by"])}

    graph = Graph("g").node("a", broken, **again).node("b", count).parse("START -> a -> b")
    state = graph.run({"xs": [1], "by": {}}, store=":memory:").state
    assert state == {"xs": [1], "by": {}, "n": 1}
    assert seen == [([1], {})] * (1 + again.get("retry", 0))


def test_what_a_body_changed_that_was_cancelled_is_put_back():
    """The run goes on from what was recorded, also in memory."""
    waits = [True]

    async def waiting(state, context):
        if waits.pop():
            state["xs"].append(9)
            waits.append(False)
            await context.pause()
        return {"n": len(state["xs"])}

    run = Graph("g").node("a", waiting).parse("START -> a").start({"xs": [1]}, store=":memory:")
    assert run.resume().status == "paused"
    run.cancel()
    assert run.resume().state == {"xs": [1], "n": 1}
