"""OpenAI's own models by the Responses API, through the official SDK, over a socket."""

from __future__ import annotations

import pytest
from model_server import Plain, Refusal
from pydantic import BaseModel
from response_events import MODEL, function_call, message, reasoning, refusal, response_events

from genxai_nb.errors import (
    Authentication,
    BadResponse,
    ConnectionLost,
    ContextTooLong,
    ProviderError,
    RateLimited,
    Refused,
    SetupError,
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
from genxai_nb.providers.openai import OpenAI
from genxai_nb.providers.remote import Offer

SPEC = ToolSpec(
    "look",
    "Look something up.",
    {"type": "object", "properties": {"what": {"type": "string"}}, "required": ["what"]},
)
GPT = OpenAI(MODEL)
HI = response_events(message("Moss grows in shade."))


@pytest.fixture(autouse=True)
def _responses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENXAI_OPENAI_API", "responses")


async def test_text_streams_and_adds_up(server, ask):
    """Text arrives in pieces, and the reply is the pieces together with usage and stop reason."""
    server.answers = [HI]
    *deltas, reply = await ask(GPT)
    assert len(deltas) > 2
    assert all(isinstance(delta, TextDelta) for delta in deltas)
    assert reply == ModelReply(
        message=assistant("Moss grows in shade."),
        stop="end",
        usage=Usage(input=20, output=9),
        raw={
            "id": "resp_1",
            "model": MODEL,
            "status": "completed",
            "incomplete_details": None,
            "usage": {"input_tokens": 20, "output_tokens": 9},
        },
    )


async def test_request_says_everything(server, ask):
    """Messages, images, tool calls, results and settings arrive as the API wants them, and nothing is stored there."""
    server.answers = [HI]
    await ask(
        GPT,
        system("Be brief."),
        user("Look."),
        assistant("I look.", Call("c1", "look", {"what": "é"})),
        Message("tool", (ToolResult("c1", "look", '{"found": 0}'),)),
        assistant("No."),
        Message("user", (Text("And this?"), Image(b"PNG", "image/png"))),
        tools=(SPEC,),
        temperature=0.5,
        max_tokens=100,
    )
    assert server.paths == ["/responses"]
    assert server.headers[0]["authorization"] == "Bearer sk-canary-0123456789abcdef"
    assert server.requests[0] == {
        "model": MODEL,
        "stream": True,
        "store": False,
        "include": ["reasoning.encrypted_content"],
        "temperature": 0.5,
        "max_output_tokens": 100,
        "tools": [
            {
                "type": "function",
                "name": "look",
                "description": "Look something up.",
                "strict": False,
                "parameters": SPEC.parameters,
            }
        ],
        "input": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Look."},
            {"role": "assistant", "content": "I look."},
            {"type": "function_call", "call_id": "c1", "name": "look", "arguments": '{"what":"é"}'},
            {"type": "function_call_output", "call_id": "c1", "output": '{"found": 0}'},
            {"role": "assistant", "content": "No."},
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "And this?"},
                    {"type": "input_image", "image_url": "data:image/png;base64,UE5H", "detail": "auto"},
                ],
            },
        ],
    }


async def test_limit_below_the_lowest_is_raised_to_it(server, ask):
    """The API takes no limit below 16 tokens, so a shorter one is asked for as that."""
    server.answers = [HI]
    await ask(GPT, max_tokens=1)
    assert server.requests[0]["max_output_tokens"] == 16


async def test_thoughts_stream_and_their_items_are_kept_as_they_came(server, ask):
    """Summaries of thoughts are reasoning; the encrypted items stay with the message in their order."""
    items = [reasoning("Moss?", "Shade."), function_call("c1", "look", '{"what": "moss"}')]
    server.answers = [response_events(*items)]
    *deltas, reply = await ask(GPT, tools=(SPEC,))
    assert isinstance(deltas[0], ReasoningDelta)
    assert reply.stop == "tool_calls"
    assert reply.message == Message(
        "assistant",
        (Reasoning("Moss?\n\nShade."), Call("c1", "look", {"what": "moss"})),
        Verbatim("openai", items),
    )
    assert assemble(deltas).parts == reply.message.parts


async def test_kept_items_are_sent_back_as_they_came(server, ask):
    """The turn after a tool call carries the encrypted thoughts and the call, field for field, then the result."""
    items = [reasoning(), function_call("c1", "look", '{"what": "moss"}')]
    server.answers = [response_events(*items), HI]
    *_, reply = await ask(GPT, user("Look."), tools=(SPEC,))
    result = Message("tool", (ToolResult("c1", "look", "Moss."),))
    await ask(GPT, user("Look."), reply.message, result, tools=(SPEC,))
    output = {"type": "function_call_output", "call_id": "c1", "output": "Moss."}
    assert server.requests[1]["input"] == [{"role": "user", "content": "Look."}, *items, output]


