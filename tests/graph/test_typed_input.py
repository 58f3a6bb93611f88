"""``input()`` in the body of a node, outside of notebooks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from genxai_nb import Graph, Run
from genxai_nb.errors import HumanAnswerMissing, NodeFailed
from genxai_nb.journal import events as facts

FLOW = """
from genxai_nb import Graph

def ask(state):
    return {"name": input("Name? "), "asked": state.get("asked", 0) + 1}

def greet(state):
    return {"said": f"Hello {state['name']}"}

graph = Graph("greet").node("ask", ask).node("greet", greet).parse("START -> ask -> greet -> END")
if __name__ == "__main__":
    print(graph.run({}, store="runs.db").state["said"])
"""


def asking() -> Graph:
    space: dict = {"__name__": "flow"}
    exec(FLOW, space)
    return space["graph"]


def test_answers_of_people_answer_it(tmp_path):
    """It is a question like that of a human node: recorded, and not asked again."""
    store = str(tmp_path / "runs.db")
    result = asking().run({}, answers={"ask": "Ada"}, store=store)
    assert result.state["said"] == "Hello Ada"
    run = Run.load(result.run_id, asking(), store)
    asked = [event for event in run.events() if isinstance(event, facts.CallStarted)]
    assert [(event.kind, event.request["prompt"]) for event in asked] == [("human", "Name?")]
    run.goto(0)
    assert run.resume().state["said"] == "Hello Ada"


def test_somebody_may_type_it(tmp_path):
    """In a script, what is typed is the answer, as Python's own does it; with nobody there the run says so."""
    (tmp_path / "flow.py").write_text(FLOW, "utf-8")

    def run(typed: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "flow.py"], input=typed, capture_output=True, text=True, cwd=tmp_path, timeout=60
        )

    assert run("Eve\n").stdout == "Name? Hello Eve\n"
    assert "Node 'ask' asks 'Name?', and nobody is there to answer." in run("").stderr
    store = str(tmp_path / "runs.db")
    assert Run.load("r1", asking(), store).resume().state["said"] == "Hello Eve"
    with pytest.raises(NodeFailed, match="nobody is there to answer"):
        Run.load("r2", asking(), store).resume()


def test_async_body_is_told_what_to_write():
    """It would hold up the loop of all runs."""

    async def ask(state):
        return {"name": input("Name?")}  # noqa: ASYNC250 - that is what is refused

    with pytest.raises(NodeFailed, match=r"is async.*await context.ask_human") as caught:
        Graph("g").node("ask", ask).edge("START", "ask").run({}, store=":memory:")
    assert not isinstance(caught.value.__cause__, HumanAnswerMissing)


def test_outside_of_bodies_it_is_pythons_own(tmp_path):
    """Also after a run."""
    code = FLOW.replace(
        "    print(",
        "    graph.run({}, answers={'ask': 'Ada'}, store=':memory:'); print(input('More? '))\n    (",
    )
    (tmp_path / "flow.py").write_text(code, "utf-8")
    done = subprocess.run(
        [sys.executable, "flow.py"],
        input="yes\nEve\n",
        capture_output=True,
        text=True,
        cwd=Path(tmp_path),
        timeout=60,
    )
    assert done.stdout.startswith("More? yes\n"), done.stderr
