"""The scripted model: replies in order or by a function, streamed as a real model's."""

from __future__ import annotations

from typing import Any

import pytest

from genxai_nb.calls.call import Call, Scope
from genxai_nb.errors import ProviderError, RateLimited, UnknownName
from genxai_nb.messages import (
    ModelReply,
    ModelRequest,
    Reasoning,
    ReasoningDelta,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
    assistant,
    user,
)
from genxai_nb.providers.registry import model_call
from genxai_nb.providers.scripted import Scripted


async def ask(model: str, text: str = "Hello") -> tuple[ModelReply, list[Any]]:
    handler, traits = model_call(model)
    emitted: list[Any] = []
    call = Call(
        "model",
        model,
        ModelRequest(model=model, messages=(user(text),)),
        scope=Scope("", "node", 1),
        ordinal=0,
        slot="slot",
        head="r1.1",
        traits=traits,
        emit=emitted.append,
    )
    return await handler(call), emitted


async def test_replies_come_in_order_and_requests_are_kept():
    """Texts, tool calls and whole replies answer one request each."""
    add = ToolCall("c1", "add", {"a": 1})
    whole = ModelReply(message=assistant("Done."), usage=Usage(3, 1))
    script = Scripted(["First.", add, [add, ToolCall("c2", "add", {"a": 2})], whole], name="order")

    replies = [(await ask(script.model, f"ask {n}"))[0] for n in range(4)]
    assert replies[0] == ModelReply(message=assistant("First."))
    assert (replies[1].message.tool_calls, replies[1].stop) == ((add,), "tool_calls")
    assert [call.id for call in replies[2].message.tool_calls] == ["c1", "c2"]
    assert replies[3] is whole
    assert [request.messages[-1].text for request in script.requests] == ["ask 0", "ask 1", "ask 2", "ask 3"]
    assert script.left == 0


async def test_pieces_are_streamed_and_assembled():
    """A list streams its texts and deltas, and the reply holds what they come to."""
    script = Scripted(
        [
            [
                ReasoningDelta("Hm. "),
                "Let ",
                TextDelta("me see."),
                ToolCallDelta("c1", "look", '{"at": '),
                ToolCallDelta("c1", "look", '"map"}'),
            ]
        ],
        name="pieces",
    )
    reply, emitted = await ask(script.model)
    assert reply.message.text == "Let me see."
    assert reply.message.parts[0] == Reasoning("Hm. ")
    assert reply.message.tool_calls == (ToolCall("c1", "look", {"at": "map"}),)
    assert [type(delta).__name__ for delta in emitted] == [
        "ReasoningDelta",
        "TextDelta",
        "TextDelta",
        "ToolCallDelta",
        "ToolCallDelta",
    ]


async def test_function_makes_the_reply_from_the_request():
    """A plain or async function of the request answers any number of requests."""

    def echo(request: ModelRequest) -> str:
        return request.messages[-1].text.upper()

    async def echo_later(request: ModelRequest) -> str:
        return echo(request)

    assert (await ask(Scripted(echo, name="echo").model))[0].message.text == "HELLO"
    later = Scripted(echo_later, name="later")
    assert (await ask(later.model))[0].message.text == "HELLO"
    assert later.left is None


async def test_exceptions_are_raised_at_once_or_in_the_stream():
    """An exception as a reply fails the request; inside a list it breaks the stream after its pieces."""
    script = Scripted(
        [RateLimited("Slow down."), ["Some ", RateLimited("Too much.")], "Fine."], name="faults"
    )
    for said in ("Slow down", "Too much"):
        with pytest.raises(RateLimited, match=said):
            await ask(script.model)
    assert (await ask(script.model))[0].message.text == "Fine."


async def test_script_that_ran_out_says_so():
    """One request too many is an error that names the script and the request."""
    script = Scripted(["Only this."], name="short")
    await ask(script.model)
    with pytest.raises(ProviderError, match=r"Script 'short' has no reply for request 2. It has 1") as caught:
        await ask(script.model)
    assert not caught.value.retryable


async def test_newest_script_of_a_name_answers():
    """Making a script again under its name replaces it."""
    Scripted(["old"], name="again")
    Scripted(["new"], name="again")
    assert (await ask("scripted:again"))[0].message.text == "new"


async def test_what_is_no_reply_is_refused():
    """A reply of another type names itself."""
    with pytest.raises(TypeError, match="holds 3, which is no piece"):
        await ask(Scripted([3], name="number").model)  # type: ignore[list-item]


async def test_arguments_that_are_no_object_are_kept_as_written():
    """A call with broken arguments is told with what the model wrote, so that it can be asked again."""
    reply, _ = await ask(Scripted([[ToolCallDelta("c1", "look", "[1")]], name="broken").model)
    assert reply.message.tool_calls == (ToolCall("c1", "look", {}, unreadable="[1"),)


def test_unknown_script_is_named():
    """A model without its script suggests the nearest or says how to make one."""
    Scripted([], name="supper")
    with pytest.raises(UnknownName, match=r"Unknown script 'super'. Did you mean 'supper'"):
        model_call("scripted:super")
