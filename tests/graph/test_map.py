"""A graph run for each row of a DataFrame: what comes back, what fails, what is run again."""

from __future__ import annotations

import asyncio
import os
import signal
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from pydantic import BaseModel

from genxai_nb import Graph, human
from genxai_nb.errors import DefinitionError, GraphInvalid, StateInvalid, UnknownName
from genxai_nb.graph.definition import START


def loud(seen=None, then=None):
    """A graph that writes a topic in capitals, and notes which it was asked for."""

    async def shout(state):
        if seen is not None:
            seen.append(state["topic"])
        if then is not None:
            await then(state["topic"])
        if state["topic"] == "bad":
            raise ValueError("no such topic")
        return {"draft": state["topic"].upper()}

    return Graph("loud").node("shout", shout).edge(START, "shout")


def test_each_row_gets_what_its_run_came_to(tmp_path):
    """The frame comes back with four more columns, in its own order and with its own index."""
    frame = pd.DataFrame({"topic": ["a", "b"], "note": [1, 2]}, index=["x", "x"])
    done = loud().map(frame, column="topic", store=str(tmp_path / "runs.db"))

    assert list(frame.columns) == ["topic", "note"]
    assert list(done.columns) == ["topic", "note", "result", "status", "cost", "run_id"]
    assert list(done.index) == ["x", "x"]
    assert list(done.result) == [{"topic": "a", "draft": "A"}, {"topic": "b", "draft": "B"}]
    assert (list(done.status), list(done.cost), list(done.run_id)) == (["done"] * 2, [0.0, 0.0], ["r1", "r2"])


def test_one_key_of_the_state_may_be_taken():
    """So the column holds what the graph is for."""
    done = loud().map(
        pd.DataFrame({"topic": ["a", "b"]}), "topic", take="draft", store=":memory:", again=True
    )

    assert list(done.result) == ["A", "B"]


def test_a_failure_stays_in_its_row():
    """It says why, and the others are run."""
    done = loud().map(pd.DataFrame({"topic": ["a", "bad", "c"]}), "topic", take="draft", store=":memory:")

    assert list(done.status) == ["done", "failed", "done"]
    assert list(done.result) == ["A", "Node 'shout' failed: ValueError: no such topic", "C"]
    assert done.run_id.notna().all()


def test_a_row_that_does_not_fit_or_cannot_be_kept_fails_by_itself():
    """No run is made for it."""

    class Topic(BaseModel):
        topic: int

    graph = Graph("typed", state=Topic).node("a", lambda s: {"topic": s.topic + 1}).edge(START, "a")
    done = graph.map(pd.DataFrame({"topic": [1, "many", object()]}), "topic", store=":memory:")

    assert list(done.status) == ["done", "failed", "failed"]
    assert done.result[0].topic == 2
    assert "got 'many'" in done.result[1]
    assert list(done.run_id.isna()) == [False, True, True]


def test_an_empty_frame_comes_back_with_the_columns():
    """Nothing is run."""
    done = loud().map(pd.DataFrame({"topic": []}), "topic", store=":memory:")

    assert done.empty
    assert list(done.columns) == ["topic", "result", "status", "cost", "run_id"]


def test_missing_cells_are_left_out():
    """A row with none of its cells is not run; a schema's default counts where one is missing."""

    class Topic(BaseModel):
        topic: str = "anything"
        size: float = 2.5

    graph = Graph("sized", state=Topic).node("a", lambda s: {"topic": f"{s.topic} {s.size}"}).edge(START, "a")
    frame = pd.DataFrame({"topic": ["a", None, pd.NA], "size": [1.0, np.nan, 4.0], "other": [1, 2, 3]})
    done = graph.map(frame, take="topic", store=":memory:")

    assert list(done.status) == ["done", "empty", "done"]
    assert list(done.result) == ["a 1.0", None, "anything 4.0"]
    assert list(done.run_id.isna()) == [False, True, False]


def test_cells_reach_the_state_as_plain_python():
    """Numbers, times and text without what only numpy and pandas know."""
    seen = []
    graph = Graph("kinds").node("a", lambda s: seen.append(dict(s)) or {}).edge(START, "a")
    frame = pd.DataFrame({"n": np.array([1], dtype="int8"), "at": pd.to_datetime(["2026-01-02"], utc=True)})
    frame["wait"] = pd.to_timedelta(["1h"])
    frame["kind"] = pd.Categorical(["big"])
    graph.map(frame, ["n", "at", "kind"], store=":memory:", again=True)

    assert seen == [{"n": 1, "at": datetime(2026, 1, 2, tzinfo=UTC), "kind": "big"}]
    assert [type(value) for value in seen[0].values()] == [int, datetime, str]


