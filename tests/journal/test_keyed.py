"""Runs that are found again by the key under which they began."""

from __future__ import annotations

import pytest

from genxai_nb.journal.events import RunFinished, RunStarted
from genxai_nb.journal.memory import MemoryStore
from genxai_nb.journal.sqlite import SqliteStore


@pytest.fixture(params=["memory", "sqlite"])
def store(request, tmp_path):
    """Both stores keep the same promises."""
    made = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "runs.db")
    yield made
    made.close()


def begin(store, key=None):
    started = RunStarted(at=0, run="", graph="g", structure="", input={}, definitions={}, key=key)
    return store.begin(started)


def test_the_newest_run_of_a_key_is_found(store):
    """Of several the last one; other keys and runs without one are left out."""
    begin(store, "a")
    begin(store)
    second, other = begin(store, "a"), begin(store, "b")

    assert store.keyed({"a", "b", "c"}) == {"a": second, "b": other}
    assert store.keyed(["b"]) == {"b": other}
    assert store.keyed([]) == {}


def test_a_fork_is_not_the_run_of_its_key(store):
    """Nor does going back change which run is."""
    run = begin(store, "a")
    store.append(run, [RunFinished(at=1)])
    store.fork(run, 1)
    store.branch(run, 1, "back")

    assert store.keyed({"a"}) == {"a": run}
    assert next(iter(store.read(run))).key == "a"
