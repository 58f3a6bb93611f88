"""Tools by category, by tag, and by likeness to what is asked."""

from __future__ import annotations

import pytest

from genxai_nb import Agent
from genxai_nb.agents.notation import agent_from
from genxai_nb.agents.selection import read_group
from genxai_nb.errors import DefinitionError, UnknownName
from genxai_nb.providers.scripted import Scripted
from genxai_nb.tools import registry
from genxai_nb.tools.base import tool


@tool
def ring(bell: str) -> str:
    """Ring a bell."""
    return bell


def told(question: str, *tools, **options) -> list[str]:
    """The names of the tools that the model of an agent is told of."""
    script = Scripted(["done"], name="selection")
    Agent("chooser", model=script.model, tools=tools, **options).ask(question)
    return [spec.name for spec in script.requests[0].tools]


def test_category_and_tag_stand_for_their_tools():
    """A category gives all its tools, a tag those that have it, beside tools by name, none twice."""
    rows = registry.describe()
    names = told("x", "@database", ring, "calculator")
    assert names == [*(row.name for row in rows if row.category == "database"), "ring", "calculator"]
    assert told("x", "@sql", "@database")[:2] == ["database_inspector", "sql_query"]
    assert set(told("x", "@all")) == set(registry.names())


def test_nearest_of_a_group():
    """Of a group with a number only those most like the question are told of."""
    chosen = told("Send a mail to Ann by the mail server.", "@communication/1", ring)
    assert chosen == ["email_sender", "ring"]
    assert told("Compute the digest of a text, its hash.", "@computation/1") == ["hash_generator"]
    assert len(told("x", "@all/4")) == 4


def test_agent_may_use_a_tool_of_the_group_it_was_not_told_of():
    """The whole group is the agent's; the number is about what is told."""
    agent = Agent("chooser", tools=["@computation/1"])
    assert "calculator" in agent.toolbox


@pytest.mark.parametrize("word", ["@", "@data/0", "@data/x", "@da ta", "@data/"])
def test_what_stands_for_nothing_is_refused(word: str):
    """A word that cannot be read says how it is written."""
    with pytest.raises(DefinitionError, match="stands for no tools"):
        read_group(word)


def test_unknown_group_suggests_the_nearest():
    """A misspelt category is told with the nearest one."""
    with pytest.raises(
        UnknownName, match="Unknown category or tag of tools 'databse'. Did you mean 'database'"
    ):
        told("x", "@databse")


def test_written_in_a_cell():
    """The field of a cell takes groups like names, and writes them as they were."""
    agent = agent_from("chooser", "tools: @database, calculator, @data/3", lambda name: None)
    assert agent.tools == ("@database", "calculator", "@data/3")
    assert "tools: @database, calculator, @data/3" in agent.spec_text
