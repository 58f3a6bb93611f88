"""Taking runs out of a journal: which are meant, and what becomes of the file."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Event

import pytest

from genxai_nb import Agent, Graph, Run, prune_runs, run_log
from genxai_nb.errors import InputError, RunNotFound
from genxai_nb.journal.events import RunStarted
from genxai_nb.journal.memory import MemoryStore
from genxai_nb.journal.sqlite import SqliteStore

LONG = "moss " * 4_000
SHARED = "fern " * 4_000


def growing() -> Graph:
    """A graph that writes a long text of its own and one that all its runs share."""
    graph = Graph("growing").node("grow", lambda state: {"own": f"{state['n']} {LONG}", "all": [SHARED]})
    return graph.node("end", lambda state: {"n": 0}).parse("START -> grow -> end -> END")


def blobs(path) -> int:
    with sqlite3.connect(path) as connection:
        return connection.execute("SELECT count(*) FROM blob").fetchone()[0]


def test_values_go_with_the_runs_that_refer_to_them_and_the_file_shrinks(tmp_path):
    """What another run refers to stays, and the run can be read, resumed and forked as before."""
    path = tmp_path / "journal.db"
    runs = [growing().run({"n": n}, store=str(path)).run_id for n in range(12)]
    before, kept = blobs(path), growing().run({"n": 99}, store=str(path))
    pruned = prune_runs(*runs, store=str(path), dry=False)
    assert len(pruned.gone) == 12
    assert blobs(path) == before - 12 + 1 == 2
    assert pruned.freed > 12 * len(LONG) / 2
    assert str(pruned).endswith("bytes smaller.")
    run = Run.load(kept.run_id, growing(), str(path))
    assert run.resume().state == kept.state
    assert run.fork(1).resume().state == kept.state
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert LONG[:40] in str(connection.execute("SELECT body FROM blob").fetchall())
    assert f"5 {LONG[:30]}".encode() not in path.read_bytes()


def test_snapshots_and_their_values_stay_with_their_run(tmp_path):
    """A long run that is taken up from a snapshot still is, after its neighbours are gone."""
    path = str(tmp_path / "journal.db")
    graph = Graph("loop", limit=600)
    graph.node("count", lambda state: {"n": state["n"] + 1, "text": state["text"]})
    graph.parse("START -> count\ncount -> count if n < 400\ncount -> END else")
    gone = graph.run({"n": 0, "text": LONG}, store=path)
    kept = graph.run({"n": 0, "text": SHARED}, store=path)
    prune_runs(gone.run_id, store=path, dry=False)
    store = SqliteStore(path)
    head = store.heads(kept.run_id)[0].name
    outline = store.outline(kept.run_id, head)
    assert outline is not None
    assert outline.snapshot(outline.snapshots[-1]).state
    store.close()
    assert Run.load(kept.run_id, graph, path).state_at(300)["n"] == 300


def test_runs_are_meant_by_name_by_age_or_by_number(tmp_path):
    """By age or number only what has ended; with both, the older ones of those that are not the newest."""
    path = str(tmp_path / "journal.db")
    runs = [growing().run({"n": n}, store=path).run_id for n in range(4)]
    standing = growing().start({"n": 9}, store=path).run_id
    assert prune_runs(last=2, store=path).gone == ("r3", "r2", "r1")
    assert prune_runs(last=9, store=path).gone == ()
    assert prune_runs(older=timedelta(days=1), store=path).gone == ()
    assert prune_runs(older=datetime.fromtimestamp(time.time() + 60), last=3, store=path).gone == ("r2", "r1")
    everything = prune_runs(last=0, store=path)
    assert everything.gone == tuple(reversed(runs))
    assert everything.kept == {standing: "it has not ended, so that it has to be named"}
    assert "r5 stays: it has not ended" in str(everything)
    assert len(run_log(path)) == 5
    assert prune_runs(standing, "r1", store=path, dry=False).gone == (standing, "r1")
    assert list(run_log(path)["run_id"]) == ["r4", "r3", "r2"]


def test_run_of_another_process_stays(tmp_path):
    """Whoever drives it has its lock."""
    path = str(tmp_path / "journal.db")
    code = (
        "from genxai_nb.journal.sqlite import SqliteStore;import sys;"
        "from genxai_nb.journal.events import RunStarted;"
        f"s = SqliteStore({path!r});"
        "run = s.begin(RunStarted(at=0, run='', graph='g', structure='', input={}, definitions={}));"
        "lease = s.lease(run); lease.__enter__(); print(run, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=-1, stdout=-1, text=True) as other:
        run = other.stdout.readline().strip()
        assert prune_runs(run, store=path, dry=False).kept == {run: "it is being driven"}
        other.stdin.close()
    assert prune_runs(run, store=path, dry=False).gone == (run,)


def test_more_runs_than_locks_that_are_held_at_once(tmp_path):
    """A chain of forks goes whole, the newest first, a part at a time."""
    store = SqliteStore(tmp_path / "journal.db")
    run = growing().run({"n": 1}, store=str(tmp_path / "journal.db")).run_id
    runs = [run]
    for _ in range(120):
        runs.append(store.fork(runs[-1], 2))
    assert store.prune(runs).gone == tuple(reversed(runs))
    assert store.runs() == []
    store.close()


def test_lock_that_is_lost_half_way_is_told_with_what_went(tmp_path):
    """The runs that went are named, and the rest stays for another time."""
    path = tmp_path / "journal.db"
    run = growing().run({"n": 1}, store=str(path)).run_id
    other = sqlite3.connect(path, isolation_level=None)

    class Contended(SqliteStore):
        def lease(self, run):
            if run == "r5" and not other.in_transaction:  # in the second hundred
                other.execute("BEGIN IMMEDIATE")
            return super().lease(run)

    store = Contended(path)
    runs = [run, *(store.fork(run, 2) for _ in range(120))]
    pruned = store.prune(runs)
    assert pruned.gone == tuple(reversed(runs))[:100]
    assert pruned.kept == dict.fromkeys(reversed(runs[:21]), "another process held the journal's lock")
    other.close()
    store.close()
    assert len(prune_runs(*runs[:21], store=str(path), dry=False).gone) == 21


def test_damaged_event_holds_up_no_other_run(tmp_path):
    """Whatever a row of a run that stays holds, what only the others refer to goes, and what it may refer to stays."""
    path = tmp_path / "journal.db"
    gone, kept = (growing().run({"n": n}, store=str(path)).run_id for n in range(2))
    with sqlite3.connect(path) as connection:
        for kind in ("TEXT", "BLOB"):
            damage = f"UPDATE event SET body = CAST(CAST(body AS BLOB) || X'ff' AS {kind}) WHERE place = ?"
            places = connection.execute(
                "SELECT place FROM event WHERE instr(body, 'blob') AND place >> 32 = 2 AND typeof(body) = 'text'"
            )
            connection.execute(damage, places.fetchone())
    before = blobs(path)
    assert prune_runs(gone, store=str(path), dry=False).gone == (gone,)
    assert blobs(path) == before - 1
    assert kept == "r2"


def test_runs_are_listed_while_others_go():
    """A list of a store in memory is of one moment."""
    store = MemoryStore()
    begun = RunStarted(at=0, run="", graph="g", structure="", input={}, definitions={})
    ended = Event()

    def come_and_go() -> None:
        try:
            for _ in range(3000):
                store.prune([store.begin(begun) for _ in range(3)])
        finally:
            ended.set()

    with ThreadPoolExecutor() as pool:
        pool.submit(come_and_go)
        while not ended.is_set():
            assert len(store.runs()) <= 3
            assert len(store.spent()) <= 3
    assert store.runs() == []


def test_what_agents_remember_stays(tmp_path):
    """A memory is no part of the run that it was made in."""
    path = str(tmp_path / "journal.db")
    agent = Agent("clerk", model="offline", memory=["semantic"])
    agent.memory.remember("Moss likes shade.", store=path)
    run = growing().run({"n": 1}, store=path)
    prune_runs(run.run_id, store=path, dry=False)
    assert "Moss likes shade." in agent.memory.table(store=path).to_string()


@pytest.mark.parametrize(
    ("said", "error", "words"),
    [
        ({}, InputError, "Which runs"),
        ({"last": -1}, InputError, "last is -1"),
        ({"older": "long ago"}, InputError, "'long ago' says no time"),
    ],
)
def test_what_says_no_runs_is_refused(tmp_path, said, error, words):
    """Nothing is meant by chance."""
    with pytest.raises(error, match=words):
        prune_runs(store=str(tmp_path / "journal.db"), **said)


def test_run_that_is_none_is_refused(tmp_path):
    """And nothing is taken out then."""
    path = str(tmp_path / "journal.db")
    growing().run({"n": 1}, store=path)
    with pytest.raises(RunNotFound):
        prune_runs("r1", "r7", store=path, dry=False)
    assert len(run_log(path)) == 1
