"""Cohere's models through the official SDK, over a socket."""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys

import pytest
from cohere_events import MODEL, citation, cohere_events, plan, text, thinking, tool_call
from model_server import Plain
from pydantic import BaseModel, Field

from genxai_nb.errors import BadResponse
from genxai_nb.messages import (
    Image,
    Message,
    ModelReply,
    ModelRequest,
    Reasoning,
    ReasoningDelta,
    Text,
    TextDelta,
    ToolCallDelta,
    ToolResult,
    ToolSpec,
    Usage,
    Verbatim,
    assistant,
    system,
    user,
)
from genxai_nb.messages import ToolCall as Call
from genxai_nb.providers.base import assemble
from genxai_nb.providers.cohere import Cohere
from genxai_nb.providers.registry import models_of
from genxai_nb.providers.remote import Offer

SPEC = ToolSpec(
    "look",
    "Look something up.",
    {"type": "object", "properties": {"what": {"type": "string"}}, "required": ["what"]},
)
COMMAND = Cohere(MODEL)
HI = cohere_events(text("Moss grows in shade."))


async def test_text_streams_and_adds_up(server, ask):
    """Text arrives in pieces, and the reply is the pieces together with usage and stop reason."""
    server.answers = [HI]
    *deltas, reply = await ask(COMMAND)
    assert len(deltas) > 2
    assert all(isinstance(delta, TextDelta) for delta in deltas)
    assert reply.message == assistant("Moss grows in shade.")
    assert (reply.stop, reply.usage) == ("end", Usage(input=20, output=9))
    assert (reply.raw["id"], reply.raw["finish_reason"]) == ("m1", "COMPLETE")
    assert server.paths == ["/v2/chat"]


async def test_request_says_everything(server, ask):
    """Messages, images, tool calls, results, settings and the key arrive as the API wants them."""
    server.answers = [HI]
    calls = (Call("c1", "look", {"what": "é"}), Call("c2", "look", {"what": "b"}), Call("c3", "look", {}))
    results = (
        ToolResult("c1", "look", '{"found": 0}'),
        ToolResult("c2", "look", "Gone.", failed=True),
        ToolResult("c3", "look", "5"),
    )
    image = Message("user", (Text("And this?"), Image(b"PNG", "image/png")))
    await ask(
        COMMAND,
        system("Be brief."),
        user("Look."),
        assistant("I look.", *calls),
        Message("tool", results),
        assistant("No."),
        image,
        tools=(SPEC,),
        temperature=0.5,
        max_tokens=100,
    )

    def called(key: str, arguments: str) -> dict:
        return {"id": key, "type": "function", "function": {"name": "look", "arguments": arguments}}

    assert server.headers[0]["authorization"] == "Bearer sk-canary-0123456789abcdef"
    assert server.requests[0] == {
        "model": MODEL,
        "stream": True,
        "temperature": 0.5,
        "max_tokens": 100,
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "look",
                    "description": "Look something up.",
                    "parameters": SPEC.parameters,
                },
            }
        ],
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Look."},
            {
                "role": "assistant",
                "content": "I look.",
                "tool_calls": [
                    called("c1", '{"what":"é"}'),
                    called("c2", '{"what":"b"}'),
                    called("c3", "{}"),
                ],
            },
            {"role": "tool", "tool_call_id": "c1", "content": '{"found":0}'},
            {"role": "tool", "tool_call_id": "c2", "content": '{"error":"Gone."}'},
            {"role": "tool", "tool_call_id": "c3", "content": '{"output":"5"}'},
            {"role": "assistant", "content": "No."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "And this?"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,UE5H"}},
                ],
            },
        ],
    }


async def test_turn_that_says_nothing_is_never_sent_empty(server, ask):
    """The API refuses turns without a word and requests without a turn; neither is sent."""
    server.answers = [HI, HI]
    await ask(COMMAND, user(" "))
    await ask(COMMAND, system("You are a gardener."))
    assert [request["messages"][-1] for request in server.requests] == [
        {"role": "user", "content": "(empty)"}
    ] * 2


