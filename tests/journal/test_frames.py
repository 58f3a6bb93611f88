"""The journal as DataFrames."""

from __future__ import annotations

import pandas as pd
import pytest

from genxai_nb.journal.events import (
    CallDiverged,
    CallFailed,
    CallFinished,
    CallRetried,
    CallStarted,
    InstanceFinished,
    NodeFailed,
    NodeFinished,
    NodeStarted,
    RunFinished,
    RunPaused,
    RunRebased,
    RunResumed,
    RunStarted,
    StateSet,
)
from genxai_nb.journal.frames import run_log, timeline
from genxai_nb.journal.memory import MemoryStore
from genxai_nb.journal.sqlite import SqliteStore
from genxai_nb.messages import ModelReply, ModelRequest, ToolCall, Usage, assistant, user

COLUMNS = ["step", "node", "visit", "index", "kind", "name", "status"]
COLUMNS += ["started", "seconds", "tokens", "cost", "attempts", "text", "path"]


def started() -> RunStarted:
    return RunStarted(at=100, run="r1", graph="g", structure="", input={}, definitions={})


def asked(at: float, slot: str, kind: str = "model", name: str = "offline", **place) -> CallStarted:
    request = ModelRequest(model="offline", messages=(user("Hello?"),)) if kind == "model" else {"a": 1}
    given = {"node": "a", "visit": 1, "ordinal": 0} | place
    return CallStarted(at=at, slot=slot, kind=kind, name=name, request=request, **given)


def answered(at: float, slot: str, reply=None, **more) -> CallFinished:
    given = {"seconds": 0.5} | more
    return CallFinished(
        at=at, slot=slot, reply=reply or ModelReply(message=assistant("Hi."), usage=Usage(3, 4)), **given
    )


def cells(frame: pd.DataFrame, *columns: str) -> list[tuple]:
    """The rows of some columns, with None for what is missing."""
    rows = frame[list(columns)].astype(object)
    return [tuple(row) for row in rows.where(rows.notna(), None).itertuples(index=False)]


def test_visits_and_calls():
    """A visit has a row, followed by those of its calls, with times counted from the run's start."""
    frame = timeline(
        [
            started(),
            NodeStarted(at=101, node="a", visit=1, parents=()),
            NodeStarted(at=101, node="b", visit=1, parents=()),
            asked(101.5, "s1"),
            answered(
                102,
                "s1",
                ModelReply(message=assistant("", ToolCall("1", "add", {"a": 1})), usage=Usage(1, 2)),
            ),
            asked(102, "s2", "tool", "add"),
            answered(103, "s2", {"sum": 3}, attempts=2),
            NodeFinished(at=103, node="b", visit=1, update={}, edges=(), seconds=2),
            asked(103, "s3"),
            answered(104, "s3"),
            NodeFinished(
                at=104, node="a", visit=1, update={"draft": "x", "@history/a": [1]}, edges=(), seconds=3
            ),
            RunFinished(at=105),
        ]
    )
    assert list(frame.columns) == COLUMNS
    assert cells(
        frame, "step", "node", "kind", "name", "status", "started", "seconds", "tokens", "attempts", "text"
    ) == [
        (2, "a", "visit", "", "done", 1.0, 3.0, 10, 1, "draft: x"),
        (2, "a", "model", "offline", "done", 1.5, 0.5, 3, 1, "add(a=1)"),
        (2, "a", "tool", "add", "done", 2.0, 0.5, None, 2, "sum=3"),
        (2, "a", "model", "offline", "done", 3.0, 0.5, 7, 1, "Hi."),
        (1, "b", "visit", "", "done", 1.0, 2.0, None, 1, ""),
    ]


