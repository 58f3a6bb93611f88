"""A node that runs for each item of a list, of which only some are under way at once."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from genxai_nb import Graph, Run
from genxai_nb.errors import DefinitionError, GraphInvalid, NodeFailed
from genxai_nb.graph.lines import parse, write


class Crowd:
    """A body that notes who is under way, and how many there were at most."""

    def __init__(self, fails: tuple[int, ...] = (), pauses: int | None = None) -> None:
        self.fails, self.pauses = fails, pauses
        self.began: list[int] = []
        self.now = self.most = 0

    async def work(self, _state, context):
        self.began.append(context.item)
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            for _ in range(3 + context.item % 3):
                await asyncio.sleep(0)  # others have their turn
            if context.item == self.pauses:
                await context.pause()
            if context.item in self.fails:
                raise ValueError(context.item)
        finally:
            self.now -= 1
        return {"squares": context.item**2}

    def graph(self, **options) -> Graph:
        graph = Graph("crowd", reducers={"squares": "append"}).node("work", self.work, **options)
        graph.edge("START", "work", each="items").edge("work", "END")
        return graph


ITEMS = list(range(10))
SQUARES = [item**2 for item in ITEMS]


@pytest.mark.parametrize(("at_once", "most"), [(1, 1), (3, 3), (10, 10), (50, 10), (None, 10)])
def test_no_more_instances_are_under_way_than_is_said(at_once, most):
    """The items begin in their order, and the result is that of all at once."""
    crowd = Crowd()
    result = crowd.graph(at_once=at_once).run({"items": ITEMS}, store=":memory:")

    assert crowd.most == most
    assert crowd.began == ITEMS
    assert result.state["squares"] == SQUARES


def test_the_same_in_the_language_of_graphs():
    """A line says it, and it is written back; plain Python bodies in threads are held to it too."""
    crowd = Crowd()
    graph = Graph("crowd", reducers={"squares": "append"}, lookup={"work": crowd.work})
    text = "node work: retry 1, at once 2\nSTART -> work for each item in items\nwork -> END"
    graph.parse(text)
    graph.run({"items": ITEMS}, store=":memory:")

    assert crowd.most == 2
    assert graph.lines() == text == write(parse(text))


def test_the_journal_is_that_of_all_at_once():
    """Nothing in it depends on how many were under way."""
    runs = [Crowd().graph(at_once=at_once).start({"items": ITEMS}, store=":memory:") for at_once in (2, None)]
    for run in runs:
        run.resume()

    assert runs[0].canonical() == runs[1].canonical()


def test_after_a_failure_no_further_instance_begins(tmp_path):
    """A resume runs those that are missing, and no other again."""
    store = str(tmp_path / "runs.db")
    crowd = Crowd(fails=(0,))
    with pytest.raises(NodeFailed) as failed:
        crowd.graph(at_once=2).run({"items": ITEMS}, store=store)
    before, crowd.began, crowd.fails = crowd.began, [], ()
    result = Run.load(failed.value.run_id, crowd.graph(at_once=2), store).resume()

    assert before == [0, 1]
    assert crowd.began == [0, *ITEMS[2:]]
    assert result.state["squares"] == SQUARES


def test_failures_that_are_let_pass_make_room():
    """With on_error continue and with retries all items have their turn."""
    crowd = Crowd(fails=(0, 1, 5))
    result = crowd.graph(at_once=2, retry=1, on_error="continue").run({"items": ITEMS}, store=":memory:")

    assert crowd.most == 2
    assert result.state["squares"] == [item**2 for item in ITEMS if item not in crowd.fails]
    assert sorted({*crowd.began}) == ITEMS
    assert len(crowd.began) == 13


def test_nothing_begins_while_the_run_stands():
    """A pause holds back the items that wait, and to go on takes them up."""
    crowd = Crowd(pauses=1)
    run = crowd.graph(at_once=2).start({"items": ITEMS}, store=":memory:")
    run.resume()
    stood, began = run.status, len(crowd.began)
    result = run.resume()

    assert stood == "paused"
    assert 2 <= began < 5
    assert result.state["squares"] == SQUARES
    assert crowd.began == ITEMS


def test_a_run_may_stand_with_no_instance_under_way():
    """A pause while the last ones that had begun come to their end leaves the others for later."""
    runs: list[Run] = []
    began: list[int] = []

    async def work(_state, context):
        began.append(context.item)
        if context.item == 1:
            runs[0].pause()
        return {"squares": context.item**2}

    graph = Graph("crowd", reducers={"squares": "append"}).node("work", work, at_once=2)
    graph.edge("START", "work", each="items").edge("work", "END")
    runs.append(graph.start({"items": ITEMS}, store=":memory:"))
    runs[0].resume()

    assert (runs[0].status, began) == ("paused", [0, 1])
    assert runs[0].resume().state["squares"] == SQUARES
    assert began == ITEMS


def test_next_runs_all_instances_of_the_visit():
    """A stride over a map ends behind it."""
    crowd = Crowd()
    run = crowd.graph(at_once=3).start({"items": ITEMS}, store=":memory:")
    run.next()

    assert crowd.began == ITEMS
    assert run.state["squares"] == SQUARES


def test_subgraphs_are_held_to_it_too():
    """A chain per item is a subgraph, of which only some run."""
    crowd = Crowd()

    seen: list[int] = []

    async def note(state):
        seen.append(state["item"])
        crowd.now += 1
        crowd.most = max(crowd.most, crowd.now)
        await asyncio.sleep(0)
        crowd.now -= 1
        return {}

    chain = Graph("chain").node("one", note).edge("START", "one").edge("one", "END")
    outer = Graph("outer").node("part", chain, at_once=2)
    outer.edge("START", "part", each="items").edge("part", "END")
    outer.run({"items": ITEMS}, store=":memory:")

    assert seen == ITEMS
    assert crowd.most <= 2


@pytest.mark.parametrize(
    ("at_once", "said"), [(0, "nothing could start"), (-1, "no whole number"), (True, "no whole number")]
)
def test_a_number_that_is_none_is_refused(at_once, said):
    """It says what to write."""
    with pytest.raises(DefinitionError, match=said) as refused:
        Crowd().graph(at_once=at_once)
    assert "Write at_once=" in refused.value.hint


def test_a_node_without_items_takes_no_number():
    """It would mean nothing there."""
    graph = Graph("plain").node("work", Crowd().work, at_once=2).edge("START", "work")
    with pytest.raises(GraphInvalid, match="no arrow runs it for each item"):
        graph.build()


def test_items_begin_in_order_as_others_make_room():
    """Each further item begins when one before it has ended."""
    crowd = Crowd()
    crowd.graph(at_once=4).run({"items": list(range(40))}, store=":memory:")

    assert crowd.most == 4
    assert all(first < second for first, second in pairwise(crowd.began))
