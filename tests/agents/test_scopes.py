"""Long-term memory in runs: what reaches the model, whose it is, how often it was used."""

from __future__ import annotations

import pytest
from remembering import calls, prompts

from genxai_nb.agents.agent import Agent
from genxai_nb.agents.notation import agent_from
from genxai_nb.agents.workflow import Graph
from genxai_nb.errors import DefinitionError, UnknownName
from genxai_nb.journal import open_store
from genxai_nb.providers.scripted import Scripted

BY_USER = {"long_term": {"scope": "user", "of": "ada"}}


def told(script, request=-1):
    """The recalled lines that reached the model."""
    return [line for text in prompts(script, request) for line in text.splitlines() if line.startswith("- ")]


@pytest.mark.parametrize(("memory", "line"), [("long_term", ["- We decided to use Postgres."]), ("none", [])])
def test_a_decision_of_an_earlier_run_stands_in_the_request(memory, line):
    """What was decided in one run reaches the model of another one; without that memory it does not."""
    script = Scripted(lambda request: "Yes.")
    clerk = Agent("clerk", model=script.model, memory=memory)
    clerk.ask("Hello! We decided to use Postgres. Nice, isn't it?", store="journal.db")
    Agent("clerk", model=script.model, memory=memory).ask("Which database do we take?", store="journal.db")

    assert told(script) == line


def test_agents_of_one_scope_share_and_others_see_nothing():
    """By user and by project agents share what is told, with who wrote it; another user or agent reads none of it."""
    script = Scripted(lambda request: "Yes.")

    def asked(name, memory, prompt):
        Agent(name, model=script.model, memory=memory).ask(prompt, store="journal.db")
        return told(script)

    asked("clerk", BY_USER, "Remember that the archive is in the cellar.")
    question = "Where is the archive?"
    line = ["- Remember that the archive is in the cellar."]

    assert asked("guard", BY_USER, question) == line
    assert asked("guard", {"long_term": {"scope": "user", "of": "bo"}}, question) == []
    assert asked("guard", {"long_term": {"scope": "project", "of": "ada"}}, question) == []
    assert asked("clerk", "long_term", question) == []
    (row,) = open_store("journal.db").items.read("user/ada", "long_term")
    assert (row.agent, row.source, row.run) == ("clerk", "user", "r1")


def test_the_agents_of_a_graph_share_a_memory_that_says_who_wrote_what():
    """What one node's agent noted stands in the request of the next one, under the name of who wrote it."""
    script = Scripted(
        lambda request: "Remember: the deadline is Friday." if len(script.requests) == 1 else "Yes."
    )
    shared = {"long_term": {"scope": "project", "of": "desk"}}
    graph = Graph("pair")
    for name in ("reader", "writer"):
        graph.node(
            name, Agent(name, model=script.model, memory=shared, task="When is the deadline?"), reads=[]
        )
    graph.parse("START -> reader -> writer -> END")
    graph.run({}, store="journal.db")

    assert told(script) == ["- The deadline is Friday."]
    frame = Agent("writer", memory=shared).memory.table("long_term", store="journal.db")
    assert list(frame["source"]) == list(frame["agent"]) == ["reader"]


def test_who_is_logged_in_and_the_folder_are_the_usual_scope(monkeypatch):
    """Without ``of`` the settings say whose memory it is."""
    monkeypatch.setenv("GENXAI_USER", "ada")
    monkeypatch.setenv("GENXAI_PROJECT", "desk")
    for scope in ("user", "project"):
        memory = Agent("clerk", memory={"long_term": {"scope": scope}}).memory
        memory.remember("It rains.", store="journal.db")

    assert open_store("journal.db").items.owners() == [
        ("project/desk", "long_term"),
        ("user/ada", "long_term"),
    ]


def test_an_item_that_stood_in_a_prompt_was_used():
    """Each visit that ended counts the items of its prompt once, also when the run is gone over again."""
    script = Scripted(lambda request: "Yes.")
    clerk = Agent("clerk", model=script.model, memory="long_term", task="{{said}}")
    clerk.memory.remember("The archive is in the cellar", store="journal.db")
    graph = Graph("talk").node("clerk", clerk).edge("START", "clerk")
    run = graph.start({"said": "Where is the archive?"}, store="journal.db")
    run.resume()
    run.fork(0).resume()
    run.goto(0)
    run.resume()
    clerk.ask("What is the weather like?", store="journal.db")
    frame = clerk.memory.table("long_term", store="journal.db")

    assert list(frame["uses"]) == [1]
    assert frame["used"].notna().all()
    (write,) = [call for call in calls("r1", "memory") if call.request["op"] == "remember"][:1]
    assert write.request == {"op": "remember", "items": [], "used": {"long_term": ["m1"]}, "won": True}


def test_kinds_with_options_are_written_in_a_cell_and_read_back():
    """A mapping of kinds to options is YAML in a cell, and the agent's text defines the same agent."""
    body = "memory:\n  short_term:\n  long_term: {scope: user, of: ada, keep: 0.3}"
    agent = agent_from("clerk", body, lambda name: None)

    assert agent.memory.kinds == ("short_term", "long_term")
    assert agent.memory.options["long_term"] == {"scope": "user", "of": "ada", "keep": 0.3}
    assert agent_from("clerk", agent.spec_text, lambda name: None).version == agent.version
    assert agent.version != Agent("clerk", memory=["short_term", "long_term"]).version


@pytest.mark.parametrize(
    ("memory", "error", "said"),
    [
        ({"long_term": {"scop": "user"}}, UnknownName, "scope"),
        ({"long_term": {"scope": "team"}}, DefinitionError, "agent, user, project"),
        ({"long_term": {"of": "ada"}}, DefinitionError, "scope: user, of: ada"),
        ({"long_term": {"keep": 7}}, DefinitionError, "to keep 7"),
        ({"working": {"scope": "user"}}, UnknownName, "option of working memory"),
        ({"long_term": "user"}, DefinitionError, "Write them by name"),
        ({"long_turm": {}}, UnknownName, "long_term"),
    ],
)
def test_options_that_are_none_are_told_with_what_to_write(memory, error, said):
    """A misspelt kind or option, a scope or a value that cannot be is refused in words."""
    with pytest.raises(error, match=said):
        Agent("clerk", memory=memory)


def test_all_that_is_kept_of_a_user_is_forgotten_by_whoever_is_asked():
    """Whichever agents and kinds wrote it: what is kept by that user goes, what is kept of others stays."""
    for name, kind, user in (
        ("clerk", "long_term", "ada"),
        ("guard", "semantic", "ada"),
        ("guard", "semantic", "bo"),
    ):
        memory = Agent(name, memory={kind: {"scope": "user", "of": user}}).memory
        memory.remember(f"The key of {user} is blue.", store="journal.db")
    memory = Agent("porter").memory

    assert memory.forget(user="ada", containing="red", store="journal.db") == 0
    assert memory.forget(user="ada", store="journal.db") == 2
    assert memory.forget(user="ada", store="journal.db") == 0
    items = open_store("journal.db").items
    left = [row.text for owner, kind in items.owners() for row in items.read(owner, kind)]
    assert sorted(left) == ["", "", "The key of bo is blue."]
