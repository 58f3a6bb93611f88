"""What stands in for a result that is not there yet."""

from __future__ import annotations

from typing import Any

from genxai_nb.errors import RunError
from genxai_nb.graph.result import Result
from genxai_nb.graph.run import Run


class Pending:
    """The result of a run that has not ended; once it has, this reads as the result.

    Example:
        >>> result = Pending(run)                      # doctest: +SKIP
        >>> result.state                               # doctest: +SKIP
        RunError: Run r7 of review has no result yet: it is running. %genxai wait joins it.
    """

    __slots__ = ("_run",)

    def __init__(self, run: Run) -> None:
        self._run = run

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._result(), name)

    def __repr__(self) -> str:
        return repr(self._run.result()) if self._run.status == "done" else self._sentence()

    def _result(self) -> Result:
        if self._run.status != "done":
            raise RunError(self._sentence(), hint=self._hint(), run_id=self._run.run_id)
        return self._run.result()

    def _sentence(self) -> str:
        name = self._run.graph.name if self._run.graph else ""
        return f"Run {self._run.run_id} of {name} has no result: it is {self._run.status}."

    def _hint(self) -> str:
        if self._run.status == "running":
            return "%genxai wait joins it."
        return f"%genxai resume {self._run.run_id} goes on."
