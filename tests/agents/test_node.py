"""Agents as nodes of a graph, run by the engine with scripted models."""

from __future__ import annotations

import json

import pytest
from pydantic import BaseModel

from genxai_nb.agents.agent import Agent
from genxai_nb.agents.workflow import Graph
from genxai_nb.errors import DefinitionError, GraphInvalid, NodeFailed, TemplateKeyMissing, UnknownName
from genxai_nb.graph.nodes import NodeOptions
from genxai_nb.messages import ModelRequest, ToolCall
from genxai_nb.providers.scripted import Scripted
from genxai_nb.tools.base import tool


class Verdict(BaseModel):
    score: float
    advice: str


class Draft(BaseModel):
    topic: str
    draft: str = ""
    score: float = 0
    advice: str = ""


def alone(agent: Agent, **options) -> Graph:
    """A graph of one agent."""
    return Graph("alone").node(agent.name, agent, **options).edge("START", agent.name).edge(agent.name, "END")


def texts(request: ModelRequest) -> list[str]:
    return [message.text for message in request.messages]


def echo(name: str = "echo") -> Scripted:
    """A model that answers with the last message, in brackets."""
    return Scripted(lambda request: f"[{request.messages[-1].text}]", name=name)


def test_the_answer_goes_to_the_key_of_the_agents_name():
    """Without writes the text is under the agent's name, hyphens as underscores."""
    agent = Agent("fact-checker", model=Scripted(["True."]).model)
    assert alone(agent).run({"claim": "x"}, store=":memory:").state == {"claim": "x", "fact_checker": "True."}


def test_writes_names_the_key_and_into_wins():
    """The node's into comes before the agent's writes, which comes before its name."""
    agent = Agent("writer", model=Scripted(["A", "B"]).model, writes="draft")
    assert alone(agent).run({}, store=":memory:").state == {"draft": "A"}
    assert alone(agent, into="text").run({}, store=":memory:").state == {"text": "B"}


def test_the_fields_of_an_output_go_to_the_keys_of_their_names():
    """Without writes a structured answer is merged into the state."""
    agent = Agent("critic", model=Scripted(['{"score": 0.5, "advice": "Shorter."}']).model, output=Verdict)
    assert alone(agent).run({}, store=":memory:").state == {"score": 0.5, "advice": "Shorter."}


def test_an_output_goes_whole_to_the_key_in_writes():
    """With writes a structured answer stays one object."""
    script = Scripted(['{"score": 0.5, "advice": "Shorter."}'])
    agent = Agent("critic", model=script.model, output=Verdict, writes="verdict")
    assert alone(agent).run({}, store=":memory:").state == {"verdict": Verdict(score=0.5, advice="Shorter.")}


def test_a_body_says_what_it_writes_and_needs():
    """The build can check keys before anything runs."""
    options = NodeOptions(name="n")
    text = Agent("writer", task="About {{topic}}. {{advice?}}").as_node(options)
    assert (text.kind, text.writes, text.template) == ("agent", ("writer",), ("topic",))
    assert Agent("critic", output=Verdict).as_node(options).writes == ("score", "advice")
    assert Agent("critic", output=Verdict, writes="verdict").as_node(options).writes == ("verdict",)


def test_a_default_writes_that_is_no_field_is_refused_at_build():
    """With a schema the agent's name has to be a field, or writes has to name one."""
    graph = Graph("g", Draft).node("writer", Agent("writer")).edge("START", "writer")
    with pytest.raises(GraphInvalid, match="writes"):
        graph.build()
    fine = Graph("g", Draft).node("writer", Agent("writer", writes="draft")).edge("START", "writer")
    fine.build()


def test_a_task_that_names_no_field_is_refused_at_build():
    """With a schema an unknown key of a task is found before the run."""
    agent = Agent("writer", task="About {{topik}}", writes="draft")
    with pytest.raises((GraphInvalid, TemplateKeyMissing), match="topik"):
        Graph("g", Draft).node("writer", agent).edge("START", "writer").build()


def test_a_task_that_names_an_absent_key_fails_the_node():
    """With a dict state the run ends with an error that names key and node."""
    agent = Agent("writer", model=echo().model, task="About {{topik}}")
    with pytest.raises(NodeFailed, match="topik") as failed:
        alone(agent).run({"topic": "x"}, store=":memory:")
    assert isinstance(failed.value.__cause__, TemplateKeyMissing)


def test_an_unknown_tool_is_refused_when_the_node_is_made():
    """A misspelt tool is found before anything runs."""
    with pytest.raises(UnknownName, match="'calculator'"):
        alone(Agent("clerk", tools=["calculater"]))


