"""Asking an agent by itself."""

from __future__ import annotations

import asyncio
import threading

import pytest
from pydantic import BaseModel

from genxai_nb.agents.agent import Agent
from genxai_nb.agents.answer import answered, question
from genxai_nb.errors import ConnectionLost, InputError, NodeFailed, RunError, RunPaused
from genxai_nb.graph.run import Run
from genxai_nb.journal.events import RunCancelled
from genxai_nb.messages import Message, ModelReply, Text, ToolCall, Usage
from genxai_nb.providers.scripted import Scripted
from genxai_nb.tools.base import tool


class Verdict(BaseModel):
    score: float


def texts(script: Scripted, request: int) -> list[str]:
    return [message.text for message in script.requests[request].messages]


@tool
async def double(number: int) -> int:
    """Double a number."""
    return 2 * number


def test_a_question_is_answered_in_a_plain_script():
    """The answer has text, output, usage and the id of a run in the store."""
    reply = ModelReply(message=Message("assistant", (Text("Four."),)), usage=Usage(input=7, output=2))
    agent = Agent("clerk", model=Scripted([reply]).model)
    answer = agent.ask("2 + 2?", store="journal.db")
    assert (answer.text, answer.output, str(answer)) == ("Four.", "Four.", "Four.")
    assert (answer.usage.total, answer.cost) == (9, 0.0)
    assert Run.load(answer.run_id, store="journal.db").status == "done"


def test_the_prompt_is_asked_as_it_is():
    """The model sees who the agent is and the prompt; its task for graphs plays no part, nor do braces."""
    script = Scripted(["Hi."])
    Agent("clerk", model=script.model, role="Clerk", task="About {{topic}}").ask(
        "Hello {{you}}", store=":memory:"
    )
    assert texts(script, 0) == ["Role: Clerk", "Hello {{you}}"]


def test_an_agent_remembers_across_questions():
    """The second question is asked with the first one and its answer before it."""
    script = Scripted(["Ada.", "Yes."])
    agent = Agent("clerk", model=script.model)
    agent.ask("Who?", store=":memory:")
    agent.ask("Sure?", store=":memory:")
    assert texts(script, 1) == ["Who?", "Ada.", "Sure?"]


def test_an_agent_without_memory_does_not():
    """With memory off each question stands alone."""
    script = Scripted(["Ada.", "Yes."])
    agent = Agent("clerk", model=script.model, memory="none")
    agent.ask("Who?", store=":memory:")
    agent.ask("Sure?", store=":memory:")
    assert texts(script, 1) == ["Sure?"]
    assert agent.conversation == []


def test_agents_of_one_name_do_not_share_a_conversation():
    """A new definition starts a new conversation."""
    script = Scripted(["Ada.", "Who?"])
    Agent("clerk", model=script.model).ask("Who?", store=":memory:")
    Agent("clerk", model=script.model).ask("Sure?", store=":memory:")
    assert texts(script, 1) == ["Sure?"]


def test_tools_are_called_on_the_way():
    """The tool loop runs as in a graph, and the calls are remembered."""
    script = Scripted([ToolCall("c1", "double", {"number": 4}), "8", "I doubled."])
    agent = Agent("clerk", model=script.model, tools=[double])
    assert agent.ask("2 x 4?", store=":memory:").text == "8"
    agent.ask("How?", store=":memory:")
    assert [message.role for message in script.requests[2].messages] == [
        "user",
        "assistant",
        "tool",
        "assistant",
        "user",
    ]


def test_a_structured_answer_is_an_object():
    """Output is the agent's model, text what was written."""
    agent = Agent("critic", model=Scripted(['{"score": 0.5}']).model, output=Verdict)
    answer = agent.ask("Judge.", store=":memory:")
    assert answer.output == Verdict(score=0.5)
    assert answer.text == '{"score": 0.5}'


def test_another_model_can_be_asked():
    """A model given to ask replaces the agent's own."""
    Scripted(["From the other."], name="other")
    agent = Agent("clerk", model=Scripted([]).model)
    assert agent.ask("Who?", model="scripted:other", store=":memory:").text == "From the other."


def test_no_answer_is_an_error_and_is_not_remembered():
    """A failed question raises with its cause and leaves the conversation as it was."""
    script = Scripted([ConnectionLost("hung up")] * 3 + ["Yes."])
    agent = Agent("clerk", model=script.model)
    with pytest.raises(NodeFailed, match="hung up"):
        agent.ask("Who?", store=":memory:")
    assert agent.conversation == []


@pytest.mark.parametrize("prompt", ["", "  ", None])
def test_an_empty_question_is_refused(prompt):
    """There is nothing to answer, so no run is made."""
    with pytest.raises(InputError, match="'clerk' was asked nothing"):
        Agent("clerk").ask(prompt)


