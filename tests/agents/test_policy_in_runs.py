"""Policies in a run: tools that are allowed, denied, or put to a person with their real arguments."""

from __future__ import annotations

import asyncio
import threading

import pytest
from stepping import begun_until_asked

from genxai_nb.agents.agent import Agent
from genxai_nb.agents.lookup import StandardLookup
from genxai_nb.agents.notation import agent_from
from genxai_nb.agents.workflow import Graph
from genxai_nb.errors import LineInvalid, RunCancelled, UnknownName
from genxai_nb.graph.build import END, START
from genxai_nb.graph.run import Run
from genxai_nb.guard.policy import PROFILES
from genxai_nb.messages import ToolCall
from genxai_nb.providers.scripted import Scripted
from genxai_nb.tools.base import tool


def calling(name: str, **arguments) -> ToolCall:
    return ToolCall("c1", name, arguments)


def made(log: list):
    @tool(permissions=["send", "network"], subjects={"to": "recipients"})
    def send(to: str, text: str = "") -> str:
        """Send a text.

        Args:
            to: To whom.
            text: What.
        """
        log.append(to)
        return f"sent to {to}"

    return send


def asked(graph: Graph, **options):
    """Run a graph to its end and return the run."""
    run = graph.start({}, store=":memory:", **options)
    run.resume()
    return run


def questions(run) -> list:
    """The questions to people that the journal holds."""
    return [event for event in run.events() if getattr(event, "kind", "") == "human"]


def graph_with(agent: Agent) -> Graph:
    graph = Graph("mail")
    graph.node("writer", agent)
    graph.edge(START, "writer")
    graph.edge("writer", END)
    return graph


def told(script: Scripted) -> str:
    """What the model read as the result of its first call."""
    return script.requests[1].messages[-1].parts[0].text


def test_nobody_to_ask_is_no():
    """Without a person the call is not made, and the model and the journal are told why."""
    log: list[str] = []
    script = Scripted([calling("send", to="ann"), "Could not."], name="nobody")
    run = asked(graph_with(Agent("writer", model=script.model, tools=[made(log)])))
    assert run.state["writer"] == "Could not."
    assert log == []
    assert "nobody is there to ask" in told(script)
    failed = [event for event in run.events() if type(event).__name__ == "CallFailed"]
    assert failed[-1].code == "denied"


@pytest.mark.parametrize(
    "policy",
    [{"allow": ["send", "network"]}, {"allow": "send, network", "recipients": "*@a.org, ann"}, "open"],
)
def test_what_is_allowed_is_done(policy):
    """An allowed call is made without a question, whether the run or the agent allows it."""
    log: list[str] = []
    for number, (mine, its) in enumerate([(policy, None), (None, policy), (policy, policy)]):
        script = Scripted([calling("send", to="ann"), "Done."], name=f"allowed{number}")
        asked(graph_with(Agent("writer", model=script.model, tools=[made(log)], policy=its)), policy=mine)
    assert log == ["ann", "ann", "ann"]


def test_the_run_bounds_the_agent():
    """An agent's policy does not lift the run's, nor the run's the agent's."""
    log: list[str] = []
    for number, (mine, its) in enumerate([("safe", "open"), ("open", "safe"), ("open", {"deny": "send"})]):
        script = Scripted([calling("send", to="ann"), "No."], name=f"bound{number}")
        asked(graph_with(Agent("writer", model=script.model, tools=[made(log)], policy=its)), policy=mine)
        assert "was not called" in told(script)
    assert log == []


@pytest.mark.parametrize(("answer", "done"), [("allow", ["ann"]), ("deny", [])])
def test_a_person_decides(answer: str, done: list[str]):
    """The answer of the person decides, and is kept in the journal."""
    log: list[str] = []
    script = Scripted([calling("send", to="ann"), "Over."], name=f"person-{answer}")
    run = asked(
        graph_with(Agent("writer", model=script.model, tools=[made(log)])), answers={"writer": answer}
    )
    assert log == done
    (question,) = questions(run)
    assert question.parent is not None


