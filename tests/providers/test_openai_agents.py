"""Agents on a real SDK over a socket: tools in a graph, retries, and what goes wrong on the way."""

from __future__ import annotations

import pytest
from chat_chunks import DONE, call_chunk, chunk, usage_chunk
from llmock.scenarios import Reply
from llmock.scenarios import ToolCall as Called
from pydantic import BaseModel
from turns import add

from genxai_nb.agents.agent import Agent
from genxai_nb.errors import NodeFailed
from genxai_nb.graph.build import Graph
from genxai_nb.journal.events import CallFinished, CallRetried, CallStarted
from genxai_nb.notebook.record_account import account_of
from genxai_nb.notebook.record_text import plain_record


def counting(**fields) -> Graph:
    agent = Agent("clerk", model="openai:gpt-4o-mini", tools=[add], task="Add {{a}} and {{b}}.", **fields)
    graph = Graph("sum")
    graph.node("clerk", agent)
    graph.edge("START", "clerk").edge("clerk", "END")
    return graph


def test_agent_uses_its_tool_in_a_graph(llmock):
    """The model's call is made, its result goes back, and the answer reaches the state."""
    llmock.call_tool("add", {"a": 2, "b": 3}).reply("It is 5.")
    result = counting().run({"a": 2, "b": 3}, store=":memory:")
    assert result.state["clerk"] == "It is 5."
    assert llmock.last_request.body["messages"][-1]["content"] == "5"
    assert result.usage.output > 0
    llmock.assert_resilient(strict=True)


def test_rate_limit_is_waited_out_for_as_long_as_the_server_asks(llmock):
    """A 429 is tried again after Retry-After, by our chain only, and recorded."""
    llmock.rate_limit(times=1, retry_after=0.3).call_tool("add", {"a": 2, "b": 3}).reply("5.")
    run = counting().start({"a": 2, "b": 3}, store=":memory:")
    assert run.resume().state["clerk"] == "5."
    (retried,) = [event for event in run.events() if isinstance(event, CallRetried)]
    assert 0.3 <= retried.wait < 0.4
    assert len(llmock.requests) == 3
    llmock.assert_resilient(strict=True)


@pytest.mark.parametrize("fault", ["truncate", "disconnect", "corrupt"])
def test_broken_stream_is_asked_again(llmock, fault: str):
    """Half an answer never reaches the state: the whole request is made again."""
    getattr(llmock, fault)(after_chunks=2).reply("Half of it.").reply("All of it.")
    agent = Agent("clerk", model="openai:gpt-4o-mini")
    assert agent.ask("Tell me.", store=":memory:").text == "All of it."
    llmock.assert_resilient()


def test_stream_that_broke_off_is_read_again_on_a_line_of_its_own(llmock):
    """Who reads along has half an answer already; the whole one follows below it, and is the answer."""
    llmock.truncate(after_chunks=3).reply("Half of it.").reply("All of it.")
    stream = Agent("clerk", model="openai:gpt-4o-mini").stream("Tell me.", store=":memory:")
    said = "".join(stream)
    assert said.startswith("Half")
    assert said.endswith("\nAll of it.")
    assert stream.answer.text == "All of it."


def test_wrong_key_fails_the_node_at_once(llmock):
    """What no waiting mends is not tried again, and the node's error says what to set."""
    llmock.fail(401)
    with pytest.raises(NodeFailed, match="OPENAI_API_KEY was refused"):
        counting().run({"a": 2, "b": 3}, store=":memory:")
    assert len(llmock.requests) == 1


def test_arguments_that_cannot_be_read_go_back_to_the_model(server):
    """The model is told what it wrote, calls again, and only the second call is made."""
    server.answers = [
        [call_chunk(0, "add", "{a: 2, b: 3", "c1"), chunk("tool_calls"), usage_chunk(1, 1), DONE],
        [call_chunk(0, "add", '{"a": 2, "b": 3}', "c2"), chunk("tool_calls"), usage_chunk(1, 1), DONE],
        [chunk(content="It is 5."), chunk("stop"), usage_chunk(1, 1), DONE],
    ]
    run = counting().start({"a": 2, "b": 3}, store=":memory:")
    assert run.resume().state["clerk"] == "It is 5."
    told = server.requests[1]["messages"][-1]
    assert (told["role"], told["tool_call_id"]) == ("tool", "c1")
    assert "no JSON object: {a: 2, b: 3" in told["content"]
    made = [
        event.request for event in run.events() if isinstance(event, CallStarted) and event.kind == "tool"
    ]
    assert made == [{"a": 2, "b": 3}]


def test_answer_without_a_word_left_is_an_error(server):
    """A model that spends its whole limit on thinking has not answered."""
    server.answers = [[chunk(reasoning_content="Hm."), chunk("length"), usage_chunk(1, 1), DONE]]
    with pytest.raises(NodeFailed, match="used all its tokens before it answered agent 'clerk'"):
        counting(max_tokens=5).run({"a": 2, "b": 3}, store=":memory:")


class Total(BaseModel):
    total: int


def test_structured_answer_becomes_an_object(llmock):
    """The schema is on the wire, and the object's fields reach the state."""
    llmock.add(Reply(tool_calls=(Called("add", {"a": 2, "b": 3}),))).reply('{"total": 5}')
    result = counting(output=Total).run({"a": 2, "b": 3}, store=":memory:")
    assert result.state["total"] == 5
    assert llmock.last_request.body["response_format"]["json_schema"]["name"] == "Total"


def test_cost_is_recorded_with_each_call_and_summed(server):
    """A run knows what it cost without a price table: call, node, run, answer and record agree."""
    server.answers = [
        [
            call_chunk(0, "add", '{"a": 2, "b": 3}', "c1"),
            chunk("tool_calls"),
            usage_chunk(10_000, 1_000, cached=2_000),
            DONE,
        ],
        [chunk(content="5."), chunk("stop"), usage_chunk(10_000, 1_000, cached=2_000), DONE],
    ]
    run = counting().start({"a": 2, "b": 3}, store=":memory:")
    result = run.resume()
    assert [event.cost for event in run.events() if isinstance(event, CallFinished)] == [
        0.00195,
        None,
        0.00195,
    ]
    assert result.cost == pytest.approx(0.0039)
    assert run.costs()["cost"].tolist() == [pytest.approx(0.0039)]
    account = account_of(run.events(), run.graph)
    assert account.sums == ("1 step", "22k tokens", "$0.0039")
    assert "clerk  agent  ✓ Done     22k  $0.0039  clerk" in plain_record(account)


def test_unknown_price_is_said_and_never_nothing(server):
    """A model that no price list knows costs what nobody knows, wherever it is shown."""
    server.answers = [[chunk(content="5."), chunk("stop"), usage_chunk(10, 10), DONE]]
    for event in server.answers[0][:3]:
        event["model"] = "gpt-nobody-knows"
    answer = Agent("clerk", model="openai:gpt-nobody-knows").ask("2 + 3?", store=":memory:")
    assert answer.cost is None
