"""What may go wrong with a stream, for each API and each kind of answer, over a socket."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import threading
from typing import Any, NamedTuple

import cohere_events as cohere
import gemini_events as gemini
import pytest
from chat_chunks import DONE, call_chunk, chunk, usage_chunk
from claude_events import claude_events, text, thinking, tool_use
from model_server import Dropped, Endless, Plain, Refusal, Slow
from response_events import function_call, message, reasoning, response_events

from genxai_nb.errors import BadResponse, ConnectionLost, IncompleteStream, RateLimited
from genxai_nb.messages import ModelReply, ModelRequest, ToolSpec, user
from genxai_nb.providers.registry import find_provider

ARGUMENTS = '{"what": "moss"}'
ANSWER = '{"score": 7, "advice": "Less."}'
SCHEMA = {"type": "object", "properties": {"score": {"type": "integer"}, "advice": {"type": "string"}}}
TOOLS = (ToolSpec("look", "Look.", {"type": "object", "properties": {"what": {"type": "string"}}}),)


class Case(NamedTuple):
    """A whole stream, and what else was asked for it."""

    events: list[Any]
    more: dict[str, Any] = {}  # noqa: RUF012 - never changed


def chat(*chunks: Any) -> list[Any]:
    return [chunk(role="assistant", content=""), *chunks, chunk("stop"), usage_chunk(9, 9), DONE]


def calling(arguments: str) -> dict[str, Case]:
    """A stream of each API that calls a tool."""
    first, rest = call_chunk(0, None, arguments[:5]), call_chunk(0, None, arguments[5:])
    events = {
        "chat-tools": chat(call_chunk(0, "look", "", "c1"), first, rest),
        "responses-tools": response_events(function_call("c1", "look", arguments)),
        "claude-tools": claude_events(tool_use("c1", "look", arguments), stop="tool_use"),
        "cohere-tools": cohere.cohere_events(
            cohere.plan("I look."), cohere.tool_call("c1", "look", arguments), stop="TOOL_CALL"
        ),
    }
    return {name: Case(some, {"tools": TOOLS}) for name, some in events.items()}


CASES = {
    "chat-text": Case(chat(chunk(content="Moss "), chunk(content="grows."))),
    "chat-schema": Case(chat(chunk(content=ANSWER)), {"output": SCHEMA}),
    "responses-text": Case(response_events(reasoning("Hm."), message("Moss grows."))),
    "responses-schema": Case(response_events(message(ANSWER)), {"output": SCHEMA}),
    "claude-text": Case(claude_events(thinking("Hm."), text("Moss grows."))),
    "claude-schema": Case(claude_events(text(ANSWER)), {"output": SCHEMA}),
    "claude-forced": Case(
        claude_events(tool_use("c1", "answer", ANSWER), stop="tool_use"),
        {"output": {**SCHEMA, "additionalProperties": True}},
    ),
    "gemini-text": Case(
        gemini.gemini_events(gemini.thought("Hm."), gemini.text("Moss "), gemini.text("grows."))
    ),
    "gemini-schema": Case(gemini.gemini_events(gemini.text(ANSWER)), {"output": SCHEMA}),
    "gemini-tools": Case(
        gemini.gemini_events(gemini.function_call("look", json.loads(ARGUMENTS))), {"tools": TOOLS}
    ),
    "cohere-text": Case(cohere.cohere_events(cohere.thinking("Hm."), cohere.text("Moss grows."))),
    "cohere-schema": Case(cohere.cohere_events(cohere.text(ANSWER)), {"output": SCHEMA}),
    **calling(ARGUMENTS),
}
MODELS = {
    "chat": "openai:m",
    "responses": "openai:m",
    "claude": "anthropic:m",
    "gemini": "google:m",
    "cohere": "cohere:m",
}
SPARE = {"chat": 2}  # events after the one that ends an answer
WORDS = {"text": "Moss grows.", "schema": ANSWER, "forced": ANSWER}

each = pytest.mark.parametrize("name", CASES)


@pytest.fixture
def answered(server, ask, monkeypatch):
    """Ask the model of a case, and give what the server's answer came to."""

    async def asked(name: str, answer: Any) -> ModelReply:
        api = name.partition("-")[0]
        if api == "responses":
            monkeypatch.setenv("GENXAI_OPENAI_API", "responses")
        server.answers = [answer]
        *_, reply = await ask(find_provider(MODELS[api]), **CASES[name].more)
        return reply

    return asked


def essential(name: str) -> int:
    """How many events of a case there have to be."""
    return len(CASES[name].events) - SPARE.get(name.partition("-")[0], 0)


@each
async def test_whole_stream_is_an_answer(answered, name: str):
    """Without a fault each stream gives its text, or its call."""
    reply = await answered(name, CASES[name].events)
    if name.endswith("-tools"):
        assert [(call.name, call.arguments) for call in reply.message.tool_calls] == [
            ("look", {"what": "moss"})
        ]
    else:
        assert reply.message.text == WORDS[name.partition("-")[2]]


@each
async def test_stream_that_ends_anywhere_is_incomplete(answered, name: str):
    """However much has come, without the last event it is no answer."""
    case = CASES[name]
    for count in range(essential(name)):
        with pytest.raises(IncompleteStream, match="broke off before its end"):
            await answered(name, case.events[:count])


@each
async def test_connection_that_drops_anywhere_is_noticed(answered, name: str):
    """A connection that is lost amid the stream is told, and is no short answer."""
    case = CASES[name]
    for count in range(essential(name)):
        with pytest.raises(ConnectionLost, match="was lost before its answer had ended") as caught:
            await answered(name, Dropped(case.events[:count]))
        assert type(caught.value) is ConnectionLost


