"""What is left out of a conversation so that a request fits the model's window."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from turns import Direct

from genxai_nb.agents.agent import Agent
from genxai_nb.agents.loop import respond
from genxai_nb.agents.window import fitted
from genxai_nb.errors import DefinitionError
from genxai_nb.messages import Message, ModelRequest, ToolCall, ToolResult, assistant, system, user
from genxai_nb.providers.scripted import Scripted
from genxai_nb.tokens import CAUTION, estimate_request
from genxai_nb.tools.base import tool

WORDS = "The tide comes in twice a day and leaves weed on the stones. "  # about 14 tokens


def turn(number: int, size: int) -> list[Message]:
    """A turn of tool calls with its result."""
    call = ToolCall(f"c{number}", "look", {"n": number})
    return [assistant("", call), Message("tool", (ToolResult(call.id, "look", WORDS * size),))]


def talk(rounds: int, turns: int, size: int = 20) -> tuple[list[Message], int]:
    """A conversation of some rounds, then a question with some turns of tool calls; and the question's place."""
    said = [system("You are brief.")]
    for number in range(rounds):
        said += [user(f"Question {number}. {WORDS * size}"), *turn(100 + number, size), assistant("Answer.")]
    asked = len(said)
    said.append(user("The question now."))
    for number in range(turns):
        said += turn(number, size)
    return said, asked


def request_of(messages: list[Message], **more) -> ModelRequest:
    return ModelRequest(model="m", messages=tuple(messages), **more)


@pytest.mark.parametrize("window", [4_096, 8_192, 32_768, 131_072])
def test_request_fits_each_window(window: int):
    """From 4K to 128K tokens a long talk is cut until it fits with room for the answer, and hardly further."""
    messages, asked = talk(rounds=400, turns=3)
    request = fitted(request_of(messages), asked, window)
    size = estimate_request(request) * CAUTION
    assert size <= window - min(4096, window // 4)
    assert size > (window - min(4096, window // 4)) * 0.5
    assert request.trimmed == len(messages) - len(request.messages) > 0


def test_oldest_rounds_go_first_and_whole():
    """A question goes with all that answered it; the system message and the newest rounds stay."""
    messages, asked = talk(rounds=10, turns=1)
    request = fitted(request_of(messages), asked, 4_096)
    assert request.messages[0] == messages[0]
    assert request.messages[1].text.startswith("Question")
    assert request.messages[1:] == tuple(messages[1 + request.trimmed :])


def test_turns_of_the_exchange_go_when_nothing_is_left_before_it():
    """A long chain of tool calls loses its first turns, never the question nor the last turn."""
    messages, asked = talk(rounds=2, turns=12)
    request = fitted(request_of(messages), asked, 4_096)
    assert request.messages[:2] == (messages[0], messages[asked])
    assert request.messages[-2:] == tuple(messages[-2:])
    assert request.messages[2].role == "assistant"


def test_what_cannot_be_left_out_is_sent_however_long():
    """A question that is longer than the window goes out as it is: the server says what it takes."""
    messages = [system("You are brief."), user(WORDS * 1000)]
    request = request_of(messages)
    assert fitted(request, 1, 4_096) is request


def test_short_requests_and_unknown_windows_are_left_alone():
    """Nothing is left out of what fits, nor for a model of which no window is known."""
    messages, asked = talk(rounds=3, turns=1)
    request = request_of(messages)
    assert fitted(request, asked, 131_072) is request
    assert fitted(request, asked, None) is request


def test_room_for_the_answer_is_kept():
    """An answer that may be long leaves less room for what was said."""
    messages, asked = talk(rounds=10, turns=0)
    short = fitted(request_of(messages, max_tokens=100), asked, 4_096)
    long = fitted(request_of(messages, max_tokens=2_000), asked, 4_096)
    assert len(long.messages) < len(short.messages)


@settings(max_examples=60)
@given(st.integers(0, 12), st.integers(0, 8), st.integers(1, 40), st.integers(200, 20_000))
def test_no_call_is_parted_from_its_result(rounds: int, turns: int, size: int, window: int):
    """Whatever is left out, each result follows its call, and system message and question are there."""
    messages, asked = talk(rounds, turns, size)
    kept = fitted(request_of(messages), asked, window).messages
    assert kept[0] == messages[0]
    assert messages[asked] in kept
    assert kept[-2 if turns else -1 :] == tuple(messages[-2 if turns else -1 :])
    for place, message in enumerate(kept):
        if message.role == "tool":
            assert [call.id for call in kept[place - 1].tool_calls] == [part.id for part in message.parts]
        if message.tool_calls:
            assert kept[place + 1].role == "tool"


async def test_agent_sends_what_fits_and_the_request_tells_how_much_was_left_out():
    """An agent with a window of its own sends fewer messages to its model, and its call says how many."""

    @tool
    async def look(n: int) -> str:
        """Look."""
        return WORDS * 30

    script = Scripted([*(ToolCall(f"c{n}", "look", {"n": n}) for n in range(8)), "Done."], name="window")
    agent = Agent("clerk", model=script.model, tools=[look], context_window=2_000)
    context = Direct()
    outcome = await respond(agent, agent.prompt.around(user("Look eight times.")), context)
    assert outcome.text == "Done."
    trimmed = [request.trimmed for kind, _, request in context.calls if kind == "model"]
    assert trimmed[0] == 0
    assert trimmed == sorted(trimmed)
    assert trimmed[-1] >= 8
    assert script.requests[-1].messages[0].text == "Look eight times."
    assert len(outcome.messages) == 18  # the history keeps all of it


def test_window_is_a_field_of_an_agent():
    """It is checked like all fields, and written down with them."""
    assert Agent("clerk", context_window=8_000).spec_text == "context_window: 8000"
    with pytest.raises(DefinitionError, match="context_window is 0"):
        Agent("clerk", context_window=0)
