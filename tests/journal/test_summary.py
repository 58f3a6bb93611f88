"""What a run came to."""

from __future__ import annotations

import pytest

from genxai_nb.journal.cost import Cost
from genxai_nb.journal.events import (
    CallDiverged,
    CallFailed,
    CallFinished,
    CallStarted,
    InstanceFinished,
    LoopLimitReached,
    NodeFailed,
    NodeFinished,
    NodeStarted,
    RunCancelled,
    RunFailed,
    RunFinished,
    RunPaused,
    RunRebased,
    RunResumed,
    RunStarted,
    StateSet,
)
from genxai_nb.journal.summary import NodeSummary, in_words, row_of, summarize
from genxai_nb.messages import ModelReply, ModelRequest, ToolCall, Usage, assistant, system, user


def started(at: float = 100.0) -> RunStarted:
    return RunStarted(
        at=at, run="r1", graph="review", structure="s", input={"topic": "x"}, definitions={}, model="offline"
    )


def begun(at: float, node: str = "a", visit: int = 1, **more) -> NodeStarted:
    return NodeStarted(at=at, node=node, visit=visit, parents=(), **more)


def ended(at: float, node: str = "a", visit: int = 1, update=None, edges=(0,), **more) -> NodeFinished:
    return NodeFinished(at=at, node=node, visit=visit, update=update or {}, edges=edges, seconds=1.5, **more)


def asked(at: float, slot: str, node: str = "a", **more) -> CallStarted:
    request = ModelRequest(model="offline", messages=(system("You are brief."), user("Hello?")))
    given = {"kind": "model", "name": "offline", "request": request, "visit": 1, "ordinal": 0} | more
    return CallStarted(at=at, slot=slot, node=node, **given)


def answered(at: float, slot: str, message=None, usage=Usage(3, 4)) -> CallFinished:  # noqa: B008 - it is frozen
    return CallFinished(at=at, slot=slot, reply=ModelReply(message=message or assistant("Hi."), usage=usage))


def test_whole_run():
    """A run's id, graph, input, steps, edges, tokens and time come from its events."""
    summary = summarize(
        [
            started(),
            begun(100),
            asked(100, "s1"),
            answered(101, "s1"),
            ended(102, update={"draft": "x", "@history/a": []}, edges=(1, 2)),
            begun(102, "b"),
            ended(103, "b", edges=(3,)),
            begun(103, visit=2),
            ended(104, visit=2, edges=(1,)),
            LoopLimitReached(at=104, node="b", visit=1, target="a", limit=1),
            RunFinished(at=105),
        ]
    )
    assert (summary.run, summary.graph, summary.status, summary.model) == ("r1", "review", "done", "offline")
    assert (summary.input, summary.steps, summary.usage) == ({"topic": "x"}, 3, Usage(3, 4))
    assert (summary.started, summary.ended, summary.seconds) == (100, 105, 5)
    assert summary.edges == {1: 2, 2: 1, 3: 1}
    assert [(limit.target, limit.limit) for limit in summary.limits] == [("a", 1)]
    assert list(summary.nodes) == ["a", "b"]
    assert summary.node("a") == NodeSummary(
        name="a",
        status="done",
        visits=2,
        seconds=3.0,
        usage=Usage(3, 4),
        cost=Cost(unpriced=1),
        model="offline",
        system="You are brief.",
        prompt="Hello?",
        reply="Hi.",
        model_calls=1,
    )
    assert summary.node("never").status == "idle"


def test_public_keys_of_the_last_update():
    """The keys that a node wrote last are listed, hidden ones are not."""
    summary = summarize([started(), begun(1), ended(2, update={"draft": "x", "@history/a": []})])
    assert summary.node("a").update == ("draft",)


