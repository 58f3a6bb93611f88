"""Processes that are killed with SIGKILL wherever they are, and resumed in new ones."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from genxai_nb import Run
from genxai_nb.errors import RunNotFound
from genxai_nb.journal import events as facts

SUPPORT = Path(__file__).parent.parent / "support"
KILLS = 5  # in a row, of one run
PATIENCE = 60


class Life(msgspec.Struct):
    """What one process left behind: how it ended, and what the journal held then."""

    code: int
    events: list
    seen: int  # lines that the watcher had written down


def held(path):
    """How many events the journal holds."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as looking:
        return looking.execute("SELECT count(*) FROM event").fetchone()[0]


def kill_at(process, path, count, chance):
    """Kill a process once its journal holds so many events, or a little later."""
    until = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < until:
        try:
            if held(path) >= count:
                break
        except sqlite3.Error:  # there is no journal yet, or not all of it
            time.sleep(0.001)
    time.sleep(chance.random() * 0.002)  # so that it dies anywhere between two commits, or inside one
    process.send_signal(signal.SIGKILL)


def live(folder, number, run_id=(), kill=None, chance=None):
    """Start or resume the run in a process of its own, watched by another one; kill it there, if asked to."""
    store, seen = folder / "journal.db", folder / "seen"
    workload = [sys.executable, SUPPORT / "workload.py", store, folder / "marks", str(number), *run_id]
    watching = [sys.executable, "-S", SUPPORT / "watcher.py", seen]
    with (
        (folder / "errors").open("a") as errors,
        subprocess.Popen(watching, stdin=subprocess.PIPE) as watcher,
        subprocess.Popen(workload, stdout=watcher.stdin, stderr=errors) as process,
    ):
        if kill is not None:
            kill_at(process, store, kill, chance)
        code = process.wait(PATIENCE)
    try:
        events = Run.load("r1", store=str(store)).events()
    except RunNotFound:
        events = []
    return Life(code, events, len(seen.read_bytes().splitlines()) if seen.exists() else 0)


def finished(events):
    return {(e.node, e.visit) for e in events if type(e) is facts.NodeFinished}


def instances(events):
    return {(e.node, e.visit, e.index) for e in events if type(e) is facts.InstanceFinished}


def answered(events):
    """The starts of the calls whose replies the journal holds."""
    started = {e.slot: e for e in events if type(e) is facts.CallStarted}
    return [started[e.slot] for e in events if type(e) is facts.CallFinished]


def marked(folder):
    """What bodies and tools wrote, by life."""
    lives = {}
    for line in (folder / "marks").read_text().splitlines():
        life, what = line.split(" ", 1)
        lives.setdefault(int(life), []).append(what)
    return lives


def done_in(life):
    """The marks of all that this life's journal holds as finished."""
    marks = {f"body {node} {visit}" for node, visit in finished(life.events)}
    return marks | {f"body {node} {visit} {index}" for node, visit, index in instances(life.events)}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The final state, the events and the marks of a run that nobody kills."""
    folder = tmp_path_factory.mktemp("whole")
    life = live(folder, 0)
    assert life.code == 0, (folder / "errors").read_text()
    return (folder / "state").read_bytes(), life.events, marked(folder)[0]


def points(seed, total):
    """Where one run is killed: one place at random in each of so many equal parts."""
    chance = random.Random(seed)
    part = (total - 4) / KILLS
    return chance, [2 + int(part * (number + chance.random())) for number in range(KILLS)]


def play(folder, whole, seed):
    """Kill a run again and again until it is killed no more; what each of its processes left behind."""
    chance, kills = points(seed, len(whole[1]))
    lives = []
    for number, kill in enumerate([*kills, None]):
        begun = bool(lives and lives[-1].events)
        lives.append(live(folder, number, ["r1"] if begun else [], kill, chance))
    assert lives[-1].code == 0, (folder / "errors").read_text()
    return lives


def check_nothing_ran_again(folder, lives):
    """What the journal held as finished when a process died was not run by a later one; nor was what was seen."""
    marks = marked(folder)
    seen = [msgspec.json.decode(line) for line in (folder / "seen").read_bytes().splitlines()]
    for number, life in enumerate(lives):
        later = {mark for after in range(number + 1, len(lives)) for mark in marks.get(after, ())}
        assert not done_in(life) & later
        assert {(row["node"], row["visit"]) for row in seen[: life.seen]} <= finished(life.events)


def check_each_life_ran_it_once(folder):
    """One process runs a body once, so that each crash costs at most one repetition of what was in flight."""
    for marks in marked(folder).values():
        bodies = [mark for mark in marks if mark.startswith(("body", "model"))]
        assert set(Counter(bodies).values()) <= {1}


def check_effects(folder, lives, whole):
    """An answered effect is not made again, and one that is has the key that it had."""
    marks = marked(folder)
    made = Counter(mark for life in marks.values() for mark in life if mark.startswith("effect"))
    assert set(made) == {mark for mark in whole[2] if mark.startswith("effect")}
    for number, life in enumerate(lives):
        replies = {row.slot for row in answered(life.events)}
        later = [e for e in lives[-1].events[len(life.events) :] if type(e) is facts.CallStarted]
        assert not replies & {e.slot for e in later}, number
    crashes = len(lives) - 1
    assert max(made.values()) <= 1 + crashes


def check_run(folder, lives, whole):
    assert (folder / "state").read_bytes() == whole[0]
    assert Counter((e.node, e.visit) for e in lives[-1].events if type(e) is facts.NodeFinished) == Counter(
        (e.node, e.visit) for e in whole[1] if type(e) is facts.NodeFinished
    )
    check_nothing_ran_again(folder, lives)
    check_each_life_ran_it_once(folder)
    check_effects(folder, lives, whole)


def killed_between_commits(lives, total):
    """In which tenth of the run each kill fell that came after its first commit and before its last."""
    return [
        10 * len(life.events) // (total + 8)
        for life in lives
        if life.code == -signal.SIGKILL
        and len(life.events) > 1
        and type(life.events[-1]) is not facts.RunFinished
    ]


def kill_runs(tmp_path, whole, seeds):
    """Kill a run for each seed; where the kills fell."""
    tenths = []
    for seed in seeds:
        folder = tmp_path / str(seed)
        folder.mkdir()
        lives = play(folder, whole, seed)
        check_run(folder, lives, whole)
        tenths += killed_between_commits(lives, len(whole[1]))
    print(f"kills between two commits by tenth of the run: {sorted(Counter(tenths).items())}")
    return tenths


def test_runs_killed_forty_times_come_to_the_same_end(tmp_path, whole):
    """Nothing that was seen as done runs again, and the end is that of a run that nobody killed, to the byte."""
    tenths = kill_runs(tmp_path, whole, range(40 // KILLS))
    assert len(tenths) >= 30
    assert len(set(tenths)) >= 6


@pytest.mark.slow
def test_runs_killed_two_hundred_times_come_to_the_same_end(tmp_path, whole):
    """As above, from other places."""
    tenths = kill_runs(tmp_path, whole, range(1000, 1000 + 200 // KILLS))
    assert len(tenths) >= 150
    assert len(set(tenths)) >= 9
