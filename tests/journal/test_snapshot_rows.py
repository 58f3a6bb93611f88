"""When a store keeps the snapshot that is offered to it, and what that takes."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from dense import DenseStore

from genxai_nb.errors import NotStorable, RunNotFound, StoreDamaged
from genxai_nb.journal.codec import LARGE, decode_snapshot, encode_snapshot
from genxai_nb.journal.events import NodeFinished, RunStarted
from genxai_nb.journal.memory import MemoryStore
from genxai_nb.journal.snapshot import Snapshot
from genxai_nb.journal.store import Part


def snapshot(**state):
    return Snapshot(
        form=1,
        structure="s",
        state=state,
        node="a",
        parents=(("a", 1),),
        edge=0,
        visits={"a": 2},
        counts={0: 1},
    )


def finished(number, **update):
    return NodeFinished(at=number, node="a", visit=number, update=update, edges=())


def begun(store):
    return store.begin(RunStarted(at=0, run="", graph="g", structure="s", input={}, definitions={}))


def drive(store, run, count, state):
    """Append so many events, one by one, and offer a snapshot with each."""
    with store.lease(run):
        for number in range(count):
            part = Part(run, [finished(number, n=number)], (), lambda number=number: state(number))
            store.append_all((part,))


def sizes(store):
    """The bytes of events, of snapshots, and of large values."""
    with closing(sqlite3.connect(store.url)) as connection:
        return [
            connection.execute(f"SELECT total(length(body)) FROM {table}").fetchone()[0]
            for table in ("event", "snapshot", "blob")
        ]


@pytest.fixture
def store(tmp_path):
    made = DenseStore(tmp_path / "journal.db", between=10)
    yield made
    made.close()


def test_as_many_events_lie_between(store):
    """From the beginning, and from one snapshot to the next; taking the run up again changes nothing."""
    run = begun(store)
    drive(store, run, 24, lambda number: snapshot(n=number))
    drive(store, run, 24, lambda number: snapshot(n=number))

    assert store.snapshots(run) == [10, 20, 30, 40]
    outline = store.outline(run, "r1.1")
    assert outline is not None
    assert outline.snapshot(20) == snapshot(n=18)
    assert outline.telling[0] == (1, RunStarted)


def test_a_snapshot_waits_until_the_events_outweigh_it(store):
    """So a journal stays as long as its events, however large the state becomes."""
    run = begun(store)
    drive(store, run, 400, lambda number: snapshot(text="x" * 20 * number))
    events, taken, values = sizes(store)

    assert 2 < len(store.snapshots(run)) < 20
    assert taken + values < events


def test_a_large_value_is_referred_to(store):
    """It is where the event has put it, once."""
    text = "moss " * LARGE
    run = begun(store)
    store.append(run, [finished(0, text=text)])
    before = sizes(store)[2]
    drive(store, run, 60, lambda number: snapshot(n=number, text=text))

    assert len(store.snapshots(run)) > 3
    assert sizes(store)[2] == before
    outline = store.outline(run, "r1.1")
    assert outline is not None
    assert outline.snapshot(outline.snapshots[-1]).state["text"] == text


@pytest.mark.parametrize("state", [{"x": object()}, {"text": "\ud800"}, {"key": "sk-hidden-from-all"}])
def test_a_state_that_cannot_be_kept_has_no_snapshot(store, state, monkeypatch):
    """The events are kept all the same."""
    monkeypatch.setenv("SOME_API_KEY", "sk-hidden-from-all")
    run = begun(store)
    drive(store, run, 30, lambda number: snapshot(**state))

    assert store.snapshots(run) == []
    assert len(list(store.read(run))) == 31
    with pytest.raises(NotStorable):
        encode_snapshot(snapshot(**state), {})


def test_nobody_is_asked_for_a_snapshot_before_it_is_time(store):
    """Making one takes time. A store in memory never asks."""
    asked = []
    for one in (store, MemoryStore()):
        run = begun(one)
        drive(one, run, 9 if one is store else 99, lambda number: asked.append(number))
        assert one.outline(run, "r1.1") is None
    assert asked == [8]  # the tenth event


def test_another_head_goes_by_its_own_events(store):
    """Those of its parent that it shares are among its snapshots."""
    run = begun(store)
    drive(store, run, 35, lambda number: snapshot(n=number))
    assert store.branch(run, 24, "back") == "r1.2"
    drive(store, run, 11, lambda number: snapshot(n=100 + number))
    forked = store.fork(run, 21)

    assert store.snapshots(run) == [10, 20, 34]
    assert store.snapshots(forked) == [10, 20]
    outline = store.outline(run, "r1.2")
    assert outline is not None
    assert [outline.snapshot(at).state["n"] for at in outline.snapshots] == [8, 18, 109]
    with pytest.raises(RunNotFound):
        store.outline(run, "r1.7")


def test_what_failed_to_be_written_leaves_no_snapshot(store):
    """It is of the same transaction as its events."""
    run = begun(store)
    drive(store, run, 8, lambda number: None)
    with store.lease(run):
        parts = [Part(run, [finished(9, n=9)], (), lambda: snapshot(n=9)), Part("r9", [finished(1)])]
        with pytest.raises(RunNotFound):
            store.append_all(parts)

    assert len(list(store.read(run))) == 9
    assert store.snapshots(run) == []


def test_a_snapshot_is_read_back_as_it_was():
    """With all that JSON does not know."""
    blobs: dict[str, bytes] = {}
    made = snapshot(seen={3}, many=list(range(5000)), pair=(1, 2.5))
    body = encode_snapshot(made, blobs)

    assert decode_snapshot(body, blobs.__getitem__) == made
    with pytest.raises(StoreDamaged, match="does not fit its tag"):
        decode_snapshot(body, {}.__getitem__)
