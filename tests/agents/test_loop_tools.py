"""The tool calls of an agent's loop: made in parallel, answered in order, failures in words, repetitions seen."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from turns import Direct, add, agent_with, call_of, results

from genxai_nb.agents.loop import respond
from genxai_nb.errors import HumanAnswerMissing, NotStorable
from genxai_nb.messages import user
from genxai_nb.providers.scripted import Scripted
from genxai_nb.tools.base import tool


async def test_a_tool_call_is_made_and_its_result_is_shown():
    """The model sees the result of its call under the call's id, and its answer is the outcome."""
    script = Scripted([call_of("add", "c7", a=2, b=3), "Five."])
    outcome = await respond(agent_with(script, add), [user("2 + 3?")], Direct())
    assert outcome.text == "Five."
    assert results(script, 1) == [("c7", "5", False)]


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
