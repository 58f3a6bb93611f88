"""What a server may stream, and what it may refuse, beyond what llmock says."""

from __future__ import annotations

import json

import pytest
from chat_chunks import DONE, call_chunk, chunk, usage_chunk
from model_server import Refusal

from genxai_nb.errors import BadResponse, ConnectionLost, ProviderError, RateLimited, Refused
from genxai_nb.messages import Reasoning, ReasoningDelta, ToolSpec, Usage, assistant
from genxai_nb.messages import ToolCall as Call
from genxai_nb.providers.openai import OpenAI
from genxai_nb.providers.refusals import wait_asked

GPT = OpenAI("gpt-4o-mini")
SPEC = ToolSpec("look", "Look.", {"type": "object", "properties": {}})
HI = [chunk(role="assistant", content=""), chunk(content="Hi."), chunk("stop"), usage_chunk(1, 1), DONE]


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
async def test_reasoning_streams_beside_the_text(server, ask, field: str):
    """What a model thinks first arrives as reasoning, under both names that servers give it."""
    thoughts = [chunk(**{field: "Moss "}), chunk(**{field: "likes shade."})]
    server.answers = [[*thoughts, *HI]]
    *deltas, reply = await ask(GPT)
    assert deltas[:2] == [ReasoningDelta("Moss "), ReasoningDelta("likes shade.")]
    assert reply.message.parts[0] == Reasoning("Moss likes shade.")
    assert reply.message.text == "Hi."


async def test_usage_tells_cached_and_reasoning_tokens_and_is_priced_to_the_cent(server, ask):
    """The details of the usage arrive, and cached tokens cost what the price list says."""
    server.answers = [[*HI[:3], usage_chunk(10_000, 1_000, cached=2_000, reasoning=600), DONE]]
    *_, reply = await ask(GPT)
    assert reply.usage == Usage(input=10_000, output=1_000, cached=2_000, reasoning=600)
    assert GPT.price(reply) == pytest.approx(0.00195)


async def test_price_of_a_model_that_a_gateway_calls_otherwise(server, ask):
    """A gateway's own name for the model does not lose the price of the one that was asked for."""
    answer = [{**part, "model": "team-default"} for part in (*HI[:3], usage_chunk(10_000, 1_000))]
    server.answers = [[*answer, DONE]]
    *_, reply = await ask(GPT)
    assert GPT.price(reply) == pytest.approx(0.0021)


async def test_usage_that_is_not_told_is_estimated_and_has_no_price(server, ask):
    """A server that leaves usage out gets an estimate, marked as one, which is not money."""
    server.answers = [[*HI[:3], DONE]]
    *_, reply = await ask(GPT)
    assert reply.usage.input > 5
    assert reply.raw["usage_estimated"] is True
    assert GPT.price(reply) is None


async def test_calls_that_share_a_number_are_told_apart_by_their_ids(server, ask):
    """Some servers number every call 0; another id with a name begins another call."""
    calls = [
        call_chunk(0, "look", '{"n":1}', "a"),
        call_chunk(0, "look", '{"n":', "b"),
        call_chunk(0, None, "2}"),
    ]
    server.answers = [[*calls, chunk("tool_calls"), DONE]]
    *_, reply = await ask(GPT, tools=(SPEC,))
    assert reply.message == assistant("", Call("a", "look", {"n": 1}), Call("b", "look", {"n": 2}))


async def test_interleaved_calls_without_ids_get_their_own(server, ask):
    """Pieces go to the call of their number, and calls without an id are given one each."""
    pieces = [call_chunk(0, "look", '{"n"'), call_chunk(1, "look", '{"n"'), call_chunk(0, None, ":1}")]
    server.answers = [[*pieces, call_chunk(1, None, ":2}"), chunk("stop"), DONE]]
    *_, reply = await ask(GPT, tools=(SPEC,))
    assert [(call.id, call.arguments) for call in reply.message.tool_calls] == [
        ("call_1", {"n": 1}),
        ("call_2", {"n": 2}),
    ]
    assert reply.stop == "tool_calls"  # told by its calls: this server said "stop"


async def test_refusals_and_filters_are_no_answers(server, ask):
    """A model that declines and a filter that cuts in stop as refused, with the words that were said."""
    server.answers = [
        [chunk(refusal="I will "), chunk(refusal="not."), chunk("stop"), DONE],
        [chunk(content="It is"), chunk("content_filter"), DONE],
        Refusal(400, {"error": {"message": "Flagged.", "code": "content_policy_violation"}}),
    ]
    replies = [(await ask(GPT))[-1] for _ in range(2)]
    assert [(reply.stop, reply.message.text) for reply in replies] == [
        ("refused", "I will not."),
        ("refused", "It is"),
    ]
    with pytest.raises(Refused, match="Flagged"):
        await ask(GPT)


