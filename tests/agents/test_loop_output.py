"""Structured answers of an agent's loop, and their one repair."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, Field
from turns import Direct, add, agent_with, call_of

from genxai_nb.agents.loop import respond
from genxai_nb.errors import BadResponse
from genxai_nb.messages import user
from genxai_nb.providers.scripted import Scripted


class Verdict(BaseModel):
    score: float = Field(ge=0, le=1)
    advice: str


async def test_structured_output_is_an_object():
    """The answer is read as the agent's output model, also from a fenced block."""
    for text in (
        '{"score": 0.5, "advice": "Shorter."}',
        '```json\n{"score": 0.5, "advice": "Shorter."}\n```',
    ):
        outcome = await respond(agent_with(Scripted([text]), output=Verdict), [user("Judge.")], Direct())
        assert outcome.output == Verdict(score=0.5, advice="Shorter.")
        assert outcome.text == text


async def test_an_answer_that_does_not_fit_is_repaired_once():
    """The model is told field by field what is wrong, and its second answer counts."""
    script = Scripted(['{"score": 7}', '{"score": 0.7, "advice": "Shorter."}'])
    outcome = await respond(agent_with(script, add, output=Verdict), [user("Judge.")], Direct())
    told = script.requests[1].messages[-1].text
    assert "score: Input should be less than or equal to 1 (it was 7)" in told
    assert "advice: Field required" in told
    assert script.requests[1].tools == ()
    assert outcome.output == Verdict(score=0.7, advice="Shorter.")


async def test_a_second_answer_that_does_not_fit_is_a_bad_response():
    """After one repair the node ends with an error that names agent, model and fields."""
    script = Scripted(["not json", '{"score": 7, "advice": "x"}'])
    with pytest.raises(BadResponse, match="'clerk' did not answer as Verdict: score: Input should be less"):
        await respond(agent_with(script, output=Verdict), [user("Judge.")], Direct())
    assert len(script.requests) == 2


async def test_a_structured_answer_may_come_after_tools():
    """Tools are called first, and then the answer is read."""
    script = Scripted([call_of("add", a=1, b=1), '{"score": 1, "advice": ""}'])
    outcome = await respond(agent_with(script, add, output=Verdict), [user("Judge.")], Direct())
    assert outcome.output.score == 1
