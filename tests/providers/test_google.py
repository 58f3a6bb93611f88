"""Google's models through the official SDK, over a socket."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
from base64 import b64decode, urlsafe_b64decode

import pytest
from gemini_events import MODEL, SIGNATURE, event, function_call, gemini_events, refusal, text, thought
from model_server import Plain
from pydantic import BaseModel, Field

from genxai_nb.errors import (
    Authentication,
    IncompleteStream,
)
from genxai_nb.messages import (
    Image,
    Message,
    ModelReply,
    ModelRequest,
    Reasoning,
    ReasoningDelta,
    Text,
    TextDelta,
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
from genxai_nb.providers.google import Google
from genxai_nb.providers.registry import models_of
from genxai_nb.providers.remote import Offer

SPEC = ToolSpec(
    "look",
    "Look something up.",
    {"type": "object", "properties": {"what": {"type": "string"}}, "required": ["what"]},
)
GEMINI = Google(MODEL)
HI = gemini_events(text("Moss "), text("grows "), text("in shade."))


async def test_text_streams_and_adds_up(server, ask):
    """Text arrives in pieces, and the reply is the pieces together with usage and stop reason."""
    server.answers = [HI]
    *deltas, reply = await ask(GEMINI)
    assert deltas == [TextDelta("Moss "), TextDelta("grows "), TextDelta("in shade.")]
    assert (reply.message, reply.stop) == (assistant("Moss grows in shade."), "end")
    assert reply.usage == Usage(input=20, output=9)
    assert (reply.raw["id"], reply.raw["model"], reply.raw["finish_reason"]) == ("r1", MODEL, "STOP")
    assert server.paths == [f"/v1/models/{MODEL}:streamGenerateContent?alt=sse"]


async def test_request_says_everything(server, ask):
    """Messages, images, tool calls, results, settings and the key arrive as the API wants them."""
    server.answers = [HI]
    calls = (Call("c1", "look", {"what": "é"}), Call("c2", "look", {"what": "b"}))
    results = (ToolResult("c1", "look", '{"found": 0}'), ToolResult("c2", "look", "Gone.", failed=True))
    image = Message("user", (Text("And this?"), Image(b"\xfbPNG", "image/png")))
    await ask(
        GEMINI,
        system("Be brief."),
        user("Look."),
        assistant("I look.", *calls),
        Message("tool", results[:1]),
        Message("tool", results[1:]),
        user("Answer now."),
        assistant("No."),
        image,
        tools=(SPEC,),
        temperature=0.5,
        max_tokens=100,
    )
    sent = server.requests[0]
    data = sent["contents"][-1]["parts"].pop()["inlineData"]
    assert data.keys() == {"data", "mime_type"}
    assert (data["mime_type"], urlsafe_b64decode(data["data"])) == ("image/png", b"\xfbPNG")
    assert sent == {
        "systemInstruction": {"role": "user", "parts": [{"text": "Be brief."}]},
        "tools": [
            {
                "functionDeclarations": [
                    {
                        "name": "look",
                        "description": "Look something up.",
                        "parameters_json_schema": SPEC.parameters,
                    }
                ]
            }
        ],
        "generationConfig": {
            "temperature": 0.5,
            "maxOutputTokens": 100,
            "thinkingConfig": {"include_thoughts": True},
        },
        "contents": [
            {"role": "user", "parts": [{"text": "Look."}]},
            {
                "role": "model",
                "parts": [
                    {"text": "I look."},
                    {"functionCall": {"name": "look", "args": {"what": "é"}}},
                    {"functionCall": {"name": "look", "args": {"what": "b"}}},
                ],
            },
            {
                "role": "user",
                "parts": [
                    {"functionResponse": {"name": "look", "response": {"found": 0}}},
                    {"functionResponse": {"name": "look", "response": {"error": "Gone."}}},
                ],
            },
            {"role": "user", "parts": [{"text": "Answer now."}]},
            {"role": "model", "parts": [{"text": "No."}]},
            {"role": "user", "parts": [{"text": "And this?"}]},
        ],
    }


async def test_turn_that_says_nothing_is_never_sent_empty(server, ask):
    """The API refuses parts without a word and requests without a turn; neither is sent."""
    server.answers = [HI, HI]
    await ask(GEMINI, user(" "))
    await ask(GEMINI, system("You are a gardener."))
    empty = [{"role": "user", "parts": [{"text": "(empty)"}]}]
    assert [request["contents"] for request in server.requests] == [empty] * 2


async def test_thoughts_stream_and_signed_parts_are_kept_as_they_came(server, ask):
    """Thoughts are reasoning; parts with a signature or of a new kind stay with the message in their order."""
    call = function_call("look", {"what": "moss"}, key="f1", signature=SIGNATURE)
    code = {"executableCode": {"language": "PYTHON", "code": "1 + 1"}}
    server.answers = [gemini_events(thought("Moss "), thought("likes shade."), code, text("So: "), call)]
    *deltas, reply = await ask(GEMINI, tools=(SPEC,))
    assert deltas[:2] == [ReasoningDelta("Moss "), ReasoningDelta("likes shade.")]
    assert reply.message == Message(
        "assistant",
        (Reasoning("Moss likes shade."), Text("So: "), Call("f1", "look", {"what": "moss"})),
        Verbatim("google", [thought("Moss likes shade."), code, text("So: "), call, text("")]),
    )
    assert assemble(deltas).parts == reply.message.parts


async def test_kept_parts_are_sent_back_as_they_came(server, ask):
    """The turn after a tool call carries the signed call, then the result under the id that the vendor gave."""
    call = function_call("look", {"what": "moss"}, key="f1", signature=SIGNATURE)
    server.answers = [gemini_events(thought("Hm."), call), HI]
    *_, reply = await ask(GEMINI, user("Look."), tools=(SPEC,))
    result = Message("tool", (ToolResult("f1", "look", "Moss."),))
    await ask(GEMINI, user("Look."), reply.message, result, tools=(SPEC,))
    _, model, told = server.requests[1]["contents"]
    assert model["parts"][0] == thought("Hm.")
    assert model["parts"][1]["functionCall"] == call["functionCall"]
    assert urlsafe_b64decode(model["parts"][1]["thoughtSignature"]) == b64decode(SIGNATURE)
    assert told["parts"] == [
        {"functionResponse": {"id": "f1", "name": "look", "response": {"output": "Moss."}}}
    ]


async def test_signed_text_is_never_joined_with_other_text(server, ask):
    """A signature belongs to its own part, so that part stays apart from those around it."""
    parts = [text("Moss "), text("grows.", thoughtSignature=SIGNATURE), text(" Yes.")]
    server.answers = [gemini_events(*parts)]
    *_, reply = await ask(GEMINI)
    assert reply.message.text == "Moss grows. Yes."
    assert reply.message.verbatim == Verbatim("google", parts)


async def test_thoughts_and_calls_of_another_vendor_are_told_without_what_it_signed(server, ask):
    """Another vendor's words are left out; its call bears the mark that newer models want in place of a signature."""
    foreign = Message(
        "assistant", (Reasoning("Hm."), Text("Hi."), Call("c", "look", {})), Verbatim("openai", [{}])
    )
    for model in ("gemini-3.8-flash", MODEL):
        server.answers = [HI]
        await ask(Google(model), user("Hi"), foreign, user("Bye"))
    new, old = (request["contents"][1]["parts"] for request in server.requests)
    assert old == [{"text": "Hi."}, {"functionCall": {"name": "look", "args": {}}}]
    assert urlsafe_b64decode(new[1].pop("thoughtSignature")) == b"skip_thought_signature_validator"
    assert new == old