async def test_a_question_can_be_awaited():
    """In async code the run goes on the caller's loop."""
    script = Scripted(["Ada.", "Yes."])
    agent = Agent("clerk", model=script.model)
    assert (await agent.aask("Who?", store=":memory:")).text == "Ada."
    assert (await agent.aask("Sure?", store=":memory:")).text == "Yes."
    assert texts(script, 1) == ["Who?", "Ada.", "Sure?"]


async def test_asking_also_works_where_a_loop_is_running():
    """The sync door goes through the engine thread, so it can be used in a notebook's cell."""
    agent = Agent("clerk", model=Scripted(["Ada."]).model)
    assert agent.ask("Who?", store=":memory:").text == "Ada."


def test_a_stream_gives_pieces_and_then_the_answer():
    """Text comes piece by piece; the whole answer is there at the end and is remembered."""
    script = Scripted([["A", "d", "a."], "Yes."])
    agent = Agent("clerk", model=script.model)
    stream = agent.stream("Who?", store=":memory:")
    assert list(stream) == ["A", "d", "a."]
    assert stream.answer.text == "Ada."
    agent.ask("Sure?", store=":memory:")
    assert texts(script, 1) == ["Who?", "Ada.", "Sure?"]


async def test_a_stream_can_be_read_from_async_code():
    """The same stream is read with async for."""
    stream = Agent("clerk", model=Scripted([["A", "d", "a."]]).model).stream("Who?", store=":memory:")
    assert [piece async for piece in stream] == ["A", "d", "a."]
    assert stream.answer.text == "Ada."


def test_text_after_a_tool_call_begins_on_its_own_line():
    """What the model says before and after a call does not run together."""
    script = Scripted([["Let me see.", ToolCall("c1", "double", {"number": 4})], "It is 8."])
    stream = Agent("clerk", model=script.model, tools=[double]).stream("2 x 4?", store=":memory:")
    assert "".join(stream) == "Let me see.\nIt is 8."


def test_the_answer_of_an_unread_stream_is_an_error():
    """It says what to do."""
    stream = Agent("clerk", model=Scripted(["Ada."]).model).stream("Who?", store=":memory:")
    with pytest.raises(RunError, match="Read the stream to its end"):
        _ = stream.answer


def test_a_stream_that_fails_raises_at_its_end():
    """The pieces that came are not lost, and the error is the run's."""
    script = Scripted([["A", ValueError("broke")]] * 3)
    stream = Agent("clerk", model=script.model).stream("Who?", store=":memory:")
    pieces = iter(stream)
    assert next(pieces) == "A"
    with pytest.raises(NodeFailed, match="broke"):
        list(pieces)


def test_a_stream_that_is_left_early_is_cancelled():
    """A reader that goes away stops the run, which can be resumed later."""

    @tool
    async def wait() -> str:
        """Wait for what never comes."""
        await asyncio.Event().wait()
        return ""

    script = Scripted([["A", ToolCall("c1", "wait", {})]])
    stream = Agent("clerk", model=script.model, tools=[wait]).stream("Who?", store=":memory:")
    cancelled = threading.Event()
    stream.run.subscribe(lambda event: isinstance(event, RunCancelled) and cancelled.set())
    for piece in stream:
        assert piece == "A"
        break
    assert cancelled.wait(5)


def test_a_stream_of_a_run_that_is_over_comes_in_one_piece():
    """Reading again, or after the run was driven otherwise, gives the whole text and is remembered once."""
    agent = Agent("clerk", model=Scripted([["A", "da."], ["Y", "es."]]).model)
    stream = agent.stream("Who?", store=":memory:")
    assert list(stream) == ["A", "da."]
    assert list(stream) == ["Ada."]
    driven = agent.stream("Sure?", store=":memory:")
    driven.run.resume()
    assert list(driven) == ["Yes."]
    assert [message.text for message in agent.conversation] == ["Who?", "Ada.", "Sure?", "Yes."]


def test_the_answer_of_a_run_that_stands_is_not_there():
    """A run that was stepped or paused has to be resumed before its answer is read."""
    agent = Agent("clerk", model=Scripted(["Done."]).model)
    run = question(agent, "Go.", store=":memory:")
    with pytest.raises(RunPaused, match="stands before its end"):
        answered(agent, run, run.step())
    assert answered(agent, run, run.resume()).text == "Done."


def test_a_hyphen_in_a_name_is_no_obstacle():
    """An agent named with a hyphen can be asked."""
    assert Agent("fact-checker", model=Scripted(["True."]).model).ask("?", store=":memory:").text == "True."