async def test_plan_of_a_turn_of_tools_is_reasoning_and_is_sent_back(server, ask):
    """What the model plans to do is no answer; it goes back with the calls, and the results follow."""
    calls = [tool_call("a", "look", '{"what": "moss"}'), tool_call("b", "look", '{"what": "fern"}')]
    server.answers = [cohere_events(plan("I look both up."), *calls, stop="TOOL_CALL"), HI]
    *deltas, reply = await ask(COMMAND, user("Look."), tools=(SPEC,))
    assert isinstance(deltas[0], ReasoningDelta)
    assert sum(isinstance(delta, ToolCallDelta) for delta in deltas) > 4
    assert reply.stop == "tool_calls"
    assert reply.message.parts == (
        Reasoning("I look both up."),
        Call("a", "look", {"what": "moss"}),
        Call("b", "look", {"what": "fern"}),
    )
    assert assemble(deltas).parts == reply.message.parts
    results = Message("tool", (ToolResult("a", "look", "Moss."), ToolResult("b", "look", "Fern.")))
    await ask(COMMAND, user("Look."), reply.message, results, tools=(SPEC,))
    sent = server.requests[1]["messages"]
    assert (sent[1]["role"], sent[1]["tool_plan"]) == ("assistant", "I look both up.")
    assert [call["id"] for call in sent[1]["tool_calls"]] == ["a", "b"]
    assert [message["tool_call_id"] for message in sent[2:]] == ["a", "b"]


async def test_thoughts_are_reasoning_and_are_sent_back(server, ask):
    """Thoughts come before the text, and stay with the message in the vendor's own form."""
    server.answers = [cohere_events(thinking("Moss likes shade."), text("In shade.")), HI]
    *_, reply = await ask(COMMAND)
    content = [{"type": "thinking", "thinking": "Moss likes shade."}, {"type": "text", "text": "In shade."}]
    assert reply.message == Message(
        "assistant",
        (Reasoning("Moss likes shade."), Text("In shade.")),
        Verbatim("cohere", {"role": "assistant", "content": content}),
    )
    await ask(COMMAND, user("Hi"), reply.message, user("Bye"))
    assert server.requests[1]["messages"][1] == {"role": "assistant", "content": content}


async def test_thoughts_of_another_vendor_are_not_sent(server, ask):
    """What another vendor signed is left out, and the parts are sent in its place."""
    server.answers = [HI]
    foreign = Message("assistant", (Reasoning("Hm."), Text("Hi.")), Verbatim("openai", [{}]))
    await ask(COMMAND, user("Hi"), foreign, user("Bye"))
    assert server.requests[0]["messages"][1] == {"role": "assistant", "content": "Hi."}


async def test_citations_are_kept_with_the_reply(server, ask):
    """What an answer rests on is in its raw content, with the places of the text."""
    server.answers = [cohere_events(text("Moss grows in shade."), citation(14, "shade"))]
    *_, reply = await ask(COMMAND)
    (told,) = reply.raw["citations"]
    assert reply.message.text[told["start"] : told["end"]] == told["text"] == "shade"


async def test_turn_of_tools_is_told_by_its_calls(server, ask):
    """A server that says it is complete while it calls a tool has called it all the same."""
    server.answers = [cohere_events(tool_call("a", "look", "{}"), stop="COMPLETE")]
    *_, reply = await ask(COMMAND, tools=(SPEC,))
    assert reply.stop == "tool_calls"


async def test_call_that_reached_the_limit_cannot_be_made(server, ask):
    """A cut tool call is an error that says what to do."""
    server.answers = [cohere_events(tool_call("a", "look", '{"what": "mo'), stop="MAX_TOKENS")]
    with pytest.raises(BadResponse, match="cut off in the arguments of a tool call. Raise max_tokens"):
        await ask(COMMAND, tools=(SPEC,))


async def test_call_without_a_name_is_refused(server, ask):
    """A tool call that never says which tool is no tool call."""
    server.answers = [cohere_events(tool_call("a", "", "{}"))]
    with pytest.raises(BadResponse, match="without the tool's name"):
        await ask(COMMAND, tools=(SPEC,))


class Verdict(BaseModel):
    score: int = Field(ge=0, le=10, description="from 0 to 10")
    advice: str = ""


async def test_structured_output_is_asked_for_by_schema(server, ask):
    """The request carries the schema, without what the vendor does not know, and what comes back fits it."""
    server.answers = [cohere_events(text('{"score": 7, "advice": "Less."}'))]
    *_, reply = await ask(COMMAND, output=Verdict.model_json_schema())
    assert server.requests[0]["response_format"] == {
        "type": "json_object",
        "json_schema": {
            "type": "object",
            "properties": {
                "score": {"type": "integer", "description": "from 0 to 10"},
                "advice": {"type": "string"},
            },
            "required": ["score", "advice"],
            "additionalProperties": False,
        },
    }
    assert Verdict.model_validate_json(reply.message.text).score == 7


