"""A run that was driven on one loop and goes on on another, or on none."""

from __future__ import annotations

import asyncio

import pytest

from genxai_nb import Graph, Run


@pytest.fixture
def ran():
    return []


@pytest.fixture
def graph(ran):
    async def first(state):
        ran.append("a")
        return {"a": 1}

    async def second(state):
        ran.append("b")
        return {"b": state["a"] + 1}

    return Graph("g").node("a", first).node("b", second).parse("START -> a -> b")


def test_a_run_that_stands_goes_on_after_its_loop_was_closed(graph, ran, tmp_path):
    """What had finished is not done again."""
    run = graph.start({}, store=str(tmp_path / "journal.db"))
    assert asyncio.run(run.drive("next")).status == "paused"
    assert run.resume().state == {"a": 1, "b": 2}
    assert ran == ["a", "b"]


def test_verbs_work_after_the_loop_was_closed(graph, ran):
    """The run can be written to, looked at, taken back and cancelled."""
    run = graph.start({}, store=":memory:")
    asyncio.run(run.drive("next"))
    run.set(a=5)
    assert (run.state["a"], run.position.node) == (5, "b")
    asyncio.run(run.drive("next"))
    asyncio.run(run.drive())
    assert run.resume().state == {"a": 5, "b": 6}
    run.goto(1)
    asyncio.run(run.drive("step"))
    run.goto(0)
    asyncio.run(run.drive("next"))
    run.cancel()
    assert (run.status, run.steps) == ("cancelled", 1)


def test_a_run_goes_on_while_its_loop_is_stopped(graph, ran):
    """The loop that it stood on does not go on with it later."""
    run = graph.start({}, store=":memory:")
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(run.drive("next"))
        assert run.resume().state == {"a": 1, "b": 2}
        loop.run_until_complete(asyncio.sleep(0))
    finally:
        loop.close()
    assert ran == ["a", "b"]


def test_a_body_that_its_loop_cancelled_at_its_end_runs_again(tmp_path):
    """A run that was left half way in a loop that has ended is cancelled, and can be resumed."""
    begun = asyncio.Event()
    ran = []

    async def waits(state):
        ran.append("a")
        if len(ran) == 1:
            begun.set()
            await asyncio.Event().wait()
        return {"a": 1}

    graph = Graph("g").node("a", waits).parse("START -> a")
    run = graph.start({}, store=str(tmp_path / "journal.db"))

    async def leave():
        task = asyncio.create_task(run.drive())
        await begun.wait()
        return task

    asyncio.run(leave())
    assert run.status == "cancelled"
    assert Run.load(run.run_id, store=str(tmp_path / "journal.db")).status == "cancelled"
    assert run.resume().state == {"a": 1}
    assert ran == ["a", "a"]
