"""Asking an agent by itself: a run of a graph with one node."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from genxai_nb.errors import InputError, RunError, RunPaused
from genxai_nb.journal.events import CallRetried, NodeFinished, Streamed
from genxai_nb.loop import run_here
from genxai_nb.messages import TextDelta, Usage, user

from .condensed import KIND
from .history import history_key, memory_key, pack, unpack
from .output import read_output
from .visit import answer
from .workflow import Graph

if TYPE_CHECKING:
    from pathlib import Path

    from genxai_nb.calls.cassette import Cassette
    from genxai_nb.graph.nodes import Context, NodeOptions
    from genxai_nb.graph.result import Result
    from genxai_nb.graph.run import Run
    from genxai_nb.guard.budget import Budget
    from genxai_nb.journal.events import Event, Hint

    from .definition import Definition

PROMPT, ANSWER = "prompt", "answer"
CHAT = "@chat"  # hidden in a run's input: the runs of the chat that it goes on with


class Asking(TypedDict, total=False):
    """What `Agent.ask` takes by name."""

    model: str | None
    store: str | None
    budget: Budget | Mapping[str, Any] | str | float | None
    cassette: Cassette | Path | str | None


@dataclass(frozen=True)
class Answer:
    """What an agent answered.

    Attributes:
        text: The answer as the model wrote it.
        output: The answer as the agent's ``output`` model, or the text.
        usage: The tokens of all its model calls.
        cost: What they cost, or None where no price is known.
        run_id: The run that holds everything that happened on the way.

    Example:
        >>> from genxai_nb.agents.agent import Agent
        >>> from genxai_nb.providers.scripted import Scripted
        >>> agent = Agent("clerk", model=Scripted(["Four."]).model)
        >>> agent.ask("2 + 2?", store=":memory:").text
        'Four.'
    """

    text: str
    output: Any
    usage: Usage
    cost: float | None
    run_id: str

    def __str__(self) -> str:
        return self.text


class Question:
    """An agent as the one node of a run that answers a prompt.

    Args:
        agent: The agent.
    """

    kind = "agent"
    threaded = False
    wants_context = True
    template = (PROMPT,)

    def __init__(self, agent: Definition) -> None:
        self.agent = agent
        self._history = history_key(agent.name)
        self.writes = (ANSWER,)

    @property
    def version(self) -> str:
        """Content hash of the agent."""
        return self.agent.version

    @property
    def spec_text(self) -> str:
        """The agent's fields, as the journal keeps them."""
        return self.agent.spec_text

    def as_node(self, _options: NodeOptions) -> Question:
        """Serve as the body itself; nothing of it depends on the node."""
        return self

    async def run(self, state: Mapping[str, Any], context: Context) -> dict[str, Any]:
        """Answer the prompt, knowing what was said before.

        Raises:
            ProviderError: The model could not be asked, declined, or did not come to an answer.
        """
        history = unpack(state.get(self._history, ()))
        messages = self.agent.prompt.around(user(state[PROMPT]), history)
        return await answer(self.agent, messages, context, state, lambda outcome: {ANSWER: outcome.text})


def asking(agent: Definition) -> Graph:
    """Make the graph of one node at which an agent answers. See `Agent.as_graph`."""
    graph = Graph(agent.name)
    graph.node(agent.name, Question(agent)).edge("START", agent.name).edge(agent.name, "END")
    return graph


def question(
    agent: Definition, prompt: str, *, chat: Sequence[str] | None = None, **how: Unpack[Asking]
) -> Run:
    """Make the run that answers a prompt; it stands before its one node.

    Args:
        agent: Who is asked.
        prompt: What is asked.
        chat: The runs of the chat so far, if the question belongs to one.
        how: As for `Agent.ask`.

    Raises:
        InputError: The prompt is empty.
        UnknownName: There is no tool of a name that the agent gives.
    """
    if not str(prompt or "").strip():
        raise InputError(f"Agent {agent.name!r} was asked nothing: {prompt!r}.", hint="Ask in words.")
    state: dict[str, Any] = {PROMPT: str(prompt)}
    if agent.remembers and agent.conversation:
        state[history_key(agent.name)] = pack(agent.conversation)
        state[memory_key(KIND, agent.name)] = agent.memory.summaries
    if chat is not None:
        state[CHAT] = list(chat)
    return asking(agent).start(state, **how)