def test_a_column_may_go_under_another_key():
    """Keys of the state by column."""
    done = loud().map(pd.DataFrame({"Subject": ["a"]}), {"Subject": "topic"}, take="draft", store=":memory:")

    assert list(done.result) == ["A"]


@pytest.mark.parametrize(
    ("frame", "column", "error", "said"),
    [
        (
            pd.DataFrame({"topic": ["a"]}),
            "topics",
            UnknownName,
            "Unknown column 'topics'. Did you mean 'topic'",
        ),
        (pd.DataFrame([["a", "b"]], columns=["topic", "topic"]), "topic", StateInvalid, "2 columns 'topic'"),
        (["a"], "topic", StateInvalid, "map takes a DataFrame, and was given a list"),
        (pd.Series(["a"]), "topic", StateInvalid, "a Series has to_frame"),
        (pd.DataFrame(), None, StateInvalid, "none of the state's keys"),
    ],
)
def test_what_cannot_be_mapped_is_refused_before_anything_runs(frame, column, error, said):
    """The error names what there is."""
    seen = []
    with pytest.raises(error, match=said):
        loud(seen).map(frame, column, store=":memory:")
    assert seen == []


def test_options_that_cannot_be_followed_are_refused():
    """A limit of nothing, a field that the schema has not, a graph that cannot run."""

    class Topic(BaseModel):
        topic: str

    frame = pd.DataFrame({"topic": ["a"], "other": [1]})
    typed = Graph("typed", state=Topic).node("a", lambda s: {}).edge(START, "a")
    with pytest.raises(StateInvalid, match="limit is 0"):
        loud().map(frame, "topic", limit=0, store=":memory:")
    with pytest.raises(DefinitionError, match="limit is 'many'"):
        loud().map(frame, "topic", limit="many", store=":memory:")
    with pytest.raises(UnknownName, match="field 'other'"):
        typed.map(frame, "other", store=":memory:")
    with pytest.raises(GraphInvalid):
        Graph("empty").map(frame, "topic", store=":memory:")


def test_no_more_than_the_limit_run_at_a_time():
    """And as many as that do."""
    now, most = 0, []

    async def count(topic):
        nonlocal now
        now += 1
        most.append(now)
        for _ in range(5):
            await asyncio.sleep(0)
        now -= 1

    frame = pd.DataFrame({"topic": [f"t{n}" for n in range(20)]})
    loud(then=count).map(frame, "topic", limit=3, sample=0, store=":memory:", again=True)

    assert max(most) == 3


def test_equal_rows_are_run_each(tmp_path):
    """Two rows of one input have a run each, and are both known again."""
    seen, store = [], str(tmp_path / "runs.db")
    frame = pd.DataFrame({"topic": ["a", "a", "b"]})
    first = loud(seen).map(frame, "topic", store=store)
    again = loud(seen).map(frame, "topic", store=store)

    assert sorted(seen) == ["a", "a", "b"]
    assert first.run_id.is_unique
    pd.testing.assert_frame_equal(first, again)


def test_rows_that_are_done_are_not_run_again(tmp_path):
    """Unless that is asked for, or the definition, the model or the answers are others now; new rows are run."""
    seen, store = [], str(tmp_path / "runs.db")
    graph, frame = loud(seen), pd.DataFrame({"topic": ["a", "b"]})
    graph.map(frame, "topic", store=store)
    longer = graph.map(pd.DataFrame({"topic": ["c", "b", "a"]}), "topic", store=store)
    assert seen == ["a", "b", "c"]
    assert list(longer.run_id) == ["r3", "r2", "r1"]

    graph.map(frame, "topic", store=store, again=True)
    graph.map(frame, "topic", store=store, model="offline")
    assert seen == ["a", "b", "c", "a", "b", "a", "b"]
    del seen[:]
    graph.bind("shout", lambda state: seen.append(state["topic"]) or {"draft": "new"})
    assert list(graph.map(frame, "topic", store=store, take="draft").result) == ["new", "new"]
    assert seen == ["a", "b"]