async def test_phase_of_a_message_is_kept(server, ask):
    """A text that is commentary stays one: without its phase the model answers worse."""
    item = message("I look.", phase="commentary")
    server.answers = [response_events(item)]
    *_, reply = await ask(GPT)
    assert reply.message.verbatim == Verbatim("openai", [item])


async def test_thoughts_that_are_not_encrypted_are_not_kept(server, ask):
    """The vendor stores nothing, so it would look in vain for thoughts that are only named."""
    server.answers = [response_events(reasoning("Hm.", encrypted=None), message("Hi."))]
    *_, reply = await ask(GPT)
    assert reply.message == Message("assistant", (Reasoning("Hm."), Text("Hi.")))


async def test_thoughts_of_another_vendor_are_not_sent(server, ask):
    """What another vendor signed is left out, and the parts are sent in its place."""
    server.answers = [HI]
    foreign = Message(
        "assistant", (Reasoning("Hm."), Text("Hi.")), Verbatim("anthropic", [{"type": "thinking"}])
    )
    await ask(GPT, user("Hi"), foreign)
    assert server.requests[0]["input"][1] == {"role": "assistant", "content": "Hi."}


async def test_parallel_tool_calls_arrive_whole(server, ask):
    """Several calls of one turn stream piece by piece and end with decoded arguments."""
    calls = [function_call("a", "look", '{"what": "moss"}'), function_call("b", "look", '{"what": "fern"}')]
    server.answers = [response_events(*calls)]
    *deltas, reply = await ask(GPT, tools=(SPEC,))
    assert reply.message == assistant(
        "", Call("a", "look", {"what": "moss"}), Call("b", "look", {"what": "fern"})
    )
    assert sum(isinstance(delta, ToolCallDelta) for delta in deltas) > 4
    assert assemble(deltas) == reply.message


async def test_arguments_that_are_no_json_are_kept_for_the_model_to_see(server, ask):
    """A tool call with broken arguments is a reply like any other; what was written is in the call."""
    server.answers = [response_events(function_call("a", "look", '{"what": mo'))]
    *_, reply = await ask(GPT, tools=(SPEC,))
    assert reply.message.tool_calls == (Call("a", "look", {}, unreadable='{"what": mo'),)


class Verdict(BaseModel):
    score: int
    advice: str = ""


async def test_structured_output_is_asked_for_by_schema(server, ask):
    """The request carries the schema in strict mode, and what comes back fits it."""
    server.answers = [response_events(message('{"score": 7, "advice": ""}'))]
    *_, reply = await ask(GPT, output=Verdict.model_json_schema())
    form = server.requests[0]["text"]["format"]
    assert (form["type"], form["name"], form["strict"]) == ("json_schema", "Verdict", True)
    assert form["schema"]["required"] == ["score", "advice"]
    assert Verdict.model_validate_json(reply.message.text).score == 7


async def test_model_without_schemas_is_told_the_schema_in_words(server, ask):
    """Where no format is taken, the schema goes into the prompt, by way of plain JSON mode."""
    error = {"message": "Invalid parameter: 'text.format' of type 'json_schema'", "param": "text.format"}
    server.answers = [Refusal(400, {"error": error}), Refusal(400, {"error": error}), HI]
    await ask(OpenAI("gpt-3.5-plain"), output=Verdict.model_json_schema())
    forms = [request.get("text", {}).get("format", {}).get("type") for request in server.requests]
    assert forms == ["json_schema", "json_object", None]
    assert '"title":"Verdict"' in server.requests[-1]["input"][-1]["content"]


async def test_usage_tells_cached_and_reasoning_tokens_and_is_priced_to_the_cent(server, ask):
    """The details of the usage arrive, and cached tokens cost what the price list says."""
    told = {
        "input_tokens": 100_000,
        "input_tokens_details": {"cached_tokens": 60_000, "cache_write_tokens": 0},
        "output_tokens": 10_000,
        "output_tokens_details": {"reasoning_tokens": 6_000},
    }
    server.answers = [response_events(message("Hi."), usage=told)]
    *_, reply = await ask(GPT)
    assert reply.usage == Usage(input=100_000, output=10_000, cached=60_000, reasoning=6_000)
    # gpt-5-mini, US dollars per million: 0.25 in, 0.025 from the cache, 2 out, thoughts included
    assert GPT.price(reply) == pytest.approx(0.04 * 0.25 + 0.06 * 0.025 + 0.01 * 2)


async def test_answer_that_is_incomplete_says_why(server, ask):
    """A cut text stops for length, a filtered one as refused; a cut tool call cannot be made."""
    server.answers = [
        response_events(message("It is"), reason="max_output_tokens"),
        response_events(message("It is"), reason="content_filter"),
        response_events(function_call("a", "look", '{"what": "mo'), reason="max_output_tokens"),
    ]
    replies = [(await ask(GPT))[-1] for _ in range(2)]
    assert [(reply.stop, reply.message.text) for reply in replies] == [
        ("length", "It is"),
        ("refused", "It is"),
    ]
    assert replies[0].raw["incomplete_details"] == {"reason": "max_output_tokens"}
    with pytest.raises(BadResponse, match="cut off in the arguments of a tool call. Raise max_tokens"):
        await ask(GPT)