def answered(agent: Definition, run: Run, result: Result) -> Answer:
    """Read the answer from a run that has ended, and let the agent remember what was said.

    Raises:
        RunPaused: The run stands before its end.
    """
    if result.status != "done":
        raise RunPaused(
            f"Run {run.run_id!r} of agent {agent.name!r} stands before its end.",
            hint="Resume it, then ask for its answer.",
            run_id=run.run_id,
            result=result,
        )
    text = result.state[ANSWER]
    output = text if agent.output is None else read_output(agent.output, text)[0]
    for event in run.events():
        if type(event) is NodeFinished:
            agent.conversation.extend(unpack(event.update.get(history_key(agent.name), ())))
            agent.memory.summaries.extend(event.update.get(memory_key(KIND, agent.name), ()))
    return Answer(text, output, result.usage, result.cost, run.run_id)


def ask(agent: Definition, prompt: str, **how: Unpack[Asking]) -> Answer:
    """Ask and wait. See `Agent.ask`."""
    run = question(agent, prompt, **how)
    return answered(agent, run, run.resume())


async def aask(agent: Definition, prompt: str, **how: Unpack[Asking]) -> Answer:
    """Ask from async code. See `Agent.aask`."""
    run = question(agent, prompt, **how)
    return answered(agent, run, await run_here(run.drive()))


class AnswerStream:
    """An answer on its way, read with ``for`` or ``async for`` as pieces of text.

    Leaving it early ends the answer with what has come of it, or cancels the run while it says nothing;
    reading it again gives the whole text in one piece.

    Args:
        agent: Who is asked.
        prompt: What is asked.
        how: As for `Agent.ask`.

    Attributes:
        run: The run that answers.

    Raises:
        InputError: The prompt is empty.
    """

    def __init__(self, agent: Definition, prompt: str, **how: Unpack[Asking]) -> None:
        self.run = question(agent, prompt, **how)
        self._agent = agent
        self._answer: Answer | None = None
        self._slot = ""  # of the model call whose text was streamed last

    @property
    def answer(self) -> Answer:
        """The whole answer, once the stream has been read to its end.

        Raises:
            RunError: It has not.
        """
        if self._answer is None:
            raise RunError("The answer is not there yet.", hint="Read the stream to its end first.")
        return self._answer

    def __iter__(self) -> Iterator[str]:
        """Yield pieces of text; the run goes on the engine thread.

        Raises:
            NodeFailed: The agent came to no answer; the cause is chained.
        """
        arrived: SimpleQueue[Event | Hint | None] = SimpleQueue()
        unsubscribe = self.run.subscribe(arrived.put)
        driving = self.run.begin()
        driving.add_done_callback(lambda _: arrived.put(None))
        try:
            while (event := arrived.get()) is not None:
                yield from self._pieces(event)
            yield from self._end(driving.result())
        finally:
            unsubscribe()
            if not driving.done():
                self._leave()

    async def __aiter__(self) -> AsyncIterator[str]:
        """Yield pieces of text; the run goes on the caller's loop.

        Raises:
            NodeFailed: The agent came to no answer; the cause is chained.
        """
        async with aclosing(self.run.follow(self._leave)) as events:
            async for event in events:
                for piece in self._pieces(event):
                    yield piece
        for piece in self._end(self.run.result()):
            yield piece

    def _leave(self) -> None:
        self._slot = ""
        self.run.leave()

    def _pieces(self, event: Event | Hint) -> Iterator[str]:
        if type(event) is CallRetried and event.slot == self._slot:
            self._slot = "broken off"  # what is said again begins on a line of its own
        if type(event) is not Streamed or type(event.delta) is not TextDelta or not event.delta.text:
            return
        if self._slot and self._slot != event.slot:
            yield "\n"  # what is said after a tool call begins on a line of its own
        self._slot = event.slot
        yield event.delta.text

    def _end(self, result: Result) -> Iterator[str]:
        if self._answer is None:
            self._answer = answered(self._agent, self.run, result)
        if not self._slot:
            yield self._answer.text
        self._slot = ""
