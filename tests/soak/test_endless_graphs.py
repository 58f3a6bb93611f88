"""Random graphs without end, in processes that are killed wherever they are, and resumed in new ones."""

from __future__ import annotations

import os
import pickle
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from following import Followed
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from random_graphs import Sketch, sketches

from genxai_nb import Run
from genxai_nb.errors import RunNotFound

LIFE = Path(__file__).parents[1] / "support" / "sketch_life.py"
AT_A_TIME = 10  # graphs until the clock is looked at


def live(folder, seed, run_id, lines):
    """Let a process run until so many facts have come, and kill it there; whether it came to the end."""
    command = [sys.executable, LIFE, folder / "sketch", folder / "runs.db", str(seed), *run_id]
    with (
        (folder / "errors").open("w") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        for number, line in enumerate(process.stdout, 1):
            if line == "end\n":
                return True
            if number == lines:
                process.kill()
                return False
    raise AssertionError((folder / "errors").read_text())


def live_on(folder, sketch, seed):
    """Kill a run again and again, each time a little later, until it ends; how often that was."""
    chance = random.Random(seed)
    (folder / "sketch").write_bytes(pickle.dumps(sketch))
    kills, run_id = 0, []
    while not live(folder, seed + kills, run_id, chance.randint(1, 12) + 4 * kills):
        kills += 1
        try:
            Followed(sketch, Run.load("r1", store=str(folder / "runs.db")).events())
            run_id = ["r1"]
        except RunNotFound:
            run_id = []
    return kills


@pytest.mark.soak
def test_any_graph_comes_to_its_end_however_often_it_is_killed(tmp_path_factory):
    """Every journal, after each kill and at the end, is what the rules say."""
    until = time.monotonic() + 60 * float(os.environ.get("SOAK_MINUTES", "120")) / 2
    graphs = killed = 0

    @settings(
        max_examples=AT_A_TIME,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(sketches().filter(Sketch.is_short), st.integers(0, 2**32))
    def holds(sketch, seed):
        nonlocal graphs, killed
        folder = tmp_path_factory.mktemp("life")
        killed += live_on(folder, sketch, seed)
        graphs += 1
        run = Run.load("r1", store=str(folder / "runs.db"))
        model = Followed(sketch, run.events())
        if run.status == "done":
            assert model.over
            assert run.state == model.result()
        else:
            assert model.conflicts() or not model.arrived

    while graphs == 0 or time.monotonic() < until:
        holds()
    print(f"{graphs} graphs, {killed} kills")
    assert killed > graphs / 2
