"""Snapshots that were damaged, or written by somebody who means harm: they are passed over."""

from __future__ import annotations

import sqlite3
import warnings
from contextlib import closing
from zlib import crc32

import pytest
from dense import DenseStore, failed_at

from genxai_nb import Run
from genxai_nb.errors import StoreDamaged


@pytest.fixture
def store(tmp_path):
    made = DenseStore(tmp_path / "journal.db")
    yield made
    made.close()


STATE = '{"form":1,"structure":"%s","state":%s,"node":"a","parents":[["a",9]],"edge":1,"visits":{"a":10}}'
STATES = {
    "deep nesting": '{"a":' * 100_000 + "1" + "}" * 100_000,
    "nesting beyond what is kept": '{"a":' * 900 + "1" + "}" * 900,
    "an unknown tag": '{"n":{"$":"pickle","v":"Y29zCnN5c3RlbQ=="}}',
    "a type to import": '{"n":{"$":"model","v":["antigravity","x"]}}',
    "a state that is none": '{"$":"set","v":[1]}',
    "a value that is not there": '{"n":{"$":"blob","v":"00"}}',
    "a path in place of a hash": '{"n":{"$":"blob","v":"/etc/passwd"}}',
}
CHANGES = {
    "another form": ('"form":1', '"form":2'),
    "no form": ('"form":1,', ""),
    "no JSON": ('"form":1', '"form":'),
    "no number": ('"edge":1', '"edge":"os.system"'),
    "a node that is not there": ('"node":"a"', '"node":"os"'),
    "an edge that is not there": ('"edge":1', '"edge":77'),
    "an edge to elsewhere": ('"edge":1', '"edge":2'),
    "no visit": ('"visits":{"a"', '"visits":{"z"'),
}


def forge(store, at, make):
    """Put another body, with its right check sum, in place of a snapshot's."""
    place = (1 << 32) + at
    store.close()
    with closing(sqlite3.connect(store.url)) as connection:
        (body,) = connection.execute("SELECT body FROM snapshot WHERE place = ?", (place,)).fetchone()
    body = make(body)
    crc = crc32(body.encode(), crc32(b"%d" % place))
    store.change("UPDATE snapshot SET body = ?, crc = ? WHERE place = ?", body, crc, place)


@pytest.mark.parametrize("name", [*STATES, *CHANGES])
def test_a_forged_snapshot_is_passed_over(store, name):
    """With a right check sum, too: the one before it serves, and says so."""
    graph, run_id = failed_at(25, store)
    last = store.snapshots(run_id)[-1]
    if name in STATES:
        forge(store, last, lambda body: STATE % (graph.structure, STATES[name]))
    else:
        forge(store, last, lambda body: body.replace(*CHANGES[name]))

    with pytest.warns(UserWarning, match=f"The snapshot at event {last} of run '{run_id}' is passed over"):
        run = Run.load(run_id, graph, store.address)
    assert run.resume().state == {"n": 30, "log": list(range(30))}


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE snapshot SET crc = crc + 1",
        "UPDATE snapshot SET body = 'x' || body",
        "UPDATE snapshot SET body = x'ff00'",
        "UPDATE snapshot SET body = ''",
        "UPDATE snapshot SET crc = 'x'",
        "UPDATE snapshot SET place = place + 1000",
        "UPDATE snapshot SET place = -place",
        "DELETE FROM snapshot",
    ],
)
def test_without_a_sound_snapshot_all_events_are_folded(store, change):
    """However the rows were harmed."""
    graph, run_id = failed_at(25, store)
    store.change(change)

    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        run = Run.load(run_id, graph, store.address)
        assert run.state_at(20) == {"n": 20, "log": list(range(20))}
        assert run.resume().state == {"n": 30, "log": list(range(30))}


def test_a_snapshot_at_another_place_is_passed_over(store):
    """A row whose number has changed holds a state of another event."""
    graph, run_id = failed_at(25, store)
    last = store.snapshots(run_id)[-1]
    store.change("UPDATE snapshot SET place = place + 2 WHERE place = ?", (1 << 32) + last)

    with pytest.warns(UserWarning, match=f"The snapshot at event {last + 2}"):
        assert Run.load(run_id, graph, store.address).state["n"] == 25


def test_a_damaged_event_before_a_snapshot_does_not_stop_the_run(store):
    """It goes on; whoever asks for all events is given those before the damage, and told of it."""
    graph, run_id = failed_at(25, store)
    store.change("UPDATE event SET crc = crc + 1 WHERE place = ?", (1 << 32) + 10)

    run = Run.load(run_id, graph, store.address)
    with pytest.warns(UserWarning, match=r"Event 10 of run .* are shown up to 9"):
        assert len(run.events()) == 9
    assert (run.steps, run.state["n"]) == (25, 25)
    assert run.resume().state["n"] == 30
    assert [head.name for head in run.heads()] == ["r1.1"]
    assert run.state_at(3)["n"] == 3
    with pytest.raises(StoreDamaged, match="Event 10"):
        run.goto(2)


def test_damage_that_no_snapshot_is_behind_is_left_behind(store):
    """As without snapshots: the run stands before it when it is loaded."""
    graph, run_id = failed_at(25, store)
    store.change("UPDATE event SET crc = crc + 1 WHERE place = ?", (1 << 32) + 10)
    store.change("DELETE FROM snapshot WHERE place >= ?", (1 << 32) + 10)

    with pytest.warns(UserWarning, match="Event 10 of run 'r1'.*stands at event 9"):
        run = Run.load(run_id, graph, store.address)
    assert (run.status, run.reason, len(run.events())) == ("paused", "event 10 is damaged", 9)
    assert run.resume().state == {"n": 30, "log": list(range(30))}
    assert [head.upto for head in run.heads()] == [0, 9]
