"""What a run came to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from genxai_nb.journal.cost import Cost, cost_of
from genxai_nb.journal.events import CallFinished, CallStarted, Event, LoopLimitReached
from genxai_nb.messages import ModelReply, Usage

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["Result"]


class Result:
    """The end of a run, or where it stands.

    Attributes:
        run_id: The run, such as ``r7``.
        status: ``done``, ``paused``, ``failed`` or ``cancelled``.
        state: The final state: a dict, or an instance of the graph's schema.

    Example:
        >>> from genxai_nb.graph.build import Graph
        >>> graph = Graph("double")
        >>> graph.node("twice", lambda state: {"n": state["n"] * 2}).edge("START", "twice")
        Graph('double': 1 node, 1 edge)
        >>> graph.run({"n": 21}, store=":memory:").state
        {'n': 42}
    """

    __slots__ = ("_read", "run_id", "state", "status")

    def __init__(self, run_id: str, status: str, state: Any, read: Callable[[], Iterable[Event]]) -> None:
        self.run_id = run_id
        self.status = status
        self.state = state
        self._read = read

    @property
    def usage(self) -> Usage:
        """Tokens of all model calls of the run."""
        models = set()
        total = Usage()
        for event in self._read():
            if type(event) is CallStarted and event.kind == "model":
                models.add(event.slot)
            elif type(event) is CallFinished and event.slot in models:
                total += usage_of(event.reply)
        return total

    @property
    def cost(self) -> float | None:
        """Money spent in US dollars; None if the price of a model call is not known."""
        return sum((cost_of(event) for event in self._read() if type(event) is CallFinished), Cost()).total

    @property
    def limits(self) -> list[LoopLimitReached]:
        """The loop limits that were reached."""
        return [event for event in self._read() if type(event) is LoopLimitReached]

    def timeline(self) -> DataFrame:
        """The run's visits, map instances and calls; see `genxai_nb.journal.frames.timeline` for the columns.

        Raises:
            MissingPackage: pandas is not installed.
        """
        from genxai_nb.journal.frames import timeline

        return timeline(list(self._read()))

    def __repr__(self) -> str:
        return f"Result({self.run_id}, {self.status}, state={self.state!r:.200})"


def usage_of(reply: Any) -> Usage:
    """The usage of a model's reply, as it is in memory or as it was read back."""
    if isinstance(reply, ModelReply):
        return reply.usage
    found = reply.get("usage", {}) if isinstance(reply, dict) else {}
    return Usage(**found)
