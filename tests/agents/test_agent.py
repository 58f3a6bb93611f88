"""An agent's definition: fields, checks, tools and version."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import BaseModel

from genxai_nb.agents.agent import Agent
from genxai_nb.errors import DefinitionError, SchemaInvalid, UnknownName
from genxai_nb.graph.nodes import NodeLike
from genxai_nb.tools.base import Tool, tool


class Verdict(BaseModel):
    score: float


class Other(BaseModel):
    score: int


@tool
def double(number: int) -> int:
    """Double a number."""
    return number * 2


def test_an_agent_shows_what_was_said_of_it():
    """The repr names the fields that were given, in order, and cuts long text."""
    agent = Agent("writer", model="offline", goal="g" * 100, tools=["calculator", double], output=Verdict)
    assert repr(agent) == (
        "Agent('writer', model='offline', goal='"
        + "g" * 55
        + "...', tools=['calculator', 'double'], output=Verdict)"
    )


def test_an_agent_cannot_be_changed():
    """Fields are fixed, so that its version stays true."""
    with pytest.raises(AttributeError):
        Agent("writer").role = "Editor"


def test_an_agent_is_a_node():
    """The engine knows an agent by its protocol."""
    assert isinstance(Agent("writer"), NodeLike)


@pytest.mark.parametrize("name", ["", "2nd", "a b", "a-", "-a", "_a", "a.b", None, 3])
def test_a_name_that_cannot_stand_in_a_graph_is_refused(name):
    """Names are letters, digits, underscores and inner hyphens; the error shows the name."""
    with pytest.raises(DefinitionError, match="cannot be an agent's name"):
        Agent(name)


@pytest.mark.parametrize("name", ["START", "END", "max", "class"])
def test_a_reserved_name_is_refused(name):
    """Names that the graph or Python needs are not free."""
    with pytest.raises(DefinitionError, match="reserved"):
        Agent(name)


def test_a_hyphen_becomes_an_underscore_in_the_state():
    """The key of an agent named with a hyphen is an identifier."""
    assert Agent("fact-checker").key == "fact_checker"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("role", 3),
        ("goal", None),
        ("model", ""),
        ("task", " "),
        ("task", 5),
        ("writes", "my draft"),
        ("writes", ["a"]),
        ("reads", ["a b"]),
        ("reads", 3),
        ("temperature", 3),
        ("temperature", "hot"),
        ("temperature", True),
        ("max_tokens", 0),
        ("max_tokens", 1.5),
        ("max_turns", 0),
        ("max_turns", True),
        ("max_turns", None),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_field(field, value):
    """The error names agent, field and value and says what it has to be."""
    with pytest.raises(DefinitionError, match=f"Agent 'writer': {field} is .*It has to be"):
        Agent("writer", **{field: value})


def test_an_output_that_is_no_model_is_refused():
    """Structured output takes a pydantic class."""
    for wrong in (dict, {"score": "float"}, Verdict(score=1)):
        with pytest.raises(SchemaInvalid, match="not a pydantic model"):
            Agent("critic", output=wrong)


def test_memory_is_short_term_unless_switched_off():
    """None means short-term memory; an empty list and "none" mean no memory."""
    assert Agent("a").remembers
    assert Agent("a", memory=["short_term"]).remembers
    assert not Agent("a", memory=[]).remembers
    assert not Agent("a", memory="none").remembers


def test_an_unknown_kind_of_memory_is_refused():
    """The nearest kind is suggested."""
    with pytest.raises(
        UnknownName, match=r"Unknown kind of memory 'short_terms'\. Did you mean 'short_term'"
    ):
        Agent("a", memory=["short_terms"])


def test_typed_functions_become_tools():
    """A plain function in tools is described by its annotations."""

    def shout(text: str) -> str:
        """Write in capitals."""
        return text.upper()

    (made,) = Agent("a", tools=shout).tools
    assert isinstance(made, Tool)
    assert made.spec.description == "Write in capitals."


def test_a_function_that_cannot_be_a_tool_is_refused():
    """A parameter without annotation has no schema."""
    with pytest.raises(SchemaInvalid, match="'x'"):
        Agent("a", tools=[lambda_like])


def lambda_like(x):
    return x


def test_what_is_no_tool_is_refused():
    """The error shows the value."""
    with pytest.raises(DefinitionError, match="3 in tools is no tool"):
        Agent("a", tools=[3])


def test_two_tools_of_one_name_are_refused():
    """A model could not tell them apart."""
    with pytest.raises(DefinitionError, match="two tools named 'double'"):
        Agent("a", tools=[double, "double"])


def test_builtin_tools_are_found_by_name():
    """A builtin tool's name is enough."""
    agent = Agent("a", tools=["calculator", double])
    assert list(agent.toolbox) == ["calculator", "double"]
    assert [spec.name for spec in agent.tool_specs] == ["calculator", "double"]


