"""The thread that writes for loops that must not wait."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from functools import partial

import pytest
from counting import CountingStore

from genxai_nb.errors import NotStorable, RunNotFound, StoreError
from genxai_nb.journal.events import NodeFinished, RunStarted
from genxai_nb.journal.store import Part
from genxai_nb.journal.writer import writer_of


class Told:
    """What became of what was handed in, by name, in the order of being told."""

    def __init__(self):
        self.all = {}
        self._told = threading.Semaphore(0)

    def of(self, name):
        return partial(self._take, name)

    def _take(self, name, error):
        self.all[name] = error
        self._told.release()

    def wait(self, count):
        for _ in range(count):
            assert self._told.acquire(timeout=20)


def started():
    return RunStarted(at=0, run="", graph="g", structure="s", input={}, definitions={})


def finished(visit, value=None):
    return NodeFinished(at=visit, node="a", visit=visit, update={"value": value}, edges=())


@pytest.fixture
def store(tmp_path):
    store = CountingStore(tmp_path / "journal.db")
    yield store
    store.close()


@pytest.fixture
def locked(store):
    """A lock that another connection holds until the test lets it go."""
    other = sqlite3.connect(store.url, isolation_level=None)
    store.begin(started())
    store.begin(started())
    other.execute("BEGIN IMMEDIATE")
    yield lambda: other.execute("ROLLBACK")
    other.close()


def hand_in(store, told, parts):
    writer = writer_of(store)
    for number, (run, event) in enumerate(parts):
        writer.hand_in(Part(run, [event]), told.of(number))
    return writer


def test_what_waits_together_is_written_together(store, locked):
    """While one commit waits for the lock, what comes becomes the next one, each run in its own order."""
    told = Told()
    parts = [(run, finished(visit)) for visit in range(20) for run in ("r1", "r2")]
    hand_in(store, told, parts)
    assert told.all == {}
    locked()
    told.wait(len(parts))
    assert store.transactions <= 2
    assert told.all == dict.fromkeys(range(len(parts)))
    assert list(told.all) == sorted(told.all)
    for run in ("r1", "r2"):
        assert [event.visit for event in list(store.read(run))[1:]] == list(range(20))


@pytest.mark.parametrize(
    ("part", "kind"),
    [(("r99", finished(1)), RunNotFound), (("r1", finished(1, object())), NotStorable)],
    ids=["no such run", "not storable"],
)
def test_what_is_refused_is_refused_alone(store, locked, part, kind):
    """A part that cannot be written keeps nobody else's from being written."""
    told = Told()
    hand_in(store, told, [("r1", finished(1)), ("r1", finished(2)), part, ("r1", finished(3))])
    locked()
    told.wait(4)
    assert isinstance(told.all.pop(2), kind)
    assert told.all == {0: None, 1: None, 3: None}
    assert [event.visit for event in list(store.read("r1"))[1:]] == [1, 2, 3]


def test_what_failed_is_not_tried_again(store, locked):
    """A store that fails may have written all the same: everybody in it is told, and nothing is written twice."""
    store.failing, told = StoreError("Disk I/O error."), Told()
    hand_in(store, told, [("r1", finished(visit)) for visit in range(3)])
    locked()
    told.wait(3)
    assert set(told.all.values()) == {store.failing}
    assert [event.visit for event in list(store.read("r1"))[1:]] == [0, 1, 2]


def test_it_goes_on_after_a_fault_of_ours(store):
    """Whatever is raised is told to whoever waits, and the next part is written."""
    store.begin(started())
    store.failing, told = MemoryError(), Told()
    hand_in(store, told, [("r1", finished(1))])
    told.wait(1)
    assert told.all == {0: store.failing}
    store.failing = None
    hand_in(store, told, [("r1", finished(2))])
    told.wait(1)
    assert told.all[0] is None


def test_its_thread_ends_when_nobody_needs_it(store):
    """It lingers for a while only, and what comes later is written by a new one."""
    store.begin(started())
    lingering = writer_of(store)
    lingering.linger = 0.01
    for visit in range(3):
        told = Told()
        writer = hand_in(store, told, [("r1", finished(visit))])
        told.wait(1)
        if (thread := writer._thread) is not None:
            thread.join(20)
        assert writer._thread is None
    assert [event.visit for event in list(store.read("r1"))[1:]] == [0, 1, 2]


LOCKING = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""
FORKED = """
import os, subprocess, sys, threading
from genxai_nb.journal.events import RunFinished, RunStarted
from genxai_nb.journal.sqlite import SqliteStore
from genxai_nb.journal.store import Part
from genxai_nb.journal.writer import writer_of

def write(run):
    told = threading.Event()
    writer = writer_of(store)
    writer.hand_in(Part(run, [RunFinished(at=1)]), lambda error: told.set())
    return writer, told

store = SqliteStore(sys.argv[1])
runs = [store.begin(RunStarted(at=0, run="", graph="g", structure="", input={}, definitions={})) for _ in range(2)]
locking = subprocess.Popen([sys.executable, "-c", sys.argv[2], sys.argv[1]], stdin=-1, stdout=-1)
locking.stdout.readline()
writer, first = write(runs[0])
_, second = write(runs[0])
child = os.fork()
if child == 0:
    locking.stdin.close()  # both have it: the lock is held until both let go
    _, told = write(runs[1])
    os._exit(0 if told.wait(20) else 1)
locking.communicate()
print(os.waitpid(child, 0)[1], first.wait(20), second.wait(20), *(len(list(store.read(run))) for run in runs))
"""


def test_a_forked_child_writes_its_own_only(tmp_path):
    """What the parent had handed in before the fork is written once, by the parent."""
    done = subprocess.run(
        [sys.executable, "-c", FORKED, tmp_path / "journal.db", LOCKING],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("0 True True 3 2\n", 0), done.stderr