async def test_schema_beside_tools_is_said_in_words(server, ask, caplog):
    """The API takes no schema beside tools, nor one of free keys; the model is told of it all the same."""
    server.answers = [HI, HI]
    await ask(COMMAND, tools=(SPEC,), output=Verdict.model_json_schema())
    await ask(COMMAND, output={"type": "object", "additionalProperties": True})
    for request in server.requests:
        assert "response_format" not in request
        assert request["messages"][-1]["role"] == "system"
        assert request["messages"][-1]["content"].startswith("Answer with one JSON object")
    assert not caplog.records


async def test_usage_tells_cached_tokens_and_what_is_charged_is_priced_to_the_cent(server, ask):
    """The model reads more than the vendor charges for: what counts for the window is not what is paid."""
    told = {
        "billed_units": {"input_tokens": 100_000.0, "output_tokens": 10_000.0},
        "tokens": {"input_tokens": 101_500.0, "output_tokens": 10_000.0},
        "cached_tokens": 40_000.0,
    }
    server.answers = [cohere_events(text("Hi."), usage=told)]
    *_, reply = await ask(COMMAND)
    assert reply.usage == Usage(input=101_500, output=10_000, cached=40_000)
    # command-a, US dollars per million: 2.5 in, 10 out
    assert COMMAND.price(reply) == pytest.approx(0.1 * 2.5 + 0.01 * 10)
    assert Cohere("command-nobody-knows").price(reply) is None


@pytest.mark.parametrize(
    ("reason", "stop"),
    [
        ("COMPLETE", "end"),
        ("STOP_SEQUENCE", "end"),
        ("MAX_TOKENS", "length"),
        ("ERROR_TOXIC", "refused"),
        ("A_NEW_REASON", "end"),
    ],
)
async def test_each_stop_reason_is_one_of_ours(server, ask, reason: str, stop: str):
    """Why a model stopped is told in our words, and the vendor's word stays in the reply."""
    server.answers = [cohere_events(text("It is"), stop=reason)]
    *_, reply = await ask(COMMAND)
    assert (reply.stop, reply.raw["finish_reason"], reply.message.text) == (stop, reason, "It is")


async def test_models_and_tokens_are_asked_for_on_demand(server):
    """The vendor lists its models page by page with their windows, and counts the tokens of a request's texts."""
    first = {"models": [{"name": MODEL, "context_length": 256_000.0}], "next_page_token": "more"}
    second = {"models": [{"name": "command-small"}]}
    counted = {"tokens": [1, 2, 3], "token_strings": ["a", "b", "c"]}
    server.answers = [Plain(first), Plain(second), Plain(counted), Plain(counted)]
    assert await COMMAND.offers() == [Offer(MODEL, 256_000), Offer("command-small")]
    assert [path.partition("?")[0] for path in server.paths] == ["/v1/models"] * 2
    assert "page_token=more" in server.paths[1]
    long = ModelRequest(model="m", messages=(user("Hi"), user("x" * 66_000)), tools=(SPEC,))
    assert await COMMAND.count(long) == 6
    assert [len(request["text"]) <= 65_536 for request in server.requests[2:]] == [True, True]
    assert json.dumps(SPEC.description) in server.requests[3]["text"]


def test_models_and_windows_are_known_without_the_vendor():
    """The price list names the models that talk; how much each takes we know."""
    assert "command-a" in models_of("cohere")
    windows = [Cohere(name).window for name in (MODEL, "command-r-08-2024", "command-nobody-knows")]
    assert windows == [256_000, 128_000, None]


async def test_cancelling_lets_go_of_the_stream(llmock):
    """Who is cancelled amid a stream closes it, and can ask again at once."""
    llmock.stall(after_chunks=3, seconds=30)
    first = asyncio.Event()
    request = ModelRequest(model=f"cohere:{MODEL}", messages=(user("Hello"),))

    async def read() -> None:
        async for _ in COMMAND.stream(request):
            first.set()

    reading = asyncio.create_task(read())
    await first.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert isinstance([item async for item in COMMAND.stream(request)][-1], ModelReply)


def test_each_loop_has_a_client_of_its_own_and_closes_it(server):
    """A program may ask from one short-lived loop after another; no connection is left open."""
    server.answers = [HI] * 3

    async def once() -> str:
        request = ModelRequest(model="m", messages=(user("Hello"),))
        return [item async for item in COMMAND.stream(request)][-1].message.text

    assert {asyncio.run(once()) for _ in range(3)} == {"Moss grows in shade."}
    gc.collect()  # an open socket would warn here, and a warning is an error


def test_sdk_loads_at_the_first_request_only(server):
    """Finding the provider imports nothing of the SDK, so that defining an agent stays quick."""
    code = (
        "import sys; from genxai_nb.providers.registry import model_call; model_call('cohere:command-x');"
        "print('cohere' in sys.modules, 'httpx' in sys.modules, 'genai_prices' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False", "False"]
