"""What the table of verbs gives as an example can be typed as it stands."""

from __future__ import annotations

import pytest
from doc_blocks import run_fresh

from genxai_nb.notebook.verbs import VERBS

EXAMPLES = {verb.name: verb.example for verb in VERBS}

# The notebook of the examples: the cells that define it are themselves examples.
NOTEBOOK = (
    "%load_ext genxai_nb",
    EXAMPLES["schema"],
    EXAMPLES["agent"],
    "def critic(state):\n    return {'score': state.score + 0.5}",
    EXAMPLES["graph"],
)
STAND = "%%genxai debug review --interactive\ntopic: solid-state batteries"
ON = "%genxai next"
RUNS = "runs = [review.run({'topic': 'yeast'}) for _ in range(8)]"
STANDING = "runs = [review.start({'topic': 'yeast'}) for _ in range(8)]"
ASKING = (
    "%%genxai graph asked\nSTART -> ok -> END\nnode ok = human \"Publish?\"",
    "%%genxai debug asked --interactive",
    "%genxai step",
)  # fmt: skip
COUNTING = (
    "%%genxai graph counted\nSTART -> sum -> END\nnode sum = tool calculator(expression=\"1 + 1\")",
    "%%genxai debug counted --interactive",
    "%genxai step",
)  # fmt: skip

# What has to be there for some of them.
BEFORE: dict[str, tuple[str, ...]] = {
    "resume": (STANDING,),
    "wait": ("%%genxai run review --detach\ntopic: yeast",),
    "step": (STAND,),
    "next": (STAND,),
    "out": (STAND,),
    "until": (STAND,),
    "continue": ASKING,
    "pause": (
        "import threading\nopened = threading.Event()\ndef gate(state):\n    opened.wait(20)\n    return {}",
        "%%genxai graph waiting\nSTART -> gate -> END",
        "%%genxai run waiting --detach\n",
    ),
    "back": (STAND, ON),
    "goto": (STAND, ON, ON, ON),
    "fork": (STAND, ON, ON, ON),
    "tree": (STAND, ON),
    "set": (STAND,),
    "watch": (STAND,),
    "held": COUNTING,
    "call": COUNTING,
    "answer": ASKING,
    "why": (EXAMPLES["run"],),
    "diff": (RUNS,),
    "check": (RUNS, EXAMPLES["export"]),
    "state": (EXAMPLES["run"],),
    "timeline": (RUNS,),
    "cost": (RUNS,),
    "undo": (EXAMPLES["agent"].replace("Technical", "Patient"),),
    "cassette": ("result = review.run({'topic': 'yeast'}, cassette='calls.jsonl')",),
}
AFTER: dict[str, tuple[str, ...]] = {"pause": ("opened.set()",)}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_can_be_typed(name, tmp_path):
    """It ends without an error, or where the run stands."""
    errors = run_fresh([*NOTEBOOK, *BEFORE.get(name, ()), EXAMPLES[name], *AFTER.get(name, ())], tmp_path)

    assert [error for error in errors if error and not error.startswith("RunPaused")] == []


def test_no_setting_is_left_over():
    """Each belongs to a verb that there is."""
    assert {*BEFORE, *AFTER} <= set(EXAMPLES)
