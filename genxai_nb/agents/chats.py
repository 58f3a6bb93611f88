"""Chats: which runs belong to one, and what was said in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from genxai_nb.journal.events import RunStarted

from .answer import CHAT
from .condensed import KIND
from .history import history_key, memory_key, unpack
from .recalled import noted_in, said_in

if TYPE_CHECKING:
    from genxai_nb.journal.store import Store

    from .agent import Agent


def latest_chat(agent: str, store: Store) -> tuple[str, ...]:
    """The runs of the latest chat with an agent of that name, the first one first; empty if there was none."""
    for row in store.runs():
        if row.graph == agent:
            first = next(iter(store.read(row.run)), None)
            if isinstance(first, RunStarted) and CHAT in first.input:
                return (*first.input[CHAT], row.run)
    return ()


def take_up(agent: Agent, run: str, store: Store) -> None:
    """Let an agent remember what was said up to the end of a run, in place of what it remembers now."""
    events = list(store.read(run))
    started: Any = events[0]
    summaries = memory_key(KIND, agent.name)
    agent.conversation[:] = [
        *unpack(started.input.get(history_key(agent.name), ())),
        *said_in(agent.name, events),
    ]
    agent.memory.summaries[:] = [*started.input.get(summaries, ()), *noted_in(summaries, events)]


def forget_chat(agent: Agent) -> None:
    """Let an agent begin anew: it remembers nothing that was said."""
    agent.conversation.clear()
    agent.memory.summaries.clear()
