"""Whatever a person's code raises, and wherever it is called, is the run's error and nobody else's."""

from __future__ import annotations

import asyncio
import sys

import pytest
from pydantic import BaseModel, model_validator

from genxai_nb import END, START, Graph
from genxai_nb.errors import ConditionFailed, NodeFailed, StateInvalid


class Stopped(BaseException):
    """An error that is no Exception, as test frameworks and other libraries have them."""


def leave(*_: object) -> None:
    """End the program, as somebody may write it who thinks of a script."""
    sys.exit(3)


async def stop(state):
    raise Stopped("no more")


async def go(state):
    return {"other": 1}


def test_an_error_that_is_no_exception_fails_its_node():
    """A lone body, one beside others, and one in a thread end alike."""

    def stop_in_a_thread(state):
        raise Stopped("no more")

    for body in (stop, stop_in_a_thread):
        lone = Graph("lone").node("a", body).parse("START -> a")
        beside = Graph("beside").node("a", body).node("b", go).parse("START -> [a, b]")
        for graph in (lone, beside):
            with pytest.raises(NodeFailed, match="Node 'a' failed: Stopped: no more"):
                graph.run({}, store=":memory:")


def test_a_node_that_raises_no_exception_is_taken_up_by_its_options():
    """What follows a failure follows this one too."""
    graph = (
        Graph("g").node("a", stop, on_error="goto:mend").node("mend", lambda state: {"said": state["error"]})
    )
    assert graph.parse("START -> a -> END").run({}, store=":memory:").state["said"] == "Stopped: no more"


@pytest.mark.parametrize("error", [leave, stop])
def test_a_condition_that_leaves_the_program_fails(error):
    """The run ends with the condition's error, and the next run of the process goes as usual."""

    def decide(state):
        if error is leave:
            leave()
        raise Stopped("no more")

    graph = Graph("g").node("a", go).parse("START -> a")
    graph.edge("a", END, when=decide).edge("a", END, otherwise=True)
    with pytest.raises(ConditionFailed, match=r"'decide' of a -> END failed after visit 1"):
        graph.run({}, store=":memory:")
    assert Graph("next").node("a", go).parse("START -> a").run({}, store=":memory:").status == "done"


def test_a_reducer_that_leaves_the_program_fails():
    """The run ends with the reducer's error, and the next run of the process goes as usual."""
    graph = Graph("g", reducers={"other": leave}).node("a", go).parse("START -> a")
    with pytest.raises(StateInvalid, match="The reducer of 'other' cannot join int and int: SystemExit: 3"):
        graph.run({"other": 0}, store=":memory:")
    assert Graph("next").node("a", go).parse("START -> a").run({}, store=":memory:").status == "done"


def test_an_error_of_a_subgraph_s_schema_is_not_lost():
    """The schema of a subgraph may raise anything as it is given its input; its node has failed then."""

    class Strict(BaseModel):
        other: int = 0

        @model_validator(mode="after")
        def _refuse(self) -> Strict:
            raise RuntimeError("not today")

    inner = Graph("inner", state=Strict).node("x", go).parse("START -> x")
    graph = Graph("g").node("part", inner).node("b", go).parse("START -> [part, b]")
    with pytest.raises(NodeFailed, match="Node 'part' failed: A validator of Strict failed at the input"):
        graph.run({}, store=":memory:")


def test_bodies_beside_one_that_fails_so_are_waited_for():
    """A sibling comes to its own end, and what it wrote is kept."""
    ended = []

    async def slow(state):
        await asyncio.sleep(0)
        ended.append("slow")
        return {"slow": 1}

    graph = Graph("g").node("a", stop).node("b", slow).parse("START -> [a, b]")
    with pytest.raises(NodeFailed) as caught:
        graph.run({}, store=":memory:")
    assert ended == ["slow"]
    assert caught.value.result.state == {"slow": 1}


def test_start_is_decided_by_conditions_that_may_fail():
    """An error of a condition at START is told as any other one."""
    graph = Graph("g").node("a", go)
    graph.edge(START, "a", when=leave).edge(START, END, otherwise=True)
    with pytest.raises(ConditionFailed, match="SystemExit: 3"):
        graph.run({}, store=":memory:")


def test_a_task_that_leaves_the_program_leaves_other_runs_alone():
    """The thread that all runs share goes on."""

    async def start_two(state):
        await asyncio.gather(*(asyncio.create_task(leave_later()) for _ in range(2)))

    async def leave_later():
        await asyncio.sleep(0)
        leave()

    graph = Graph("g").node("a", start_two).parse("START -> a")
    with pytest.raises(NodeFailed, match="SystemExit: 3"):
        graph.run({}, store=":memory:")
    assert Graph("next").node("a", go).parse("START -> a").run({}, store=":memory:").status == "done"


def test_a_watcher_that_leaves_the_program_changes_nothing():
    """The run it watches comes to its end."""
    run = Graph("g").node("a", go).parse("START -> a").start({}, store=":memory:")
    run.subscribe(leave)
    assert run.resume().status == "done"