def test_a_person_sees_what_is_really_asked():
    """The question shows the arguments with hidden characters as escapes, and the run waits for the answer."""
    log: list[str] = []
    script = Scripted([calling("send", to="ann\u202e", text="a\nb"), "Over."], name="seen")
    graph = graph_with(Agent("writer", model=script.model, tools=[made(log)]))
    run = graph.start({}, store=":memory:", interactive=True)
    question, driving = begun_until_asked(run)
    assert r"""writer call send(to="ann\u202e", text="a\nb")""" in question.prompt
    assert question.choices == ("allow", "always", "deny")
    run.answer("writer", "allow")
    driving.result(5)
    assert log == ["ann\u202e"]


def test_always_holds_for_the_same_arguments():
    """A yes for always covers the tool with the same recipient, not with another one."""
    log: list[str] = []
    turns = [
        calling("send", to="ann", text="1"),
        calling("send", to="ann", text="2"),
        calling("send", to="bob"),
    ]
    script = Scripted([*turns, "Over."], name="always")
    run = asked(
        graph_with(Agent("writer", model=script.model, tools=[made(log)])), answers={"writer": "always"}
    )
    assert log == ["ann", "ann", "bob"]
    assert len(questions(run)) == 2


def test_what_has_no_place_is_asked_about_each_time():
    """A call without folder, host, table or recipient cannot be allowed for always."""
    log: list[str] = []

    @tool(permissions=["execute"])
    def execute(code: str) -> str:
        """Run code."""
        log.append(code)
        return "ran"

    script = Scripted([calling("execute", code="1"), calling("execute", code="2"), "Over."], name="each")
    run = asked(graph_with(Agent("writer", model=script.model, tools=[execute])), answers={"writer": "allow"})
    assert (log, [question.request["choices"] for question in questions(run)]) == (
        ["1", "2"],
        [["allow", "deny"]] * 2,
    )


def test_a_single_yes_holds_for_one_call():
    """A yes without always is asked for again at the next call."""
    log: list[str] = []
    script = Scripted(
        [calling("send", to="ann", text="1"), calling("send", to="ann", text="2"), "Over."], name="single"
    )
    run = asked(
        graph_with(Agent("writer", model=script.model, tools=[made(log)])), answers={"writer": "allow"}
    )
    assert (log, len(questions(run))) == (["ann", "ann"], 2)


def test_tools_without_permissions_are_the_users_own():
    """A function made a tool in the notebook is called without a question, unless a policy names it."""
    log: list[str] = []

    @tool
    def note(text: str) -> str:
        """Note a text."""
        log.append(text)
        return "noted"

    for policy in (None, "safe"):
        script = Scripted([calling("note", text="a"), "Over."], name=f"own-{policy}")
        asked(graph_with(Agent("writer", model=script.model, tools=[note])), policy=policy)
    script = Scripted([calling("note", text="b"), "Over."], name="own-denied")
    asked(graph_with(Agent("writer", model=script.model, tools=[note])), policy={"deny": "note"})
    assert log == ["a", "a"]


def test_a_helper_agent_cannot_do_more_than_its_caller():
    """An agent that is called from a tool works under the policies of its caller too."""
    log: list[str] = []
    inner = Scripted([calling("send", to="ann"), "Tried."], name="inner")
    helper = Agent("helper", model=inner.model, tools=[made(log)], policy="open")

    @tool
    async def delegate(context) -> str:
        """Let the helper do it."""
        return await context.agent("helper", "Send it.")

    outer = Scripted([calling("delegate"), "Over."], name="outer")
    graph = Graph("mail", lookup=StandardLookup({"helper": helper}))
    graph.node("writer", Agent("writer", model=outer.model, tools=[delegate], policy={"deny": "send"}))
    graph.edge(START, "writer")
    graph.edge("writer", END)
    asked(graph, policy="open")
    assert log == []
    assert "denies 'send'" in told(inner)