def test_an_unknown_tool_is_named_with_its_nearest():
    """The name is looked up when the agent is used, since its cell may come before the tool's."""
    agent = Agent("a", tools=["calculater"])
    with pytest.raises(UnknownName, match="'calculator'"):
        _ = agent.toolbox


def test_named_tools_can_be_given_later():
    """A look-up puts tools and functions in place of names and leaves all else, also the conversation."""

    def shout(text: str) -> str:
        """Write in capitals."""
        return text.upper()

    agent = Agent("a", role="Clerk", tools=["double", "shout", "calculator"])
    known = {"double": double, "shout": shout}
    equipped = agent.with_tools(known.get)
    assert list(equipped.toolbox) == ["double", "shout", "calculator"]
    assert equipped.toolbox["double"] is double
    assert (equipped.role, equipped.conversation) == ("Clerk", agent.conversation)
    assert equipped.conversation is agent.conversation
    assert agent.with_tools({}.get) is agent


def test_a_name_of_something_else_is_refused_as_tool():
    """What is neither tool nor function cannot be called by a model."""
    with pytest.raises(DefinitionError, match="'double' is 3, not a tool"):
        Agent("a", tools=["double"]).with_tools({"double": 3}.get)


def test_equal_agents_have_equal_versions():
    """The version is made of content, not of identity."""
    assert Agent("a", role="x", tools=[double]).version == Agent("a", role="x", tools=[double]).version


def test_each_field_counts_for_the_version():
    """A change of any field, of a tool's source or of the output schema is a new version."""

    @tool(name="double")
    def other(number: int) -> int:
        """Double a number."""
        return number + number

    variants = [
        Agent("a"),
        Agent("b"),
        Agent("a", model="offline"),
        Agent("a", role="x"),
        Agent("a", goal="x"),
        Agent("a", backstory="x"),
        Agent("a", instructions="x"),
        Agent("a", tools=[double]),
        Agent("a", tools=[other]),
        Agent("a", memory=[]),
        Agent("a", task="x"),
        Agent("a", reads=["x"]),
        Agent("a", reads=[]),
        Agent("a", writes="x"),
        Agent("a", output=Verdict),
        Agent("a", output=Other),
        Agent("a", temperature=0),
        Agent("a", max_tokens=9),
        Agent("a", max_turns=9),
    ]
    assert len({agent.version for agent in variants}) == len(variants)


def test_the_spec_is_the_body_of_a_cell():
    """Fields are written one a line, longer text indented, defaults left out."""
    agent = Agent("a", role="Clerk", instructions="One.\nTwo.", tools=["calculator", double], memory=[])
    assert agent.spec_text == "role: Clerk\ninstructions: One.\n  Two.\ntools: calculator, double\nmemory: []"


def test_defining_an_agent_loads_no_schema_library():
    """An agent without tools of its own is made without pydantic."""
    code = (
        "import sys; from genxai_nb.agents.agent import Agent; Agent('a', tools=['calculator'], task='{{x}}');"
        "print(sorted({'pydantic', 'pandas', 'IPython'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
