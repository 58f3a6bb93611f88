"""Anthropic's models through the official SDK, over a socket."""

from __future__ import annotations

import pytest
from claude_events import MODEL, claude_events, redacted, text, thinking, tool_use
from model_server import Refusal
from pydantic import BaseModel, Field

from genxai_nb.errors import BadResponse
from genxai_nb.messages import (
    Image,
    Message,
    ModelReply,
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
from genxai_nb.providers.anthropic import Anthropic
from genxai_nb.providers.base import assemble

SPEC = ToolSpec(
    "look",
    "Look something up.",
    {"type": "object", "properties": {"what": {"type": "string"}}, "required": ["what"]},
)
CLAUDE = Anthropic(MODEL)
HI = claude_events(text("Moss grows in shade."))


async def test_text_streams_and_adds_up(server, ask):
    """Text arrives in pieces, and the reply is the pieces together with usage and stop reason."""
    server.answers = [HI]
    *deltas, reply = await ask(CLAUDE)
    assert len(deltas) > 2
    assert all(isinstance(delta, TextDelta) for delta in deltas)
    assert reply == ModelReply(
        message=assistant("Moss grows in shade."),
        stop="end",
        usage=Usage(input=20, output=9),
        raw={
            "id": "msg_1",
            "model": MODEL,
            "stop_reason": "end_turn",
            "usage": {"input_tokens": 20, "output_tokens": 9},
        },
    )


async def test_request_says_everything(server, ask):
    """Messages, images, tool calls, results, the limit and the key arrive as the API wants them."""
    server.answers = [HI]
    calls = (Call("c1", "look", {"what": "é"}), Call("functions.look:1", "look", {"what": "b"}))
    results = (
        ToolResult("c1", "look", '{"found": 0}'),
        ToolResult("functions.look:1", "look", "Gone.", failed=True),
    )
    image = Message("user", (Text("And this?"), Image(b"PNG", "image/png")))
    await ask(
        CLAUDE,
        system("Be brief."),
        user("Look."),
        assistant("I look.", *calls),
        Message("tool", results),
        user("Answer now."),
        assistant("No."),
        image,
        tools=(SPEC,),
        max_tokens=100,
    )
    assert server.paths == ["/v1/messages"]
    assert server.requests[0] == {
        "model": MODEL,
        "max_tokens": 100,
        "stream": True,
        "system": "Be brief.",
        "tools": [{"name": "look", "description": "Look something up.", "input_schema": SPEC.parameters}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Look."}]},
            {
                "role": "assistant",
                "content": [
                    {"type": "text", "text": "I look."},
                    {"type": "tool_use", "id": "c1", "name": "look", "input": {"what": "é"}},
                    {"type": "tool_use", "id": "functions_look_1", "name": "look", "input": {"what": "b"}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "c1", "content": '{"found": 0}'},
                    {
                        "type": "tool_result",
                        "tool_use_id": "functions_look_1",
                        "content": "Gone.",
                        "is_error": True,
                    },
                    {"type": "text", "text": "Answer now."},
                ],
            },
            {"role": "assistant", "content": [{"type": "text", "text": "No."}]},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "And this?"},
                    {
                        "type": "image",
                        "source": {"type": "base64", "media_type": "image/png", "data": "UE5H"},
                    },
                ],
            },
        ],
    }


async def test_calls_that_were_made_keep_their_tools(server, ask):
    """Where no tool may be called any more, those that were called are still named, since the API wants it."""
    server.answers = [HI]
    result = Message("tool", (ToolResult("c1", "look", "Nothing."),))
    await ask(CLAUDE, user("Look."), assistant("", Call("c1", "look", {"what": "moss"})), result)
    assert [tool["name"] for tool in server.requests[0]["tools"]] == ["look"]
    assert server.requests[0]["tool_choice"] == {"type": "none"}


async def test_turn_that_says_nothing_is_never_sent_empty(server, ask):
    """The API refuses blocks without a word and requests without a turn; neither is sent."""
    server.answers = [HI, HI]
    await ask(CLAUDE, user(" "))
    await ask(CLAUDE, system("You are a gardener."))
    assert [request["messages"] for request in server.requests] == [
        [{"role": "user", "content": [{"type": "text", "text": "(empty)"}]}]
    ] * 2


async def test_thoughts_stream_and_their_blocks_are_kept_as_they_came(server, ask):
    """Thoughts are reasoning; the blocks with their signatures stay with the message in their order."""
    blocks = [
        thinking("Moss likes shade."),
        redacted(),
        text("In shade."),
        tool_use("t1", "look", {"what": "moss"}),
    ]
    server.answers = [claude_events(*blocks, stop="tool_use")]
    *deltas, reply = await ask(CLAUDE, tools=(SPEC,))
    assert isinstance(deltas[0], ReasoningDelta)
    assert reply.message == Message(
        "assistant",
        (Reasoning("Moss likes shade."), Text("In shade."), Call("t1", "look", {"what": "moss"})),
        Verbatim("anthropic", blocks),
    )
    assert assemble(deltas).parts == reply.message.parts


