"""The journal in a SQLite file, shared by threads and processes, some of which die."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import pytest

from genxai_nb.errors import StoreBusy
from genxai_nb.journal.events import NodeFinished, RunStarted
from genxai_nb.journal.sqlite import SqliteStore


def started() -> RunStarted:
    return RunStarted(at=0, run="", graph="g", structure="s", input={}, definitions={})


def finished(visit: int) -> NodeFinished:
    return NodeFinished(at=visit, node="a", visit=visit, update={}, edges=())


@pytest.fixture
def store(tmp_path):
    store = SqliteStore(tmp_path / "journal.db")
    yield store
    store.close()


def python(text: str, *arguments: object) -> subprocess.Popen[str]:
    """Start another process that runs this text."""
    return subprocess.Popen(
        [sys.executable, "-c", text, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_lock_of_another_process(store):
    """Without waiting the answer is StoreBusy at once, with waiting after that time, and nothing was written."""
    run = store.begin(started())
    other = sqlite3.connect(store.url, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for wait in (0.0, 0.2):
        begun = time.monotonic()
        with pytest.raises(StoreBusy):
            store.append(run, [finished(1)], wait=wait)
        assert wait <= time.monotonic() - begun < wait + 1
    assert len(list(store.read(run))) == 1
    other.execute("ROLLBACK")
    other.close()
    store.append(run, [finished(1)])
    assert len(list(store.read(run))) == 2


def test_waiting_for_a_lock_holds_up_no_reader(store):
    """While one thread waits for the lock, others read; when the lock is free, the append is done."""
    run = store.begin(started())
    other = sqlite3.connect(store.url, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    waiting = threading.Thread(target=store.append, args=(run, [finished(1)]), kwargs={"wait": 30.0})
    waiting.start()
    begun = time.monotonic()
    for _ in range(20):
        assert len(list(store.read(run))) == 1
    assert time.monotonic() - begun < 5
    other.execute("ROLLBACK")
    waiting.join(10)
    other.close()
    assert len(list(store.read(run))) == 2


def test_threads(store):
    """Several threads append to their runs through one store."""

    def work(run: str) -> None:
        for visit in range(30):
            store.append(run, [finished(visit)], wait=10)

    runs = [store.begin(started()) for _ in range(4)]
    threads = [threading.Thread(target=work, args=(run,)) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(list(store.read(run))) for run in runs] == [31] * 4


WORK = """
import sys
from genxai_nb.journal.events import NodeFinished, RunStarted
from genxai_nb.journal.sqlite import SqliteStore
path, count = sys.argv[1], int(sys.argv[2])
store = SqliteStore(path)
run = store.begin(RunStarted(at=0, run="", graph="g", structure="", input={}, definitions={}))
for visit in range(count):
    event = NodeFinished(at=1, node="a", visit=visit, update={"x": "y" * 300}, edges=())
    store.append(run, [event], wait=30)
    print(run, visit, flush=True)
"""


def test_eight_processes_start_at_once(tmp_path):
    """Eight processes that find no journal make one, and each writes its run into it."""
    path = tmp_path / ".genxai" / "journal.db"
    processes = [python(WORK, path, 25) for _ in range(8)]
    assert [process.communicate()[1] for process in processes] == [""] * 8
    store = SqliteStore(path)
    assert sorted(row.run for row in store.runs()) == [f"r{number}" for number in range(1, 9)]
    assert {row.steps for row in store.runs()} == {25}
    store.close()


def test_kill_loses_nothing_acknowledged(tmp_path):
    """After kill -9 in the middle of appending, all that was acknowledged is there, in order and whole."""
    path, chance = tmp_path / "journal.db", random.Random(7)
    for _ in range(4):
        process = python(WORK, path, 10**6)
        assert process.stdout is not None
        acknowledged = [process.stdout.readline() for _ in range(chance.randrange(1, 80))]
        process.send_signal(signal.SIGKILL)
        acknowledged += process.stdout.readlines()
        process.communicate()
        run = acknowledged[0].split()[0]
        last = max(int(line.split()[1]) for line in acknowledged if line.endswith("\n"))
        store = SqliteStore(path)
        visits = [event.visit for event in list(store.read(run))[1:]]
        store.close()
        assert visits == list(range(len(visits)))
        assert len(visits) > last


def test_forked_child_has_its_own_connection(tmp_path):
    """A child made by fork writes through a connection of its own, and the parent goes on."""
    text = """
import os, sys
from genxai_nb.journal.events import RunFinished, RunStarted
from genxai_nb.journal.sqlite import SqliteStore
store = SqliteStore(sys.argv[1])
run = store.begin(RunStarted(at=0, run="", graph="g", structure="", input={}, definitions={}))
child = os.fork()
for _ in range(20):
    store.append(run, [RunFinished(at=1)], wait=10)
if child == 0:
    files = [os.readlink(f"/proc/self/fd/{number}") for number in range(3, 20) if os.path.exists(f"/proc/self/fd/{number}")]
    os._exit(files.count(sys.argv[1]) - 2)
assert os.waitpid(child, 0)[1] == 0
print(len(list(store.read(run))))
"""
    assert python(text, tmp_path / "journal.db").communicate() == ("41\n", "")


def test_forked_child_takes_no_transaction_of_its_parent_for_a_lock(tmp_path):
    """A process that forks while one of its threads writes waits for that first."""
    text = """
import os, sys, threading, time
from genxai_nb.journal.events import RunFinished, RunStarted
from genxai_nb.journal.sqlite import SqliteStore
store, inside = SqliteStore(sys.argv[1]), threading.Event()
run = store.begin(RunStarted(at=0, run="", graph="g", structure="", input={}, definitions={}))
def write(connection):
    connection.execute("UPDATE run SET ended = NULL")
    inside.set()
    time.sleep(0.2)
thread = threading.Thread(target=store._file.write, args=(write,))
thread.start()
inside.wait()
child = os.fork()
store.append(run, [RunFinished(at=1)], wait=3)
if child == 0:
    os._exit(0)
thread.join()
print(os.waitpid(child, 0)[1], len(list(store.read(run))))
"""
    assert python(text, tmp_path / "journal.db").communicate() == ("0 3\n", "")


def test_full_disk(tmp_path):
    """When nothing more can be written the error is ours, and what was acknowledged stays readable."""
    text = """
import resource, signal, sys
from genxai_nb.errors import StoreError
from genxai_nb.journal.events import NodeFinished, RunStarted
from genxai_nb.journal.sqlite import SqliteStore
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
store = SqliteStore(sys.argv[1])
run = store.begin(RunStarted(at=0, run="", graph="g", structure="", input={}, definitions={}))
try:
    for visit in range(1000):
        store.append(run, [NodeFinished(at=1, node="a", visit=visit, update={"x": "y" * 5000}, edges=())])
except StoreError as exc:
    print(visit, len(list(store.read(run))) - 1, "cannot be used" in str(exc))
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))  # whatever measures the process writes at its end
"""
    out, err = python(text, tmp_path / "journal.db").communicate()
    assert err == ""
    visit, read, told = out.split()
    assert (visit, told) == (read, "True")
    assert int(visit) > 3
