"""The picture of the README: ``docs/panel.png`` is what this test leaves in ``build/screenshots``."""

from __future__ import annotations

import pytest
from lab import SHOTS

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.browser]

NOTES = """
%load_ext genxai_nb
NOTES = (
    "A solid-state battery moves its ions through a solid. It stores more than a wet one and burns less easily. "
    "Making one without cracks is hard. Cars with such batteries are expected first in small numbers."
)

def look_up(state):
    return {"notes": NOTES}

def illustrate(state):
    return {"picture": "anode | solid electrolyte | cathode"}
"""
SCHEMA = """%%genxai schema Brief
topic: str
notes: str = ""
picture: str = ""
draft: str = ""
score: float = 0
advice: str = ""
"""
REVIEW = "%%genxai schema Review\nscore: float = 0  # how much of the notes the draft tells, from 0 to 1\nadvice: str = ''"
WRITER = """%%genxai agent writer
role: Technical writer
task: Explain {{topic}} in two sentences. Mend what the critic said: {{advice}}
reads: notes, draft
writes: draft"""
CRITIC = """%%genxai agent critic
role: Critic
task: Judge the draft: does it tell what the notes tell?
reads: draft, notes
output: Review"""
GRAPH = """%%genxai graph review --state Brief
START -> [look_up, illustrate] -> writer -> critic
critic -> writer if score < 0.9 max 3
critic -> END else"""


def test_a_run_that_stands_before_a_node(book):
    """A run that stands before the critic, with the writer's prompt opened: what the README shows."""
    cells = [
        NOTES,
        SCHEMA,
        REVIEW,
        WRITER,
        CRITIC,
        GRAPH,
        "%%genxai debug review\ntopic: solid-state batteries",
    ]
    notebook = book(*cells, viewport={"width": 1400, "height": 1100})
    notebook.run_all(*range(len(cells)))
    panel = notebook.panel(6)
    for place in ("illustrate", "writer", "critic"):
        panel.press("next")
        panel.wait_for(f"Paused before {place}")
    panel.choose("writer")
    SHOTS.mkdir(parents=True, exist_ok=True)
    panel.root.screenshot(path=str(SHOTS / "panel.png"))

    assert panel.statuses() == {
        "look_up": "done",
        "illustrate": "done",
        "writer": "done",
        "critic": "paused",
    }
