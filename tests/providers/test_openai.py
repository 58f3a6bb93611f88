"""OpenAI's models through the official SDK, over a socket."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys

import pytest
from llmock.scenarios import Reply
from llmock.scenarios import ToolCall as Called
from pydantic import BaseModel

from genxai_nb.errors import (
    Authentication,
    BadResponse,
    ConnectionLost,
    ContextTooLong,
    IncompleteStream,
    ProviderError,
    RateLimited,
    UnknownName,
)
from genxai_nb.messages import (
    Image,
    Message,
    ModelReply,
    ModelRequest,
    Text,
    TextDelta,
    ToolCallDelta,
    ToolResult,
    ToolSpec,
    assistant,
    system,
    user,
)
from genxai_nb.messages import ToolCall as Call
from genxai_nb.providers.base import assemble
from genxai_nb.providers.openai import OpenAI
from genxai_nb.providers.registry import find_provider

SPEC = ToolSpec(
    "look",
    "Look something up.",
    {"type": "object", "properties": {"what": {"type": "string"}}, "required": ["what"]},
)
GPT = OpenAI("gpt-5")


async def test_text_streams_and_adds_up(llmock, ask):
    """Text arrives in pieces, and the reply is the pieces together with usage and stop reason."""
    llmock.reply("Moss grows in shade.")
    *deltas, reply = await ask(GPT)
    assert len(deltas) > 2
    assert all(isinstance(delta, TextDelta) for delta in deltas)
    assert assemble(deltas) == reply.message
    assert reply.message.text == "Moss grows in shade."
    assert reply.stop == "end"
    assert reply.usage.input > 0
    assert reply.usage.output > 0


async def test_request_says_everything(llmock, ask):
    """Messages, images, tool calls, results, settings and the key arrive as the API wants them."""
    call = Call("c1", "look", {"what": "é"})
    image = Message("user", (Text("And this?"), Image(b"PNG", "image/png")))
    result = Message("tool", (ToolResult("c1", "look", "Nothing."),))
    messages = (system("Be brief."), user("Look."), assistant("", call), result, assistant("No."), image)
    await ask(GPT, *messages, tools=(SPEC,), temperature=0.5, max_tokens=100)
    sent = llmock.last_request.body
    assert sent["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Look."},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"what":"é"}'}}
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "Nothing."},
        {"role": "assistant", "content": "No."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "And this?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,UE5H"}},
            ],
        },
    ]
    assert sent["tools"][0]["function"]["parameters"] == SPEC.parameters
    told = {name: sent[name] for name in ("model", "temperature", "max_completion_tokens", "stream_options")}
    assert told == {
        "model": "gpt-5",
        "temperature": 0.5,
        "max_completion_tokens": 100,
        "stream_options": {"include_usage": True},
    }


async def test_parallel_tool_calls_arrive_whole(llmock, ask):
    """Several calls of one turn stream piece by piece and end with decoded arguments."""
    llmock.add(Reply(tool_calls=(Called("look", {"what": "moss"}), Called("look", {"what": "fern"}))))
    *deltas, reply = await ask(GPT, tools=(SPEC,))
    assert reply.stop == "tool_calls"
    assert [call.arguments for call in reply.message.tool_calls] == [{"what": "moss"}, {"what": "fern"}]
    assert len({call.id for call in reply.message.tool_calls}) == 2
    assert sum(isinstance(delta, ToolCallDelta) for delta in deltas) > 2
    assert assemble(deltas) == reply.message


async def test_arguments_that_are_no_json_are_kept_for_the_model_to_see(llmock, ask):
    """A tool call with broken arguments is a reply like any other; what was written is in the call."""
    llmock.break_tool_call("malformed_arguments")
    *_, reply = await ask(GPT, tools=(SPEC,))
    (call,) = reply.message.tool_calls
    assert call.arguments == {}
    assert call.unreadable


class Verdict(BaseModel):
    score: int
    advice: str = ""


async def test_structured_output_is_asked_for_by_schema(llmock, ask):
    """The request carries the schema in strict mode, and what comes back fits it."""
    *_, reply = await ask(GPT, output=Verdict.model_json_schema())
    form = llmock.last_request.body["response_format"]
    assert (form["type"], form["json_schema"]["name"], form["json_schema"]["strict"]) == (
        "json_schema",
        "Verdict",
        True,
    )
    assert form["json_schema"]["schema"]["required"] == ["score", "advice"]
    Verdict.model_validate_json(reply.message.text)


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [
        (401, Authentication, "The key in OPENAI_API_KEY was refused"),
        (403, Authentication, "may not use model 'openai:gpt-5'"),
        (404, ProviderError, "There is no model 'openai:gpt-5'"),
        (413, ContextTooLong, "longer than model"),
        (422, ProviderError, "refused the request with status 422"),
        (400, ProviderError, "refused the request with status 400"),
        (500, ConnectionLost, "failed with status 500"),
        (502, ConnectionLost, "failed with status 502"),
    ],
)
async def test_each_status_is_an_error_of_ours(llmock, ask, status: int, error: type, said: str):
    """What the server answers in place of a stream tells the caller what to do, and is never tried twice here."""
    llmock.fail(status)
    with pytest.raises(error, match=said):
        await ask(GPT)
    assert len(llmock.requests) == 1


async def test_wait_that_a_server_asks_for_is_told(llmock, ask):
    """Both 429 and an overload with Retry-After are RateLimited with the seconds to wait."""
    for status in (429, 503):
        llmock.fail(status, retry_after=2.5)
        with pytest.raises(RateLimited) as caught:
            await ask(GPT)
        assert caught.value.retry_after == 2.5


async def test_long_request_is_told_from_a_wrong_one(llmock, ask):
    """A refusal for length is ContextTooLong, with what can be done."""
    llmock.context_overflow()
    with pytest.raises(ContextTooLong, match="maximum context length was exceeded.*context_window"):
        await ask(GPT)


async def test_early_end_is_no_answer(llmock, ask):
    """A stream that ends without a finish reason is IncompleteStream, not a short answer."""
    llmock.truncate(after_chunks=2)
    with pytest.raises(IncompleteStream, match="broke off before its end"):
        await ask(GPT)


async def test_dropped_connection_is_noticed(llmock, ask):
    """A connection that is dropped amid the stream is ConnectionLost."""
    llmock.disconnect(after_chunks=2)
    with pytest.raises(ConnectionLost, match="was lost before its answer had ended"):
        await ask(GPT)


async def test_corrupt_chunk_is_noticed(llmock, ask):
    """A chunk that is no JSON is ConnectionLost, never skipped."""
    llmock.corrupt(after_chunks=2)
    with pytest.raises(ConnectionLost, match="arrived corrupt"):
        await ask(GPT)


async def test_cancelling_lets_go_of_the_stream(llmock):
    """Who is cancelled amid a stream closes it, and can ask again at once."""
    llmock.stall(after_chunks=3, seconds=30)
    first = asyncio.Event()

    async def read() -> None:
        request = ModelRequest(model="openai:gpt-5", messages=(user("Hello"),))
        async for _ in GPT.stream(request):
            first.set()

    reading = asyncio.create_task(read())
    await first.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    request = ModelRequest(model="openai:gpt-5", messages=(user("Hello again"),))
    assert isinstance([item async for item in GPT.stream(request)][-1], ModelReply)


def test_each_loop_has_a_client_of_its_own_and_closes_it(llmock):
    """A program may ask from one short-lived loop after another; no connection is left open."""

    async def once() -> str:
        request = ModelRequest(model="openai:gpt-5", messages=(user("Hello"),))
        return [item async for item in GPT.stream(request)][-1].message.text

    assert {asyncio.run(once()) for _ in range(3)}
    gc.collect()  # an open socket would warn here, and a warning is an error


async def test_key_is_nowhere_but_in_the_header(server, ask):
    """No repr, no error and no reply shows the key."""
    from chat_chunks import DONE, chunk
    from model_server import Refusal

    key = "sk-canary-0123456789abcdef"
    server.answers = [
        Refusal(400, {"error": {"message": f"What is {key}?", "code": "odd"}}),
        Refusal(401, {"error": {"message": f"Incorrect API key provided: {key[:8]}***{key[-4:]}."}}),
        [chunk(content="Hi"), chunk("stop"), DONE],
    ]
    provider = find_provider("openai:gpt-5")
    with pytest.raises(ProviderError) as refused:
        await ask(provider)
    with pytest.raises(Authentication) as unknown:
        await ask(provider)
    *_, reply = await ask(provider)
    assert server.headers[-1]["authorization"] == f"Bearer {key}"
    shown = [provider, provider.server, refused.value, unknown.value, reply]
    assert not [item for item in shown if key in f"{item!r}{item!s}"]
    assert key[:8] not in f"{unknown.value}{unknown.value.__cause__}"


def test_model_has_to_be_named(llmock):
    """A vendor alone is no model."""
    with pytest.raises(UnknownName, match="openai:gpt-5"):
        find_provider("openai:")


def test_sdk_loads_at_the_first_request_only(llmock):
    """Finding the provider imports nothing of the SDK, so that defining an agent stays quick."""
    code = (
        "import sys; from genxai_nb.providers.registry import model_call; model_call('openai:gpt-5');"
        "print('openai' in sys.modules, 'httpx2' in sys.modules, 'genai_prices' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False", "False"]


async def test_call_without_a_name_is_refused(server, ask):
    """A tool call that never says which tool is no tool call."""
    from chat_chunks import call_chunk

    server.answers = [[call_chunk(0, None, '{"a": 1}')]]
    with pytest.raises(BadResponse, match="without the tool's name"):
        await ask(GPT)