def test_maps():
    """An instance has a row in order of its index, followed by its calls; the visit counts them."""
    frame = timeline(
        [
            started(),
            NodeStarted(at=100, node="a", visit=1, parents=()),
            asked(100, "s1", index=1),
            asked(100, "s0", index=0),
            answered(101, "s1"),
            InstanceFinished(at=101, node="a", visit=1, index=1, update={"y": 2}, seconds=1),
            answered(102, "s0"),
            InstanceFinished(at=102, node="a", visit=1, index=0, update={"y": 1}, seconds=2),
            NodeFinished(at=102, node="a", visit=1, update={}, edges=(), seconds=2),
            RunFinished(at=103),
        ]
    )
    assert cells(frame, "step", "index", "kind", "started", "tokens", "text") == [
        (1, None, "visit", 0.0, 14, "2 instances"),
        (1, 0, "instance", 0.0, 7, "y: 1"),
        (1, 0, "model", 0.0, 7, "Hi."),
        (1, 1, "instance", 0.0, 7, "y: 2"),
        (1, 1, "model", 0.0, 7, "Hi."),
    ]


def test_failures():
    """A failure shows its error; a retried visit is one row with its attempts."""
    frame = timeline(
        [
            started(),
            NodeStarted(at=100, node="a", visit=1, parents=()),
            asked(100, "s1"),
            CallRetried(at=101, slot="s1", error="busy", attempt=1, wait=1.0),
            CallFailed(at=102, slot="s1", error="no luck", code="x", seconds=2, attempts=2),
            NodeFailed(at=102, node="a", visit=1, error="no luck", code="x", retried=True, seconds=2),
            NodeStarted(at=102, node="b", visit=1, parents=()),
            NodeFailed(at=103, node="b", visit=1, index=4, error="four is bad", code="x", seconds=1),
        ]
    )
    assert cells(frame, "node", "index", "kind", "status", "attempts", "text") == [
        ("a", None, "visit", "running", 2, "no luck"),
        ("a", None, "model", "failed", 2, "no luck"),
        ("b", None, "visit", "failed", 1, "four is bad"),
        ("b", 4, "instance", "failed", 1, "four is bad"),
    ]


def test_failed_visit_that_is_taken_up_again():
    """A visit that failed is running again once the run is resumed."""
    events = [
        started(),
        NodeStarted(at=100, node="a", visit=1, parents=()),
        NodeFailed(at=103, node="a", visit=1, index=4, error="four is bad", code="x", seconds=1),
    ]
    assert cells(timeline(events), "status", "seconds") == [("failed", None), ("failed", 1.0)]
    resumed = timeline([*events, RunResumed(at=200, definitions={})])
    assert cells(resumed, "status", "seconds") == [("running", None)] * 2


def test_unfinished():
    """What has not ended has no step and no duration, and is paused when the run stands."""
    events = [started(), NodeStarted(at=100, node="a", visit=1, parents=()), asked(100, "s1")]
    columns = ("step", "status", "seconds")
    assert cells(timeline(events), *columns) == [(None, "running", None)] * 2
    assert (
        cells(timeline([*events, RunPaused(at=101, reason="asked")]), *columns)
        == [(None, "paused", None)] * 2
    )
    stepped = [*events, RunPaused(at=101, reason="step"), NodeStarted(at=102, node="b", visit=1, parents=())]
    assert cells(timeline(stepped), "status") == [("running",)] * 3


def test_call_that_is_made_again_after_a_crash():
    """A call that was under way at a crash is one row; one that a new attempt makes again is another."""
    frame = timeline(
        [
            started(),
            NodeStarted(at=100, node="a", visit=1, parents=()),
            asked(100, "s1"),
            RunResumed(at=200, definitions={}),
            asked(200, "s1"),
            answered(201, "s1"),
            asked(202, "s1"),
        ]
    )
    assert cells(frame, "kind", "status", "started") == [
        ("visit", "running", 0.0),
        ("model", "done", 0.0),
        ("model", "running", 102.0),
    ]


