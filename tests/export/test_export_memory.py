"""An agent that remembers, in a script."""

from __future__ import annotations

import json

import pytest

from genxai_nb.journal import open_store
from genxai_nb.journal.events import CallStarted
from genxai_nb.tools.stores import offer_store

FLOW = """
from genxai_nb import Agent, Graph

clerk = Agent("clerk", model="offline", memory=["short_term", "working", "semantic"], task="{{said}}", writes="text")
graph = Graph("talk").node("clerk", clerk).edge("START", "clerk")
"""


def test_an_agent_that_remembers_is_the_same_in_its_script(flow, script):
    """The check answers recall and writing from the record; the script then remembers on its own."""
    made = flow(FLOW)
    made.run({"said": "My name is Ada."})
    made.run({"said": "I like tea. What is my name?"})
    exported = made.export()

    assert exported.checked is True, exported.difference
    assert '"genxai-nb[embed]>=' in exported.path.read_text("utf-8")
    for said, answer in (("My name is Eve.", None), ("What is my name?", "My name is Eve.")):
        done = script(exported.path, "--said", said, "--store", "journal.db", "--json")
        assert done.returncode == 0, done.stderr
        assert answer is None or json.loads(done.stdout)["text"] == answer


KINDS = """
from genxai_nb import Agent, Graph

KINDS = {
    "short_term": {"summary": "sentences"},
    "working": {"shared": True},
    "long_term": {"scope": "user", "of": "ada"},
    "episodic": {},
    "semantic": {"hops": 3},
    "procedural": {},
}
clerk = Agent("clerk", model="offline", memory=KINDS, task="{{said}}", writes="text")
graph = Graph("talk").node("clerk", clerk).edge("START", "clerk")
"""


def test_all_kinds_with_their_options_are_the_same_in_a_script(flow, script):
    """The script writes kinds and options, and remembers by them what its earlier runs were told."""
    made = flow(KINDS)
    made.run({"said": "My town is Ulm."})
    exported = made.export()

    assert exported.checked is True, exported.difference
    text = exported.path.read_text("utf-8")
    assert all(words in text for words in ('"of": "ada"', '"hops": 3', '"shared": True'))
    for said, answer in (("My town is Rome.", None), ("What is my town?", "My town is Rome.")):
        done = script(exported.path, "--said", said, "--store", "journal.db", "--json")
        assert done.returncode == 0, done.stderr
        assert answer is None or answer in json.loads(done.stdout)["text"]


RULED = """
import re

from genxai_nb import Agent, Graph

PATTERN = re.compile(r"A-[0-9]+")


def named(text):
    return PATTERN.findall(text)


def orders(turn):
    return [f"The order of the customer is {number}." for number in named(turn.asked)]


clerk = Agent(
    "clerk", model="offline", memory={"semantic": {"rule": orders, "hops": 1}}, task="{{said}}", writes="text"
)
graph = Graph("talk").node("clerk", clerk).edge("START", "clerk")
"""


def test_a_rule_of_ones_own_goes_into_the_script(flow, script):
    """The function stands there with all that it uses, the check is content, and the script remembers by it."""
    made = flow(RULED)
    made.run({"said": "My name is Ada and it is about A-17."})
    exported = made.export()

    assert exported.checked is True, exported.difference
    text = exported.path.read_text("utf-8")
    assert '"rule": orders' in text
    assert "def named(text)" in text
    for said in ("It is about A-18.", "Which order does the customer have?"):
        done = script(exported.path, "--said", said, "--store", "journal.db", "--json")
        assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["text"] == "The order of the customer is A-18."


LOOKING = """
from genxai_nb import Agent, Graph, tool


@tool
def look(desk: int) -> str:
    \"\"\"Tell what lies on a desk.\"\"\"
    return {7: "project Heron", 8: "Kestrel"}[desk]


clerk = Agent("clerk", model="offline", memory="semantic", tools=[look], task="{{said}}", writes="text")
graph = Graph("talk").node("clerk", clerk).edge("START", "clerk")
"""


@pytest.mark.parametrize(("desk", "recalls"), [(7, 2), (8, 1)])
def test_what_comes_to_mind_amid_a_visit_is_the_same_in_a_script(flow, script, desk, recalls):
    """The check repeats a later recall that found something, and one that found nothing and left no record."""
    made = flow(LOOKING)
    made.run({"said": "The budget of Heron is 4,200."})
    run = made.run({"said": f"Look at desk {desk}: what lies there?"})
    asked = [event for event in open_store(made.store).read(run.run_id) if isinstance(event, CallStarted)]
    made.run({"said": "There lies a map of Kestrel."})  # what is known by now was not known then
    exported = made.export(run=run.run_id)

    assert [event.request["op"] for event in asked if event.kind == "memory"][:recalls] == [
        "recall"
    ] * recalls
    assert len([event for event in asked if event.kind == "model"]) == 2
    assert exported.checked is True, exported.difference
    done = script(
        exported.path, "--said", "Look at desk 7: what lies there?", "--store", made.store, "--json"
    )
    assert done.returncode == 0, done.stderr
    assert "project Heron" in json.loads(done.stdout)["text"]


SEARCHING = """
from genxai_nb import Agent, Graph

clerk = Agent("clerk", model="offline", tools=["vector_search"], task="{{said}}", memory="none")
graph = Graph("talk").node("clerk", clerk).edge("START", "clerk")
"""


def test_an_offered_store_is_said_to_be_missing_in_the_script(flow):
    """The export names what the process offers to the tools of the script, and says what to do; without such, nothing."""
    made = flow(SEARCHING)
    assert made.export(check=False).needs == ""
    offer_store("papers", object())
    try:
        needs = made.export(check=False).needs
    finally:
        offer_store("papers", None)
    assert needs.startswith("It searches in what this process offers and it does not carry: papers.")
    assert "offer_store" in needs
