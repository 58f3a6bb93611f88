"""Memories where a run is looked at: in its record and in its panel."""

from __future__ import annotations

import re
from html import unescape

import pytest

from genxai_nb import Agent, Graph
from genxai_nb.notebook.record import record
from genxai_nb.providers.scripted import Scripted


@pytest.fixture
def graph():
    """A graph with an agent that remembers a fact."""
    script = Scripted(lambda request: "Hello.")
    clerk = Agent("clerk", model=script.model, memory="semantic", task="{{said}}", writes="text")
    clerk.memory.remember("My name is Ada.")
    return Graph("talk").node("clerk", clerk).edge("START", "clerk")


def test_the_record_names_the_memories_of_a_prompt(graph):
    """Below a node's prompt stand the memories that were in it, each with kind, name, score and reason."""
    run = graph.start({"said": "What is my name?"})
    run.resume()
    page = record(run.events(), graph)["text/html"]
    words = " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())

    assert re.search(r"memories semantic m1 · 0\.\d\d · meaning 0\.\d\d; shares name reply of", words)


def test_the_panel_names_the_memories_of_the_latest_prompt(watch, graph):
    """A node's detail has a line for each memory; a visit that recalled nothing says none."""
    panel = watch(graph.start({"said": "What is my name?"}))
    panel.press("look", node="clerk")
    panel.press("go")
    panel.wait_for("Done")
    told = panel.wait(lambda shown: shown["details"].get("clerk", {}).get("latest") and shown)
    lines = panel.wait(lambda shown: shown["details"]["clerk"]["memories"] not in {"-", ""} and shown)

    assert re.fullmatch(
        r"semantic m1 · 0\.\d\d · meaning 0\.\d\d; shares name", lines["details"]["clerk"]["memories"]
    )
    calls = [(call["kind"], call["name"]) for call in told["details"]["clerk"]["calls"]]
    assert calls[:1] == [("memory", "clerk")]


def test_the_panel_shows_the_values_of_the_run_with_the_state(watch):
    """Below the state stands what each agent noted in working memory, the newest value of each name, not to edit."""
    script = Scripted(lambda request: f"Hello {len(script.requests)}.")
    graph = Graph("pair")
    for name, options in (("alone", {}), ("reader", {"shared": True}), ("writer", {"shared": True})):
        agent = Agent(name, model=script.model, memory={"working": options}, task="Hi", writes=f"{name}_said")
        graph.node(name, agent, reads=[])
    graph.parse("START -> alone -> reader -> writer -> END")
    panel = watch(graph.start({}))
    panel.press("go")
    panel.wait_for("Done")
    shown = panel.wait(lambda shown: len(shown["state"]["rows"]) == 5 and shown)
    rows = {row["key"]: (row["glance"], row["text"], row["edit"]) for row in shown["state"]["rows"][3:]}

    assert rows == {
        "working memory of alone": ("alone_said = Hello 1.", "alone_said = Hello 1.", None),
        "shared working memory": ("2 values", "reader_said = Hello 2.\nwriter_said = Hello 3.", None),
    }