def test_the_environment_bounds_every_run(monkeypatch):
    """What GENXAI_POLICY denies, no run and no agent allows."""
    log: list[str] = []
    monkeypatch.setenv("GENXAI_POLICY", "safe")
    script = Scripted([calling("send", to="ann"), "No."], name="environment")
    asked(graph_with(Agent("writer", model=script.model, tools=[made(log)], policy="open")), policy="open")
    assert log == []


def test_a_policy_is_written_in_a_cell_and_read_back():
    """The field policy: takes a profile's name or fields, and is part of the agent's text."""
    named = agent_from("writer", "policy: safe")
    assert (named.policy, named.spec_text) == (PROFILES["safe"], "policy: safe")
    fields = agent_from("writer", "policy:\n  allow: network, send\n  hosts: [a.org, '*.b.org']")
    assert (fields.policy.allow, fields.policy.hosts) == (("network", "send"), ("a.org", "*.b.org"))
    assert agent_from("writer", fields.spec_text).policy == fields.policy
    with pytest.raises(LineInvalid, match="Unknown policy 'save'"):
        agent_from("writer", "policy: save")


def test_a_yes_holds_when_its_call_was_cut_off():
    """A call that was allowed and then cancelled is made again on resume without a second question."""
    log: list[str] = []
    stop = threading.Event()

    @tool(permissions=["write"])
    async def slow(context) -> str:
        """Take long at first."""
        log.append("began")
        if len(log) == 1:
            stop.set()
            await asyncio.Event().wait()
        return "written"

    script = Scripted([calling("slow"), calling("slow"), "Over."], name="cut")
    run = graph_with(Agent("writer", model=script.model, tools=[slow])).start(
        {}, store=":memory:", answers={"writer": "allow"}
    )
    driving = run.begin()
    assert stop.wait(5)
    run.cancel()
    with pytest.raises(RunCancelled):
        driving.result(5)
    run.options.answers.clear()
    assert run.resume().state["writer"] == "Over."
    assert (log, len(questions(run))) == (["began", "began"], 1)


def test_a_policy_is_changed_for_the_rest_of_a_run(tmp_path):
    """A run that is loaded again keeps its policy, and goes on with the one that it is given, now and later."""
    log: list[str] = []
    script = Scripted([calling("send", to="ann"), "Sent."], name="later")
    graph = graph_with(Agent("writer", model=script.model, tools=[made(log)]))
    begun = graph.start({}, store=str(tmp_path / "j.db"), policy="safe")
    begun.cancel()
    run = Run.load(begun.run_id, graph, str(tmp_path / "j.db"))
    assert run.options.recorded == PROFILES["safe"]
    run.set_policy({"allow": "send, network"})
    assert run.resume().state["writer"] == "Sent."
    assert log == ["ann"]
    with pytest.raises(UnknownName):
        run.set_policy("opne")


@pytest.mark.parametrize("answers", [{}, {"writer": "allow"}], ids=["nobody", "allowed"])
@pytest.mark.parametrize("policy", ["safe", {"deny": "send"}, "open", {"allow": "send, network"}])
def test_a_recorded_policy_only_takes_away(tmp_path, policy, answers):
    """A strict policy outlives its process; what a journal allows, a person is asked about again."""
    log: list[str] = []
    script = Scripted([calling("send", to="ann"), "Over."], name=f"kept-{policy}-{len(answers)}")
    graph = graph_with(Agent("writer", model=script.model, tools=[made(log)]))
    begun = graph.start({}, store=str(tmp_path / "j.db"), policy=policy)
    begun.cancel()
    run = Run.load(begun.run_id, graph, str(tmp_path / "j.db"))
    run.resume(answers=answers)
    assert log == (["ann"] if answers and policy not in ("safe", {"deny": "send"}) else [])