def test_the_agent_is_shown_the_state():
    """All public keys reach the model; reads of agent or node limit them, the node's first."""
    script = echo()
    state = {"topic": "x", "notes": ["one"], "n": 3}
    alone(Agent("a", model=script.model)).run(state, store=":memory:")
    alone(Agent("a", model=script.model, reads=["n"])).run(state, store=":memory:")
    alone(Agent("a", model=script.model, reads=["n"]), reads=["topic"]).run(state, store=":memory:")
    assert [request.messages[-1].text for request in script.requests] == [
        "<topic>\nx\n</topic>\n\n<notes>\n- one\n</notes>\n\n<n>\n3\n</n>",
        "<n>\n3\n</n>",
        "<topic>\nx\n</topic>",
    ]


def test_an_agent_over_a_schema_sees_and_writes_its_fields():
    """A graph with a pydantic state gives the agent keys and checks what it answers."""
    script = Scripted(['{"score": 0.9, "advice": "Fine."}'])
    critic = Agent("critic", model=script.model, task="Judge {{draft}}", reads=["topic"], output=Verdict)
    graph = Graph("g", Draft).node("critic", critic).edge("START", "critic")
    state = graph.run({"topic": "x", "draft": "d"}, store=":memory:").state
    assert (state.score, state.advice) == (0.9, "Fine.")
    assert texts(script.requests[0]) == ["Judge d\n\n<topic>\nx\n</topic>"]


def test_the_runs_model_is_used_by_each_agent():
    """A model given to the run replaces the agent's own."""
    echo("other")
    agent = Agent("a", model=Scripted([]).model, task="Hi")
    assert alone(agent).run({}, model="scripted:other", store=":memory:").state["a"] == "[Hi]"


def loop(writer: Agent, critic: Agent) -> Graph:
    graph = Graph("review", reducers={"log": "append"})
    graph.node("writer", writer).node("critic", critic)
    return graph.parse("START -> writer -> critic\ncritic -> writer if score < 0.8 max 3\ncritic -> END else")


def test_in_a_loop_an_agent_remembers_its_earlier_visits():
    """The second visit's request holds the first visit's question and answer; other agents' are not in it."""
    drafts = Scripted(["First.", "Second."], name="drafts")
    verdicts = Scripted(
        ['{"score": 0.2, "advice": "More."}', '{"score": 0.9, "advice": ""}'], name="verdicts"
    )
    writer = Agent("writer", model=drafts.model, role="Writer", task="About {{topic}}. {{advice?}}", reads=[])
    critic = Agent("critic", model=verdicts.model, task="Judge {{writer}}", reads=[], output=Verdict)
    result = loop(writer, critic).run({"topic": "x"}, store=":memory:")
    assert texts(drafts.requests[0]) == ["Role: Writer", "About x."]
    assert texts(drafts.requests[1]) == ["Role: Writer", "About x.", "First.", "About x. More."]
    assert texts(verdicts.requests[1]) == [
        "Judge First.",
        '{"score": 0.2, "advice": "More."}',
        "Judge Second.",
    ]
    assert result.state == {"topic": "x", "writer": "Second.", "score": 0.9, "advice": ""}
    assert result.limits == []


def test_tool_calls_are_part_of_the_history():
    """A later visit is shown the calls that an earlier one made, and their results."""

    @tool(read_only=True)
    async def length(text: str) -> int:
        """Count characters."""
        return len(text)

    script = Scripted([ToolCall("c1", "length", {"text": "abc"}), "3", "Still 3"])
    agent = Agent("clerk", model=script.model, tools=[length], task="Count.", reads=[])
    graph = (
        Graph("g")
        .node("clerk", agent)
        .parse("START -> clerk\nclerk -> clerk if clerk == '3' max 1\nclerk -> END else")
    )
    graph.run({}, store=":memory:")
    assert [message.role for message in script.requests[2].messages] == [
        "user",
        "assistant",
        "tool",
        "assistant",
        "user",
    ]


def test_without_memory_each_visit_starts_afresh():
    """An agent with memory off is not shown what it said before."""
    drafts = Scripted(["First.", "Second."], name="drafts")
    verdicts = Scripted(
        ['{"score": 0.2, "advice": "More."}', '{"score": 0.9, "advice": ""}'], name="verdicts"
    )
    writer = Agent("writer", model=drafts.model, task="About {{topic}}.", reads=[], memory=[])
    critic = Agent("critic", model=verdicts.model, output=Verdict)
    loop(writer, critic).run({"topic": "x"}, store=":memory:")
    assert texts(drafts.requests[1]) == ["About x."]


def test_parallel_visits_do_not_see_each_other():
    """Two nodes of one agent side by side start from the same history and both are in it afterwards."""
    script = Scripted(lambda request: f"seen {len(request.messages)}", name="parallel")
    agent = Agent("worker", model=script.model, task="Go.", reads=[])
    graph = (
        Graph("g").node("left", agent, into="a").node("right", agent, into="b").node("last", agent, into="c")
    )
    state = graph.parse("START -> [left, right] -> last -> END").run({}, store=":memory:").state
    assert state == {"a": "seen 1", "b": "seen 1", "c": "seen 5"}


