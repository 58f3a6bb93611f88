"""Agents on the SDKs of Google and Cohere over a socket: tools in a graph, and what is kept of a run."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

import cohere_events as cohere
import gemini_events as gemini
import pytest
from model_server import Refusal
from turns import add

from genxai_nb.agents.agent import Agent
from genxai_nb.errors import NodeFailed, RunCancelled
from genxai_nb.graph.build import Graph
from genxai_nb.graph.run import Run
from genxai_nb.tools.base import tool

KEY = "sk-canary-0123456789abcdef"
ARGUMENTS = {"a": 2, "b": 3}
CALL = gemini.function_call("add", ARGUMENTS, key="f1", signature=gemini.SIGNATURE)
TURNS = {
    "google:gemini-2.5-flash": (
        gemini.gemini_events(gemini.thought("I add."), CALL),
        gemini.gemini_events(gemini.text("It is 5.")),
    ),
    "cohere:command-a-03-2025": (
        cohere.cohere_events(cohere.plan("I add."), cohere.tool_call("c1", "add", json.dumps(ARGUMENTS))),
        cohere.cohere_events(cohere.text("It is 5.")),
    ),
}
WANTED = {  # in the request after the tool; the SDK writes base64 with other letters
    "google:gemini-2.5-flash": gemini.SIGNATURE.replace("+", "-").replace("/", "_"),
    "cohere:command-a-03-2025": "I add.",
}

each = pytest.mark.parametrize("model", TURNS)


def counting(model: str, adding: Any = add) -> Graph:
    graph = Graph("sum")
    graph.node("clerk", Agent("clerk", model=model, tools=[adding], task="Add {{a}} and {{b}}."))
    graph.edge("START", "clerk").edge("clerk", "END")
    return graph


@each
def test_agent_uses_its_tool_in_a_graph(llmock, monkeypatch, model: str):
    """The model's call is made, its result goes back, the answer reaches the state, and it has a price."""
    monkeypatch.setenv("GOOGLE_GENAI_API_VERSION", "beta")  # llmock has no other
    llmock.call_tool("add", ARGUMENTS).reply("It is 5.")
    result = counting(model).run(ARGUMENTS, store=":memory:")
    assert result.state["clerk"] == "It is 5."
    assert '"output":"5"' in json.dumps(llmock.last_request.body).replace("\\", "").replace(" ", "")
    assert result.cost > 0
    llmock.assert_resilient(strict=True)


@each
@pytest.mark.parametrize("fault", ["truncate", "disconnect", "corrupt"])
def test_broken_stream_is_asked_again(llmock, monkeypatch, model: str, fault: str):
    """Half an answer never reaches the state: the whole request is made again."""
    monkeypatch.setenv("GOOGLE_GENAI_API_VERSION", "beta")
    getattr(llmock, fault)(after_chunks=2).reply("Half of it.").reply("All of it.")
    assert Agent("clerk", model=model).ask("Tell me.", store=":memory:").text == "All of it."
    llmock.assert_resilient()


@each
def test_what_the_vendor_wants_back_outlives_the_run(server, tmp_path: Path, model: str):
    """A run that was cut off amid a tool is loaded from its journal and goes on: thoughts go back as they came."""
    begun: list[str] = []
    reached = threading.Event()

    @tool
    async def add(a: int, b: int) -> int:
        """Take long at first."""
        begun.append("")
        if len(begun) == 1:
            reached.set()
            await asyncio.Event().wait()
        return a + b

    first, last = TURNS[model]
    server.answers = [first]
    store = str(tmp_path / "runs.db")
    cut = counting(model, add).start(ARGUMENTS, store=store)
    driving = cut.begin()
    assert reached.wait(20)
    cut.cancel()
    with pytest.raises(RunCancelled):
        driving.result(20)
    server.answers = [last]
    run = Run.load(cut.run_id, counting(model, add), store)
    assert run.resume().state["clerk"] == "It is 5."
    assert len(server.requests) == 2
    assert WANTED[model] in json.dumps(server.requests[1])


@each
def test_key_is_in_no_journal_and_no_error(server, tmp_path: Path, model: str):
    """A server that repeats the key, in an error and in an answer, does not bring it into the record of a run."""
    first, last = TURNS[model]
    told = Refusal(400, {"message": KEY, "error": {"message": KEY}})
    server.answers = [first, told, last]
    store = tmp_path / "runs.db"
    run = counting(model).start(ARGUMENTS, store=str(store))
    with pytest.raises(NodeFailed) as failed:
        run.resume()
    assert KEY not in f"{failed.value}{failed.value.__cause__}"
    run.resume()
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert b"clerk" in kept
    assert KEY.encode() not in kept
