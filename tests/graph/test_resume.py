"""Runs that are killed with SIGKILL and resumed in another process."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from genxai_nb import Graph, Run
from genxai_nb.calls.call import Traits
from genxai_nb.errors import NodeFailed, RateLimited, RunBusy
from genxai_nb.journal import events as facts

CRASHING = Path(__file__).parent.parent / "support" / "crashing.py"


def play(folder, kill="-", run_id=None):
    """Start or resume in a fresh process; its exit code and printed state."""
    arguments = [str(folder / "runs.db"), str(folder / "marks"), kill, *([run_id] if run_id else [])]
    done = subprocess.run(
        [sys.executable, CRASHING, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr


def marks(folder):
    return Counter((folder / "marks").read_text().splitlines())


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """The final state and marks of a run that nobody kills."""
    folder = tmp_path_factory.mktemp("whole")
    code, state = play(folder)
    assert code == 0, state
    return state, marks(folder)


@pytest.mark.parametrize(
    "kill",
    [
        "body first",
        "body left",
        "body merge",
        "body judge",
        "body mail",
        "effect ada",
        "mail sent",
        "each sent y",
    ],
)
def test_a_killed_run_is_resumed_to_the_same_end(tmp_path, uninterrupted, kill):
    """Whatever body the kill hits, the end is the same, and only what was in flight runs again."""
    code, _ = play(tmp_path, kill)
    assert code == -9
    before = {
        (e.node, e.visit)
        for e in Run.load("r1", store=str(tmp_path / "runs.db")).events()
        if type(e) is facts.NodeFinished
    }
    code, state = play(tmp_path, run_id="r1")
    assert code == 0, state
    events = Run.load("r1", store=str(tmp_path / "runs.db")).events()
    finished = Counter((e.node, e.visit) for e in events if type(e) is facts.NodeFinished)
    whole, counted = uninterrupted
    again = marks(tmp_path) - counted

    assert state == whole
    assert set(finished.values()) == {1}
    assert all(finished[visit] == 1 for visit in before)
    assert sum(count for mark, count in again.items() if mark.startswith("body")) <= 3


def test_a_finished_effect_is_not_repeated_after_a_crash(tmp_path, uninterrupted):
    """The reply of a call that was answered before the kill comes from the journal."""
    play(tmp_path, "mail sent")
    play(tmp_path, run_id="r1")

    assert marks(tmp_path)["body mail"] == 2
    assert marks(tmp_path)["effect ada"] == 1


def test_an_effect_that_was_under_way_is_marked_as_maybe_repeated(tmp_path):
    """Nobody can know whether it happened, so the second start says so."""
    play(tmp_path, "effect ada")
    play(tmp_path, run_id="r1")
    calls = [
        e for e in Run.load("r1", store=str(tmp_path / "runs.db")).events() if type(e) is facts.CallStarted
    ]
    first, second = (call for call in calls if call.request == {"to": "ada"})

    assert (first.maybe_repeated, second.maybe_repeated) == (False, True)
    assert first.slot == second.slot


def test_map_instances_that_make_the_same_call_each_make_it(tmp_path, uninterrupted):
    """Equal requests of two instances are two calls, also across a crash."""
    play(tmp_path, "each sent x")
    play(tmp_path, run_id="r1")

    assert uninterrupted[1]["effect same"] == 3
    assert marks(tmp_path)["effect same"] <= 3 + 2
    calls = [
        e for e in Run.load("r1", store=str(tmp_path / "runs.db")).events() if type(e) is facts.CallStarted
    ]
    assert len({call.slot for call in calls if call.request == {"to": "same"}}) == 3


def test_a_run_that_is_being_driven_cannot_be_resumed_elsewhere(tmp_path):
    """The other one is told at once, and may go on as soon as the holder is dead."""
    store = str(tmp_path / "runs.db")
    play(tmp_path, "body mail")
    run = Run.load("r1", store=store)
    with run._store.lease("r1"):
        code, said = play(tmp_path, run_id="r1")

    assert code == 1
    assert RunBusy.__name__ in said
    assert play(tmp_path, run_id="r1")[0] == 0


def crash(store, folder):
    """What would be left if the process died now: a copy of the journal."""
    left = str(folder / "left.db")
    with closing(sqlite3.connect(store)) as source, closing(sqlite3.connect(left)) as copy:
        source.backup(copy)
    return left


def test_attempts_of_a_node_survive_a_crash(tmp_path):
    """A node that may be tried twice more is not tried more often because its process died in between."""
    store, left = str(tmp_path / "runs.db"), []

    def shaky(state):
        if len(left) == 1:
            left.append(crash(store, tmp_path))
        left.append("")
        raise ConnectionError("no")

    graph = Graph("shaky").node("a", shaky, retry=2).parse("START -> a -> END")
    with pytest.raises(NodeFailed):
        graph.run({}, store=store)
    run = Run.load("r1", graph, left[1])
    with pytest.raises(NodeFailed):
        run.resume()
    failed = [(e.attempt, e.retried) for e in run.events() if type(e) is facts.NodeFailed]
    assert failed == [(1, True), (2, True), (3, False)]


def test_attempts_of_a_call_survive_a_crash(tmp_path):
    """A call goes on with the attempt that its process died in."""
    store, left, made = str(tmp_path / "runs.db"), [], []

    async def ask(call):
        made.append(call.attempt)
        if call.attempt == 2 and not left:
            left.append(crash(store, tmp_path))
        if call.attempt < 3:
            raise RateLimited("Slow.", retry_after=0.0)
        return "answer"

    async def body(state, context):
        return {"said": await context.call("model", "m", {}, ask, Traits(attempts=3))}

    graph = Graph("asking").node("a", body).parse("START -> a -> END")
    graph.run({}, store=store)
    assert Run.load("r1", graph, left[0]).resume().state == {"said": "answer"}
    assert made == [1, 2, 3, 2, 3]