async def test_answer_that_reached_its_limit_says_so(server, ask):
    """A cut text stops for length; a cut tool call cannot be made, and what to do is said."""
    server.answers = [
        [chunk(content="It is"), chunk("length"), DONE],
        [call_chunk(0, "look", '{"what": "mo', "a"), chunk("length"), DONE],
    ]
    assert (await ask(GPT))[-1].stop == "length"
    with pytest.raises(BadResponse, match="cut off in the arguments of a tool call. Raise max_tokens"):
        await ask(GPT)


async def test_error_amid_a_stream_is_mapped_like_one_before_it(server, ask):
    """What a server reports inside its stream is an error of the same kind as by its status."""
    said = {"message": "Slow down.", "code": "rate_limit_exceeded"}
    server.answers = [
        [chunk(content="It"), {"error": said}],
        [chunk(content="It"), {"error": {"message": "The model crashed."}}],
    ]
    with pytest.raises(RateLimited, match="Slow down"):
        await ask(GPT)
    with pytest.raises(ConnectionLost, match="failed amid its answer: The model crashed"):
        await ask(GPT)


async def test_empty_account_is_not_tried_again(server, ask):
    """A quota that is used up is no rate limit: waiting does not help."""
    server.answers = [Refusal(429, {"error": {"message": "No money.", "code": "insufficient_quota"}})]
    with pytest.raises(ProviderError, match="no money left") as caught:
        await ask(GPT)
    assert not caught.value.retryable


async def test_refused_setting_is_left_out_with_one_warning(server, ask, caplog):
    """A model that takes no temperature is asked without it, then and from then on, and that is told once."""
    body = {
        "message": "Unsupported value: 'temperature'.",
        "param": "temperature",
        "code": "unsupported_value",
    }
    server.answers = [Refusal(400, {"error": body}), HI, HI]
    provider = OpenAI("gpt-picky")
    for _ in range(2):
        *_, reply = await ask(provider, temperature=0.5)
        assert reply.message.text == "Hi."
    assert ["temperature" in request for request in server.requests] == [True, False, False]
    assert [record.getMessage() for record in caplog.records] == [
        "Model 'openai:m' takes no temperature; it is asked without."
    ]


async def test_server_without_schemas_is_told_the_schema_in_words(server, ask):
    """Where no response format is taken, the schema goes into the prompt, by way of plain JSON mode."""
    refusal = Refusal(400, {"error": {"message": "response_format: json_schema is not supported"}})
    server.answers = [refusal, refusal, HI, HI]
    schema = {"type": "object", "title": "V", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    provider = OpenAI("gpt-plain")
    await ask(provider, output=schema)
    await ask(provider, output=schema)
    formats = [request.get("response_format", {}).get("type") for request in server.requests]
    assert formats == ["json_schema", "json_object", None, None]
    last = server.requests[-1]["messages"][-1]
    assert last["role"] == "system"
    assert '"title":"V"' in last["content"]


async def test_schema_that_strict_mode_cannot_say_is_sent_as_it_is(server, ask):
    """An object of free keys is asked for without strict mode, with the whole schema."""
    schema = {"type": "object", "properties": {"by_name": {"type": "object", "additionalProperties": True}}}
    server.answers = [HI]
    await ask(GPT, output=schema)
    body = server.requests[0]["response_format"]["json_schema"]
    assert (body["strict"], body["schema"], body["name"]) == (False, schema, "answer")


async def test_text_with_any_end_of_line_arrives_whole(server, ask):
    """Only the ends of lines that the format knows divide events; a text may hold all others."""
    text = "one\u2028two\x85three\x0bfour\u2029five"
    server.answers = [[chunk_as_it_is(text), *HI[2:]]]
    *_, reply = await ask(GPT)
    assert reply.message.text == text


async def test_events_are_read_however_they_are_divided(server, ask):
    """Comments, names, ids, CRLF, an event in several lines and a missing last line change nothing."""
    hi, stop = json.dumps(HI[1]), json.dumps(HI[2])
    half = hi.index("choices") - 1
    events = f": ping\r\n\r\nevent: x\r\nid: 1\r\ndata:{hi[:half]}\r\ndata: {hi[half:]}\r\n\r\ndata: {stop}"
    server.answers = [[events]]
    *_, reply = await ask(GPT)
    assert reply.message.text == "Hi."


def chunk_as_it_is(text: str) -> str:
    return f"data: {json.dumps(chunk(content=text), ensure_ascii=False)}\n\n"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "2.5"}, 2.5),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "inf"}, None),
        ({}, None),
    ],
)
def test_wait_is_read_from_each_form_of_the_header(headers: dict[str, str], seconds: float | None):
    """Seconds, milliseconds and dates are understood; what is none of them says nothing."""
    assert wait_asked(headers) == seconds
