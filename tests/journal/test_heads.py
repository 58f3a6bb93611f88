"""Heads, the lines of history of a run: one contract for both stores."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from genxai_nb.errors import RunBusy, RunError, RunNotFound
from genxai_nb.journal.events import (
    CallFinished,
    CallStarted,
    NodeFinished,
    NodeStarted,
    RunFailed,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
)
from genxai_nb.journal.memory import MemoryStore
from genxai_nb.journal.sqlite import SqliteStore
from genxai_nb.journal.store import HeadRow


def started(at: float = 0.0, graph: str = "g") -> RunStarted:
    return RunStarted(at=at, run="", graph=graph, structure="s", input={"topic": "x"}, definitions={})


def finished(visit: int) -> NodeFinished:
    return NodeFinished(at=visit, node="a", visit=visit, update={}, edges=(0,))


def asked(at: float) -> CallStarted:
    return CallStarted(at=at, slot="s", kind="tool", name="t", request={}, node="a", visit=1, ordinal=0)


def visits(store, run: str, head: str | None = None) -> list[int]:
    """The visits that finished in a history."""
    return [event.visit for event in store.read(run, head) if isinstance(event, NodeFinished)]


@pytest.fixture(params=[MemoryStore, SqliteStore])
def store(request, tmp_path):
    store = MemoryStore() if request.param is MemoryStore else SqliteStore(tmp_path / "journal.db")
    yield store
    store.close()


@pytest.fixture
def run(store) -> str:
    """A run of four events: its start and three visits."""
    run = store.begin(started())
    store.append(run, [finished(1), finished(2), finished(3)])
    return run


def test_branch_goes_on_from_an_earlier_event(store, run):
    """After a branch the run goes on from there, and what came after stays with the head before."""
    assert store.branch(run, 2, "back to step 1") == "r1.2"
    assert visits(store, run) == [1]
    store.append(run, [finished(12), finished(13)])
    assert visits(store, run) == visits(store, run, "r1.2") == [1, 12, 13]
    assert visits(store, run, "r1.1") == [1, 2, 3]


def test_branches_of_branches(store, run):
    """A branch can go back behind the beginning of the one before, and keep part of that one."""
    store.branch(run, 3, "b")
    store.append(run, [finished(13), finished(14)])
    store.branch(run, 4, "c")
    store.append(run, [finished(24)])
    store.branch(run, 2, "d")
    store.append(run, [finished(32)])
    assert [visits(store, run, f"r1.{number}") for number in (1, 2, 3, 4)] == [
        [1, 2, 3],
        [1, 2, 13, 14],
        [1, 2, 13, 24],
        [1, 32],
    ]


def test_heads_are_listed(store, run):
    """Each head tells what it continues from, why it was made, and which one is current; oldest first."""
    assert store.heads(run) == [
        HeadRow(name="r1.1", run="r1", parent=None, upto=0, why="begun", current=True, events=4)
    ]
    store.branch(run, 3, "back to step 2")
    store.append(run, [finished(13)])
    store.branch(run, 1, "back to the beginning")
    assert store.heads(run)[1:] == [
        HeadRow(name="r1.2", run="r1", parent="r1.1", upto=3, why="back to step 2", current=False, events=1),
        HeadRow(
            name="r1.3", run="r1", parent="r1.2", upto=1, why="back to the beginning", current=True, events=0
        ),
    ]


def test_fork_is_a_run_of_its_own(store, run):
    """A fork continues from an event of its parent under an id of its own; neither sees the other's events."""
    store.begin(started(graph="other"))
    assert store.fork(run, 3) == "r3"
    store.append("r3", [finished(13)])
    store.append(run, [finished(4)])
    assert (visits(store, "r3"), visits(store, run)) == ([1, 2, 13], [1, 2, 3, 4])
    first = next(store.read("r3"))
    assert (first.run, first.parent, first.input) == ("r3", "r1", {"topic": "x"})
    assert next(store.read(run)).run == "r1"
    assert store.heads("r3") == [
        HeadRow(name="r3.1", run="r3", parent="r1.1", upto=3, why="forked", current=True, events=1)
    ]