@pytest.mark.parametrize(
    ("last", "status", "node"),
    [
        ([], "running", "running"),
        ([RunPaused(at=5, reason="asked")], "paused", "paused"),
        ([RunCancelled(at=5)], "cancelled", "paused"),
        ([RunFailed(at=5, error="no", code="x")], "failed", "paused"),
        ([RunPaused(at=5, reason="asked"), RunResumed(at=6, definitions={})], "running", "running"),
        ([RunPaused(at=5, reason="asked"), RunResumed(at=6, definitions={}), ended(7)], "running", "done"),
        ([RunPaused(at=5, reason="step"), ended(6)], "paused", "done"),
        ([RunPaused(at=5, reason="step"), asked(6, "s")], "running", "running"),
        (
            [
                RunPaused(at=5, reason="step"),
                asked(6, "s"),
                CallFinished(at=6, slot="s", reply=1, by_hand=True),
            ],
            "paused",
            "paused",
        ),
        ([RunPaused(at=5, reason="step"), ended(6), begun(7, visit=2)], "running", "running"),
    ],
)
def test_unfinished_visit(last, status, node):
    """A visit that has not finished is running with its run, and paused when that stands."""
    summary = summarize([started(), begun(101), *last])
    assert (summary.status, summary.node("a").status) == (status, node)
    assert (summary.ended is None) == (status == "running")


def test_time_between_a_stop_and_a_resume_does_not_count():
    """The time of a run is that during which it was driven, whether it stood or its process died."""
    standing = [
        started(100),
        begun(101),
        RunPaused(at=102, reason="asked"),
        RunResumed(at=500, definitions={}),
    ]
    stepping = [started(100), ended(102), RunPaused(at=102, reason="step"), begun(500, visit=2)]
    killed = [started(100), begun(102), RunResumed(at=500, definitions={})]
    for events in (standing, stepping, killed):
        assert summarize([*events, ended(503), RunFinished(at=504)]).seconds == 6


def test_failures():
    """A failed attempt shows its error and the attempt that follows; a visit that ends well clears it."""
    events = [
        started(),
        begun(101),
        NodeFailed(at=102, node="a", visit=1, error="no luck", code="x", retried=True, seconds=1.0),
    ]
    node = summarize(events).node("a")
    assert (node.status, node.error, node.attempt, node.seconds) == ("running", "no luck", 2, 1.0)
    last = NodeFailed(at=103, node="a", visit=1, error="still no luck", code="x", attempt=2)
    failed = summarize([*events, last, RunFailed(at=104, error="a failed", code="node_failed")])
    assert (failed.node("a").status, failed.node("a").attempt) == ("failed", 2)
    assert (failed.status, failed.error, failed.code) == ("failed", "a failed", "node_failed")
    resumed = summarize([*events, last, RunResumed(at=105, definitions={})])
    assert (resumed.status, resumed.node("a").status) == ("running", "running")
    mended = summarize([*events, last, RunResumed(at=105, definitions={}), ended(106), RunFinished(at=107)])
    assert (mended.node("a").status, mended.node("a").error, mended.error) == ("done", "", "")


def test_calls():
    """Tools are listed in order; a reply that calls tools is put into words; a failed call counts nothing."""
    summary = summarize(
        [
            started(),
            begun(100),
            asked(100, "s1"),
            answered(101, "s1", assistant("Let me see.", ToolCall("1", "add", {"a": 1, "b": "x"}))),
            asked(101, "s2", kind="tool", name="add", request={"a": 1}),
            CallFinished(at=102, slot="s2", reply=2),
            asked(102, "s3"),
            CallFailed(at=103, slot="s3", error="no", code="x"),
            CallFinished(at=103, slot="unknown", reply=2),
        ]
    )
    node = summary.node("a")
    assert (node.tools, node.model_calls, node.usage) == (("add",), 1, Usage(3, 4))
    assert node.reply == "Let me see.\nadd(a=1, b='x')"


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_the_last_item_is_told_of_whichever_is_faster(order):
    """Prompt and reply of a map are those of its last item, in whatever order its instances run."""
    told = {i: ModelRequest(model="offline", messages=(user(f"Item {i}?"),)) for i in order}
    calls = [asked(101, f"s{i}", index=i, request=told[i]) for i in order]
    replies = [answered(102, f"s{i}", assistant(f"Item {i}.")) for i in order]
    node = summarize([started(), begun(100), *calls, *replies, ended(103)]).node("a")

    assert (node.prompt, node.reply, node.model_calls) == ("Item 2?", "Item 2.", 3)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_tools_of_a_map_are_told_by_item(order):
    """Whichever item is faster; within an item, and from visit to visit, in the order of the calls."""
    said = {"kind": "tool", "request": {}}
    calls = [asked(101, f"first{i}", index=i, name=f"find{i}", **said) for i in order]
    calls += [asked(102, f"then{i}", index=i, name=f"count{i}", **said) for i in order]
    again = asked(104, "again", visit=2, name="add", **said)
    node = summarize([started(), begun(100), *calls, ended(103), again]).node("a")

    assert node.tools == ("find0", "count0", "find1", "count1", "find2", "count2", "add")


