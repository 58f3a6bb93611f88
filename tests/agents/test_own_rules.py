"""Rules of one's own: functions by which an agent's memory is written."""

from __future__ import annotations

import re

import pytest
from remembering import calls, prompts

from genxai_nb import END, START
from genxai_nb.agents.agent import Agent
from genxai_nb.agents.notation.definitions import agent_from
from genxai_nb.agents.workflow import Graph
from genxai_nb.errors import DefinitionError, LineInvalid, SchemaInvalid
from genxai_nb.journal.items import Draft
from genxai_nb.providers.scripted import Scripted

STORE = "journal.db"


def orders(turn):
    """Each order that is named."""
    return [f"The order of the customer is {number}." for number in re.findall(r"A-\d+", turn.asked)]


def nothing_else(turn):
    return None


def run(agent: Agent, said: str):
    graph = Graph("desk").node("clerk", agent).edge(START, "clerk").edge("clerk", END)
    return graph.run({"said": said}, store=STORE)


def clerk(script: Scripted, **memory) -> Agent:
    return Agent("clerk", model=script.model, memory=memory, task="{{said}}", writes="text")


@pytest.mark.parametrize("kind", ["semantic", "long_term", "working", "episodic", "procedural"])
def test_what_a_rule_returns_is_what_is_remembered(kind):
    """Its sentences, and nothing that the kind's own rules would find, stand in the table under the rule's name."""
    agent = clerk(Scripted(lambda _: "Noted."), **{kind: {"rule": orders}})
    run(agent, "My name is Ada, remember that I decided on A-17 and A-18.")

    table = agent.memory.table(kind, store=STORE)
    found = table[table["status"] == "current"]
    assert {text.split(":")[0].strip() for text in found["text"]} >= {"The order of the customer is A-18."}
    assert not table["text"].str.contains("Ada").any()
    assert set(table["rule"]) == {"orders"}
    assert set(table["source"]) == {"clerk"}
    assert agent.memory.rules()["rule"].tolist()[0] == "orders"
    assert agent.memory.rules()["says"].tolist()[0] == "Each order that is named."


def test_what_a_rule_wrote_reaches_the_model_and_without_it_does_not():
    """The request of a later run holds the sentence that the rule made; with the kind's own rules it holds none."""
    for memory, line in (({"rule": orders}, "- The order of the customer is A-17."), ({}, None)):
        script = Scripted(lambda _: "Noted.")
        agent = Agent(
            f"clerk{len(memory)}",
            model=script.model,
            memory={"semantic": memory},
            task="{{said}}",
            writes="text",
        )
        run(agent, "It is about A-17")
        run(agent, "Which order does the customer have?")
        assert (
            (line in "\n".join(prompts(script)).splitlines())
            if line
            else ("A-17" not in str(prompts(script)))
        )


def test_the_journal_names_the_rule_and_its_version():
    """The write call tells by which rule in which version; another body is another version, of the agent too."""
    agent = clerk(Scripted(lambda _: "Noted."), semantic={"rule": orders})
    done = run(agent, "It is about A-17.")

    (write,) = [call for call in calls(done.run_id, "memory") if call.request["op"] == "remember"]
    assert write.request["rules"]["semantic"]["name"] == "orders"
    other = clerk(Scripted(lambda _: "Noted."), semantic={"rule": nothing_else})
    assert agent.memory.own_rules["semantic"] == write.request["rules"]["semantic"]
    assert other.memory.own_rules["semantic"]["version"] != write.request["rules"]["semantic"]["version"]
    assert agent.version != other.version != clerk(Scripted(lambda _: ""), semantic={}).version


def test_a_rule_may_return_drafts_with_their_parts():
    """A draft is kept as it is, with its source and what it tells of; a newer one about the same takes its place."""

    def colour(turn):
        return Draft(
            text=f"The colour is {turn.asked}.", source="user", about="colour", fields={"object": turn.asked}
        )

    agent = clerk(Scripted(lambda _: "Yes."), semantic={"rule": colour})
    run(agent, "red")
    run(agent, "blue")

    table = agent.memory.table("semantic", store=STORE)
    assert table[["object", "status", "source", "rule"]].to_numpy().tolist() == [
        ["red", "replaced", "user", "colour"],
        ["blue", "current", "user", "colour"],
    ]


def test_what_a_rule_says_without_a_word_is_not_kept():
    """Blank sentences and drafts make no items."""

    def blank(turn):
        return ["", "  ", Draft(text=""), Draft(text="\n "), "Two words."]

    agent = clerk(Scripted(lambda _: "Noted."), semantic={"rule": blank})
    run(agent, "Hello")
    assert agent.memory.table(store=STORE)["text"].tolist() == ["Two words."]


def test_a_secret_is_not_written_by_a_rule_either():
    """Whatever a rule returns: what names a password or looks like a key is dropped."""

    def all_of_it(turn):
        return [turn.asked, "The door is green."]

    agent = clerk(Scripted(lambda _: "Yes."), semantic={"rule": all_of_it})
    run(agent, "The password is swordfish")

    assert agent.memory.table(store=STORE)["text"].tolist() == ["The door is green."]


def test_a_rule_that_fails_is_an_error_of_the_visit():
    """What it raises, or returns in place of sentences, is told and not swallowed."""

    def broken(turn):
        raise ZeroDivisionError("in my rule")

    with pytest.raises(Exception, match="in my rule"):
        run(clerk(Scripted(lambda _: "Yes."), semantic={"rule": broken}), "x")

    def wrong(turn):
        return 3

    with pytest.raises(Exception, match="The rule 'wrong' returned 3") as caught:
        run(clerk(Scripted(lambda _: "Yes."), semantic={"rule": wrong}), "x")
    assert isinstance(caught.value, SchemaInvalid) or isinstance(caught.value.__cause__, SchemaInvalid)


async def waiting(turn):
    return []


@pytest.mark.parametrize("rule", ["orders", 3, waiting, list, lambda turn, more: []])
def test_what_is_no_rule_is_refused(rule):
    """A name, a coroutine, and a function of another number of things are told with what to write."""
    with pytest.raises(DefinitionError, match=r"not a function of one turn.*def my_rule\(turn\)"):
        Agent("clerk", memory={"semantic": {"rule": rule}})
    with pytest.raises(DefinitionError, match="Unknown option of short_term memory 'rule'"):
        Agent("clerk", memory={"short_term": {"rule": orders}})


def test_a_cell_names_a_function_by_a_dollar_sign():
    """$name in the options is the function of that name, the agent's text says so, and a missing one has a caret."""
    known = {"orders": orders}
    body = "role: Clerk\nmemory:\n  semantic: {rule: $orders, hops: 3}\n  working:"
    agent = agent_from("clerk", body, known.__getitem__)

    assert agent.memory.options["semantic"] == {"rule": orders, "hops": 3}
    again = agent_from("clerk", agent.spec_text, known.__getitem__)
    assert again.spec_text == agent.spec_text
    assert again.version == agent.version
    with pytest.raises(LineInvalid, match="There is no notebook here"):
        agent_from("clerk", body)
