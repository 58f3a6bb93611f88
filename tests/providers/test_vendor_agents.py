"""Agents on the vendors' own APIs, over a socket: what is kept, replayed and never shown."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import claude_events
import pytest
import response_events
import vendor_graph
from model_server import Refusal
from vendor_graph import add, counting

from genxai_nb.agents.agent import Agent
from genxai_nb.graph.run import Run
from genxai_nb.journal.events import CallFinished
from genxai_nb.messages import Verbatim

KEY = "sk-canary-0123456789abcdef"
BLOCKS = [
    claude_events.thinking("Two and three."),
    claude_events.redacted(),
    claude_events.tool_use("t1", "add", {"a": 2, "b": 3}),
]
ITEMS = [
    response_events.reasoning("Two and three."),
    response_events.function_call("t1", "add", '{"a": 2, "b": 3}'),
]
STREAMS: dict[str, tuple[list[Any], list[Any]]] = {
    "anthropic": (
        claude_events.claude_events(*BLOCKS, stop="tool_use"),
        claude_events.claude_events(claude_events.text("It is 5.")),
    ),
    "openai": (
        response_events.response_events(*ITEMS),
        response_events.response_events(response_events.message("It is 5.")),
    ),
}
KEPT = {"anthropic": BLOCKS, "openai": ITEMS}
MODELS = {"anthropic": "anthropic:claude-sonnet-5", "openai": "openai:gpt-5-mini"}

each = pytest.mark.parametrize("vendor", STREAMS)


@pytest.fixture(autouse=True)
def _responses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENXAI_OPENAI_API", "responses")


def sent_again(vendor: str, request: dict[str, Any]) -> list[Any]:
    """What a request carries of the model's own turn."""
    if vendor == "openai":
        return request["input"][-3:-1]
    (turn,) = [turn for turn in request["messages"] if turn["role"] == "assistant"]
    return turn["content"]


@each
def test_thoughts_go_round_with_the_tool(server, vendor: str):
    """The request after a tool call carries the thoughts as they came, and the journal keeps them."""
    server.answers = list(STREAMS[vendor])
    run = counting(MODELS[vendor]).start({"a": 2, "b": 3}, store=":memory:")
    assert run.resume().state["clerk"] == "It is 5."
    assert sent_again(vendor, server.requests[1]) == KEPT[vendor]
    first = next(event.reply for event in run.events() if isinstance(event, CallFinished))
    assert first.message.verbatim == Verbatim(vendor, KEPT[vendor])


@each
def test_thoughts_survive_the_end_of_the_process(server, vendor: str):
    """A run whose process was killed in its tool goes on in another, with the thoughts of the call before."""
    first, second = STREAMS[vendor]
    server.answers = [first, second]
    code = f"from vendor_graph import counting; counting({MODELS[vendor]!r}, deadly=True).run({{'a': 2, 'b': 3}}, store='journal.db')"
    path = Path(vendor_graph.__file__).parent
    child = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(path)}, check=False
    )
    assert child.returncode == -signal.SIGKILL
    run = Run.load("r1", counting(MODELS[vendor]), "journal.db")
    assert run.resume().state["clerk"] == "It is 5."
    assert len(server.requests) == 2
    assert sent_again(vendor, server.requests[1]) == KEPT[vendor]


@each
def test_another_vendor_is_sent_the_parts_only(server, vendor: str, monkeypatch: pytest.MonkeyPatch):
    """A conversation that goes on with another vendor leaves out what only the first can read, until it is back."""
    other = "anthropic" if vendor == "openai" else "openai"
    agent = Agent("clerk", tools=[add])
    for model, answers in (
        (vendor, STREAMS[vendor]),
        (other, STREAMS[other][1:]),
        (vendor, STREAMS[vendor][1:]),
    ):
        monkeypatch.setenv("GENXAI_MODEL", MODELS[model])
        server.answers += answers
        assert agent.ask("2 + 3?", store=":memory:").text == "It is 5."
    foreign, back = json.dumps(server.requests[2]), json.dumps(server.requests[3])
    for sign in (claude_events.SIGNATURE, response_events.ENCRYPTED):
        assert sign not in foreign
    assert '"add"' in foreign
    assert json.dumps(KEPT[vendor])[1:-1] in back


@each
def test_key_is_nowhere_in_the_journal(server, vendor: str, caplog: pytest.LogCaptureFixture):
    """Even a model that repeats the key, and a server that quotes it, bring it into no file and no log."""
    caplog.set_level("DEBUG")
    if vendor == "anthropic":
        echo = claude_events.claude_events(claude_events.thinking(KEY), claude_events.text(f"It is {KEY}."))
    else:
        echo = response_events.response_events(
            response_events.reasoning(KEY), response_events.message(f"It is {KEY}.")
        )
    server.answers = [Refusal(500, {"error": {"message": f"What is {KEY}?"}}), echo]
    run = counting(MODELS[vendor]).start({"a": 2, "b": 3}, store="journal.db")
    run.resume()
    assert len(server.requests) == 2
    with sqlite3.connect("journal.db") as journal:
        journal.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    journal.close()
    assert KEY.encode() not in b"".join(
        path.read_bytes() for path in Path().glob("journal.db*") if path.is_file()
    )
    assert KEY not in f"{run.events()}{caplog.text}"


@pytest.mark.parametrize("fault", ["truncate", "disconnect", "corrupt"])
@each
def test_broken_stream_is_asked_again(llmock, vendor: str, fault: str):
    """Half an answer never reaches the state: the whole request is made again."""
    getattr(llmock, fault)(after_chunks=5).reply("Half of it.").reply("All of it.")
    assert Agent("clerk", model=MODELS[vendor]).ask("Tell me.", store=":memory:").text == "All of it."
    llmock.assert_resilient()


@each
def test_rate_limit_is_waited_out_for_as_long_as_the_server_asks(llmock, vendor: str):
    """A 429 is tried again after Retry-After, by our chain only."""
    llmock.rate_limit(times=1, retry_after=0.3).call_tool("add", {"a": 2, "b": 3}).reply("5.")
    assert counting(MODELS[vendor]).run({"a": 2, "b": 3}, store=":memory:").state["clerk"] == "5."
    assert len(llmock.requests) == 3
    llmock.assert_resilient(strict=True)