@each
async def test_event_that_is_corrupt_anywhere_is_noticed(answered, name: str):
    """An event that is no JSON is told, wherever it stands and whatever it would have said."""
    case = CASES[name]
    for place, event in enumerate(case.events):
        if event == DONE:
            continue
        half = json.dumps(event)[: len(json.dumps(event)) // 2]
        for broken in (f"data: {half}\n\n", f"event: {event.get('type', 'x')}\ndata: {half}\n\n"):
            with pytest.raises(ConnectionLost, match="arrived corrupt"):
                await answered(name, [*case.events[:place], broken, *case.events[place + 1 :]])


@each
async def test_stream_byte_by_byte_is_the_same_answer(answered, name: str):
    """However the bytes are divided, the answer is the same."""
    case = CASES[name]
    assert await answered(name, Slow(case.events)) == await answered(name, case.events)


@each
async def test_stream_that_breaks_is_closed_at_once(answered, name: str):
    """What reads it is not left to the garbage collector, which may come when the loop has gone."""
    usual = sys.get_asyncgen_hooks()
    left: list[str] = []

    def note(generator: Any) -> None:
        left.append(generator.__qualname__)
        usual.finalizer(generator)

    sys.set_asyncgen_hooks(finalizer=note)
    try:
        with pytest.raises(ConnectionLost):
            await answered(name, [*CASES[name].events[:2], "data: {half\n\n"])
        gc.collect()
    finally:
        sys.set_asyncgen_hooks(*usual)
    assert not {"_lines", "Response.aiter_bytes"}.intersection(left)  # the transport leaves some of its own


@each
async def test_event_of_an_unknown_kind_anywhere_changes_nothing(answered, name: str):
    """What a vendor adds to its stream one day is passed over."""
    case = CASES[name]
    whole = await answered(name, case.events)
    new = {"type": "a.new.kind", "object": "a.new.kind", "choices": [], "payload": {"x": [1]}}
    for place in range(essential(name) + 1):
        reply = await answered(name, [*case.events[:place], new, *case.events[place:]])
        assert reply.message == whole.message
        assert (reply.stop, reply.usage) == (whole.stop, whole.usage)


@each
async def test_event_of_another_form_is_a_bad_response(answered, name: str):
    """JSON that is not what the protocol has is told as that, never passed over."""
    case = CASES[name]
    for odd in ([], "text", 7):
        with pytest.raises(BadResponse, match="not as the protocol has it"):
            await answered(name, [*case.events[:2], f"data: {json.dumps(odd)}\n\n", *case.events[2:]])


@pytest.mark.parametrize("name", calling(""))
async def test_arguments_that_are_no_json_are_handed_on(answered, name: str):
    """A call with broken arguments is a reply whose call says what was written."""
    reply = await answered(name, calling('{"what": moss')[name].events)
    (call,) = reply.message.tool_calls
    assert (call.arguments, call.unreadable) == ({}, '{"what": moss')
    assert reply.stop == "tool_calls"


@each
@pytest.mark.parametrize(
    ("status", "headers", "error", "wait"),
    [
        (429, {"Retry-After": "2.5"}, RateLimited, 2.5),
        (429, {"retry-after-ms": "1500"}, RateLimited, 1.5),
        (429, {}, RateLimited, None),
        (503, {"Retry-After": "7"}, RateLimited, 7.0),
        (500, {}, ConnectionLost, None),
    ],
)
async def test_refusal_tells_how_long_to_wait(
    server, answered, name: str, status: int, headers: dict[str, str], error: type, wait: float | None
):
    """A busy server is told from a broken one, with the seconds that it asks for; each is asked once."""
    with pytest.raises(error) as caught:
        await answered(name, Refusal(status, {"error": {"message": "Not now."}}, headers))
    assert getattr(caught.value, "retry_after", None) == wait
    assert len(server.requests) == 1


@each
async def test_answer_that_is_no_stream_is_incomplete(answered, name: str):
    """A server that takes no part in streaming is not taken for one that had nothing to say."""
    with pytest.raises(IncompleteStream):
        await answered(name, Plain({"id": "x", "object": "chat.completion"}))


def without_usage(events: Any) -> Any:
    """The events without a word of their tokens."""
    if isinstance(events, list):
        return [without_usage(event) for event in events]
    if not isinstance(events, dict):
        return events
    said = {name: value for name, value in events.items() if name not in ("usage", "usageMetadata")}
    return {name: without_usage(value) for name, value in said.items()}


@each
async def test_usage_that_is_not_told_is_estimated_and_has_no_price(answered, name: str):
    """A server that leaves usage out gets an estimate, marked as one, which is not money."""
    reply = await answered(name, without_usage(CASES[name].events))
    assert reply.usage.input > 0
    assert reply.raw["usage_estimated"] is True
    assert find_provider(MODELS[name.partition("-")[0]]).price(reply) is None


@each
async def test_reader_that_leaves_hangs_up(server, monkeypatch, name: str):
    """Who reads no further lets go of the connection at once, so that the vendor writes no further."""
    api = name.partition("-")[0]
    if api == "responses":
        monkeypatch.setenv("GENXAI_OPENAI_API", "responses")
    left = threading.Event()
    server.answers = [Endless(CASES[name].events[: essential(name) - 1], left)]
    request = ModelRequest(model="m", messages=(user("Hello"),), **CASES[name].more)
    stream = find_provider(MODELS[api]).stream(request)
    await anext(stream)
    await stream.aclose()
    assert await asyncio.to_thread(left.wait, 10)
