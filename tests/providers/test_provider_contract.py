"""What every provider of the registry has to keep; one that is registered is tried."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llmock.scenarios import Reply
from llmock.scenarios import ToolCall as Called
from pydantic import BaseModel, Field

from genxai_nb.errors import Authentication, ConnectionLost, ContextTooLong, IncompleteStream, RateLimited
from genxai_nb.messages import (
    Image,
    Message,
    ModelReply,
    ModelRequest,
    Text,
    ToolCall,
    ToolResult,
    ToolSpec,
    assistant,
    system,
    user,
)
from genxai_nb.providers.base import assemble
from genxai_nb.providers.offline.provider import answer
from genxai_nb.providers.registry import find_provider, model_call, names
from genxai_nb.providers.scripted import Scripted
from genxai_nb.providers.vendors import VENDORS
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
PLAIN = (user("Where does moss grow? Notes: Moss grows in shade. Ferns grow beside it."),)
OWN = ("offline", "scripted")  # they answer by themselves, all others a server that is told what to say
ALL = [*names(), "openai by responses"]
OTHERS = [name for name in ALL if name not in OWN]
IN_TEXT = [name for name in OTHERS if name != "google"]  # arguments of calls; Google's are an object at once


class Model:
    """A provider from the registry, and the server behind it."""

    def __init__(self, name: str, llmock: Any) -> None:
        self.name = name
        self.llmock = llmock
        models = {"offline": "offline", "scripted": "scripted:contract"}
        models["local"] = f"local:{llmock.base_url()}#contract"
        models["route"] = "route:openai:contract"
        self.place = models.get(name, f"{name.partition(' ')[0]}:contract")
        self.provider = find_provider(self.place)

    def says(self, text: str) -> None:
        if self.name not in OWN:
            self.llmock.reply(text)

    def calls(self, *calls: ToolCall) -> None:
        if self.name not in OWN:
            self.llmock.add(Reply(tool_calls=tuple(Called(call.name, call.arguments) for call in calls)))


@pytest.fixture
def model(request: pytest.FixtureRequest, llmock: Any, monkeypatch: pytest.MonkeyPatch) -> Model:
    monkeypatch.setenv("GOOGLE_GENAI_API_VERSION", "beta")  # llmock has no other
    monkeypatch.setenv(
        "GROQ_BASE_URL", llmock.base_url("groq")
    )  # the provider of docs/models.md, if it is installed
    monkeypatch.setenv("GROQ_API_KEY", "canary-0123456789")
    if request.param.endswith("by responses"):
        monkeypatch.setenv("GENXAI_OPENAI_API", "responses")
    Scripted(lambda asked: [ADD] if asked.tools else ["Moss ", "grows in shade."], name="contract")
    return Model(request.param, llmock)


every = pytest.mark.parametrize("model", ALL, indirect=True)
remote = pytest.mark.parametrize("model", OTHERS, indirect=True)


async def stream(model: Model, *messages: Message, tools: tuple[ToolSpec, ...] = ()) -> list[Any]:
    request = ModelRequest(model=model.name, messages=messages, tools=tools)
    return [item async for item in model.provider.stream(request)]


@every
async def test_stream_ends_with_its_one_reply(model: Model):
    """The last item is the reply and the only one; what was streamed before adds up to it."""
    model.says("Moss grows in shade.")
    *deltas, reply = await stream(model, *PLAIN)
    assert isinstance(reply, ModelReply)
    assert not any(isinstance(delta, ModelReply) for delta in deltas)
    assert assemble(deltas).parts == reply.message.parts
    assert (reply.message.role, reply.stop) == ("assistant", "end")
    assert "Moss grows in shade." in reply.message.text


@every
async def test_tool_calls_have_ids_and_decoded_arguments(model: Model):
    """A reply that calls tools says so, with an id and an object of arguments per call."""
    model.calls(ADD)
    *_, reply = await stream(model, user("Add the numbers 2 and 3."), tools=(SPEC,))
    assert reply.stop == "tool_calls"
    (call,) = reply.message.tool_calls
    assert (call.name, call.arguments) == ("add", {"left": 2, "right": 3})
    assert call.id


@remote
async def test_parallel_calls_keep_their_order_and_their_arguments(model: Model):
    """Each call of a turn has an id of its own, and what was streamed before adds up to them all."""
    model.calls(ADD, ToolCall("call_2", "add", {"left": 5, "right": 7}))
    *deltas, reply = await stream(model, user("Add them all."), tools=(SPEC,))
    assert [call.arguments for call in reply.message.tool_calls] == [
        {"left": 2, "right": 3},
        {"left": 5, "right": 7},
    ]
    assert len({call.id for call in reply.message.tool_calls}) == 2
    assert assemble(deltas).parts == reply.message.parts


@pytest.mark.parametrize("model", IN_TEXT, indirect=True)
async def test_arguments_that_are_no_json_are_handed_on(model: Model):
    """A call with broken arguments is a reply like any other; what the model wrote is in the call."""
    model.llmock.break_tool_call("malformed_arguments")
    *_, reply = await stream(model, user("Add the numbers 2 and 3."), tools=(SPEC,))
    (call,) = reply.message.tool_calls
    assert call.arguments == {}
    assert call.unreadable


@remote
async def test_limit_that_was_reached_is_told(model: Model):
    """An answer that was cut off is told from a whole one."""
    model.llmock.add(Reply("Moss grows", finish_reason="length"))
    *_, reply = await stream(model, *PLAIN)
    assert (reply.stop, reply.message.text) == ("length", "Moss grows")


@every
async def test_results_of_tools_can_be_sent_back(model: Model):
    """The turn after a tool call takes the call and its result, with nothing asked in between."""
    results = Message("tool", (ToolResult(ADD.id, ADD.name, "5"),))
    assert isinstance((await stream(model, *PLAIN, assistant("", ADD), results))[-1], ModelReply)


@every
async def test_requests_of_any_shape_are_answered(model: Model):
    """A system message alone, an empty text and an image are no reason to fail."""
    for messages in (
        (system("You are a gardener."),),
        (user(""),),
        (Message("user", (Image(b"\x89PNG", "image/png"), Text("What is this?"))),),
        (user("Hi"), assistant("Hello."), user("Bye")),
    ):
        assert isinstance((await stream(model, *messages))[-1], ModelReply)


@every
async def test_every_reply_has_a_price_or_none(model: Model):
    """The traits of a call say what a reply cost: a number from 0, or None where it is not known."""
    *_, reply = await stream(model, *PLAIN)
    _, traits = model_call(model.place)
    cost = traits.price(reply) if traits.price else None
    assert cost is None or cost >= 0


@every
def test_repr_of_a_provider_shows_no_key(model: Model, monkeypatch: pytest.MonkeyPatch):
    """Who prints a provider sees its model, not what it signs with."""
    for variable in (vendor.variable for vendor in VENDORS.values()):
        monkeypatch.setenv(variable, "canary-0123456789")
    assert "canary" not in repr(model.provider)


@pytest.mark.parametrize("model", OWN, indirect=True)
async def test_equal_requests_get_equal_replies(model: Model):
    """Both stand-ins are deterministic, so tests and saved notebooks stay the same."""
    assert await stream(model, *PLAIN) == await stream(model, *PLAIN)


@remote
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (lambda server: server.rate_limit(retry_after=0.5), RateLimited),
        (lambda server: server.fail(401), Authentication),
        (lambda server: server.context_overflow(), ContextTooLong),
        (lambda server: server.fail(500), ConnectionLost),
        (lambda server: server.truncate(after_chunks=2), IncompleteStream),
        (lambda server: server.disconnect(after_chunks=2), ConnectionLost),
        (lambda server: server.corrupt(after_chunks=2), ConnectionLost),
    ],
    ids=["429", "401", "too-long", "500", "early-end", "dropped", "corrupt"],
)
async def test_faults_are_errors_of_ours(model: Model, fault: Callable[[Any], Any], error: type):
    """Each fault is told by an error that says what can be done, after one request only."""
    fault(model.llmock)
    with pytest.raises(error):
        await stream(model, *PLAIN)
    assert len(model.llmock.requests) == 1


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
