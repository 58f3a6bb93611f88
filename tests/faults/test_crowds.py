"""Several processes at one journal."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from genxai_nb import Run
from genxai_nb.journal import events as facts
from genxai_nb.journal.sqlite import SqliteStore

SUPPORT = Path(__file__).parent.parent / "support"
CROWD = 8


def process(*arguments):
    return subprocess.Popen(
        [sys.executable, SUPPORT / "crowd.py", *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_together(store, steps, folder):
    """Let as many processes as a crowd has start a run at the same moment; what each printed."""
    start = folder / "start"
    crowd = [process(store, steps, start) for _ in range(CROWD)]
    start.touch()
    said = [one.communicate(timeout=200) for one in crowd]
    assert [errors for _, errors in said] == [""] * CROWD
    return sorted(out.split() for out, _ in said)


@pytest.fixture
def holder(tmp_path):
    """A process that drives run r1 and never ends."""
    held = process(tmp_path / "journal.db", "hold")
    assert held.stdout is not None
    assert held.stdout.readline() == "holds r1\n"
    yield held
    held.kill()
    held.communicate()


def test_one_of_two_processes_drives_a_run(tmp_path, holder):
    """The other one is told that the run is busy, and by whom, and the journal has nothing of it."""
    store = tmp_path / "journal.db"
    before = Run.load("r1", store=str(store)).events()
    out, errors = process(store, "take", "r1").communicate(timeout=60)
    took, said = out.splitlines()
    print(f"RunBusy {took}")
    assert said.startswith("RunBusy: Run 'r1' is being driven already, by process")
    assert str(holder.pid) in said
    assert errors == ""
    assert Run.load("r1", store=str(store)).events() == before
    assert holder.poll() is None


def test_of_many_processes_one_takes_a_run_over(tmp_path, holder):
    """Once its holder was killed, a run goes on at once in exactly one of those who want it."""
    store = tmp_path / "journal.db"
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    crowd = [process(store, "take", "r1") for _ in range(4)]
    held = [one for one in crowd if one.stdout.readline().startswith("holds")]
    assert len(held) == 1
    others = [one for one in crowd if one is not held[0]]
    said = [one.stdout.read() for one in others]
    for one in others:
        one.communicate()
    held[0].kill()
    held[0].communicate()
    assert [text.split(":")[0] for text in said] == ["RunBusy"] * 3
    events = Run.load("r1", store=str(store)).events()
    assert [type(event).__name__ for event in events] == ["RunStarted", "NodeStarted", "RunResumed"]


@pytest.fixture
def stalled(tmp_path):
    """A process that drives run r1, waits in its first node, and is stopped there."""
    first = process(tmp_path / "journal.db", "stall")
    assert first.stdout.readline() == "holds r1\n"
    first.send_signal(signal.SIGSTOP)
    yield first
    first.kill()
    first.communicate()


def test_a_process_that_comes_back_finds_its_run_taken_over(tmp_path, stalled):
    """Its lock is gone, another one has driven the run to its end: it is told so, and writes nothing."""
    store = tmp_path / "journal.db"
    (tmp_path / "journal.db-leases" / "r1.lock").unlink()
    out, errors = process(store, "stall", "r1").communicate("\n", timeout=60)
    assert (out, errors) == ("holds r1\nended {'on': True}\n", "")
    before = Run.load("r1", store=str(store)).events()
    stalled.send_signal(signal.SIGCONT)
    out, errors = stalled.communicate("\n", timeout=60)
    assert out.startswith("RunBusy: Run 'r1' was taken over by another process")
    assert (errors, stalled.returncode) == ("", 3)
    assert Run.load("r1", store=str(store)).events() == before
    assert [type(event).__name__ for event in before][-1] == "RunFinished"


def test_a_crowd_starts_without_a_journal(tmp_path):
    """Processes that find no journal make one together, and nobody sees an error."""
    store = tmp_path / "new" / "folder" / "journal.db"
    said = run_together(store, 3, tmp_path)
    assert said == [[f"r{number}", "3"] for number in range(1, CROWD + 1)]


def test_a_crowd_writes_to_one_journal(tmp_path):
    """Two hundred steps in each of eight processes: no lock reaches a user, and no run lacks a fact."""
    path = tmp_path / "journal.db"
    said = run_together(path, 200, tmp_path)
    assert said == [[f"r{number}", "200"] for number in range(1, CROWD + 1)]
    store = SqliteStore(path)
    for run, _ in said:
        visits = [e.visit for e in store.read(run) if type(e) is facts.NodeFinished]
        assert visits == list(range(1, 201))
    assert {row.status for row in store.runs()} == {"done"}
    store.close()