def test_what_failed_is_tried_again(tmp_path):
    """Its run goes on where it failed."""
    store, tries = str(tmp_path / "runs.db"), []

    async def first(state):
        tries.append("first")
        return {}

    async def second(state):
        tries.append("second")
        if tries.count("second") == 1:
            raise ValueError("not yet")
        return {"ok": True}

    graph = Graph("twice").node("one", first).node("two", second).parse("START -> one -> two")
    frame = pd.DataFrame({"topic": ["a"]})
    failed = graph.map(frame, "topic", store=store)
    done = graph.map(frame, "topic", store=store)

    assert (list(failed.status), list(done.status)) == (["failed"], ["done"])
    assert list(failed.run_id) == list(done.run_id)
    assert tries == ["first", "second", "second"]


def test_after_an_interrupt_it_goes_on_where_it_stopped(tmp_path):
    """Ctrl+C ends it at once; the same call runs what is not done, in the runs that were begun."""
    seen, store, interrupting = [], str(tmp_path / "runs.db"), [True]

    async def interrupt(topic):
        if topic == "c" and interrupting:
            interrupting.clear()
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.Event().wait()

    graph, frame = loud(seen, interrupt), pd.DataFrame({"topic": ["a", "b", "c", "d"]})
    with pytest.raises(KeyboardInterrupt):
        graph.map(frame, "topic", limit=1, store=store)
    assert seen == ["a", "b", "c"]
    done = graph.map(frame, "topic", limit=1, take="draft", store=store)

    assert seen == ["a", "b", "c", "c", "d"]
    assert list(done.result) == ["A", "B", "C", "D"]
    assert list(done.run_id) == ["r1", "r2", "r3", "r4"]


async def test_it_runs_on_the_loop_of_async_code():
    """With amap, which takes the same."""
    loops = []

    async def note(topic):
        loops.append(asyncio.get_running_loop())

    frame = pd.DataFrame({"topic": ["a"]})
    done = await loud(then=note).amap(frame, "topic", take="draft", store=":memory:", again=True)

    assert list(done.result) == ["A"]
    assert loops == [asyncio.get_running_loop()]


def test_a_question_to_a_person_is_answered_for_all_rows():
    """Or fails in each row, when nobody is there."""
    graph = (
        Graph("asks").node("ok", human("Publish?", choices=["yes", "no"]), into="verdict").edge(START, "ok")
    )
    frame = pd.DataFrame({"topic": ["a", "b"]})
    alone = graph.map(frame, "topic", store=":memory:")
    asked = graph.map(frame, "topic", take="verdict", answers={"ok": "yes"}, store=":memory:")

    assert list(alone.status) == ["failed", "failed"]
    assert list(asked.result) == ["yes", "yes"]


def test_results_of_an_earlier_map_are_replaced():
    """A frame that came back can be given again, and its result can be the next input."""
    frame = pd.DataFrame({"topic": ["a"]})
    once = loud().map(frame, "topic", take="draft", store=":memory:")
    twice = loud().map(once, {"result": "topic"}, take="topic", store=":memory:")

    assert list(twice.columns) == list(once.columns)
    assert list(twice.result) == ["A"]


def test_a_batch_of_inputs_comes_back_in_order():
    """Dicts or instances of the schema; what fails stays in its place."""

    class Topic(BaseModel):
        topic: str
        draft: str = ""

    async def shout(state):
        if state.topic == "bad":
            raise ValueError("no")
        return {"draft": state.topic.upper()}

    graph = Graph("typed", state=Topic).node("shout", shout).edge(START, "shout")
    rows = graph.batch([Topic(topic="b"), {"topic": "bad"}, {"topic": "a"}], store=":memory:")

    assert [row.status for row in rows] == ["done", "failed", "done"]
    assert [rows[0].result.draft, rows[2].result.draft] == ["B", "A"]
    assert rows[1].result == "Node 'shout' failed: ValueError: no"
    assert graph.batch([], store=":memory:") == []


def test_a_batch_elsewhere_is_not_known():
    """It says what is; an input that is none is refused at once."""
    with pytest.raises(StateInvalid, match="batch on 'dask' is not known. Write on=\"local\""):
        loud().batch([{"topic": "a"}], on="dask")
    with pytest.raises(StateInvalid, match="The input is 7"):
        loud().batch([7])