def test_effects_that_diverged():
    """An effect that a body made in place of a recorded one is marked, and so is the recorded one."""
    frame = timeline(
        [
            started(),
            NodeStarted(at=100, node="a", visit=1, parents=()),
            asked(100, "s1", "tool", "mail", effect=True),
            answered(101, "s1", "sent"),
            asked(101, "s2", "tool", "look"),
            answered(102, "s2", "seen"),
            RunResumed(at=200, definitions={}),
            CallDiverged(at=200, slot="s3", recorded="s1"),
            asked(200, "s3", "tool", "mail", effect=True),
            answered(201, "s3", "sent again"),
        ]
    )
    assert cells(frame, "name", "status", "text") == [
        ("", "running", ""),
        ("mail", "diverged", "sent"),
        ("look", "done", "seen"),
        ("mail", "diverged", "sent again"),
    ]


def test_changes_by_hand():
    """Values that were set have a row where they were set; calls tell what a person had to do with them."""
    frame = timeline(
        [
            started(),
            StateSet(at=100, values={"topic": "y"}),
            NodeStarted(at=101, node="a", visit=1, parents=()),
            asked(101, "s1", edited=True),
            asked(101, "s2"),
            asked(101, "s3", edited=True),
            asked(101, "s4"),
            answered(102, "s1"),
            answered(102, "s2", by_hand=True),
            answered(102, "s3", by_hand=True),
            answered(102, "s4", reused=True),
            asked(103, "s5", edited=True),
            CallFailed(at=103, slot="s5", error="no", code="x"),
            asked(103, "s6", edited=True),
            NodeFinished(at=104, node="a", visit=1, update={}, edges=()),
            StateSet(at=105, values={"score": 0.5, "@history/a": []}),
            NodeStarted(at=106, node="b", visit=1, parents=()),
        ]
    )
    assert cells(frame, "step", "node", "kind", "status", "started") == [
        (0, "", "set", "done", 0.0),
        (1, "a", "visit", "done", 1.0),
        (1, "a", "model", "edited", 1.0),
        (1, "a", "model", "by hand", 1.0),
        (1, "a", "model", "by hand", 1.0),
        (1, "a", "model", "reused", 1.0),
        (1, "a", "model", "failed", 3.0),
        (1, "a", "model", "running", 3.0),
        (1, "", "set", "done", 5.0),
        (None, "b", "visit", "running", 6.0),
    ]
    assert list(frame["text"][frame["kind"] == "set"]) == ["topic: y", "score: 0.5"]


def test_subgraphs():
    """Visits inside a subgraph have rows of their own, with the visits above them as their path."""
    inner = {"node": "a", "visit": 1, "path": "part#1"}
    frame = timeline(
        [
            started(),
            NodeStarted(at=100, node="part", visit=1, parents=()),
            NodeStarted(at=100, parents=(), **inner),
            asked(100, "s1", **inner),
            answered(101, "s1"),
            NodeFinished(at=101, update={}, edges=(), **inner),
            NodeFinished(at=101, node="part", visit=1, update={}, edges=()),
            NodeStarted(at=102, node="a", visit=1, parents=()),
        ]
    )
    assert cells(frame, "step", "path", "node", "kind", "tokens") == [
        (2, "", "part", "visit", None),
        (1, "part#1", "a", "visit", 7),
        (1, "part#1", "a", "model", 7),
        (None, "", "a", "visit", None),
    ]