async def test_kept_blocks_are_sent_back_as_they_came(server, ask):
    """The turn after a tool call carries the signed thoughts and the call, byte for byte, then the result."""
    blocks = [thinking("Hm."), redacted(), tool_use("t1", "look", {"what": "moss"})]
    server.answers = [claude_events(*blocks, stop="tool_use"), HI]
    *_, reply = await ask(CLAUDE, user("Look."), tools=(SPEC,))
    result = Message("tool", (ToolResult("t1", "look", "Moss."),))
    await ask(CLAUDE, user("Look."), reply.message, result, tools=(SPEC,))
    assert server.requests[1]["messages"][1] == {"role": "assistant", "content": blocks}


async def test_thoughts_of_another_vendor_are_not_sent(server, ask):
    """What another vendor signed is left out, and the parts are sent in its place."""
    server.answers = [HI]
    foreign = Message(
        "assistant", (Reasoning("Hm."), Text("Hi.")), Verbatim("openai", [{"type": "reasoning"}])
    )
    await ask(CLAUDE, user("Hi"), foreign, user("Bye"))
    assert server.requests[0]["messages"][1]["content"] == [{"type": "text", "text": "Hi."}]


async def test_thoughts_without_a_signature_are_not_kept(server, ask):
    """Thoughts that were cut off before their signature would be refused, so they are not sent again."""
    events = claude_events(thinking("Moss likes", signature=""), text("Sha"), stop="max_tokens")
    server.answers = [events]
    *_, reply = await ask(CLAUDE)
    assert reply.stop == "length"
    assert reply.message == Message("assistant", (Reasoning("Moss likes"), Text("Sha")))


async def test_parallel_tool_calls_arrive_whole(server, ask):
    """Several calls of one turn stream piece by piece and end with decoded arguments; one may have none."""
    calls = [
        tool_use("a", "look", {"what": "moss"}),
        tool_use("b", "look", {"what": "fern"}),
        tool_use("c", "list", ""),
    ]
    server.answers = [claude_events(*calls, stop="tool_use")]
    *deltas, reply = await ask(CLAUDE, tools=(SPEC,))
    assert reply.stop == "tool_calls"
    assert reply.message == assistant(
        "", Call("a", "look", {"what": "moss"}), Call("b", "look", {"what": "fern"}), Call("c", "list", {})
    )
    assert sum(isinstance(delta, ToolCallDelta) for delta in deltas) > 6
    assert assemble(deltas) == reply.message


async def test_what_comes_whole_is_taken_whole(server, ask):
    """Servers that speak this API may send a text, a thought or arguments with the beginning of their block."""

    def whole(*blocks: dict) -> list:
        first, ping, *_ = claude_events()
        begun = [
            {"type": "content_block_start", "index": index, "content_block": block}
            for index, block in enumerate(blocks)
        ]
        return [first, ping, *begun, *claude_events()[2:]]

    blocks = [thinking("Hm."), text("I look."), tool_use("a", "look", {"what": "moss"})]
    server.answers = [whole(*blocks), whole(tool_use("a", "answer", {"by_name": {}}))]
    *deltas, reply = await ask(CLAUDE, tools=(SPEC,))
    assert assemble(deltas).parts == reply.message.parts
    assert reply.message.tool_calls == (Call("a", "look", {"what": "moss"}),)
    assert reply.message.verbatim == Verbatim("anthropic", blocks)
    schema = {"type": "object", "additionalProperties": True}
    *_, answer = await ask(CLAUDE, output=schema)
    assert answer.message == assistant('{"by_name":{}}')


async def test_turn_of_tools_is_told_by_its_calls(server, ask):
    """A server that says it has ended while it calls a tool has called it all the same."""
    server.answers = [claude_events(tool_use("a", "look", {"what": "moss"}), stop="end_turn")]
    *_, reply = await ask(CLAUDE, tools=(SPEC,))
    assert reply.stop == "tool_calls"


async def test_arguments_that_are_no_json_are_kept_for_the_model_to_see(server, ask):
    """A tool call with broken arguments is a reply like any other; it is sent back without them."""
    server.answers = [
        claude_events(thinking("Hm."), tool_use("a", "look", '{"what": mo'), stop="tool_use"),
        HI,
    ]
    *_, reply = await ask(CLAUDE, tools=(SPEC,))
    assert reply.message.tool_calls == (Call("a", "look", {}, unreadable='{"what": mo'),)
    await ask(CLAUDE, user("Look."), reply.message, tools=(SPEC,))
    assert server.requests[1]["messages"][1]["content"][1]["input"] == {}


class Verdict(BaseModel):
    score: int = Field(ge=0, le=10, description="from 0 to 10")
    advice: str = ""


async def test_structured_output_is_asked_for_by_schema(server, ask):
    """The request carries the schema in the vendor's own mode, without what that mode does not know."""
    server.answers = [claude_events(text('{"score": 7, "advice": "Less."}'))]
    *_, reply = await ask(CLAUDE, output=Verdict.model_json_schema())
    assert server.requests[0]["output_config"] == {
        "format": {
            "type": "json_schema",
            "schema": {
                "type": "object",
                "properties": {
                    "score": {"type": "integer", "description": "from 0 to 10"},
                    "advice": {"type": "string"},
                },
                "required": ["score", "advice"],
                "additionalProperties": False,
            },
        }
    }
    assert "tools" not in server.requests[0]
    assert Verdict.model_validate_json(reply.message.text).score == 7


