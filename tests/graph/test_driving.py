"""Driving a run: stepping, iterating, pausing, cancelling, loading, comparing."""

from __future__ import annotations

import asyncio
import threading

import pytest
from graphs import chain, kinds, nothing

from genxai_nb import Graph, Run
from genxai_nb.calls.call import Traits
from genxai_nb.errors import (
    NodeFailed,
    ResumeRefused,
    RunBusy,
    RunCancelled,
    RunError,
    RunNotFound,
)
from genxai_nb.journal import events as facts
from genxai_nb.journal import open_store


def test_a_run_that_was_not_driven_is_ready(tmp_path):
    """It stands before its first node, for which the list of runs has the word of all that stand."""
    store = str(tmp_path / "runs.db")
    run = chain(nothing).start({}, store=store)

    assert run.status == "ready"
    assert [row.status for row in open_store(store).runs()] == ["paused"]
    assert run.resume().status == run.status == "done"


async def test_iterating_a_run_drives_it_to_the_end():
    """Async for yields each fact and leaves the run done."""
    run = chain(nothing, nothing).start({})
    seen = [event async for event in run]

    assert seen == run.events()[1:]
    assert run.status == "done"


async def test_leaving_the_iteration_early_pauses_the_run():
    """A run that its reader leaves can be resumed."""
    run = chain(nothing, nothing, nothing).start({})
    async for event in run:
        if isinstance(event, facts.NodeFinished):
            break

    assert (await run.drive()).status == "done"
    assert kinds(run).count("NodeFinished") == 3


def test_next_runs_exactly_one_visit():
    """Stepping gives the same result as running."""
    graph = Graph("fork", reducers={"log": "append"})
    for name in "abcd":
        graph.node(name, lambda state, name=name: {"log": [name]})
    graph.parse("START -> a -> [b, c] -> d -> END")
    stepped = graph.start({})
    finished = [kinds(stepped).count("NodeFinished") for _ in range(4) if stepped.next()]
    whole = graph.start({})
    whole.resume()

    assert finished == [1, 2, 3, 4]
    assert stepped.resume().state == whole.result().state == {"log": ["a", "b", "c", "d"]}
    assert stepped.canonical() == whole.canonical()


def test_a_finished_run_gives_its_result_again():
    """Resuming what is done changes nothing."""
    run = chain(lambda state: {"n": 1}).start({})
    run.resume()
    before = run.events()

    assert run.resume().state == {"n": 1}
    assert run.events() == before


def test_a_pause_holds_a_body_at_its_next_call():
    """A body that is alone and under way waits at its next call, and goes on when the run is resumed."""
    calls = []

    async def answer(call):
        calls.append(call.name)
        return call.name

    async def body(state, context):
        one = await context.call("tool", "one", {}, answer, Traits())
        run.pause()
        return {"said": [one, await context.call("tool", "two", {}, answer, Traits())]}

    run = chain(body).start({})

    assert run.resume().status == "paused"
    assert calls == ["one"]
    assert run.resume().state["said"] == ["one", "two"]


async def test_cancelling_a_task_leaves_a_resumable_run():
    """A cancelled run stops its bodies, records that, and goes on later."""
    entered = asyncio.Event()
    gates = [asyncio.Event(), asyncio.Event()]
    gates[1].set()

    async def wait(state):
        entered.set()
        await gates[len(state["waited"])].wait()
        return {}

    async def waits(state):
        entered.set()
        await gates.pop(0).wait()

    graph = chain(nothing, waits)
    run = graph.start({"waited": []})
    task = asyncio.ensure_future(run.drive())
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert run.status == "cancelled"
    assert isinstance(run.events()[-1], facts.RunCancelled)
    assert (await run.drive()).status == "done"
    assert kinds(run).count("NodeFinished") == 2


def test_cancel_from_another_thread_stops_the_whole_tree():
    """Branches are cancelled too, and the waiting caller is told in one sentence."""
    entered, stopped = threading.Barrier(3, timeout=5), []

    async def forever(state):
        try:
            await asyncio.get_running_loop().run_in_executor(None, entered.wait)
            await asyncio.Event().wait()
        finally:
            stopped.append(1)

    run = Graph("two").node("b", forever).node("c", forever).parse("START -> [b, c]").start({})
    future = run.begin()
    entered.wait()
    run.cancel()

    with pytest.raises(RunCancelled, match=f"Run {run.run_id} was cancelled"):
        future.result(timeout=5)
    assert len(stopped) == 2