def test_map_and_subgraph():
    """Instances of the latest visit are counted; nodes of a subgraph have their path before their name."""
    instances = [InstanceFinished(at=101, node="a", visit=1, index=i, update={}) for i in range(3)]
    summary = summarize(
        [
            started(),
            begun(100),
            *instances,
            ended(102),
            begun(102, "x", path="part#1"),
            ended(103, "x", path="part#1", edges=(5,)),
        ]
    )
    assert summary.node("a").instances == 3
    assert summary.node("part#1/x").visits == 1
    assert summary.edges == {0: 1}


def test_changes_by_hand():
    """A node tells how many of its calls a person changed or answered, a run which keys a person wrote."""
    summary = summarize(
        [
            started(),
            StateSet(at=100, values={"topic": "y", "@history/a": []}),
            begun(100),
            asked(100, "s1", edited=True),
            answered(101, "s1"),
            asked(101, "s2", kind="tool", edited=True),
            CallFinished(at=102, slot="s2", reply=1, by_hand=True),
            asked(102, "s3", kind="tool"),
            CallFinished(at=103, slot="s3", reply=1, reused=True),
            StateSet(at=104, values={"score": 1, "topic": "z"}),
        ]
    )
    node = summary.node("a")
    assert (node.edited, node.by_hand, node.reused, node.model_calls) == (2, 1, 1, 1)
    assert summary.written == ("topic", "score")


def test_effects_that_diverged():
    """A node counts the effects that it made in place of recorded ones, each once, also if a crash cuts it off."""
    again = CallDiverged(at=103, slot="s2", recorded="s1")
    summary = summarize(
        [
            started(),
            begun(100),
            asked(101, "s1"),
            answered(102, "s1"),
            again,
            asked(103, "s2"),
            asked(104, "s2"),
            answered(105, "s2"),
        ]
    )
    assert summary.node("a").diverged == 1


def test_changed_graph():
    """Edges are counted by the numbers of the graph that a run goes on in, and a node it left does not run."""
    summary = summarize(
        [
            started(),
            begun(100),
            ended(101, edges=(1,)),
            begun(101, visit=2),
            begun(101, "b"),
            begun(101, "x", path="part#1"),
            begun(101, "c"),
            RunRebased(at=102, structure="", state={}, nodes=("c",), visits={}, definitions={}),
            RunResumed(at=103, definitions={}),
            ended(104, "c", edges=(2,)),
        ]
    )
    assert summary.edges == {2: 1}
    assert {key: node.status for key, node in summary.nodes.items()} == {
        "a": "done",
        "b": "idle",
        "part#1/x": "idle",
        "c": "done",
    }


def test_summary_of_nothing():
    """Without events there is an empty summary."""
    assert summarize([]).nodes == {}
    assert in_words(assistant("")) == ""


def test_row_of_a_history_that_was_taken_over():
    """Of what was taken over the steps count, and the run stands at its end until it goes on."""
    events = [started(), ended(101), RunFinished(at=102), begun(103), ended(104), RunFinished(at=105)]
    rows = [row_of(events[:length], 3) for length in (3, 4, 5, 6)]
    assert [(row.status, row.steps, row.ended) for row in rows] == [
        ("paused", 1, None),
        ("running", 1, None),
        ("running", 2, None),
        ("done", 2, 105),
    ]


def test_row_needs_a_beginning():
    """A run's row starts from its first event."""
    with pytest.raises(TypeError, match="RunFinished"):
        row_of([RunFinished(at=1)])