async def test_schema_that_is_not_taken_is_asked_for_by_a_tool(server, ask, caplog):
    """Where the vendor refuses the mode, the model has to call a tool of that schema; its arguments are the answer."""
    refusal = {
        "type": "invalid_request_error",
        "message": "output_config.format: this model does not support it",
    }
    answer = claude_events(tool_use("t", "answer", {"score": 7}), stop="tool_use")
    server.answers = [Refusal(400, {"type": "error", "error": refusal}), answer, answer]
    provider = Anthropic("claude-plain")
    for _ in range(2):
        *deltas, reply = await ask(provider, output=Verdict.model_json_schema())
        assert reply.stop == "end"
        assert reply.message == assistant('{"score": 7}')
        assert all(isinstance(delta, TextDelta) for delta in deltas)
    sent = server.requests[-1]
    assert sent["tool_choice"] == {"type": "tool", "name": "answer"}
    assert sent["tools"][0]["input_schema"]["properties"]["score"]["maximum"] == 10
    assert [record.getMessage() for record in caplog.records] == [
        "Model 'anthropic:m' takes no output_config; it is asked without."
    ]


async def test_schema_of_free_keys_is_asked_for_by_a_tool_beside_the_others(server, ask):
    """What strict mode cannot say goes to a tool at once; other tools can be called first."""
    schema = {"type": "object", "properties": {"by_name": {"type": "object", "additionalProperties": True}}}
    first = claude_events(thinking("Hm."), tool_use("t1", "answer", {"what": "x"}), stop="tool_use")
    server.answers = [
        first,
        claude_events(thinking("Hm."), tool_use("t2", "answer_", {"by_name": {}}), stop="tool_use"),
    ]
    named = ToolSpec("answer", "Another tool of that name.", SPEC.parameters)
    *_, called = await ask(CLAUDE, tools=(named,), output=schema)
    *_, reply = await ask(CLAUDE, tools=(named,), output=schema)
    assert server.requests[0]["tool_choice"] == {"type": "any"}
    assert [tool["name"] for tool in server.requests[0]["tools"]] == ["answer", "answer_"]
    assert called.message.tool_calls == (Call("t1", "answer", {"what": "x"}),)
    assert (reply.stop, reply.message.text, reply.message.tool_calls) == ("end", '{"by_name": {}}', ())
    assert reply.message.verbatim == Verbatim("anthropic", [thinking("Hm."), text('{"by_name": {}}')])


async def test_usage_tells_cached_and_reasoning_tokens_and_is_priced_to_the_cent(server, ask):
    """The vendor counts what it cached beside the input, we within it; each kind has its price."""
    told = {
        "input_tokens": 5_000,
        "cache_read_input_tokens": 100_000,
        "cache_creation_input_tokens": 20_000,
        "output_tokens": 10_000,
        "output_tokens_details": {"thinking_tokens": 4_000},
    }
    server.answers = [claude_events(text("Hi."), usage=told)]
    *_, reply = await ask(CLAUDE)
    assert reply.usage == Usage(input=125_000, output=10_000, cached=100_000, reasoning=4_000, written=20_000)
    # claude-sonnet-5, US dollars per million: 2 in, 0.2 read from the cache, 2.5 put into it, 10 out
    assert CLAUDE.price(reply) == pytest.approx(0.005 * 2 + 0.1 * 0.2 + 0.02 * 2.5 + 0.01 * 10)


@pytest.mark.parametrize(
    ("reason", "stop"),
    [
        ("end_turn", "end"),
        ("stop_sequence", "end"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("refusal", "refused"),
        ("a_new_reason", "end"),
    ],
)
async def test_each_stop_reason_is_one_of_ours(server, ask, reason: str, stop: str):
    """Why a model stopped is told in our words, and the vendor's word stays in the reply."""
    server.answers = [claude_events(text("It is"), stop=reason)]
    *_, reply = await ask(CLAUDE)
    assert (reply.stop, reply.raw["stop_reason"]) == (stop, reason)


async def test_refusal_without_a_word_says_why(server, ask):
    """Where the model declined before it said anything, the vendor's explanation is the text."""
    details = {"type": "refusal", "category": "bio", "explanation": "This could do harm."}
    server.answers = [claude_events(stop="refusal", details=details)]
    *_, reply = await ask(CLAUDE)
    assert (reply.stop, reply.message.text) == ("refused", "This could do harm.")


async def test_call_that_reached_the_limit_cannot_be_made(server, ask):
    """A cut tool call is an error that says what to do."""
    server.answers = [claude_events(tool_use("a", "look", '{"what": "mo'), stop="max_tokens")]
    with pytest.raises(BadResponse, match="cut off in the arguments of a tool call. Raise max_tokens"):
        await ask(CLAUDE, tools=(SPEC,))
