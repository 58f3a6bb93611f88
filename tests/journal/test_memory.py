"""The journal that lives as long as its process."""

from __future__ import annotations

import pytest

from genxai_nb.errors import RunBusy, RunNotFound
from genxai_nb.journal.events import NodeFinished, RunFinished, RunStarted
from genxai_nb.journal.memory import MemoryStore
from genxai_nb.journal.store import Definition


def started(at: float = 0.0) -> RunStarted:
    return RunStarted(at=at, run="", graph="g", structure="s", input={}, definitions={})


def test_ids_count_up():
    """Runs are named r1, r2 and so on, in the order of their beginning."""
    store = MemoryStore()
    assert [store.begin(started()), store.begin(started())] == ["r1", "r2"]
    assert next(store.read("r2")).run == "r2"


def test_objects_come_back_as_they_are():
    """Reading gives the very objects that were appended."""
    store, value = MemoryStore(), object()
    run = store.begin(started())
    event = NodeFinished(at=1, node="a", visit=1, update={"x": value}, edges=())
    store.append(run, [event])
    assert list(store.read(run))[1] is event


def test_reading_is_not_disturbed_by_appending():
    """A reader sees the events up to the moment it began."""
    store = MemoryStore()
    run = store.begin(started())
    reader = store.read(run)
    store.append(run, [RunFinished(at=1)])
    assert len(list(reader)) == 1


def test_unknown_run():
    """A run that is not there is named, with the nearest one, for reading and appending alike."""
    store = MemoryStore()
    store.begin(started())
    with pytest.raises(RunNotFound, match=r"'r11'.*Did you mean 'r1'"):
        store.read("r11")
    with pytest.raises(RunNotFound, match="'r11'"):
        store.append("r11", [RunFinished(at=1)])


def test_rows_newest_first():
    """The list of runs tells status, steps and times of each, newest first."""
    store = MemoryStore()
    first, _ = store.begin(started(1)), store.begin(started(2))
    node = NodeFinished(at=3, node="a", visit=1, update={}, edges=())
    store.append(first, [node, RunFinished(at=4)])
    assert [(r.run, r.status, r.steps, r.started, r.ended) for r in store.runs()] == [
        ("r2", "paused", 0, 2, None),
        ("r1", "done", 1, 1, 4),
    ]


def test_status_of_an_unfinished_run():
    """A run that has not ended is running while somebody drives it, and else paused."""
    store = MemoryStore()
    run = store.begin(started())
    with store.lease(run):
        assert [row.status for row in store.runs()] == ["running"]
    assert [row.status for row in store.runs()] == ["paused"]


def test_second_holder_is_refused():
    """A run can be driven by one holder at a time, and again after it let go."""
    store = MemoryStore()
    run = store.begin(started())
    with store.lease(run), pytest.raises(RunBusy, match="r1"), store.lease(run):
        raise AssertionError("two holders")
    with store.lease(run):
        pass


def test_definitions_are_kept_once():
    """A definition stays as it was first kept."""
    store = MemoryStore()
    store.begin(started(), [Definition(hash="h", kind="agent", name="a", spec="one")])
    store.keep([Definition(hash="h", kind="agent", name="a", spec="two")])
    assert store.definition("h").spec == "one"
    assert store.definition("other") is None
