"""What stands in for a result that is not there yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from genxai_nb.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Callable

    from genxai_nb.graph.run import Run


class Pending:
    """The result of a run that has not ended; once it has, this reads as the result.

    Args:
        run: The run.
        alive: Tells whether it is being driven.

    Example:
        >>> from genxai_nb.graph.build import Graph
        >>> run = Graph("g").node("a", lambda state: {"n": 1}).edge("START", "a").start(store=":memory:")
        >>> Pending(run, lambda: True)
        Run r1 of g has no result: its status is running.
    """

    __slots__ = ("_alive", "_run")

    def __init__(self, run: Run, alive: Callable[[], bool]) -> None:
        self._run = run
        self._alive = alive

    @property
    def run_id(self) -> str:
        """The run's id, which is there before its result is."""
        return self._run.run_id

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if self._status() != "done":
            raise RunError(self._sentence(), hint=self._hint(), run_id=self._run.run_id)
        return getattr(self._run.result(), name)

    def __repr__(self) -> str:
        return repr(self._run.result()) if self._status() == "done" else self._sentence()

    def _status(self) -> str:
        return "running" if self._alive() else self._run.status

    def _sentence(self) -> str:
        name = self._run.graph.name if self._run.graph else ""
        return f"Run {self._run.run_id} of {name} has no result: its status is {self._status()}."

    def _hint(self) -> str:
        if self._status() == "running":
            return "%genxai wait joins it."
        return f"%genxai resume {self._run.run_id} goes on."
