"""Budgets: what is reserved before a call, settled after it, and how a run ends that cannot afford the next one."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from chat_chunks import DONE, call_chunk, chunk, usage_chunk
from model_server import ModelServer, Refusal, serving
from vendor_graph import counting

from genxai_nb import Agent, Graph, Run
from genxai_nb.calls.budget import PROCESS
from genxai_nb.errors import DefinitionError, NodeFailed, OverBudget, ProviderError
from genxai_nb.journal import events as facts
from genxai_nb.messages import ModelRequest, ToolCall, user
from genxai_nb.providers.scripted import Scripted

MODEL = "openai:gpt-4o-mini"  # 0.15 and 0.60 dollars for a million tokens
USED = usage_chunk(8, 500)  # 0.0003 dollars; twice that is reserved for it
SUPPORT = Path(__file__).parents[1] / "support"


@pytest.fixture
def server(monkeypatch):
    """A server in OpenAI's place that counts what reaches it."""
    with serving() as made:
        monkeypatch.setenv("OPENAI_BASE_URL", made.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-0123456789abcdef")
        yield made


def answers(count: int, usage=USED) -> list:
    """So many answers as they are streamed."""
    return [[chunk(content="Moss."), chunk("stop"), *([usage] if usage else []), DONE] for _ in range(count)]


def asking(count: int, model: str = MODEL, **more) -> Graph:
    """A graph whose one node makes so many calls at once."""

    async def ask(_state, context):
        requests = (
            ModelRequest(model=model, messages=(user(f"Question {n}?"),), **more) for n in range(count)
        )
        replies = await asyncio.gather(*map(context.model, requests))
        return {"said": [reply.message.text for reply in replies]}

    graph = Graph("asking")
    return graph.node("ask", ask).edge("START", "ask")


@pytest.mark.parametrize("budget", ["calls=10", "0.0035", "tokens=5900", "money=0.0035,tokens=90000"])
def test_of_fifty_calls_at_once_exactly_those_reach_the_wire_that_there_is_room_for(
    server: ModelServer, budget
):
    """Ten fit under each of the limits by what they took, and none more is sent, whatever was reserved."""
    server.answers = answers(50)
    with pytest.raises(OverBudget) as caught:
        asking(50).run({}, store=":memory:", budget=budget)
    assert len(server.requests) == 10
    calls = caught.value.result.timeline().query("kind == 'model'")
    assert list(calls["status"]) == ["done"] * 10


@pytest.mark.parametrize(
    ("budget", "said", "needed"),
    [
        (
            "0.0008",
            "needs about $0.00062, and $0.00050 of $0.00080 are left in the budget of this run. With about $0.00012 more",
            "0.000918",
        ),
        (
            "tokens=1500",
            "needs about 1,036 tokens, and 992 of 1,500 are left in the budget of this run. With about 44 tokens more",
            "tokens=1544",
        ),
        (
            "calls=1",
            "is one too many: all 1 are made in the budget of this run. With about 1 call more it goes on",
            "calls=2",
        ),
    ],
)
def test_refusal_says_what_it_takes_and_that_resumes_the_run(server: ModelServer, budget, said, needed):
    """With the budget that the error names the run goes on, and makes no call again."""
    server.answers = answers(2)

    async def twice(_state, context):
        first = await context.model("Where does moss grow?", model=MODEL)
        second = await context.model("And where does fern grow?", model=MODEL)
        return {"said": [first.message.text, second.message.text]}

    graph = Graph("twice")
    graph.node("twice", twice).edge("START", "twice")
    with pytest.raises(OverBudget, match="twice") as caught:
        graph.run({}, store="runs.db", budget=budget)
    error = caught.value
    assert said in str(error)
    assert str(error).endswith(f"resume with --budget {needed}.")
    assert (error.needed, error.node, error.result.status) == (needed, "twice", "failed")

    run = Run.load(error.run_id, graph, "runs.db")
    with pytest.raises(OverBudget):
        run.resume()  # the budget is the run's own, also when it is loaded again
    assert len(server.requests) == 1
    run = Run.load(error.run_id, graph, "runs.db")
    run.set_budget(error.needed)
    assert run.resume().state == {"said": ["Moss.", "Moss."]}
    assert len(server.requests) == 2
    assert Run.load(error.run_id, graph, "runs.db").options.budget == run.options.budget


def test_what_was_spent_survives_a_crash(server: ModelServer):
    """A run whose process was killed has spent what its journal tells."""
    calling = [
        call_chunk(0, "add", '{"a": 2, "b": 3}', "c1"),
        chunk("tool_calls"),
        usage_chunk(100, 10),
        DONE,
    ]
    server.answers = [calling]
    code = (
        "from vendor_graph import counting;"
        f"counting({MODEL!r}, deadly=True).run({{'a': 2, 'b': 3}}, store='runs.db', budget='calls=1')"
    )
    died = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": f"{SUPPORT}:{Path(__file__).parents[2]}"},
        check=False,
    )
    assert died.returncode == -9
    graph = counting(MODEL)
    run = Run.load("r1", graph, "runs.db")
    with pytest.raises(OverBudget, match="all 1 are made"):
        run.resume()
    run.set_budget(0.1)
    server.answers = answers(1)
    assert run.resume().state["clerk"] == "Moss."
    assert len(server.requests) == 2


