"""What an agent remembers, as a person sees it: tables, questions, things told and forgotten by hand."""

from __future__ import annotations

import pytest
from remembering import echo, prompts, weigh

from genxai_nb.agents.agent import Agent
from genxai_nb.agents.workflow import Graph
from genxai_nb.errors import InputError, UnknownName
from genxai_nb.messages import ToolCall
from genxai_nb.providers.scripted import Scripted


def test_the_changes_of_a_run_are_shown_before_and_after():
    """What a run added or replaced, by kind, with the rule, the source and the place."""
    script = Scripted(["Hello.", "Hello."])
    agent = Agent("clerk", model=script.model, memory=["short_term", "semantic"])
    agent.ask("My name is Ada.", store="journal.db")
    answer = agent.ask("My name is Eve and I like tea.", store="journal.db")
    frame = agent.memory.diff(answer.run_id, store="journal.db")

    semantic = frame[frame["kind"] == "semantic"]
    assert semantic[["change", "before", "after", "rule", "source", "node", "visit"]].to_numpy().tolist() == [
        ["replaced", "My name is Ada.", "My name is Eve.", "my", "user", "clerk", 1],
        ["added", "", "I like tea.", "taste", "user", "clerk", 1],
    ]
    assert list(frame[frame["kind"] == "short_term"]["change"]) == ["added"]


def test_why_tells_which_memories_stood_in_which_prompt():
    """Each memory of each model call has a row with score, reason and text."""
    script = Scripted(echo)
    agent = Agent("clerk", model=script.model, memory=["short_term", "semantic"])
    agent.ask("My name is Ada.", store="journal.db")
    agent.ask("What is my name?", store="journal.db")
    frame = agent.memory.why(store="journal.db")

    assert list(frame.columns) == ["node", "visit", "call", "recalled", "kind", "id", "score", "why", "text"]
    assert list(frame["kind"]) == ["short_term", "semantic"]
    assert list(frame["text"]) == ["", "My name is Ada."]


def test_a_person_tells_asks_and_forgets_by_hand():
    """What is told by hand is recalled with score and reason, replaces what was so before, and can be forgotten."""
    memory = Agent("clerk", memory=["short_term", "semantic"]).memory
    first = memory.remember("My name is Ada.", store="journal.db")
    second = memory.remember("My name is Eve.", store="journal.db")
    memory.remember("The archive is in the cellar", store="journal.db")
    (found, *_) = memory.recall("What is my name?", store="journal.db")

    assert (found.item.text, found.item.source) == ("My name is Eve.", "by hand")
    assert list(memory.table("semantic", store="journal.db")["status"]) == ["replaced", "current", "current"]
    assert memory.forget(containing="name is", store="journal.db") == 2
    assert memory.forget(first.id, second.id, store="journal.db") == 0
    assert [one.item.text for one in memory.recall("Where is the archive?", store="journal.db")] == [
        "The archive is in the cellar"
    ]
    assert memory.forget(older_than=3600, store="journal.db") == 0
    assert memory.forget(older_than=0, store="journal.db") == 1


def test_what_was_forgotten_is_not_shown_again():
    """The tables of an earlier run name a forgotten item, and no longer say what it was."""
    script = Scripted(echo)
    agent = Agent("clerk", model=script.model, memory="semantic")
    first = agent.ask("My name is Ada.", store="journal.db")
    agent.ask("What is my name?", store="journal.db")
    agent.memory.forget("m1", store="journal.db")

    assert list(agent.memory.diff(first.run_id, store="journal.db")["after"]) == ["(forgotten)"]
    assert list(agent.memory.why(store="journal.db")["text"]) == ["(forgotten)"]
    assert agent.ask("What is my name?", store="journal.db").text == "I do not know."


def test_the_conversation_of_a_graph_is_that_of_its_latest_run():
    """An agent that was never asked by itself shows what it said in the latest run, or in the one that is named."""
    script = Scripted(lambda request: "Yes.")
    clerk = Agent("clerk", model=script.model, task="{{said}}")
    graph = Graph("talk").node("clerk", clerk).edge("START", "clerk")
    for said in ("First?", "Second?"):
        graph.run({"said": said}, store="journal.db")
    memory = clerk.memory

    assert list(memory.table(store="journal.db")["text"]) == ["user: Second?\nclerk: Yes."]
    assert list(memory.table(run="r1", store="journal.db")["text"]) == ["user: First?\nclerk: Yes."]
    clerk.ask("Third?", store="journal.db")
    assert list(memory.table(store="journal.db")["text"]) == ["user: Third?\nclerk: Yes."]


def test_a_turn_of_the_conversation_is_forgotten_as_a_whole():
    """A forgotten turn is not sent again, its tool calls neither."""
    script = Scripted([ToolCall("c1", "weigh", {"item": "a box"}), "7 kg.", "Yes.", "No."])
    agent = Agent("clerk", model=script.model, tools=[weigh])
    agent.ask("Weigh a box", store="journal.db")
    agent.ask("Sure?", store="journal.db")
    assert list(agent.memory.table("short_term", store="journal.db")["id"]) == ["t1", "t2"]
    assert agent.memory.forget("t1") == 1
    agent.ask("Really?", store="journal.db")

    assert prompts(script) == ["Sure?", "Yes.", "Really?"]


def test_memory_is_a_field_that_holds_kinds():
    """The argument says the kinds; repr, spec, version and a copy with other tools keep them."""
    agent = Agent("clerk", memory=["short_term", "semantic", "semantic"], memory_tokens=500)

    assert agent.memory.kinds == ("short_term", "semantic")
    assert repr(agent) == "Agent('clerk', memory=['short_term', 'semantic'], memory_tokens=500)"
    assert agent.spec_text == "memory: short_term, semantic\nmemory_tokens: 500"
    assert agent.version != Agent("clerk", memory="semantic").version
    assert repr(agent.memory) == "<memory of 'clerk': short_term, semantic>"
    assert (Agent("clerk").memory.kinds, Agent("clerk", memory=[]).memory.kinds) == (("short_term",), ())
    other = Agent("clerk", tools=["weigh"], memory="semantic").with_tools({"weigh": weigh}.get)
    assert other.memory.kinds == ("semantic",)


@pytest.mark.parametrize(
    ("act", "error", "said"),
    [
        (lambda: Agent("clerk", memory="semantics"), UnknownName, "semantic"),
        (lambda: Agent("clerk", memory_tokens=0), Exception, "memory_tokens is 0"),
        (lambda: Agent("clerk").memory.table("semantic"), UnknownName, "memory: short_term, semantic"),
        (lambda: Agent("clerk").memory.remember("It rains"), InputError, "no memory that lasts"),
        (
            lambda: Agent("clerk", memory="semantic").memory.remember("  "),
            InputError,
            "0 characters cannot be kept",
        ),
        (lambda: Agent("clerk").memory.recall(""), InputError, "Nothing to recall for ''"),
        (lambda: Agent("clerk").memory.forget(), InputError, "Nothing says what to forget"),
        (lambda: Agent("clerk").memory.forget(containing="  "), InputError, "Nothing says"),
        (
            lambda: Agent("clerk", memory="semantic").memory.remember("It is \ud800"),
            InputError,
            "no valid Unicode",
        ),
        (lambda: Agent("clerk").memory.recall("\ud800?"), InputError, "half of a surrogate"),
        (lambda: Agent("clerk").memory.forget(query="\ud800"), InputError, "is no valid"),
    ],
)
def test_mistakes_are_told_with_what_to_do(act, error, said):
    """A wrong kind, budget, text or order is refused in words."""
    with pytest.raises(error, match=said):
        act()