def test_fork_of_an_earlier_head_and_of_a_fork(store, run):
    """A fork can continue from a head that is not the current one, and be forked and taken back itself."""
    store.branch(run, 2, "back")
    store.append(run, [finished(12)])
    assert visits(store, store.fork(run, 3)) == [1, 12]
    earlier = store.fork(run, 4, "r1.1")
    assert visits(store, earlier) == [1, 2, 3]
    store.append(earlier, [finished(14)])
    again = store.fork(earlier, 5)
    store.branch(again, 2, "back")
    assert (visits(store, again), visits(store, again, "r4.1")) == ([1], [1, 2, 3, 14])
    assert [(row.run, row.parent) for row in store.runs()] == [
        ("r4", "r3"),
        ("r3", "r1"),
        ("r2", "r1"),
        ("r1", None),
    ]
    assert [head.parent for head in store.heads(again)] == ["r3.1", "r4.1"]
    assert next(store.read(again)).parent == "r3"


def test_row_after_going_back(store, run):
    """A finished run that is taken back stands, unended, with the steps that are left; then it goes on."""
    store.append(run, [RunFinished(at=9)])
    row = store.row(run)
    assert (row.status, row.steps, row.ended) == ("done", 3, 9)
    store.branch(run, 2, "back")
    with store.lease(run):
        row = store.row(run)
        assert (row.status, row.steps, row.ended, row.started) == ("paused", 1, None, 0)
        store.append(run, [RunResumed(at=10, definitions={}), finished(12)])
        assert (store.row(run).status, store.row(run).steps) == ("running", 2)
        store.append(run, [RunFailed(at=11, error="no", code="x")])
        assert (store.row(run).status, store.row(run).steps, store.row(run).ended) == ("failed", 2, 11)
    assert store.runs() == [store.row(run)]


def test_row_of_a_fork(store, run):
    """A fork of a finished run has its graph, its steps so far and no end, and began when it was forked."""
    store.append(run, [RunFinished(at=9)])
    before = time.time()
    fork = store.row(store.fork(run, 3))
    assert (fork.run, fork.graph, fork.status, fork.steps, fork.ended, fork.parent) == (
        "r2",
        "g",
        "paused",
        2,
        None,
        "r1",
    )
    assert before <= fork.started <= time.time()
    assert store.row(run).status == "done"


def test_run_that_goes_on_after_a_pause(store, run):
    """A paused run is paused whoever holds it, and runs again when its next visit starts."""
    with store.lease(run):
        store.append(run, [RunPaused(at=5, reason="step")])
        assert (store.row(run).status, store.row(run).ended) == ("paused", 5)
        store.append(run, [NodeStarted(at=6, node="a", visit=4, parents=()), finished(4)])
        assert (store.row(run).status, store.row(run).ended, store.row(run).steps) == ("running", None, 4)
        store.append(run, [finished(5), RunPaused(at=8, reason="step")])
        store.append(run, [finished(6)])  # while it stood, its call was answered by hand
        assert (store.row(run).status, store.row(run).ended, store.row(run).steps) == ("paused", 8, 6)
        store.append(run, [asked(9), CallFinished(at=9, slot="s", reply=1, by_hand=True)])
        assert store.row(run).status == "paused"
        store.append(run, [asked(10)])
        assert store.row(run).status == "running"


def test_run_that_is_being_driven(store, run):
    """A run cannot be taken back under the one who drives it; it can be forked."""
    with store.lease(run):
        with pytest.raises(RunBusy, match="in this process"):
            store.branch(run, 1, "back")
        assert visits(store, store.fork(run, 2)) == [1]
    assert store.branch(run, 1, "back") == "r1.2"


def test_reading_goes_on_with_the_head_it_began_with(store, run):
    """A reader of a run that is taken back meanwhile still gets one line of history."""
    reader = store.read(run)
    next(reader)
    store.branch(run, 2, "back")
    store.append(run, [finished(12)])
    assert [event.visit for event in reader] == [1, 2, 3]


@pytest.mark.parametrize("run", ["r2", "", "r01", "r1.1"])
def test_run_that_is_not_there(store, run):
    """Every verb names a run that is not there."""
    store.begin(started())
    for verb in (
        lambda: store.branch(run, 1, "w"),
        lambda: store.fork(run, 1),
        lambda: store.heads(run),
        lambda: store.row(run),
        lambda: store.read(run, f"{run}.1"),
    ):
        with pytest.raises(RunNotFound) as caught:
            verb()
        assert f"No run {run!r}" in str(caught.value)
        assert caught.value.run_id == run