async def test_refusals_are_no_answers(server, ask):
    """A model that declines stops as refused, with its words."""
    server.answers = [response_events(refusal("I will not."))]
    *deltas, reply = await ask(GPT)
    assert deltas == []
    assert (reply.stop, reply.message.text) == ("refused", "I will not.")


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("rate_limit_exceeded", RateLimited),
        ("server_error", ConnectionLost),
        ("context_length_exceeded", ContextTooLong),
        ("bio_policy", Refused),
        ("image_content_policy_violation", Refused),
        ("insufficient_quota", ProviderError),
    ],
)
async def test_failure_amid_a_stream_is_mapped_like_one_before_it(server, ask, code: str, error: type):
    """What the vendor reports inside its stream, in either form, is an error of the same kind as by its status."""
    said = {"code": code, "message": "No."}
    failed = {"id": "resp_1", "status": "failed", "error": said, "model": MODEL}
    server.answers = [
        [*HI[:4], {"type": "response.failed", "response": failed}],
        [*HI[:4], {"type": "error", "param": None, **said}],
        [*HI[:4], {"type": "error", "error": said}],
    ]
    for _ in range(3):
        with pytest.raises(error) as caught:
            await ask(GPT)
        assert type(caught.value) is error


async def test_what_a_model_does_not_take_is_left_out(server, ask, caplog):
    """A temperature that is refused is told once; that thoughts cannot be kept is nobody's loss."""
    include = {"message": "Encrypted content is not supported with this model.", "param": "include"}
    cool = {"message": "Unsupported parameter: 'temperature' is not supported.", "param": "temperature"}
    server.answers = [Refusal(400, {"error": include}), Refusal(400, {"error": cool}), HI, HI]
    provider = OpenAI("o9-picky")
    for _ in range(2):
        await ask(provider, temperature=0.5)
    assert [("include" in sent, "temperature" in sent) for sent in server.requests] == [
        (True, True),
        (False, True),
        (False, False),
        (False, False),
    ]
    assert [record.getMessage() for record in caplog.records] == [
        "Model 'openai:m' takes no temperature; it is asked without."
    ]


async def test_models_without_thoughts_are_not_asked_for_them(server, ask):
    """What an older model cannot give is not asked of it."""
    server.answers = [HI]
    await ask(OpenAI("gpt-4o"))
    assert "include" not in server.requests[0]


async def test_models_and_tokens_are_asked_for_on_demand(server):
    """The vendor lists its models, and counts the tokens of a request."""
    listed = {"id": MODEL, "object": "model", "created": 1, "owned_by": "openai"}
    counted = {"object": "response.input_tokens", "input_tokens": 42}
    server.answers = [Plain({"object": "list", "data": [listed]}), Plain(counted)]
    assert await GPT.offers() == [Offer(MODEL)]
    request = ModelRequest(model="m", messages=(user("Hi"),), tools=(SPEC,), max_tokens=9)
    assert await GPT.count(request) == 42
    assert server.paths[1] == "/responses/input_tokens"
    assert server.requests[1].keys() == {"model", "input", "tools"}
    server.answers = [Refusal(401, {"error": {"message": "No."}})]
    with pytest.raises(Authentication, match="OPENAI_API_KEY was refused"):
        await GPT.offers()


@pytest.mark.parametrize(
    ("address", "wanted", "path"),
    [
        ("https://api.openai.com/v1", "", "input"),
        ("https://eu.api.openai.com/v1", "", "input"),
        ("https://api.openai.com/v1", "chat", "messages"),
        ("https://gateway.example.org/openai.com/v1", "", "messages"),
        ("https://api.openai.com.example.org/v1", "", "messages"),
        ("http://api.openai.com/v1", "", "messages"),
        ("http://localhost:4000/v1", "responses", "input"),
    ],
)
def test_vendor_itself_is_asked_by_its_own_api(monkeypatch, address: str, wanted: str, path: str):
    """Only the vendor's own address, or who says so, is sent items; all others are sent messages."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-0123456789abcdef")
    monkeypatch.setenv("OPENAI_BASE_URL", address)
    monkeypatch.setenv("GENXAI_OPENAI_API", wanted)
    sent = GPT.parameters(ModelRequest(model="m", messages=(user("Hi"),)), frozenset())
    assert path in sent


async def test_api_that_there_is_not_is_said(server, ask, monkeypatch):
    """A misspelt name of an API says which there are."""
    monkeypatch.setenv("GENXAI_OPENAI_API", "respones")
    with pytest.raises(SetupError, match="GENXAI_OPENAI_API is 'respones'. Set it to responses or chat"):
        await ask(GPT)
