"""Each kind of memory on the wire of a real SDK: what it adds to the body of a request, and nothing when it is off."""

from __future__ import annotations

import json

import pytest
from turns import add

from genxai_nb.agents.agent import Agent
from genxai_nb.agents.workflow import Graph
from genxai_nb.memory import registry

STORE, MARK = "journal.db", "K-17"


def clerk(memory, **fields) -> Agent:
    return Agent("clerk", model="openai:gpt-4o-mini", memory=memory, **fields)


def in_conversation(memory, llmock):
    """It is said in one turn, and asked for in the next one."""
    llmock.reply("Noted.").reply("It is that.")
    agent = clerk(memory)
    agent.ask(f"My gate has the number {MARK}.", store=STORE)
    agent.ask("Which number has my gate?", store=STORE)


def in_two_runs(memory, llmock):
    """It is said in one run, and asked for in another one, which has no conversation before it."""
    llmock.reply("Noted.").reply("It is that.")
    for said in (f"We decided that the gate of my yard is {MARK}.", "What did we decide about the gate?"):
        clerk(memory).ask(said, store=STORE)


def in_one_run(memory, llmock):
    """One visit writes it to the state, and the task of the next one does not tell it."""
    llmock.reply(f"The gate is {MARK}.").reply("It is that.")
    graph = Graph("gates")
    for node, task in (("look", "Look at the gate"), ("tell", "Tell of the gate")):
        graph.node(node, clerk(memory, task=task, reads=[], writes=f"{node}s"))
    graph.parse("START -> look -> tell -> END").run({}, store=STORE)


def in_an_episode(memory, llmock):
    """A visit came to it by a tool; a later one has a similar task."""
    llmock.call_tool("add", {"a": 8, "b": 9}).reply(f"It is {MARK}.").reply("It is that.")
    for said in ("Number the gate of Ada", "Number the gate of Eve"):
        clerk(memory, tools=[add]).ask(said, store=STORE)


def as_a_procedure(memory, llmock):
    """A person tells how it is done, and a task asks for it."""
    llmock.reply("It is that.")
    agent = clerk(memory)
    if "procedural" in agent.memory:
        agent.memory.remember(f"Open the gate: ring({MARK}), then wait(2)", kind="procedural", store=STORE)
    agent.ask("Open the gate", store=STORE)


def as_a_fact(memory, llmock):
    """It is stated in one run, and follows from what another fact names in the next one."""
    llmock.reply("Noted.").reply("It is that.")
    said = f"The gate of Ulm is {MARK}. My town is Ulm.", "Which town is mine, and what is there?"
    for one in said:
        clerk(memory).ask(one, store=STORE)


SCENES = {
    "short_term": in_conversation,
    "working": in_one_run,
    "long_term": in_two_runs,
    "episodic": in_an_episode,
    "semantic": as_a_fact,
    "procedural": as_a_procedure,
}


@pytest.mark.parametrize("kind", registry.names())
def test_with_the_kind_it_is_sent(llmock, kind):
    """The body that is sent last tells what is remembered by that kind alone."""
    scene = SCENES[kind]
    scene([kind], llmock)
    assert MARK in json.dumps(llmock.last_request.body["messages"])


@pytest.mark.parametrize("kind", registry.names())
def test_without_the_kind_nothing_of_it_is_sent(llmock, kind):
    """The same scene without any memory sends nothing of what was said before."""
    SCENES[kind]("none", llmock)
    assert MARK not in json.dumps(llmock.last_request.body["messages"])
    llmock.assert_resilient(strict=True)


def test_an_expired_fact_is_not_sent(llmock):
    """What was so until a day that has passed is not in the body, and what holds still is."""
    llmock.reply("Noted.").reply("It is that.")
    agent = clerk(["semantic"])
    agent.ask("The code of the gate is K-16 until 2020-01-01. The colour of the gate is K-17.", store=STORE)
    clerk(["semantic"]).ask("What is the code of the gate, and what is its colour?", store=STORE)

    sent = json.dumps(llmock.last_request.body["messages"])
    assert MARK in sent
    assert "K-16" not in sent
    assert sorted(agent.memory.table(store=STORE)["status"]) == ["current", "expired"]
