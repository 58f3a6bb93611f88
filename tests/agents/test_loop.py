"""The turns of an agent's loop: what is asked, how it ends, and which model answers."""

from __future__ import annotations

import pytest
from pydantic import BaseModel
from turns import Direct, add, agent_with, call_of

from genxai_nb.agents.agent import Agent
from genxai_nb.agents.loop import respond
from genxai_nb.errors import BadResponse, ConnectionLost, Refused
from genxai_nb.messages import Message, ModelReply, Text, system, user
from genxai_nb.providers.scripted import Scripted


async def test_an_answer_without_tools_takes_one_turn():
    """A model that answers at once is asked once, and its words are text and output."""
    script = Scripted(["Four."])
    outcome = await respond(agent_with(script), [system("You count."), user("2 + 2?")], Direct())
    assert (outcome.text, outcome.output, len(script.requests)) == ("Four.", "Four.", 1)


async def test_the_request_carries_what_the_agent_says():
    """Tools, schema, temperature and length of the agent are in the request."""
    script = Scripted(['{"total": 4}'])

    class Sum(BaseModel):
        total: int

    agent = agent_with(script, add, output=Sum, temperature=0.5, max_tokens=80)
    await respond(agent, [user("2 + 2?")], Direct())
    request = script.requests[0]
    assert [spec.name for spec in request.tools] == ["add"]
    assert request.output == Sum.model_json_schema()
    assert (request.temperature, request.max_tokens, request.model) == (0.5, 80, script.model)


async def test_the_outcome_holds_all_that_was_said():
    """From the question on: call, result and answer, without what came before."""
    script = Scripted([call_of("add", a=2, b=3), "Five."])
    said = [system("You count."), user("Hello"), user("2 + 3?")]
    outcome = await respond(agent_with(script, add), said, Direct())
    assert [message.role for message in outcome.messages] == ["user", "assistant", "tool", "assistant"]
    assert outcome.messages[0].text == "2 + 3?"


async def test_after_max_turns_the_model_has_to_answer():
    """Once its turns are spent the model is asked for its answer without tools."""
    script = Scripted([call_of("add", a=1, b=1), call_of("add", a=2, b=2), "Four."])
    outcome = await respond(agent_with(script, add, max_turns=2), [user("Go.")], Direct())
    assert [len(request.tools) for request in script.requests] == [1, 1, 0]
    assert "2 turns" in script.requests[2].messages[-1].text
    assert outcome.text == "Four."


async def test_a_model_that_never_answers_is_an_error_with_advice():
    """A model that calls tools even when it has to answer ends the node, naming agent and max_turns."""
    script = Scripted(lambda request: call_of("add", a=len(request.messages), b=1))
    with pytest.raises(BadResponse, match=r"'clerk' came to no answer.*Raise max_turns \(now 2\)"):
        await respond(agent_with(script, add, max_turns=2), [user("Go.")], Direct())
    assert len(script.requests) == 3


async def test_words_beside_a_refused_call_are_the_answer():
    """A forced answer counts by its words; the call in it is dropped from what was said."""
    script = Scripted([call_of("add", a=1, b=1), ["Two, I think.", call_of("add", a=2, b=2)]])
    outcome = await respond(agent_with(script, add, max_turns=1), [user("Go.")], Direct())
    assert outcome.text == "Two, I think."
    assert outcome.messages[-1].tool_calls == ()


async def test_a_model_that_declines_is_refused():
    """A reply with stop reason refused ends the node with the model's words."""
    reply = ModelReply(message=Message("assistant", (Text("I must not."),)), stop="refused")
    with pytest.raises(Refused, match="declined to answer agent 'clerk': I must not"):
        await respond(agent_with(Scripted([reply])), [user("Go.")], Direct())


async def test_a_model_that_fails_ends_the_node():
    """An error of the provider is not swallowed by the loop."""
    with pytest.raises(ConnectionLost):
        await respond(agent_with(Scripted([ConnectionLost("hung up")])), [user("Go.")], Direct())


async def test_the_runs_model_wins_over_the_agents(monkeypatch):
    """A run's model comes first, then the agent's, then the one of the settings."""
    monkeypatch.setenv("GENXAI_MODEL", "scripted:settings")
    Scripted(["from the settings"] * 3, name="settings")
    Scripted(["from the run"] * 3, name="run")
    own = Scripted(["from the agent"] * 3, name="own")
    said = [user("Go.")]
    assert (await respond(Agent("a", model=own.model), said, Direct("scripted:run"))).text == "from the run"
    assert (await respond(Agent("a", model=own.model), said, Direct())).text == "from the agent"
    assert (await respond(Agent("a"), said, Direct())).text == "from the settings"