def test_pause_holds_before_the_next_visit():
    """What is under way ends; nothing new starts until the run is resumed."""
    entered, leave = threading.Event(), threading.Event()

    def first(state):
        entered.set()
        leave.wait(5)
        return {"a": 1}

    run = chain(first, lambda state: {"b": 1}).start({})
    future = run.begin()
    entered.wait(5)
    run.pause()
    leave.set()

    assert future.result(timeout=5).status == "paused"
    assert run.state == {"a": 1}
    assert run.resume().state == {"a": 1, "b": 1}


def test_a_run_is_driven_by_one_at_a_time():
    """A second driver is told at once."""
    entered, leave = threading.Event(), threading.Event()

    def first(state):
        entered.set()
        leave.wait(5)

    run = chain(first).start({})
    future = run.begin()
    entered.wait(5)
    with pytest.raises(RunBusy, match="is being driven already"):
        run.resume()
    leave.set()
    future.result(timeout=5)


def test_a_run_is_loaded_and_read_without_its_graph():
    """Without a graph its events and status can be read, and driving it says what is missing."""
    run = chain(nothing).start({"n": 1})
    run.resume()
    loaded = Run.load(run.run_id)

    assert (loaded.status, loaded.events()) == ("done", run.events())
    with pytest.raises(RunError, match="was loaded for reading only"):
        Run.load(chain(nothing).start({}).run_id).resume()


def test_loading_refuses_another_structure_and_unknown_ids():
    """Only a changed structure can refuse a resume."""
    run = chain(nothing).start({})

    with pytest.raises(ResumeRefused, match="has changed its nodes or edges"):
        Run.load(run.run_id, chain(nothing, nothing))
    with pytest.raises(RunNotFound, match="No run 'r99'"):
        Run.load("r99")


def test_a_changed_body_does_not_refuse_a_resume():
    """The journal records which version ran."""
    run = chain(nothing, nothing).start({})
    run.next()
    changed = Run.load(run.run_id, chain(nothing, lambda state: {"new": True}))
    run._park("paused")  # as if its process had ended

    assert changed.resume().state == {"new": True}
    assert "RunResumed" in kinds(changed)


def test_a_resume_tells_the_version_with_which_a_node_goes_on_that_was_under_way():
    """What it began with is in the journal already; of nodes that begin later nothing is looked at yet."""

    def mended(state):
        return {"mended": True}

    def broken(state):
        raise ValueError("no")

    run = chain(nothing, broken, nothing).start({})
    with pytest.raises(NodeFailed):
        run.resume()
    graph = chain(nothing, mended, mended)
    changed = Run.load(run.run_id, graph)
    changed.resume()
    resumed = next(event for event in changed.events() if isinstance(event, facts.RunResumed))

    assert resumed.definitions == {"b": graph.definition_of("b").version}
    assert "def mended" in changed.store.definition(resumed.definitions["b"]).source
    assert [e.version for e in changed.events() if isinstance(e, facts.NodeStarted)][
        -1
    ] == resumed.definitions["b"]


def test_the_state_of_a_fork_shows_all_branches():
    """run.state merges live branches for looking."""
    graph = Graph("two").node("b", lambda s: {"b": 1}).node("c", lambda s: {"c": 1}).node("d", nothing)
    run = graph.parse("START -> [b, c] -> d").start({})
    run.next()
    run.next()

    assert run.state == {"b": 1, "c": 1}


def test_canonical_journals_do_not_depend_on_timing():
    """Two runs whose branches end in different order are equal byte for byte."""

    def fan(order):
        turns = {name: asyncio.Event() for name in "bcd"}

        def body(name):
            async def run(state):
                at = order.index(name)
                if at:
                    await turns[order[at - 1]].wait()
                turns[name].set()
                return {"log": [name]}

            return run

        graph = Graph("fan", reducers={"log": "append"}).node("e", nothing)
        for name in "bcd":
            graph.node(name, body(name))
        return graph.parse("START -> [b, c, d] -> e")

    async def both():
        runs = [fan(order).start({}) for order in ("bcd", "dcb")]
        for run in runs:
            await run.drive()
        return runs

    one, other = asyncio.run(both())

    assert one.events()[2:] != other.events()[2:]
    drop = b'"version":"'
    assert [line.split(drop)[0] for line in one.canonical().split(b"\n")[1:]] == [
        line.split(drop)[0] for line in other.canonical().split(b"\n")[1:]
    ]