class Found(BaseModel):
    notes: list[str]


def test_instances_of_a_map_do_not_see_each_other():
    """Each instance of an agent in a map is asked alone, about its own item; answers come in order of items."""
    script = Scripted(lambda request: json.dumps({"notes": [request.messages[-1].text]}), name="mapped")
    agent = Agent("worker", model=script.model, task="About {{item}}.", reads=[], output=Found)
    graph = Graph("g", reducers={"notes": "append"}).node("worker", agent)
    graph.node("split", lambda state: {"items": ["a", "b", "c"]})
    graph.parse("START -> split\nsplit -> worker for each item in items")
    state = graph.run({"notes": []}, store=":memory:").state
    assert state["notes"] == ["About a.", "About b.", "About c."]
    assert [len(request.messages) for request in script.requests] == [1, 1, 1]


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ({}, "<topic>\ntea\n</topic>\n\n<item>\nred\n</item>"),
        ({"reads": ["item", "items"]}, "<item>\nred\n</item>\n\n<items>\n- red\n- blue\n</items>"),
        ({"task": "{{item}} of {{items}}"}, "red of - red\n- blue\n\n<topic>\ntea\n</topic>"),
    ],
    ids=["default", "reads", "task"],
)
def test_an_agent_in_a_map_is_not_sent_the_list_unasked(said, shown):
    """What each instance is sent does not grow with the list, unless the agent names it."""
    script = Scripted(lambda request: "seen", name="unasked")
    graph = Graph("g", reducers={"worker": "append"})
    graph.node("worker", Agent("worker", model=script.model, **said))
    graph.parse("START -> worker for each item in items")
    graph.run({"topic": "tea", "items": ["red", "blue"]}, store=":memory:")
    assert script.requests[0].messages[-1].text == shown


def test_a_new_run_knows_nothing_of_the_last_one():
    """History inside a graph is scoped to the run."""
    script = echo()
    graph = alone(Agent("a", model=script.model, task="Hi", reads=[]))
    for _ in range(2):
        graph.run({}, store=":memory:")
    assert [len(request.messages) for request in script.requests] == [1, 1]


def test_history_is_hidden_and_can_be_kept_on_disk():
    """The result does not show the history, and a store on disk takes it."""
    script = Scripted(["First.", "Second."], name="disk")
    agent = Agent("a", model=script.model, task="Hi", reads=[])
    graph = Graph("g").node("a", agent).parse("START -> a\na -> a if a == 'First.' max 1\na -> END else")
    result = graph.run({}, store="journal.db")
    assert result.state == {"a": "Second."}
    assert texts(script.requests[1]) == ["Hi", "First.", "Hi"]


def test_a_failed_answer_fails_the_node_with_its_cause():
    """The run's error names the node and says what the agent did wrong."""
    agent = Agent("critic", model=Scripted(["no", "no"]).model, output=Verdict)
    with pytest.raises(NodeFailed, match=r"'critic' failed.*did not answer as Verdict"):
        alone(agent).run({}, store=":memory:")


def test_model_and_tool_calls_are_in_the_journal():
    """Each call of the loop is a fact of the run."""

    @tool
    async def double(number: int) -> int:
        """Double a number."""
        return 2 * number

    agent = Agent(
        "clerk", model=Scripted([ToolCall("c1", "double", {"number": 4}), "8"]).model, tools=[double]
    )
    run = alone(agent).start({}, store=":memory:")
    run.resume()
    started = [event for event in run.events() if type(event).__name__ == "CallStarted"]
    assert [(event.kind, event.effect) for event in started] == [
        ("model", False),
        ("tool", True),
        ("model", False),
    ]
    assert json.dumps(started[1].request) == '{"number": 4}'


def test_an_agent_that_cannot_be_made_ready_says_why():
    """A task that is no template is refused when the node is made."""
    with pytest.raises(DefinitionError, match="names no key"):
        alone(Agent("a", task="{{1 + 1}}"))


def test_a_template_in_a_map_is_offered_the_name_of_its_item():
    """The item is known beside the fields of the schema."""

    class Desk(BaseModel):
        rows: list[str] = []
        reply: str = ""

    graph = Graph("g", state=Desk).node("a", Agent("a", task="Answer {{item}}.", writes="reply"))
    graph.node("split", lambda state: {"rows": ["x"]}).parse(
        "START -> split\nsplit -> a for each row in rows"
    )
    with pytest.raises(TemplateKeyMissing, match="Known: reply, row, rows"):
        graph.build()
