"""Embeddings of the vendors and of local servers, over a socket."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import numpy as np
import pytest
from model_server import ModelServer, Plain, Refusal
from turns import add

from genxai_nb.agents.agent import Agent
from genxai_nb.agents.workflow import Graph
from genxai_nb.errors import Authentication, BadResponse, OverBudget, RateLimited, UnknownName
from genxai_nb.graph.run import Run
from genxai_nb.journal.events import CallFinished
from genxai_nb.memory.embed import Embedder
from genxai_nb.memory.registry import extras_of
from genxai_nb.messages import ToolCall
from genxai_nb.providers.embeddings import Embeddings
from genxai_nb.providers.scripted import Scripted

TEXTS = ["a cat", "", "a car"]
ROWS = [[3.0, 4.0], [0.0, 2.0], [0.0, 0.0]]
UNIT = [[0.6, 0.8], [0.0, 1.0], [0.0, 0.0]]


def openai_body(rows: list[list[float]]) -> dict[str, Any]:
    """An answer in another order than was asked for, as the protocol allows."""
    data = [
        {"object": "embedding", "index": index, "embedding": row}
        for index, row in reversed([*enumerate(rows)])
    ]
    usage = {"prompt_tokens": 5, "total_tokens": 5}
    return {"object": "list", "data": data, "model": "m", "usage": usage}


def cohere_body(rows: list[list[float]]) -> dict[str, Any]:
    return {"id": "e1", "response_type": "embeddings_by_type", "texts": [], "embeddings": {"float": rows}}


def google_body(rows: list[list[float]]) -> dict[str, Any]:
    return {"embeddings": [{"values": row} for row in rows]}


CASES = {
    "openai:text-embedding-3-small": openai_body,
    "local": openai_body,
    "google:gemini-embedding-001": google_body,
    "google:gemini-embedding-2": google_body,
    "cohere:embed-v4.0": cohere_body,
}

each = pytest.mark.parametrize("name", CASES)


def embedder(name: str, server: ModelServer) -> Embeddings:
    return Embeddings(f"local:{server.url}#nomic-embed-text" if name == "local" else name)


def said(request: dict[str, Any]) -> list[str]:
    """The texts of a request, in whatever place they stand."""
    if "requests" in request:
        return [one["content"]["parts"][0]["text"] for one in request["requests"]]
    return request.get("input") or request["texts"]


@each
def test_texts_become_rows_of_unit_length_in_their_order(server, name: str):
    """Each text has its row, and one that says nothing is not sent empty; nothing stays nothing."""
    server.answers = [Plain(CASES[name](ROWS))]
    rows = embedder(name, server).embed(TEXTS)
    assert rows.dtype == np.float32
    assert rows == pytest.approx(np.float32(UNIT))
    assert said(server.requests[0]) == ["a cat", "(empty)", "a car"]


@each
def test_many_and_long_texts_are_cut_to_what_the_vendors_take(server, name: str):
    """Texts are asked for in requests of at most 96, and of long ones the beginning."""
    server.answers = [Plain(CASES[name]([[1.0, 0.0]] * count)) for count in (96, 4)]
    assert embedder(name, server).embed(["x" * 9000] * 100).shape == (100, 2)
    assert [len(said(request)) for request in server.requests] == [96, 4]
    assert {len(text) for request in server.requests for text in said(request)} == {5000}


@each
def test_request_says_what_the_vectors_are_for(server, name: str):
    """Each vendor is asked as its API wants it."""
    server.answers = [Plain(CASES[name](ROWS))]
    embedder(name, server).embed(TEXTS)
    path, sent = server.paths[0], json.dumps(server.requests[0])
    if name.startswith("google"):
        assert path == f"/v1/models/{name.partition(':')[2]}:batchEmbedContents"
        assert ("SEMANTIC_SIMILARITY" in sent) == name.endswith("001")
    elif name.startswith("cohere"):
        assert path == "/v2/embed"
        assert '"input_type": "search_document"' in sent
    else:
        assert path == ("/v1/embeddings" if name == "local" else "/embeddings")
        assert '"encoding_format": "float"' in sent


@each
def test_rows_that_do_not_fit_the_texts_are_no_answer(server, name: str):
    """A vector of another text, or of another size, would never be noticed later."""
    for rows in (ROWS[:2], [[1.0], [1.0, 2.0], [3.0]], [[], [], []]):
        server.answers = [Plain(CASES[name](rows))]
        with pytest.raises(BadResponse, match="no embedding of each text"):
            embedder(name, server).embed(TEXTS)


@each
def test_errors_are_ours_and_each_is_asked_once(server, name: str):
    """A busy server and a wrong key are told as for answers; the SDK tries nothing again."""
    made = embedder(name, server)
    server.answers = [
        Refusal(429, {"message": "No."}, {"Retry-After": "2"}),
        Refusal(401, {"message": "No."}),
    ]
    with pytest.raises(RateLimited) as busy:
        made.embed(TEXTS)
    assert busy.value.retry_after == 2
    with pytest.raises(Authentication):
        made.embed(TEXTS)
    assert len(server.requests) == 2


def test_size_of_a_vector_is_known_or_asked_for_once(server):
    """Of the vendors' own models it is known without a key; of another one it is asked with a word."""
    assert Embeddings("google:gemini-embedding-001").dims == 3072
    server.answers = [Plain(openai_body([[1.0, 2.0, 3.0]]))]
    local = embedder("local", server)
    assert (local.dims, local.dims) == (3, 3)
    assert len(server.requests) == 1


