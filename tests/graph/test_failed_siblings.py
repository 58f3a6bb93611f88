"""What becomes of the nodes beside one that fails."""

from __future__ import annotations

import asyncio

import pytest
from graphs import kinds, nothing

from genxai_nb import START, Graph
from genxai_nb.calls.call import Traits
from genxai_nb.errors import NodeFailed
from genxai_nb.journal import events as facts


async def test_a_run_ends_whose_node_fails_before_its_sibling_ends():
    """The sibling ends and is kept; the join behind both waits for nobody any more."""
    failed = asyncio.Event()

    async def broken(state):
        failed.set()
        raise ValueError("no such thing")

    async def slow(state):
        await failed.wait()
        for _ in range(5):  # turns of the loop, in which the failure is taken in
            await asyncio.sleep(0)
        return {"n": 1}

    graph = Graph("early")
    graph.node("a", nothing).node("b", broken).node("c", slow).node("d", nothing)
    graph.parse("START -> a -> [b, c] -> d -> END")
    run = graph.start({}, store=":memory:")
    with pytest.raises(NodeFailed, match="Node 'b'"):
        await asyncio.wait_for(run.drive(), 10)

    assert kinds(run)[-3:] == ["NodeFailed", "NodeFinished", "RunFailed"]


def test_siblings_of_a_failing_node_are_recorded():
    """What ends beside a failure is kept, and does not run again on resume."""
    ran = []

    async def broken(state):
        raise ValueError

    async def sibling(state):
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        ran.append("c")
        return {"c": 1}

    graph = Graph("two").node("b", broken).node("c", sibling).parse("START -> [b, c]")
    run = graph.start({})
    with pytest.raises(NodeFailed):
        run.resume()
    graph.bind("b", nothing)

    assert run.resume().state == {"c": 1}
    assert ran == ["c"]


def test_what_is_stopped_by_a_failure_elsewhere_has_not_failed(tmp_path):
    """A body in a subgraph that is stopped at its next call is not told to have failed."""
    failed = asyncio.Event()

    async def broken(state):
        raise ValueError

    async def calls(state, context):
        await failed.wait()
        await context.call("tool", "t", {}, None, Traits())

    inner = Graph("inner").node("x", calls).edge(START, "x")
    graph = Graph("outer").node("b", broken).node("part", inner).parse("START -> [b, part]")
    run = graph.start({})
    run.subscribe(lambda e: failed.set() if isinstance(e, facts.NodeFailed) else None)
    with pytest.raises(NodeFailed, match="'b' failed"):
        run.resume()

    assert [e.node for e in run.events() if isinstance(e, facts.NodeFailed)] == ["b"]