async def test_parallel_tool_calls_arrive_whole(server, ask):
    """Several calls of one turn have ids of their own, whether or not the vendor gives them."""
    calls = [function_call("look", {"what": "moss"}), function_call("look", {"what": "fern"}, key="x")]
    server.answers = [gemini_events(*calls, function_call("list", {}, key="x"))]
    *deltas, reply = await ask(GEMINI, tools=(SPEC,))
    assert reply.stop == "tool_calls"
    assert [(call.name, call.arguments) for call in reply.message.tool_calls] == [
        ("look", {"what": "moss"}),
        ("look", {"what": "fern"}),
        ("list", {}),
    ]
    assert len({call.id for call in reply.message.tool_calls}) == 3
    assert assemble(deltas).parts == reply.message.parts


class Verdict(BaseModel):
    score: int = Field(ge=0, le=10)
    advice: str = ""


async def test_structured_output_is_asked_for_by_schema(server, ask):
    """The request carries the whole schema, and what comes back fits it."""
    server.answers = [gemini_events(text('{"score": 7, '), text('"advice": "Less."}'))]
    *_, reply = await ask(GEMINI, output=Verdict.model_json_schema())
    config = server.requests[0]["generationConfig"]
    assert config["responseMimeType"] == "application/json"
    assert config["responseJsonSchema"] == Verdict.model_json_schema()
    assert Verdict.model_validate_json(reply.message.text).score == 7


async def test_usage_tells_cached_and_reasoning_tokens_and_is_priced_to_the_cent(server, ask):
    """The vendor counts thoughts beside the answer, we within it; each kind has its price."""
    told = {
        "promptTokenCount": 100_000,
        "cachedContentTokenCount": 40_000,
        "candidatesTokenCount": 6_000,
        "thoughtsTokenCount": 4_000,
        "toolUsePromptTokenCount": 1_000,
    }
    server.answers = [gemini_events(text("Hi."), usage=told)]
    *_, reply = await ask(GEMINI)
    assert reply.usage == Usage(input=101_000, output=10_000, cached=40_000, reasoning=4_000)
    # gemini-2.5-flash, US dollars per million: 0.3 in, 0.03 read from the cache, 2.5 out
    assert GEMINI.price(reply) == pytest.approx(0.061 * 0.3 + 0.04 * 0.03 + 0.01 * 2.5)


