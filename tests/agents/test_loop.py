"""The tool loop, with scripted models and real tools."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import BaseModel, Field

from genxai_nb.agents.agent import Agent
from genxai_nb.agents.loop import respond
from genxai_nb.calls.call import Call, Scope
from genxai_nb.errors import BadResponse, ConnectionLost, HumanAnswerMissing, NotStorable, Refused
from genxai_nb.messages import Message, ModelReply, Text, ToolCall, system, user
from genxai_nb.providers.scripted import Scripted
from genxai_nb.tools.base import tool


class Direct:
    """A context that makes each call at once, with no engine around it."""

    run_id, node, visit, index, item, idempotency_key = "r1", "agent", 1, None, None, "k"

    def __init__(self, model_override: str | None = None) -> None:
        self.model_override = model_override
        self.calls: list[tuple[str, str, Any]] = []

    async def call(self, kind, name, request, handler, traits):
        self.calls.append((kind, name, request))
        scope = Scope("", self.node, self.visit)
        place = {"scope": scope, "ordinal": 0, "slot": "s", "key": "k"}
        return await handler(
            Call(kind, name, request, **place, traits=traits, emit=lambda hint: None, context=self)
        )


def call_of(name: str, _id: str = "c1", **arguments: Any) -> ToolCall:
    return ToolCall(_id, name, arguments)


def results(script: Scripted, request: int) -> list[tuple[str, str, bool]]:
    """Id, text and failure of the tool results that the last message of a request holds."""
    last = script.requests[request].messages[-1]
    assert last.role == "tool"
    return [(part.id, part.text, part.failed) for part in last.parts]


def agent_with(script: Scripted, *tools: Any, **options: Any) -> Agent:
    return Agent("clerk", model=script.model, tools=tools, **options)


@tool
async def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


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


async def test_a_tool_call_is_made_and_its_result_is_shown():
    """The model sees the result of its call under the call's id, and its answer is the outcome."""
    script = Scripted([call_of("add", "c7", a=2, b=3), "Five."])
    outcome = await respond(agent_with(script, add), [user("2 + 3?")], Direct())
    assert outcome.text == "Five."
    assert results(script, 1) == [("c7", "5", False)]


async def test_the_outcome_holds_all_that_was_said():
    """From the question on: call, result and answer, without what came before."""
    script = Scripted([call_of("add", a=2, b=3), "Five."])
    said = [system("You count."), user("Hello"), user("2 + 3?")]
    outcome = await respond(agent_with(script, add), said, Direct())
    assert [message.role for message in outcome.messages] == ["user", "assistant", "tool", "assistant"]
    assert outcome.messages[0].text == "2 + 3?"


async def test_calls_of_one_turn_run_in_parallel_and_answer_in_order():
    """Each call waits for the other to begin, and results stand in the order of the calls."""
    began = {"a": asyncio.Event(), "b": asyncio.Event()}

    @tool
    async def meet(me: str, other: str) -> str:
        """Wait until the other has begun."""
        began[me].set()
        await asyncio.wait_for(began[other].wait(), 5)
        return f"{me} met {other}"

    turn = [call_of("meet", "c1", me="a", other="b"), call_of("meet", "c2", me="b", other="a")]
    script = Scripted([turn, "Done."])
    await respond(agent_with(script, meet), [user("Meet.")], Direct())
    assert results(script, 1) == [("c1", "a met b", False), ("c2", "b met a", False)]


async def test_results_that_are_no_text_are_shown_as_json():
    """Lists and dicts reach the model as JSON."""

    @tool
    async def rows() -> list[dict[str, Any]]:
        """List the rows."""
        return [{"name": "ä", "n": 1}]

    script = Scripted([call_of("rows"), "Done."])
    await respond(agent_with(script, rows), [user("Rows?")], Direct())
    assert results(script, 1)[0][1] == '[{"n":1,"name":"ä"}]'


async def test_a_tool_that_raises_answers_in_words():
    """The model reads what went wrong, and may go on."""

    @tool
    async def divide(a: int, b: int) -> float:
        """Divide."""
        return a / b

    script = Scripted([call_of("divide", a=1, b=0), "It cannot be done."])
    outcome = await respond(agent_with(script, divide), [user("1 / 0?")], Direct())
    ((_, text, failed),) = results(script, 1)
    assert failed
    assert "division by zero" in text
    assert outcome.text == "It cannot be done."


async def test_arguments_that_do_not_fit_answer_in_words():
    """The model reads which argument is wrong."""
    script = Scripted([call_of("add", a="two", b=3), "Sorry."])
    await respond(agent_with(script, add), [user("two + 3?")], Direct())
    ((_, text, failed),) = results(script, 1)
    assert failed
    assert "a" in text
    assert "two" in text