def test_model_without_a_known_price_is_refused_under_a_budget_of_money(server: ModelServer):
    """It is not counted as free; a budget of tokens or calls holds it."""
    server.answers = answers(1)
    with pytest.raises(
        OverBudget, match=r"'openai:nobody-knows' by node 'ask' has no known price.*--budget tokens="
    ):
        asking(1, "openai:nobody-knows").run({}, store=":memory:", budget=100)
    assert server.requests == []
    result = asking(1, "openai:nobody-knows").run({}, store=":memory:", budget="tokens=5000")
    assert result.status == "done"


def test_calls_without_a_known_price_wait_for_each_other_under_a_budget_of_tokens(server: ModelServer):
    """What is limited is known, so that a call waits for what those under way give back."""
    server.answers = answers(3)
    result = asking(3, "openai:nobody-knows").run({}, store=":memory:", budget="tokens=2600")
    assert len(result.state["said"]) == len(server.requests) == 3


def test_money_that_was_spent_at_an_unknown_price_is_not_forgotten(server: ModelServer):
    """A run that has asked such a model cannot be put under a budget of money later."""
    server.answers = [
        [{**one, "model": "nobody"} if isinstance(one, dict) else one for one in answer]
        for answer in answers(2)
    ]

    async def ask_both(_state, context):
        for model in ("openai:nobody-knows", MODEL):
            await context.model("Moss?", model=model)

    graph = Graph("both").node("ask", ask_both).edge("START", "ask")
    run = graph.start({}, store=":memory:", budget="calls=1")
    with pytest.raises(OverBudget):
        run.resume()
    run.set_budget(100)
    with pytest.raises(OverBudget, match="What this run has spent has no known price"):
        run.resume()
    run.set_budget("calls=2")
    assert run.resume().status == "done"


def test_local_model_costs_nothing_of_a_budget_of_money(server: ModelServer):
    """A server on this machine is free, so that any budget of money holds it."""
    server.answers = answers(3)
    result = asking(3, f"local:{server.url}#m").run({}, store=":memory:", budget=0.000001)
    assert (result.status, len(server.requests)) == ("done", 3)


def test_usage_that_was_not_told_is_paid_by_estimate(server: ModelServer):
    """A reply without usage has no cost in the journal, and still takes from the budget, also after a load."""
    server.answers = answers(40, usage=None)
    with pytest.raises(OverBudget) as caught:
        asking(40, max_tokens=2).run({}, store="runs.db", budget=0.00003)
    made = len(server.requests)
    assert 0 < made < 40
    run = Run.load(caught.value.run_id, asking(40, max_tokens=2), "runs.db")
    with pytest.raises(OverBudget):
        run.resume()
    assert len(server.requests) == made


def test_call_that_failed_counts_as_a_call_and_gives_back_the_rest(server: ModelServer):
    """What was reserved for it can be spent by another one."""
    server.answers = [Refusal(400, {"error": {"message": "No."}}), *answers(1)]

    async def try_twice(_state, context):
        try:
            await context.model("One?", model=MODEL)
        except ProviderError:
            return {"said": (await context.model("Two?", model=MODEL)).message.text}

    graph = Graph("trying")
    graph.node("ask", try_twice).edge("START", "ask")
    assert graph.run({}, store=":memory:", budget="money=0.0007,calls=2").state == {"said": "Moss."}


