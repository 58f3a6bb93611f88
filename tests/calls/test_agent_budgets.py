"""Budgets of agents: what one agent may spend in a run, wherever in it the agent answers."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from time import sleep

import pytest
from vendor_graph import counting

from genxai_nb import Agent, Graph, Run
from genxai_nb.agents.lookup import StandardLookup
from genxai_nb.calls.budget import Account
from genxai_nb.calls.spent import called_in
from genxai_nb.errors import DefinitionError, OverBudget
from genxai_nb.guard.budget import Amount, Budget
from genxai_nb.journal import events as facts
from genxai_nb.messages import ToolCall
from genxai_nb.providers.scripted import Scripted

SUPPORT = Path(__file__).parents[1] / "support"


def writing(budget, script: Scripted) -> Graph:
    """A writer and a critic who go round three times, of whom the writer has a budget."""
    graph = Graph("review")
    graph.node("writer", Agent("writer", model=script.model, task="Write.", writes="draft", budget=budget))
    graph.node("critic", Agent("critic", model=script.model, task="Judge.", writes="verdict"))
    graph.parse("START -> writer -> critic\ncritic -> writer if verdict != 'done' max 2\ncritic -> END else")
    return graph


@pytest.mark.parametrize(
    ("budget", "said", "needed"),
    [
        ("calls=2", "is one too many: all 2 are made in the budget of agent 'writer'", "calls=3"),
        ({"tokens": 70}, "of 70 are left in the budget of agent 'writer'", "tokens="),
    ],
)
def test_agent_that_has_spent_its_budget_ends_the_run_and_with_more_it_goes_on(budget, said, needed):
    """Only the writer's calls count, the error says what to write in the agent, and nothing is asked again."""
    script = Scripted(["Moss grows on stones.", "hm"] * 3)
    graph = writing(budget, script)
    if "tokens" in needed:
        graph.bind("writer", Agent("writer", model=script.model, task="Write.", max_tokens=20, budget=budget))
    with pytest.raises(OverBudget, match="by node 'writer'") as caught:
        graph.run({}, store="runs.db")
    error = caught.value
    asked = len(script.requests)
    assert asked == 4 if budget == "calls=2" else 0 < asked < 6
    assert said in str(error)
    assert f"write budget: {error.needed} in agent 'writer' and resume." in str(error)
    assert error.needed.startswith(needed)
    assert (error.agent, error.node, error.result.status) == ("writer", "writer", "failed")

    run = Run.load(error.run_id, graph, "runs.db")
    with pytest.raises(OverBudget, match="agent 'writer'"):
        run.resume()  # what was spent is reckoned from the journal
    assert len(script.requests) == asked
    graph.bind("writer", Agent("writer", model=script.model, task="Write.", budget="calls=9,tokens=9000"))
    run = Run.load(error.run_id, graph, "runs.db")
    assert run.resume().status == "done"
    assert len(script.requests) == 6


def test_what_an_agent_spent_survives_a_crash():
    """A run whose process was killed between two answers of an agent knows the first one."""
    script = Scripted([ToolCall("c1", "add", {"a": 2, "b": 3}), "5"])
    code = (
        "from vendor_graph import counting;from genxai_nb.providers.scripted import Scripted;"
        "from genxai_nb.messages import ToolCall;"
        "model = Scripted([ToolCall('c1', 'add', {'a': 2, 'b': 3})], name='crash').model;"
        "counting(model, deadly=True, budget='calls=1').run({'a': 2, 'b': 3}, store='runs.db')"
    )
    died = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": f"{SUPPORT}:{Path(__file__).parents[2]}"},
        check=False,
    )
    assert died.returncode == -9
    run = Run.load("r1", counting(script.model, budget="calls=1"), "runs.db")
    with pytest.raises(OverBudget, match="all 1 are made in the budget of agent 'clerk'"):
        run.resume()
    assert len(run.calls().query("kind == 'model'")) == 1