@pytest.mark.parametrize(
    ("reason", "stop"),
    [
        ("STOP", "end"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "refused"),
        ("RECITATION", "refused"),
        ("BLOCKLIST", "refused"),
        ("PROHIBITED_CONTENT", "refused"),
        ("SPII", "refused"),
        ("A_NEW_REASON", "end"),
    ],
)
async def test_each_stop_reason_is_one_of_ours(server, ask, reason: str, stop: str):
    """Why a model stopped is told in our words, and the vendor's word stays in the reply."""
    server.answers = [gemini_events(text("It is"), stop=reason)]
    *_, reply = await ask(GEMINI)
    assert (reply.stop, reply.raw["finish_reason"], reply.message.text) == (stop, reason, "It is")


async def test_answer_that_goes_on_is_read_to_its_end(server, ask):
    """A model that says there is more is asked for it; text and tokens are those of both requests."""
    first = event(text("Moss "), finishReason="CONTINUATION", continuationToken="dG9rZW4=")
    server.answers = [[first], gemini_events(text("grows."))]
    *_, reply = await ask(GEMINI)
    assert (reply.message.text, reply.stop) == ("Moss grows.", "end")
    assert reply.usage == Usage(input=40, output=9)
    assert "continuationToken" not in str(server.requests[0])
    assert server.requests[1]["contents"] == server.requests[0]["contents"]
    assert "dG9rZW4=" in str(server.requests[1])
    server.answers = [[first], []]
    with pytest.raises(IncompleteStream):
        await ask(GEMINI)


async def test_lines_that_keep_a_connection_alive_say_nothing(server, ask):
    """Comments and names of events, which gateways add, are no part of an answer."""
    server.answers = [[": ping\n\n", HI[0], "event: message\n", HI[1], ": ping\n\n", *HI[2:]]]
    *_, reply = await ask(GEMINI)
    assert reply.message == assistant("Moss grows in shade.")


async def test_models_and_tokens_are_asked_for_on_demand(server):
    """The vendor lists its models with their windows, and counts the tokens of a request."""
    listed = [
        {
            "name": f"models/{MODEL}",
            "inputTokenLimit": 1_048_576,
            "outputTokenLimit": 65_536,
            "supportedGenerationMethods": ["generateContent"],
        },
        {"name": "models/gemini-embedding-001", "supportedGenerationMethods": ["embedContent"]},
    ]
    server.answers = [Plain({"models": listed}), Plain({"totalTokens": 42})]
    assert await GEMINI.offers() == [Offer(MODEL, 1_048_576, 65_536)]
    request = ModelRequest(model="m", messages=(system("Be brief."), user("Hi")), tools=(SPEC,), max_tokens=9)
    assert await GEMINI.count(request) == 42
    assert server.paths[1] == f"/v1/models/{MODEL}:countTokens"
    said = [content["parts"][0]["text"] for content in server.requests[1]["contents"]]
    assert said == ["Be brief.", "Hi"]
    server.answers = [refusal(401, "No.", "UNAUTHENTICATED")]
    with pytest.raises(Authentication, match="GOOGLE_API_KEY was refused"):
        await GEMINI.offers()


def test_models_and_windows_are_known_without_the_vendor():
    """The price list names the models that talk, and how much each takes."""
    assert MODEL in models_of("google")
    assert not any(name.startswith("claude") for name in models_of("google"))
    assert (GEMINI.window, Google("gemini-nobody-knows").window) == (1_048_576, None)


async def test_cancelling_lets_go_of_the_stream(llmock, monkeypatch):
    """Who is cancelled amid a stream closes it, and can ask again at once."""
    monkeypatch.setenv("GOOGLE_GENAI_API_VERSION", "beta")
    llmock.stall(after_chunks=3, seconds=30)
    first = asyncio.Event()
    request = ModelRequest(model=f"google:{MODEL}", messages=(user("Hello"),))

    async def read() -> None:
        async for _ in GEMINI.stream(request):
            first.set()

    reading = asyncio.create_task(read())
    await first.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert isinstance([item async for item in GEMINI.stream(request)][-1], ModelReply)


def test_each_loop_has_a_client_of_its_own_and_closes_it(server):
    """A program may ask from one short-lived loop after another; no connection is left open."""
    server.answers = [HI] * 3

    async def once() -> str:
        request = ModelRequest(model="m", messages=(user("Hello"),))
        return [item async for item in GEMINI.stream(request)][-1].message.text

    assert {asyncio.run(once()) for _ in range(3)} == {"Moss grows in shade."}
    gc.collect()  # an open socket would warn here, and a warning is an error


def test_sdk_loads_at_the_first_request_only(server):
    """Finding the provider imports nothing of the SDK, so that defining an agent stays quick."""
    code = (
        "import sys; from genxai_nb.providers.registry import model_call; model_call('google:gemini-x');"
        "print('google.genai' in sys.modules, 'httpx2' in sys.modules, 'genai_prices' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False", "False"]
