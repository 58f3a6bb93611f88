"""Breakpoints: before and behind visits, under conditions, listed and cleared."""

from __future__ import annotations

import pytest
from graphs import chain, kinds, nothing
from pydantic import BaseModel
from stepping import place

from genxai_nb import Graph
from genxai_nb.errors import UnknownName


def test_a_breakpoint_stops_before_its_node():
    """The run stands before the visit, says why, and goes on from there."""
    run = chain(nothing, nothing, nothing).start({})
    point = run.break_at("b")

    assert run.resume().status == "paused"
    assert place(run) == ("", "b", 1, "before")
    assert run.reason == f"breakpoint {point.id} before b, visit 1"
    assert run.resume().status == "done"


def test_a_breakpoint_after_a_node_stops_behind_it():
    """What the node wrote is there."""
    run = chain(lambda s: {"n": 1}, nothing).start({})
    run.break_at("a", after=True)
    run.resume()

    assert run.state == {"n": 1}
    assert place(run) == ("", "b", 1, "before")


def test_a_breakpoint_after_the_last_node_stops_before_the_end():
    """Also in a subgraph, whose visit has not ended then."""
    run = chain(nothing, lambda s: {"n": 1}).start({})
    run.break_at("b", after=True)

    assert (run.resume().status, run.state) == ("paused", {"n": 1})
    assert place(run) == ("", None, None, "end")
    assert run.reason == "breakpoint 1 after b, visit 1"
    assert kinds(run)[-1] == "RunPaused"
    assert run.resume().status == "done"

    inner = Graph("inner").node("x", lambda s: {"n": 2}).parse("START -> x -> END")
    outer = Graph("outer").node("part", inner).node("z", nothing).parse("START -> part -> z -> END").start({})
    outer.break_at("x", after=True)
    assert outer.resume().status == "paused"
    assert (place(outer), outer.steps) == (("part#1", None, None, "end"), 1)
    outer.out()
    assert place(outer) == ("", "z", 1, "before")
    assert outer.resume().state == {"n": 2}


def test_a_conditional_breakpoint_may_become_true_at_the_third_visit():
    """The condition is asked anew at each visit, over what that visit sees."""
    graph = (
        Graph("loop")
        .node("a", lambda s: {"n": s["n"] + 1})
        .parse("START -> a\na -> a if n < 5 max 9\na -> END else")
    )
    run = graph.start({"n": 0})
    run.break_at("a", "n == 2")
    run.resume()

    assert place(run) == ("", "a", 3, "before")
    assert run.resume().state == {"n": 5}


def test_a_breakpoint_may_ask_for_the_visit_and_for_keys_not_there_yet():
    """A key that is absent does not hold; the visit's number is there as ``visit``."""
    graph = (
        Graph("loop")
        .node("a", lambda s: {"n": s["n"] + 1})
        .parse("START -> a\na -> a if n < 5 max 9\na -> END else")
    )
    run = graph.start({"n": 0})
    run.break_at("a", "missing > 3")
    run.break_at("a", "visit == 4")
    run.resume()

    assert place(run) == ("", "a", 4, "before")


def test_a_condition_over_a_key_that_no_state_has_is_refused():
    """With a schema, a breakpoint or an until that could never hold names the nearest key; a subgraph's keys count."""

    class Outer(BaseModel):
        count: int = 0
        rows: list[int] = []

    class Inner(BaseModel):
        count: int = 0
        depth: int = 0

    inner = Graph("inner", state=Inner).node("x", lambda s: {"depth": 1}).parse("START -> x")
    graph = Graph("outer", state=Outer).node("a", nothing).node("part", inner).node("mark", nothing)
    graph.parse("START -> a -> part\npart -> mark for each row in rows")
    run = graph.start({"rows": [1]})
    with pytest.raises(UnknownName, match="Unknown key 'cuont'.*'count'"):
        run.break_at("a", "cuont > 3")
    with pytest.raises(UnknownName, match="Unknown key 'cuont'.*'count'"):
        run.until("cuont > 3")
    with pytest.raises(
        UnknownName, match="Unknown key 'row'.*'rows'"
    ):  # a map's visit stands for all its items
        run.break_at("mark", "row == 1")
    assert (run.breakpoints, run.steps) == ([], 0)

    run.break_at("mark", "rows == [1] and visit == 1")
    assert run.until("depth == 1").status == "paused"
    assert run.reason == "depth == 1 holds after x, visit 1"
    assert run.resume().status == "paused"
    assert run.reason == "breakpoint 1 before mark, visit 1"


def test_next_is_not_held_up_by_a_breakpoint_that_it_stands_at():
    """It runs the visit before which it has brought the run; one further on stops it."""
    run = chain(nothing, nothing, nothing).start({})
    run.break_at("b")
    run.next()
    run.next()

    assert place(run) == ("", "c", 1, "before")


def test_breakpoints_are_listed_and_cleared():
    """An unknown node or number is named with the nearest."""
    run = chain(nothing, nothing).start({})
    first, second = run.break_at("a"), run.break_at("b")
    assert run.breakpoints == [first, second]
    run.clear_break(first.id)
    assert run.breakpoints == [second]
    third = run.break_at("a")
    run.clear_break(third)
    assert run.breakpoints == [second]
    with pytest.raises(UnknownName, match="Unknown breakpoint '3'"):
        run.clear_break(third)
    run.clear_break()
    assert run.breakpoints == []
    with pytest.raises(UnknownName, match="Unknown node 'c'"):
        run.break_at("c")
    with pytest.raises(UnknownName, match="Unknown breakpoint '7'"):
        run.clear_break(7)