def test_changed_graph():
    """A rebase has a row; what was under way outside the nodes it goes on from was left, unless it starts again."""
    events = [
        started(),
        NodeStarted(at=100, node="first", visit=1, parents=()),
        NodeFinished(at=100, node="first", visit=1, update={}, edges=()),
        NodeStarted(at=100, node="old", visit=1, parents=()),
        NodeStarted(at=100, node="kept/1", visit=1, parents=(), path="old#1"),
        asked(100, "s1", node="kept/1", path="old#1"),
        NodeStarted(at=100, node="kept/1", visit=1, parents=()),
        NodeStarted(at=100, node="old", visit=1, parents=(), path="kept%2F1#1"),
        RunPaused(at=101, reason="asked"),
        RunRebased(at=102, structure="", state={}, nodes=("kept/1",), visits={}, definitions={}),
        RunResumed(at=103, definitions={}),
    ]
    assert cells(timeline(events), "path", "node", "kind", "status", "text") == [
        ("", "first", "visit", "done", ""),
        ("", "old", "visit", "left", ""),
        ("old#1", "kept/1", "visit", "left", ""),
        ("old#1", "kept/1", "model", "left", ""),
        ("", "kept/1", "visit", "running", ""),
        ("kept%2F1#1", "old", "visit", "running", ""),
        ("", "", "rebase", "done", "goes on from kept/1"),
    ]
    again = NodeStarted(at=104, node="old", visit=1, parents=())
    assert cells(timeline([*events, again]), "status")[1] == ("running",)


def test_text_is_short():
    """Whatever was written is told on one short line."""
    values = [
        "x" * 10_000,
        "a\nb",
        list(range(10_000)),
        {1: "y"},
        pd.DataFrame({"a": [1, 2]}),
        None,
        0.5,
        {2, 3},
        [1, [2]],
    ]
    events = [started()]
    for visit, value in enumerate(values):
        events.append(NodeStarted(at=100, node="a", visit=visit, parents=()))
        events.append(NodeFinished(at=100, node="a", visit=visit, update={"v": value}, edges=()))
    texts = list(timeline(events)["text"])
    assert texts == [
        f"v: {'x' * 114}...",
        "v: a b",
        "v: list of 10000",
        "v: 1=y",
        "v: DataFrame of 2 x 1",
        "v: None",
        "v: 0.5",
        "v: set of 2",
        "v: [1, [2]]",
    ]


def test_empty_timeline():
    """A run without visits is a table without rows, with the same columns and dtypes."""
    empty = timeline([started()])
    assert list(empty.columns) == COLUMNS
    full = timeline([started(), NodeStarted(at=100, node="a", visit=1, parents=())])
    assert list(empty.dtypes) == list(full.dtypes)


def test_run_log(tmp_path):
    """All runs are listed, newest first, by either store, and an empty store has the same columns."""
    file = SqliteStore(tmp_path / "journal.db")
    empty = run_log(file)
    for store in (file, MemoryStore()):
        first = store.begin(started())
        store.begin(
            RunStarted(at=200, run="", graph="h", structure="", input={}, definitions={}, parent="r1")
        )
        node = NodeFinished(at=101, node="a", visit=1, update={}, edges=())
        store.append(first, [node, RunFinished(at=103)])
        log = run_log(store)
        assert cells(log, "run_id", "graph", "status", "steps", "seconds", "parent") == [
            ("r2", "h", "paused", 0, None, "r1"),
            ("r1", "g", "done", 1, 3.0, ""),
        ]
        assert log["started"][1] == pd.Timestamp(100, unit="s", tz="UTC")
        assert list(log.columns) == list(empty.columns)
        assert list(log.dtypes) == list(empty.dtypes)
    file.close()


def test_run_log_tells_what_each_run_cost(tmp_path):
    """Costs are summed over a run's own history by either store; one with an unknown price is missing."""
    file = SqliteStore(tmp_path / "journal.db")
    for store in (file, MemoryStore()):
        for costs in ((0.002, 0.003), (0.002, None), ()):
            head = store.begin(started())
            for number, cost in enumerate(costs):
                store.append(head, [asked(101, f"s{number}"), answered(102, f"s{number}", cost=cost)])
            store.append(head, [asked(103, "t", kind="tool"), answered(104, "t", reply={"sum": 3})])
        assert run_log(store)["cost"].fillna(-1).tolist() == [0.0, -1, pytest.approx(0.005)]
    file.close()