def test_visits_at_once_and_in_subgraphs_share_the_budget_of_their_agent():
    """Of five instances and a subgraph, as many calls are made as the agent may make, and another one is free to go on."""
    script = Scripted(lambda request: request.messages[-1].text)
    clerk = Agent("clerk", model=script.model, task="Go on.", writes="note", budget="calls=6")
    inner = Graph("inner")
    inner.node("one", clerk).parse("START -> one -> END")
    graph = Graph("outer", reducers={"note": "append"})
    graph.node("many", clerk).node("part", inner)
    graph.node("other", Agent("other", model=script.model, task="Judge.", writes="verdict"))
    graph.parse("START -> other\nother -> many for each item in items\nmany -> part -> again -> END")
    graph.node("again", clerk)
    with pytest.raises(OverBudget, match="agent 'clerk'") as caught:
        graph.run({"items": [1, 2, 3, 4, 5]}, store=":memory:")
    assert len(script.requests) == 7
    assert caught.value.node == "again"


def test_agent_that_lets_another_answer_pays_for_it_too():
    """The helper's answer counts for the helper and for whoever asked it in a tool."""
    script = Scripted([ToolCall("c1", "ask_helper", {"prompt": "Help"}), "help", "never"])

    async def ask_helper(prompt: str, context) -> str:
        """Ask another one.

        Args:
            prompt: What.
            context: Where it is asked.
        """
        return await context.agent("helper", prompt)

    helper = Agent("helper", model=script.model, budget="calls=5")
    boss = Agent("boss", model=script.model, tools=[ask_helper], task="Answer.", budget="calls=2")
    graph = Graph("outer", lookup=StandardLookup({"helper": helper}))
    graph.node("boss", boss).parse("START -> boss -> END")
    run = graph.start({}, store="runs.db")
    with pytest.raises(OverBudget, match="all 2 are made in the budget of agent 'boss'"):
        run.resume()
    assert len(script.requests) == 2
    again = Run.load(run.run_id, graph, "runs.db")
    with pytest.raises(OverBudget, match="agent 'boss'"):
        again.resume()


def test_budget_that_an_agent_is_given_later_counts_what_it_spent_before():
    """The journal tells whose call each one was."""
    script = Scripted(["a", "hm"] * 3)
    graph = writing(None, script)
    run = graph.start({}, store=":memory:")
    run.next()
    run.next()
    graph.bind("writer", Agent("writer", model=script.model, task="Write.", budget="calls=1"))
    with pytest.raises(OverBudget, match="all 1 are made in the budget of agent 'writer'"):
        run.resume()
    assert [(one.node, one.agent) for one in run.events() if isinstance(one, facts.CallStarted)] == [
        ("writer", "writer"),
        ("critic", "critic"),
    ]


def test_time_of_an_agents_calls_ends_what_is_under_way():
    """A tool that would never end is stopped; nobody pays for the time of other agents."""
    again = []

    async def wait() -> str:
        """Wait."""
        if not again:
            await asyncio.Event().wait()
        return "waited"

    script = Scripted([ToolCall("c1", "wait", {}), "done"])
    graph = Graph("waiting")

    def clerk(budget) -> Agent:
        return Agent("clerk", model=script.model, tools=[wait], task="Wait.", budget=budget)

    graph.node("clerk", clerk("seconds=0.05")).parse("START -> clerk -> END")
    run = graph.start({}, store=":memory:")
    with pytest.raises(
        OverBudget,
        match=r"was stopped after .* of 0.05 s in the budget of agent 'clerk'\..*write budget: sec",
    ):
        run.resume()
    again.append(True)
    with pytest.raises(OverBudget, match="agent 'clerk'"):
        run.resume()
    graph.bind("clerk", clerk("seconds=60"))
    assert run.resume().state["clerk"] == "done"


def test_time_in_which_the_run_stands_is_nobodys():
    """A run that stands at a call within a tool may stand for longer than its agent may take."""
    script = Scripted([ToolCall("c1", "ask_helper", {"prompt": "Help"}), "help", "done"])

    async def ask_helper(prompt: str, context) -> str:
        """Ask another one.

        Args:
            prompt: What.
            context: Where it is asked.
        """
        return await context.agent("helper", prompt)

    helper = Agent("helper", model=script.model)
    boss = Agent("boss", model=script.model, tools=[ask_helper], task="Answer.", budget="seconds=1")
    graph = Graph("outer", lookup=StandardLookup({"helper": helper}))
    graph.node("boss", boss).parse("START -> boss -> END")
    run = graph.start({}, store="runs.db")
    while "tool" not in {one.kind for one in run.events() if isinstance(one, facts.CallStarted)}:
        run.step()
    sleep(1.1)
    assert run.resume().state["boss"] == "done"
    slots = {one.slot for one in run.events() if isinstance(one, facts.CallStarted)}
    assert called_in(run.events(), slots) < 1


