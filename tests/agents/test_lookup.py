"""Where a graph finds what it names."""

from __future__ import annotations

from typing import Any

import pytest

from genxai_nb.agents.agent import Agent
from genxai_nb.agents.lookup import StandardLookup, kind_of
from genxai_nb.agents.workflow import Graph
from genxai_nb.errors import NodeFailed, UnknownName
from genxai_nb.graph.run import run_log
from genxai_nb.messages import ToolCall
from genxai_nb.providers.scripted import Scripted
from genxai_nb.tools.base import tool


@tool
async def double(number: int) -> int:
    """Double a number."""
    return 2 * number


def test_given_definitions_come_before_builtin_tools():
    """A name that a notebook defines hides a builtin tool of that name."""
    mine = Agent("calculator")
    assert StandardLookup().find("calculator").name == "calculator"
    assert StandardLookup({"calculator": mine}).find("calculator") is mine
    assert StandardLookup().find("nothing") is None


def test_definitions_can_change_between_look_ups():
    """A function of definitions is asked anew at each look-up."""
    known: dict[str, Any] = {}
    lookup = StandardLookup(lambda: known)
    assert lookup.find("writer") is None
    known["writer"] = Agent("writer")
    assert lookup.find("writer") is known["writer"]


def test_names_are_listed_with_their_kind():
    """Suggestions and completion know agents, tools, functions and graphs apart."""
    known = {"writer": Agent("writer"), "count": len, "double": double, "part": Graph("part")}
    names = StandardLookup(known).names()
    assert {name: names[name] for name in (*known, "calculator")} == {
        "writer": "agent",
        "count": "function",
        "double": "tool",
        "part": "graph",
        "calculator": "tool",
    }
    assert kind_of(double) == "tool"


def test_an_agent_is_found_with_its_tools():
    """Names of tools that are defined beside the agent are filled in, once as long as nothing changes."""
    known: dict[str, Any] = {"clerk": Agent("clerk", tools=["double", "calculator"]), "double": double}
    lookup = StandardLookup(lambda: known)
    found = lookup.find("clerk")
    assert found.toolbox["double"] is double
    assert lookup.find("clerk") is found

    @tool(name="double")
    async def doubled(number: int) -> int:
        """Double a number by adding."""
        return number + number

    known["double"] = doubled
    assert lookup.find("clerk").toolbox["double"] is doubled


def test_unknown_names_are_errors_with_the_nearest():
    """Resolving says what kind was looked for and which name is near."""
    lookup = StandardLookup({"writer": Agent("writer"), "double": double})
    for kind, name, near in (
        ("tool", "doubl", "double"),
        ("agent", "writr", "writer"),
        ("model", "offlin", "offline"),
    ):
        with pytest.raises(UnknownName, match=f"Unknown .*{name}.*{near}"):
            lookup.resolve(kind, name)
    with pytest.raises(UnknownName, match="tool 'writer'"):
        lookup.resolve("tool", "writer")


def test_a_graph_knows_tools_and_models():
    """A body can call tools and models by name without being given them."""
    script = Scripted(["Four."], name="named")

    async def work(state, context):
        reply = await context.model("2 + 2?", model=script.model)
        return {"sum": await context.tool("calculator", expression="2 + 2"), "said": reply.message.text}

    graph = Graph("g").node("work", work).edge("START", "work")
    assert graph.run({}, store=":memory:").state == {"sum": 4, "said": "Four."}


def test_a_function_of_the_notebook_can_be_called_as_a_tool():
    """What is defined beside the graph is called by its name, also without the decorator."""

    async def half(number: int) -> float:
        """Halve a number."""
        return number / 2

    async def work(state, context):
        return {"half": await context.tool("half", number=3)}

    graph = Graph("g", lookup=StandardLookup({"half": half})).node("work", work).edge("START", "work")
    assert graph.run({}, store=":memory:").state == {"half": 1.5}


def test_a_body_can_ask_an_agent_by_name():
    """The agent answers in a call of its own, whose calls have it as parent."""
    script = Scripted([ToolCall("c1", "double", {"number": 4}), "8"], name="asked")
    known = {"clerk": Agent("clerk", model=script.model, role="Clerk", tools=["double"]), "double": double}

    async def work(state, context):
        return {"said": await context.agent("clerk", "2 x 4?")}

    run = (
        Graph("g", lookup=StandardLookup(known))
        .node("work", work)
        .edge("START", "work")
        .start({}, store=":memory:")
    )
    assert run.resume().state == {"said": "8"}
    assert [message.text for message in script.requests[0].messages] == ["Role: Clerk", "2 x 4?"]
    started = [event for event in run.events() if type(event).__name__ == "CallStarted"]
    assert [event.kind for event in started] == ["agent", "model", "tool", "model"]
    assert {event.parent for event in started[1:]} == {started[0].slot}


def test_nodes_that_are_only_named_are_looked_up():
    """Agents, tools and functions beside the graph become nodes by their names."""
    script = Scripted(["Hello"], name="greeting")
    known = {"greeter": Agent("greeter", model=script.model, task="Greet {{name}}"), "shout": shout}
    graph = Graph("g", lookup=StandardLookup(known))
    graph.node("sum", "calculator", expression="formula")
    graph.parse("START -> greeter -> shout -> sum -> END")
    state = graph.run({"name": "Ada", "formula": "1 + 2"}, store=":memory:").state
    assert (state["greeter"], state["loud"], state["calculator"]) == ("Hello", "HELLO", 3)


async def shout(state):
    return {"loud": state["greeter"].upper()}


def test_an_unknown_node_is_named_with_its_nearest():
    """A node that nothing defines is found before the run."""
    graph = Graph("g", lookup=StandardLookup({"writer": Agent("writer")})).edge("START", "writr")
    with pytest.raises(UnknownName, match=r"'writr'.*'writer'"):
        graph.build()


def test_a_run_on_a_model_that_is_not_there_does_not_begin():
    """The model of a run cannot be changed later, so a misspelt one is refused before anything is recorded."""
    graph = Graph("g").node("a", Agent("a")).edge("START", "a")
    with pytest.raises(UnknownName, match="Unknown model 'offlin'.*'offline'"):
        graph.run({}, model="offlin")
    assert list(run_log().run_id) == []


def test_a_model_that_is_not_there_fails_the_node():
    """The run ends with an error that names the model's provider."""
    graph = Graph("g").node("a", Agent("a", model="offlin")).edge("START", "a")
    with pytest.raises(NodeFailed, match="offlin"):
        graph.run({}, store=":memory:")
