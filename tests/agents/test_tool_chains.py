"""Tools that go five deep, one of which fails on the way."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from chaining import workflow

from genxai_nb.graph.run import Run
from genxai_nb.journal.events import CallFailed, CallFinished, CallStarted

CHAINING = Path(__file__).parent.parent / "support" / "chaining.py"
WAY = ["fetch 1", "parse 2", "weigh 4", "weigh 5", "sort 10", "print_out 20"]


def play(folder: Path, kill: str = "-", *run_id: str) -> tuple[int, str]:
    """Start or resume in a fresh process; its exit code and what it printed."""
    arguments = [str(folder / "runs.db"), str(folder / "marks"), kill, *run_id]
    done = subprocess.run(
        [sys.executable, CHAINING, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr


def test_failing_tool_is_told_to_the_model_and_the_chain_goes_on():
    """The failure goes back in words, the model mends its call, and all steps are in the journal."""
    marks: list[str] = []
    run = workflow(marks.append).start({}, store=":memory:")
    assert run.resume().state["clerk"] == "It is 40."
    assert [mark for mark in marks if mark.startswith("tool")] == [f"tool {step}" for step in WAY]
    started = [event for event in run.events() if isinstance(event, CallStarted) and event.kind == "tool"]
    assert [f"{event.name} {event.request['value']}" for event in started] == WAY
    (failed,) = [event for event in run.events() if isinstance(event, CallFailed)]
    assert "4 is even" in failed.error


@pytest.mark.parametrize(
    "kill", ["model 0", "done parse", "tool weigh 4", "model 3", "tool sort 10", "model 6"]
)
def test_chain_that_is_killed_goes_on_where_it_was(tmp_path: Path, kill: str):
    """After a kill in the middle no finished tool and no answered model is asked again."""
    code, said = play(tmp_path, kill)
    assert code == -9, said
    before = Run.load("r1", store=str(tmp_path / "runs.db")).events()
    ended = {event.slot for event in before if isinstance(event, CallFinished | CallFailed)}
    made = [event for event in before if isinstance(event, CallStarted) and event.slot in ended]

    code, said = play(tmp_path, "-", "r1")
    assert (code, said) == (0, "It is 40.")
    marks = Counter((tmp_path / "marks").read_text().splitlines())
    again = {mark for mark, count in marks.items() if count > 1}
    assert not again & {
        f"tool {event.name} {event.request['value']}" for event in made if event.kind == "tool"
    }
    assert {mark for mark in marks if mark.startswith("tool")} == {f"tool {step}" for step in WAY}
    asked = [mark for mark in again if mark.startswith("model")]
    assert len(asked) <= 1  # only the one that was in flight
    assert len([event for event in made if event.kind == "model"]) <= int(
        (asked or ["model 9"])[0].split()[1]
    )