async def test_an_unknown_tool_answers_with_the_nearest_name():
    """A tool that the agent does not have is not called, and the near name is suggested."""
    script = Scripted([call_of("ad", a=1, b=2), "Sorry."])
    context = Direct()
    await respond(agent_with(script, add), [user("1 + 2?")], context)
    assert results(script, 1) == [("c1", "Unknown tool 'ad'. Did you mean 'add'?", True)]
    assert [kind for kind, _, _ in context.calls] == ["model", "model"]


async def test_what_is_no_failure_of_a_call_ends_the_node():
    """A value that cannot be kept and a missing human are not for the model to mend."""

    @tool
    async def broken() -> Any:
        """Return what cannot be kept."""
        return object()

    @tool
    async def ask_someone() -> str:
        """Ask a person."""
        raise HumanAnswerMissing("Nobody is there.")

    for failing, error in ((broken, NotStorable), (ask_someone, HumanAnswerMissing)):
        script = Scripted([[call_of(failing.name, "c1"), call_of("add", "c2", a=1, b=1)], "Done."])
        with pytest.raises(error):
            await respond(agent_with(script, failing, add), [user("Go.")], Direct())


async def test_other_calls_of_a_turn_end_before_an_error_is_raised():
    """No call of the turn is left running behind an error."""
    ended = []

    @tool
    async def broken() -> Any:
        """Return what cannot be kept."""
        return object()

    @tool
    async def slow() -> str:
        """Take a while."""
        for _ in range(5):
            await asyncio.sleep(0)
        ended.append("slow")
        return "done"

    script = Scripted([[call_of("broken", "c1"), call_of("slow", "c2")]])
    with pytest.raises(NotStorable):
        await respond(agent_with(script, broken, slow), [user("Go.")], Direct())
    assert ended == ["slow"]


async def test_a_second_equal_call_is_answered_with_the_first_result():
    """An identical call is not made again, and the model is told so."""
    made = []

    @tool
    async def look(place: str) -> str:
        """Look somewhere."""
        made.append(place)
        return "nothing"

    calls = [call_of("look", "c1", place="here"), call_of("look", "c2", place="here"), "Nothing."]
    script = Scripted(calls)
    outcome = await respond(agent_with(script, look), [user("Look.")], Direct())
    assert made == ["here"]
    ((number, text, failed),) = results(script, 2)
    assert (number, failed) == ("c2", False)
    assert text.startswith("nothing\n")
    assert "same call" in text
    assert outcome.text == "Nothing."


async def test_equal_calls_of_one_turn_are_made_once():
    """Two identical calls side by side share one result, each under its own id."""
    made = []

    @tool
    async def send(to: str) -> str:
        """Send a mail."""
        made.append(to)
        return "sent"

    script = Scripted([[call_of("send", "c1", to="x"), call_of("send", "c2", to="x")], "Sent."])
    await respond(agent_with(script, send), [user("Send.")], Direct())
    assert made == ["x"]
    assert [(number, text[:4]) for number, text, _ in results(script, 1)] == [("c1", "sent"), ("c2", "sent")]


async def test_a_third_equal_call_ends_the_loop_with_a_forced_answer():
    """After three identical calls the model is asked for its answer without tools."""
    again = call_of("add", a=1, b=1)
    script = Scripted([again, again, again, "Two."])
    outcome = await respond(agent_with(script, add), [user("1 + 1?")], Direct())
    last = script.requests[3]
    assert last.tools == ()
    assert "three times" in last.messages[-1].text
    assert outcome.text == "Two."


async def test_a_call_that_failed_may_be_tried_again():
    """An identical call after a failure is made again, since the cause may be gone."""
    tries = []

    @tool
    async def fetch(what: str) -> str:
        """Fetch something."""
        tries.append(what)
        if len(tries) == 1:
            raise OSError("busy")
        return "got it"

    script = Scripted([call_of("fetch", what="x"), call_of("fetch", what="x"), "Done."])
    await respond(agent_with(script, fetch), [user("Fetch.")], Direct())
    assert tries == ["x", "x"]
    assert results(script, 2) == [("c1", "got it", False)]


async def test_a_read_after_a_change_is_no_repetition():
    """What was read before something was changed is read anew."""
    pages = ["old"]

    @tool(read_only=True)
    async def read() -> str:
        """Read the page."""
        return pages[-1]

    @tool
    async def write(text: str) -> str:
        """Write the page."""
        pages.append(text)
        return "written"

    turns = [call_of("read"), call_of("write", text="new"), call_of("read"), "Done."]
    script = Scripted(turns)
    await respond(agent_with(script, read, write), [user("Mend it.")], Direct())
    assert results(script, 3) == [("c1", "new", False)]


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


async def test_tools_get_the_context_of_their_call():
    """A tool with a context parameter can make calls of its own, and the model is not told of it."""

    @tool
    async def where(context: Any) -> str:
        """Say where this runs."""
        return context.node

    script = Scripted([call_of("where"), "Done."])
    await respond(agent_with(script, where), [user("Where?")], Direct())
    assert results(script, 1) == [("c1", "agent", False)]
    assert script.requests[0].tools[0].parameters.get("properties", {}) == {}
