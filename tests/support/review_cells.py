"""The cells of a small workflow, and what came of its script."""

from __future__ import annotations

WRITER = """%%genxai agent writer
model: offline
role: Technical writer: of papers
task: Cats eat fish. Dogs bark. What do {{topic}} eat?
writes: draft
"""
SCHEMA = """%%genxai schema Draft
topic: str
draft: str = ""
score: float = 0  # quality from 0 to 1
notes: list[str] = [] | append
"""
GRAPH = """%%genxai graph review --state Draft
START -> writer -> grade
grade -> writer if score < 0.8 max 3
grade -> END else
"""
LIMIT = "LIMIT = 0.5  # what is added\nunused = 1"
GRADE = "from math import floor\ndef grade(state):\n    return {'score': state.score + LIMIT + floor(0.5)}"


def defined(kernel) -> None:
    """Define the graph of the notebook's tests in a kernel."""
    for cell in (SCHEMA, WRITER, LIMIT, GRADE, GRAPH):
        reply = kernel.run(cell)
        assert reply.status == "ok", reply.text
