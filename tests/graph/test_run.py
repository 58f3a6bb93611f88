"""Running graphs: doors, options of nodes, maps, people, what is recorded."""

from __future__ import annotations

import asyncio
import threading

import pytest
from graphs import chain, kinds, nothing

from genxai_nb import END, START, Graph, human
from genxai_nb.errors import (
    HumanAnswerMissing,
    NodeFailed,
)
from genxai_nb.journal import events as facts
from genxai_nb.loop import run_sync


def test_sync_and_async_functions_are_nodes():
    """A plain function runs in a worker thread, an async one on the loop; both return changes."""
    where = {}

    def plain(state):
        where["plain"] = threading.current_thread().name
        return {"n": state["n"] + 1}

    async def inline(state):
        where["inline"] = threading.current_thread().name
        return {"n": state["n"] * 10}

    result = chain(plain, inline).run({"n": 1})

    assert result.state == {"n": 20}
    assert where["plain"].startswith("genxai-worker")
    assert where["inline"] == "genxai-engine"


async def test_run_works_inside_a_running_loop():
    """The sync door may be used in an async cell."""
    assert chain(nothing).run({"n": 1}).status == "done"


async def test_arun_runs_on_the_callers_loop():
    """The async door stays on the loop of whoever awaits it."""
    seen = []

    async def node(state):
        seen.append(asyncio.get_running_loop())

    await chain(node).arun({})

    assert seen == [asyncio.get_running_loop()]


def test_a_graph_can_be_run_inside_a_node_of_another():
    """Neither a plain nor an async body deadlocks when it runs a graph through the sync door."""
    inner = chain(nothing)

    def plain(state):
        return {"plain": inner.run({}).status}

    async def inline(state):
        return {"inline": inner.run({}).status}

    assert chain(plain, inline).run({}).state == {"plain": "done", "inline": "done"}


def test_the_journal_tells_what_happened():
    """Each visit is started and finished, with its edges, what it read and what it wrote."""
    run = chain(lambda state: {"n": state["n"] + 1}, nothing).start({"n": 1, "other": 2})
    run.resume()
    finished = [event for event in run.events() if isinstance(event, facts.NodeFinished)]

    assert kinds(run) == [
        "RunStarted",
        "NodeStarted",
        "NodeFinished",
        "NodeStarted",
        "NodeFinished",
        "RunFinished",
    ]
    assert (finished[0].update, finished[0].edges, finished[0].reads) == ({"n": 2}, (1,), ("n",))


def test_a_watcher_sees_facts_in_the_order_of_the_journal():
    """Facts are published after they were recorded, in the same order."""
    run = chain(nothing, nothing).start({})
    seen = []
    run.subscribe(seen.append)
    run.resume()

    assert seen == run.events()[1:]


def test_into_takes_the_whole_value():
    """A function may return anything when the node says where it goes."""
    graph = Graph("count").node("a", lambda state: len(state["text"]), into="size").edge(START, "a")

    assert graph.run({"text": "four"}).state["size"] == 4


def test_reads_limits_what_a_function_sees():
    """Only the named keys are shown."""
    graph = Graph("narrow").node("a", lambda state: {"seen": sorted(state)}, reads=["x"]).edge(START, "a")

    assert graph.run({"x": 1, "y": 2}).state["seen"] == ["x"]


def test_a_map_runs_each_item_and_keeps_the_order():
    """Instances run side by side; context.item and the named key give the item."""

    async def work(state, context):
        return {"out": [(context.index, context.item, state["word"])]}

    graph = Graph("map", reducers={"out": "append"}).node("split", nothing).node("work", work)
    graph.edge(START, "split").edge("split", "work", each="words", item="word").edge("work", END)

    assert graph.run({"words": ["x", "y"]}).state["out"] == [(0, "x", "x"), (1, "y", "y")]


def test_append_takes_a_list_or_one_item():
    """A value that is no list is one item, so that texts can be collected."""
    graph = Graph("two", reducers={"notes": "append"}).node("b", lambda s: {"notes": "one"})
    graph.node("c", lambda s: {"notes": ["two", "three"]}).parse("START -> [b, c]")

    assert graph.run({"notes": []}).state["notes"] == ["one", "two", "three"]


def test_a_human_node_takes_its_answer_from_the_run():
    """Answers go by node name."""
    graph = (
        Graph("ask")
        .node("ok", human("Publish {{title}}?", choices=["yes", "no"]), into="verdict")
        .edge(START, "ok")
    )

    assert graph.run({"title": "x"}, answers={"ok": "yes"}).state["verdict"] == "yes"


def test_a_human_node_without_an_answer_names_node_and_option():
    """The run can be resumed with the answer."""
    graph = Graph("ask").node("ok", human("Publish?", choices=["yes", "no"])).edge(START, "ok")
    run = graph.start({})

    with pytest.raises(
        NodeFailed, match=r"Node 'ok' asks 'Publish\?', and nobody.*answers=\{'ok': \.\.\.\}"
    ) as caught:
        run.resume()
    assert isinstance(caught.value.__cause__, HumanAnswerMissing)
    assert run.resume(answers={"ok": "no"}).state["ok"] == "no"


def test_an_answer_that_is_no_choice_is_refused():
    """The choices are listed."""
    graph = Graph("ask").node("ok", human("Publish?", choices=["yes", "no"])).edge(START, "ok")

    with pytest.raises(NodeFailed, match="'maybe' for node 'ok' is none of its choices. Choices: yes, no"):
        graph.run({}, answers={"ok": "maybe"})


def test_context_offers_place_log_and_key():
    """A body that takes two arguments gets its context."""

    async def body(state, context):
        context.log("hello")
        return {
            "place": [context.run_id, context.node, context.visit, context.index],
            "key": context.idempotency_key,
        }

    run = chain(body).start({})
    logged = []
    run.subscribe(lambda event: logged.append(event) if isinstance(event, facts.Logged) else None)
    result = run.resume()

    assert result.state["place"] == [run.run_id, "a", 1, None]
    assert len(result.state["key"]) == 32
    assert [line.text for line in logged] == ["hello"]


def test_a_plain_body_logs_from_its_thread():
    """Hints from worker threads reach the watchers on the loop."""

    def body(state, context):
        context.log("from a thread")

    run = chain(body).start({})
    seen = []
    run.subscribe(lambda event: seen.append((type(event).__name__, threading.current_thread().name)))
    run.resume()
    run_sync(asyncio.sleep(0))

    assert ("Logged", "genxai-engine") in seen


def test_a_result_tells_what_happened():
    """The timeline of a result is that of its run."""
    graph = Graph("two").node("a", lambda state: {"n": 1}).node("b", lambda state: {"n": state["n"] + 1})
    result = graph.parse("START -> a -> b -> END").run({}, store=":memory:")
    assert result.timeline()[["step", "node"]].values.tolist() == [[1, "a"], [2, "b"]]
