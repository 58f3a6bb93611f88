"""What every provider has to keep, tried on each that answers without a key."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from genxai_nb.messages import (
    Image,
    Message,
    ModelReply,
    ModelRequest,
    Text,
    ToolCall,
    ToolSpec,
    assistant,
    system,
    user,
)
from genxai_nb.providers.base import Provider, assemble
from genxai_nb.providers.offline import Offline
from genxai_nb.providers.offline.provider import answer
from genxai_nb.providers.scripted import Scripted
from genxai_nb.tools.base import tool

ADD = ToolCall("call_1", "add", {"left": 2, "right": 3})
SPEC = ToolSpec(
    "add",
    "Add two numbers.",
    {
        "type": "object",
        "properties": {"left": {"type": "integer"}, "right": {"type": "integer"}},
        "required": ["left", "right"],
    },
)
PROVIDERS: dict[str, Callable[[], Provider]] = {
    "offline": Offline,
    "scripted": lambda: Scripted(
        lambda request: [ADD] if request.tools else ["Moss ", "grows in shade."], name="contract"
    ),
}
PLAIN = (user("Where does moss grow? Notes: Moss grows in shade. Ferns grow beside it."),)


@pytest.fixture(params=sorted(PROVIDERS))
def provider(request: pytest.FixtureRequest) -> Provider:
    return PROVIDERS[request.param]()


async def stream(provider: Provider, *messages: Message, tools: tuple[ToolSpec, ...] = ()) -> list[Any]:
    request = ModelRequest(model=provider.name, messages=messages, tools=tools)
    return [item async for item in provider.stream(request)]


async def test_stream_ends_with_its_one_reply(provider: Provider):
    """The last item is the reply and the only one; what was streamed before adds up to it."""
    *deltas, reply = await stream(provider, *PLAIN)
    assert isinstance(reply, ModelReply)
    assert not any(isinstance(delta, ModelReply) for delta in deltas)
    assert assemble(deltas) == reply.message
    assert (reply.message.role, reply.stop) == ("assistant", "end")
    assert "Moss grows in shade." in reply.message.text


async def test_tool_calls_have_ids_and_decoded_arguments(provider: Provider):
    """A reply that calls tools says so, with an id and an object of arguments per call."""
    *_, reply = await stream(provider, user("Add the numbers 2 and 3."), tools=(SPEC,))
    assert reply.stop == "tool_calls"
    (call,) = reply.message.tool_calls
    assert (call.name, call.arguments) == ("add", {"left": 2, "right": 3})
    assert call.id


async def test_equal_requests_get_equal_replies(provider: Provider):
    """Both stand-ins are deterministic, so tests and saved notebooks stay the same."""
    assert await stream(provider, *PLAIN) == await stream(provider, *PLAIN)


async def test_requests_of_any_shape_are_answered(provider: Provider):
    """A system message alone, an empty text and an image are no reason to fail."""
    for messages in (
        (system("You are a gardener."),),
        (user(""),),
        (Message("user", (Image(b"\x89PNG", "image/png"), Text("What is this?"))),),
        (user("Hi"), assistant("Hello."), user("Bye")),
    ):
        assert isinstance((await stream(provider, *messages))[-1], ModelReply)


class Deep(BaseModel):
    when: datetime.date | None = None
    size: Annotated[int, Field(gt=0, lt=10)]
    label: Annotated[str, Field(min_length=0, max_length=12)]
    kind: Literal["a", "b"]
    flags: list[bool] = Field(min_length=1, max_length=3)
    notes: list[str] = Field(max_length=2)
    ratio: float = Field(description="from -1 to 1")
    other: dict[str, Any] = {}


@tool
def anything(
    text: str, number: float, choice: Literal["x", "y"], items: list[str], deep: bool = False
) -> str:
    """Do anything with a text."""
    return text


@settings(max_examples=150, deadline=None)
@given(
    st.text(
        alphabet=st.sampled_from("aAbe xyz0123456789.,:;!?-*#<>/\\\"'()+^\n\té世。"),
        max_size=300,
    )
)
def test_offline_answers_any_text_within_the_schema(text: str):
    """No text makes the stand-in raise, call a tool with arguments that do not fit, or miss the schema."""
    for said in (text, f"Write about it.\n\n<notes>\n{text}\n</notes>\n\n<draft>\n{text[::-1]}\n</draft>"):
        messages = (user(said),)
        assert answer(ModelRequest(model="offline", messages=messages)).message.parts
        for call in answer(
            ModelRequest(model="offline", messages=messages, tools=(anything.spec,))
        ).message.tool_calls:
            anything.validate(call.arguments)
        filled = answer(ModelRequest(model="offline", messages=messages, output=Deep.model_json_schema()))
        Deep.model_validate_json(filled.message.text)