def test_account_of_an_agent_that_stands_counts_no_time():
    """It goes on from what it had spent, also in a call that ends while it stands."""
    account = Account("a", Budget(seconds=60), agent=True)
    with account.driven():
        with account.driven():
            account.stand()
            before = account.spent
        assert account.spent == before
        account.go_on()
        assert account.spent.seconds > before.seconds


def test_calls_at_once_take_their_time_once():
    """Two calls that overlap, one within another, in a pause, and that a crash left open, by their journal."""

    def begun(at: float, slot: str, kind: str = "tool") -> facts.CallStarted:
        return facts.CallStarted(
            at=at, slot=slot, kind=kind, name="n", request={}, node="a", visit=1, ordinal=0
        )

    def ended(at: float, slot: str) -> facts.CallFinished:
        return facts.CallFinished(at=at, slot=slot, reply=None)

    events = [
        begun(0, "a"),
        begun(2, "b", "model"),
        ended(5, "a"),
        ended(9, "b"),
        begun(20, "person", "human"),
        ended(50, "person"),
        begun(60, "c"),
        facts.RunPaused(at=61, reason="step"),
        begun(90, "other"),
        facts.RunResumed(at=100, definitions={}),
        begun(101, "c"),
        ended(103, "c"),
    ]
    assert called_in(events, {"a", "b", "c", "person"}) == 9 + 1 + 2
    stood = [
        begun(0, "a"),
        facts.RunPaused(at=1, reason="step"),
        begun(50, "b"),
        ended(52, "b"),
        ended(55, "a"),
    ]
    assert called_in(stood, {"a", "b"}) == 1 + 5


def test_account_of_an_agent_counts_time_that_its_calls_share_once():
    """Other than that of a process, whose runs each count."""
    account = Account("a", Budget(seconds=60), Amount(seconds=50), agent=True)
    with account.driven() as left:
        assert 9 < left <= 10
        with account.driven(), account.driven():
            before = account.spent.seconds
        assert before <= account.spent.seconds < before + 1
    assert 50 < account.spent.seconds < 51


def test_each_question_to_an_agent_is_a_run_with_its_budget():
    """Two questions of two calls each fit; three calls in one do not."""
    script = Scripted(
        [*[ToolCall("c1", "look", {}), "yes"] * 2, ToolCall("c1", "look", {}), ToolCall("c2", "see", {})]
    )

    def look() -> str:
        """Look."""
        return "there"

    def see() -> str:
        """See."""
        return "here"

    agent = Agent("clerk", model=script.model, tools=[look, see], budget="calls=2")
    assert agent.ask("Is it?", store=":memory:").text == "yes"
    assert agent.ask("And now?", store=":memory:").text == "yes"
    with pytest.raises(OverBudget, match="agent 'clerk'"):
        agent.ask("And then?", store=":memory:")


def test_budget_of_money_of_an_agent_says_what_to_write_where_no_price_is_known(monkeypatch):
    """Such a model is never asked."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-0123456789abcdef")
    agent = Agent("clerk", model="openai:nobody-knows", budget=0.5)
    with pytest.raises(OverBudget, match="has no known price.*Limit what is known: budget: tokens=20000"):
        agent.ask("What?", store=":memory:")


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        (0, "budget: money is 0"),
        ("calls=1.5", "budget: calls is '1.5', which is no whole number above 0"),
        ("cals=1", "Unknown limit of a budget 'cals'"),
        (True, "budget is True"),
    ],
)
def test_budget_that_is_none_makes_no_agent(budget, said):
    """The error tells the value."""
    with pytest.raises(DefinitionError, match=said):
        Agent("clerk", budget=budget)


def test_budget_is_a_field_like_the_others():
    """It is shown, written in a cell as it is read there, and part of the version."""
    agent = Agent("clerk", budget={"calls": 10, "money": "$0.50"})
    assert agent.spec_text == "budget: money=0.5,calls=10"
    assert agent.budget == Budget(money=0.5, calls=10)
    assert repr(agent) == "Agent('clerk', budget=Budget(money=0.5, calls=10))"
    assert agent.version != Agent("clerk").version
