"""A chat's desk for tests, without a notebook around it, and a model that waits to be told to go on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from genxai_nb import Agent
from genxai_nb.agents.answer import question
from genxai_nb.messages import ModelReply, TextDelta, assistant
from genxai_nb.notebook.cell import Cell
from genxai_nb.notebook.chats.conversation import Chat, Turn
from genxai_nb.notebook.chats.desk import ChatDesk
from genxai_nb.notebook.session import Started
from genxai_nb.notebook.taken import answer_of
from genxai_nb.providers.scripted import Scripted


class Halting(Scripted):
    """Says the first half, then waits until it is let go on."""

    def __init__(self, first: str, rest: str, *, name: str = "halting") -> None:
        super().__init__([], name=name)
        self._first, self._rest = first, rest
        self.began = threading.Event()
        self._open = False
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def stream(self, request: Any) -> Any:
        self.requests.append(request)
        if self._first:
            yield TextDelta(self._first)
        self.began.set()
        if not self._open:
            gate = asyncio.Event()
            self._waiting.append((asyncio.get_running_loop(), gate))
            await gate.wait()
        yield TextDelta(self._rest)
        yield ModelReply(message=assistant(self._first + self._rest))

    def go_on(self) -> None:
        """Let it say the rest, now and from now on."""
        self._open = True
        for loop, gate in self._waiting:
            loop.call_soon_threadsafe(gate.set)


class Talking:
    """A chat with an agent whose desk is open; what it shows is kept, so that a test can wait for a change."""

    def __init__(self, agent: Agent, hint: str = "") -> None:
        self.agents = [agent]
        self.chat = Chat(agent.name, lambda: self.agents[-1])
        self.shown: dict[str, Any] = {}
        self.rested: list[str] = []
        self._changed = threading.Condition()
        self._numbers = iter(range(1, 1000))
        self.desk = ChatDesk(self.chat, self._put, say=self._say, rested=self._rest, hint=hint)
        self.desk.open()

    def _say(self, text: str) -> Turn:
        agent = self.chat.agent
        run = question(agent, text, chat=self.chat.runs)
        run.options = replace(run.options, interactive=True)
        return self.chat.took(Started(run, Cell("", 1, ""), None, "result", answer_of(agent)))

    def _rest(self, turn: Turn) -> None:
        started = turn.started
        if started is not None and started.run.status == "done" and started.read is not None:
            started.value = started.read(started.run, started.run.result())
        with self._changed:
            self.rested.append(f"{turn.run} {turn.status}")
            self._changed.notify_all()

    def _put(self, new: dict[str, Any]) -> None:
        with self._changed:
            self.shown |= new
            self._changed.notify_all()

    def press(self, what: str, **more: Any) -> None:
        """Press a button."""
        self.desk.press({"view": "v", "id": next(self._numbers), "stands": 0, "do": what, **more})

    def wait(self, holds: Callable[[dict[str, Any]], Any], timeout: float = 10.0) -> Any:
        """Wait until what is shown is so, and give what made it so."""
        with self._changed:
            assert self._changed.wait_for(lambda: holds(self.shown), timeout), self.shown
            return holds(self.shown)

    def say(self, text: str) -> dict[str, Any]:
        """Say something and wait until the turn has come to rest; gives the turn as it is shown."""
        self.press("say", text=text)
        self.wait(lambda shown: shown["last"].get("prompt") == text)
        return self.end()

    def end(self) -> dict[str, Any]:
        """Wait until the last turn has come to rest and it was told; gives it as it is shown."""
        run = self.wait(lambda shown: shown["run"]["can"]["say"] and shown["last"]["run"])
        self.wait(
            lambda _: any(told.startswith(run) and not told.endswith("running") for told in self.rested)
        )
        last: dict[str, Any] = self.shown["last"]
        return last