@pytest.mark.parametrize("head", ["r1.3", "r2.1", "r1", "1", ""])
def test_head_that_is_not_there(store, run, head):
    """A head that a run does not have is named, for reading and forking alike, and another run's is none."""
    store.branch(run, 2, "back")
    store.begin(started())
    with pytest.raises(RunNotFound) as caught:
        store.read(run, head)
    assert f"Run 'r1' has no head {head!r}" in str(caught.value)
    assert "r1." in caught.value.hint
    with pytest.raises(RunNotFound):
        store.fork(run, 1, head)


@pytest.mark.parametrize("upto", [0, -1, 4, 10**9])
def test_cut_outside_the_history(store, run, upto):
    """A run is taken up after an event that it has; else nothing changes and the range is told."""
    store.branch(run, 2, "back")
    store.append(run, [finished(12)])
    for verb in (lambda: store.branch(run, upto, "w"), lambda: store.fork(run, upto)):
        with pytest.raises(RunError, match=rf"after event {upto}: its history has 3\. Give .* 1 to 3"):
            verb()
    assert [head.name for head in store.heads(run)] == ["r1.1", "r1.2"]
    assert len(store.runs()) == 1


def test_going_back_and_forking_copy_nothing(store):
    """However long a run is, its forks and its new heads have no event of their own, and share its history."""
    run = store.begin(started())
    store.append(run, [finished(visit) for visit in range(1, 1_000)])
    fork, head = store.fork(run, 900), store.branch(run, 900, "back")
    assert [one.events for one in store.heads(fork)] == [0]
    assert {one.name: one.events for one in store.heads(run)} == {"r1.1": 1_000, head: 0}
    assert len(list(store.read(fork))) == len(list(store.read(run))) == 900


def test_thread_that_appends_while_another_goes_back(store, run):
    """An append falls wholly before or wholly after a branch, so that no event is lost or in two heads."""

    def work() -> None:
        for visit in range(4, 104, 2):
            store.append(run, [finished(visit), finished(visit + 1)], wait=10)

    thread = threading.Thread(target=work)
    thread.start()
    while thread.is_alive():
        store.branch(run, 1, "back")
    thread.join()
    assert [visit for head in store.heads(run) for visit in visits(store, run, head.name)] == [*range(1, 104)]
    assert all(head.events % 2 == 0 for head in store.heads(run))


APPENDING = """
import sys
from contextlib import nullcontext
from genxai_nb.journal.events import NodeFinished
from genxai_nb.journal.sqlite import SqliteStore
path, run, drives = sys.argv[1:]
store = SqliteStore(path)
with store.lease(run) if drives == "True" else nullcontext():
    print("ready", flush=True)
    for visit in range(4, 104):
        event = NodeFinished(at=1, node="a", visit=visit, update={}, edges=())
        store.append(run, [event, event], wait=30)
    print("done", flush=True)
    sys.stdin.read()
store.close()
"""


def appending(store: SqliteStore, run: str, *, drives: bool) -> subprocess.Popen[str]:
    """Start another process that appends to a run, and wait until it begins."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen(
        [sys.executable, "-c", APPENDING, store.url, run, str(drives)], text=True, **pipes
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_run_that_another_process_drives(tmp_path):
    """A run that another process drives cannot be taken back, only forked; when that one is gone, it can."""
    store = SqliteStore(tmp_path / "journal.db")
    run = store.begin(started())
    process = appending(store, run, drives=True)
    with pytest.raises(RunBusy, match=f"by process {process.pid}"):
        store.branch(run, 1, "back")
    assert visits(store, store.fork(run, 1)) == []
    assert process.stdout is not None
    assert process.stdout.readline() == "done\n"
    with pytest.raises(RunBusy):
        store.branch(run, 1, "back")
    assert len(store.heads(run)) == 1
    assert visits(store, run) == [visit for visit in range(4, 104) for _ in range(2)]
    process.kill()
    process.communicate()
    assert store.branch(run, 1, "back") == "r1.2"
    store.close()


def test_process_that_appends_while_this_one_goes_back(tmp_path):
    """What another process appends falls wholly before or wholly after a branch, and nothing is mixed."""
    store = SqliteStore(tmp_path / "journal.db")
    run = store.begin(started())
    process = appending(store, run, drives=False)
    while store.heads(run)[-1].events + len(store.heads(run)) < 2 or len(store.heads(run)) < 20:
        store.branch(run, 1, "back")
    assert process.communicate("") == ("done\n", "")
    heads = store.heads(run)
    assert [visit for head in heads for visit in visits(store, run, head.name)] == [
        visit for visit in range(4, 104) for _ in range(2)
    ]
    assert all((head.events - (head.upto == 0)) % 2 == 0 for head in heads)
    store.close()