def test_model_without_embeddings_is_told(monkeypatch):
    """Not every provider has them; what has is named."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
    for model in ("anthropic:claude-haiku-4-5", "offline"):
        with pytest.raises(UnknownName, match="Unknown embedding model"):
            Embeddings(model).embed(["Hi"])
    with pytest.raises(Authentication, match="CO_API_KEY is not set"):
        Embeddings("cohere:embed-v4.0").embed(["Hi"])


async def test_loop_that_runs_is_no_hindrance(server):
    """It can be used from a worker thread of a program's own loop, as memory does."""
    server.answers = [Plain(cohere_body(ROWS))]
    made: Embedder = Embeddings("cohere:embed-v4.0")
    assert (await asyncio.to_thread(made.embed, TEXTS)).shape == (3, 2)


def test_memory_is_found_by_the_model_that_the_setting_names(llmock, monkeypatch, tmp_path):
    """A collection keeps to the model that it began with; a busy server is waited for, within one recorded call."""
    store = str(tmp_path / "runs.db")
    monkeypatch.setenv("GENXAI_EMBEDDER", "openai:text-embedding-3-small")
    Scripted(lambda asked: "Yes.", name="clerk")
    clerk = Agent("clerk", model="scripted:clerk", memory="long_term")
    clerk.memory.remember("Ada lives in Ulm.", kind="long_term", store=store)
    assert "openai:text-embedding-3-small" in clerk.memory.note("long_term", store=store)
    assert "meaning 1.00" in clerk.memory.recall("Ada lives in Ulm.", kind="long_term", store=store)[0].why
    assert {record.path for record in llmock.requests} == {"/v1/embeddings"}
    monkeypatch.delenv("GENXAI_EMBEDDER")
    llmock.reset()
    llmock.rate_limit(times=1, retry_after=0.05)
    run = clerk.stream("Ada lives in Ulm.", store=store)
    assert "".join(run) == "Yes."
    assert [record.status for record in llmock.requests] == [
        429,
        200,
        200,
    ]  # what is asked, and what is kept of it
    (finished,) = [
        event for event in run.run.events() if isinstance(event, CallFinished) and event.attempts == 2
    ]
    assert len(finished.reply[0]) == 4 * 1536
    assert extras_of(["long_term"]) == {"embed"}


@pytest.mark.parametrize(("options", "embeddings"), [({}, 2), ({"recall": "once"}, 1)])
def test_a_vendor_embeds_for_each_call_of_the_model_or_once(
    llmock, monkeypatch, tmp_path, options, embeddings
):
    """It is a recorded call each time, also if nothing is found, counts in the budget, and is not made again."""
    store = str(tmp_path / "runs.db")
    monkeypatch.setenv("GENXAI_EMBEDDER", "openai:text-embedding-3-small")
    script = Scripted(
        lambda request: ToolCall("c1", "add", {"a": 1, "b": 2}) if len(request.messages) == 1 else "Yes."
    )
    memory = {"semantic": options}

    def flow(budget: str) -> Graph:
        agent = Agent("clerk", model=script.model, memory=memory, tools=[add], task="{{said}}", budget=budget)
        return Graph("sum").node("clerk", agent).edge("START", "clerk")

    Agent("clerk", memory=memory).memory.remember("Ada lives in Ulm.", store=store)
    llmock.reset()
    with pytest.raises(OverBudget):
        flow(f"calls={1 + embeddings}").run({"said": "1 + 2?"}, store=store)

    assert len(llmock.requests) == embeddings
    Run.load("r1", flow(f"calls={2 + embeddings}"), store).resume()
    assert len(llmock.requests) == embeddings
    assert len(script.requests) == 2