def test_nothing_in_the_graph_takes_a_spent_budget_for_a_failure():
    """Retries, on_error, agents that ask agents, subgraphs and maps all end where they stand."""
    script = Scripted([ToolCall("c1", "ask_helper", {"prompt": "Help"}), "never", "never"])
    inner = Graph("inner")
    inner.node("one", Agent("clerk", model=script.model, task="Go on with {{item}}.", writes="note"))
    inner.parse("START -> one -> END")

    async def ask_helper(prompt: str) -> str:
        """Ask another one.

        Args:
            prompt: What.
        """
        from genxai_nb.graph.performed import here

        reply = await here().model(prompt, model=script.model)
        return reply.message.text

    boss = Agent("boss", model=script.model, tools=[ask_helper], task="Answer.", writes="answer")
    graph = Graph("outer", reducers={"note": "append"})
    graph.node("boss", boss, retry=3, on_error="continue").node("after", lambda state: {"after": True})
    graph.parse("START -> boss -> after -> END")
    run = graph.start({}, store=":memory:", budget="calls=1")
    with pytest.raises(OverBudget):
        run.resume()
    kinds = [type(event) for event in run.events()]
    assert facts.NodeFailed not in kinds
    assert kinds[-1] is facts.RunFailed
    assert len(script.requests) == 1

    mapped = Graph("mapped", reducers={"note": "append"})
    mapped.node("part", inner, on_error="continue").node("end", lambda state: {"ended": True})
    mapped.parse("START -> part for each item in items\npart -> end -> END")
    script = Scripted(["a"] * 5)
    inner.bind("one", Agent("clerk", model=script.model, task="Go on.", writes="note"))
    run = mapped.start({"items": [1, 2, 3]}, store=":memory:", budget="calls=2")
    with pytest.raises(OverBudget):
        run.resume()
    assert len(script.requests) == 2
    run.set_budget("calls=3")
    assert run.resume().state["ended"] is True
    assert len(script.requests) == 3


def test_time_that_is_spent_ends_what_is_under_way():
    """A body that would never end is stopped, and the run can be resumed with more."""
    again = []

    async def wait(_state):
        if not again:
            await asyncio.Event().wait()
        return {"done": True}

    graph = Graph("waiting")
    graph.node("wait", wait).edge("START", "wait")
    run = graph.start({}, store=":memory:", budget="seconds=0.05")
    with pytest.raises(OverBudget, match=r"was stopped after .* of 0.05 s.*--budget seconds=") as caught:
        run.resume()
    again.append(True)
    run.set_budget(caught.value.needed.replace("=0.", "=60."))
    assert run.resume().state == {"done": True}


def test_all_runs_of_a_process_share_its_budget(monkeypatch):
    """The second run has what the first one left; more in the variable lets it go on."""
    script = Scripted(["a"] * 9)
    monkeypatch.setenv("GENXAI_BUDGET", "calls=3")
    asking(2, script.model).run({}, store=":memory:")
    run = asking(2, script.model).start({}, store=":memory:")
    with pytest.raises(
        OverBudget, match=r"in the budget of this process\..* resume with GENXAI_BUDGET=calls=4"
    ):
        run.resume()
    assert len(script.requests) == 3
    monkeypatch.setenv("GENXAI_BUDGET", "calls=4")
    assert run.resume().status == "done"
    assert PROCESS.spent.calls == 4
    monkeypatch.setenv("GENXAI_BUDGET", "many")
    with pytest.raises(DefinitionError, match="budget: money is 'many'"):
        asking(1, script.model).run({}, store=":memory:")


def test_failure_of_a_node_is_told_before_a_spent_budget():
    """Where a body raises while another one is refused its call, the error in the code is what has to be mended."""
    script = Scripted(["a"])

    async def fail(_state, context):
        await context.model("One?", model=script.model)
        raise ValueError("wrong")

    async def ask(_state, context):
        await context.model("Two?", model=script.model)

    graph = Graph("both")
    graph.node("fail", fail).node("ask", ask).parse("START -> [fail, ask] -> END")
    with pytest.raises(NodeFailed, match="wrong"):
        graph.run({}, store=":memory:", budget="calls=1")


def test_rows_of_a_frame_have_a_budget_each():
    """A row that is stopped is one row; the others go on."""
    script = Scripted(lambda request: request.messages[-1].text)

    async def ask(state, context):
        said = [
            (await context.model("Moss?", model=script.model)).message.text for _ in range(state["times"])
        ]
        return {"said": len(said)}

    graph = Graph("rows").node("ask", ask).edge("START", "ask")
    frame = graph.map(
        pd.DataFrame({"times": [1, 3, 2]}), "times", take="said", store=":memory:", budget="calls=2"
    )
    assert list(frame["status"]) == ["done", "failed", "done"]
    assert "all 2 are made" in frame["result"][1]
