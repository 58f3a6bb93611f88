"""A chat: the turns of a conversation, each of which is a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

from genxai_nb.agents.answer import PROMPT
from genxai_nb.errors import GenXAIError, RunBusy, RunNotFound
from genxai_nb.journal.cost import Cost
from genxai_nb.journal.opening import find_store
from genxai_nb.messages import ModelReply, Usage
from genxai_nb.notebook.panel.story import Story, tell

if TYPE_CHECKING:
    from genxai_nb.agents.agent import Agent
    from genxai_nb.journal.events import Event, Hint
    from genxai_nb.journal.store import Store
    from genxai_nb.notebook.session import Started

__all__ = ["Chat", "Turn", "told_turns"]


@dataclass(slots=True, eq=False)
class Turn:
    """What was said once, and what came of it.

    Attributes:
        run: The run's id.
        prompt: What was said.
        story: The run as it unfolds.
        started: The run, if this kernel has started it.
        lock: Holds the story still while it is read.
        heard: How many facts and hints it has heard.
    """

    run: str
    prompt: str
    story: Story
    started: Started | None = None
    lock: Lock = field(default_factory=Lock)
    heard: int = 0

    def go(self) -> None:
        """Drive the run, of which the chat's record tells."""
        if self.started is not None:
            self.started.begin()
            self.started.settled = True
            self.started.recorded.set()

    def hear(self, event: Event | Hint) -> None:
        """Go on by one fact or hint; called on the thread that drives the run."""
        with self.lock:
            self.story.take(event)
            self.heard += 1

    @property
    def alive(self) -> bool:
        """Whether an answer is on its way."""
        return self.started is not None and self.started.alive

    @property
    def status(self) -> str:
        """How the run stands; one of an earlier kernel that never ended was cut off."""
        if self.started is not None:
            return "running" if self.alive else self.started.run.status
        return "cancelled" if self.story.status in {"running", "ready"} else self.story.status

    @property
    def left(self) -> bool:
        """Whether a person has stopped the answer, which ended with what had come of it."""
        calls = (call for visit in self.story.visits for call in visit.calls)
        return any(isinstance(call.reply, ModelReply) and call.reply.stop == "abandoned" for call in calls)

    @property
    def error(self) -> tuple[str, str]:
        """Why there is no answer, and what to do; both empty if all is well."""
        if self.status != "failed":
            return "", ""
        again = f"%genxai resume {self.run} tries again."
        found = self._raised()
        cause = found.__cause__ if found and isinstance(found.__cause__, GenXAIError) else found
        hint = cause.hint if cause else ""
        told = not hint or hint in self.story.error
        return self.story.error, again if told else f"{hint} {again}"

    def _raised(self) -> GenXAIError | None:
        future = self.started.future if self.started is not None else None
        if future is None or not future.done() or future.cancelled():
            return None
        error = future.exception()
        return error if isinstance(error, GenXAIError) else None


class Chat:
    """A conversation with an agent. Panels of it come and go.

    Args:
        name: The agent's name.
        find: Gives the agent as it is defined now.
        turns: What was said before.

    Attributes:
        name: The agent's name.
        turns: All turns, the first one first.
        panel: The panel that shows it.
        store: The journal that its runs are kept in; None before the first.
    """

    def __init__(self, name: str, find: Callable[[], Agent], turns: Sequence[Turn] = ()) -> None:
        self.name = name
        self.turns = list(turns)
        self.panel: Any = None
        self.store: Store | None = find_store() if turns else None
        self._find = find
        self._agent = find()

    def find_by(self, find: Callable[[], Agent]) -> None:
        """Say anew where the agent is found."""
        self._find = find

    @property
    def agent(self) -> Agent:
        """The agent as it is defined now. One that was defined anew learns what was said so far."""
        now = self._find()
        before, self._agent = self._agent, now
        if now.conversation is not before.conversation and not now.conversation:
            now.conversation.extend(before.conversation)
            now.memory.summaries.extend(before.memory.summaries)
        return now

    @property
    def runs(self) -> list[str]:
        """The runs of the chat so far."""
        return [turn.run for turn in self.turns]

    @property
    def prompts(self) -> set[str]:
        """What was said in it."""
        return {turn.prompt for turn in self.turns}

    @property
    def last(self) -> Turn | None:
        """The turn that was begun last."""
        return self.turns[-1] if self.turns else None

    @property
    def usage(self) -> Usage:
        """The tokens of all turns."""
        total = Usage()
        for turn in self.turns:
            total += turn.story.usage
        return total

    @property
    def cost(self) -> Cost:
        """What all turns cost."""
        total = Cost()
        for turn in self.turns:
            total += turn.story.cost
        return total

    def check_free(self) -> None:
        """Make sure that nothing is on its way.

        Raises:
            RunBusy: An answer is.
        """
        if self.last is not None and self.last.alive:
            raise RunBusy(
                f"{self.name} has not answered yet.", hint="Wait for it, or stop it.", run_id=self.last.run
            )

    def takes(self, agent: Agent) -> bool:
        """Whether what is asked of an agent now belongs to this conversation."""
        is_free = self.last is None or not self.last.alive
        return (
            is_free and self.store in {None, find_store()} and agent.conversation is self.agent.conversation
        )

    def took(self, started: Started) -> Turn:
        """Add a run that is about to be driven as the next turn."""
        turn = told_turn(started.run.run_id, started.run.events())
        turn.started = started
        started.run.subscribe(turn.hear)
        self.turns.append(turn)
        self.store = find_store()
        return turn

    def stop(self) -> None:
        """Let the answer that is on its way end with what has come of it; where none is, cancel the turn."""
        turn = self.last
        if turn is None or turn.started is None or not turn.alive:
            return
        with turn.lock:
            is_said = any(call.text for call in turn.story.streaming())
        if is_said:
            turn.started.run.leave()
        else:  # a model that was asked and has said nothing would leave an empty answer behind
            turn.started.run.cancel()


def told_turn(run: str, events: Sequence[Event]) -> Turn:
    """A turn as its run's events tell it."""
    first: Any = events[0]
    return Turn(run, str(first.input.get(PROMPT, "")), tell(events))


def told_turns(runs: Sequence[str], store: Store) -> list[Turn]:
    """The turns of earlier kernels, as the journal tells them; those that were taken out of it are left out."""
    turns = []
    for run in runs:
        try:
            turns.append(told_turn(run, list(store.read(run))))
        except RunNotFound:
            continue
    return turns
