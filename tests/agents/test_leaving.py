"""Answers whose reader goes away before they are whole."""

from __future__ import annotations

import asyncio
import threading

from pydantic import BaseModel

from genxai_nb.agents.agent import Agent
from genxai_nb.graph.run import Run
from genxai_nb.journal.events import CallFinished, NodeFailed, RunCancelled, RunFailed, RunFinished
from genxai_nb.messages import ReasoningDelta, TextDelta, ToolCallDelta
from genxai_nb.providers.scripted import Scripted


class Endless(Scripted):
    """Says a little, and then waits for what never comes."""

    def __init__(self, *deltas):
        super().__init__([], name="endless")
        self.deltas = deltas
        self.closed = False

    async def stream(self, request):
        self.requests.append(request)
        try:
            for delta in self.deltas:
                yield delta
            await asyncio.Event().wait()
        finally:
            self.closed = True


def ended(run):
    """Is set once the run has come to an end of any kind."""
    over = threading.Event()
    run.subscribe(lambda event: isinstance(event, RunFinished | RunFailed | RunCancelled) and over.set())
    return over


def test_an_answer_that_is_left_ends_with_what_has_come(tmp_path):
    """The call is recorded with it, the provider is let go of, and a resume does not ask again."""
    store = str(tmp_path / "runs.db")
    model = Endless(
        ReasoningDelta("Hm."), TextDelta("A"), TextDelta("d"), ToolCallDelta("c1", "double", '{"n')
    )
    agent = Agent("clerk", model=model.model)
    stream = agent.stream("Who?", store=store)
    over = ended(stream.run)
    pieces = iter(stream)
    assert [next(pieces), next(pieces)] == ["A", "d"]
    pieces.close()
    assert over.wait(5)
    (reply,) = [e.reply for e in Run.load(stream.run.run_id, store=store).events() if type(e) is CallFinished]

    assert model.closed
    assert (reply.stop, [type(part).__name__ for part in reply.message.parts]) == (
        "abandoned",
        ["Reasoning", "Text"],
    )
    assert list(stream) == ["Ad"]
    assert len(model.requests) == 1
    assert [message.text for message in agent.conversation] == ["Who?", "Ad"]


async def test_an_answer_that_is_left_by_async_code_ends_too():
    """Whether the loop over it is left or its task is cancelled."""
    for cancelled in (False, True):
        model = Endless(TextDelta("A"))
        stream = Agent("clerk", model=model.model).stream("Who?", store=":memory:")
        begun = asyncio.Event()

        async def read(stream=stream, begun=begun, leaves=not cancelled):
            async for piece in stream:
                assert piece == "A"
                begun.set()
                if leaves:
                    return

        reading = asyncio.ensure_future(read())
        await begun.wait()
        if cancelled:
            reading.cancel()
        await asyncio.wait((reading,))
        replies = [e.reply for e in stream.run.events() if type(e) is CallFinished]
        while not replies:
            await asyncio.sleep(0)
            replies = [e.reply for e in stream.run.events() if type(e) is CallFinished]

        assert (replies[0].stop, replies[0].message.text) == ("abandoned", "A")
        assert model.closed


def test_an_unfinished_object_is_not_asked_for_again():
    """A structured answer that was left half way is no answer, and says so."""

    class Verdict(BaseModel):
        score: float

    model = Endless(TextDelta('{"sco'))
    stream = Agent("critic", model=model.model, output=Verdict).stream("Judge.", store=":memory:")
    over = ended(stream.run)
    pieces = iter(stream)
    next(pieces)
    pieces.close()
    assert over.wait(5)

    (failed,) = [event for event in stream.run.events() if isinstance(event, NodeFailed)]

    assert "did not answer as Verdict" in failed.error
    assert len(model.requests) == 1


def test_a_run_that_is_cancelled_has_no_reply():
    """Only a reader that goes away ends an answer; a run that is stopped asks again when it is resumed."""
    model = Endless(TextDelta("A"))
    stream = Agent("clerk", model=model.model).stream("Who?", store=":memory:")
    over = ended(stream.run)
    stream.run.subscribe(lambda event: getattr(event, "delta", None) and stream.run.cancel())
    stream.run.begin()
    assert over.wait(5)

    assert not [e for e in stream.run.events() if type(e) is CallFinished]
