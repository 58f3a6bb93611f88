"""The lines of a run's history: its heads, and the runs that were forked from it."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from genxai_nb.journal.events import NodeFinished
from genxai_nb.journal.summary import STATUS_AFTER

if TYPE_CHECKING:
    from genxai_nb.graph.run import Run
    from genxai_nb.journal.store import HeadRow, RunRow, Store

__all__ = ["Tree", "store_of"]

_ICONS = {"ready": "idle", "cancelled": "paused"}
_MOST = 20


def store_of(run: Run) -> Store:
    """Where a run is kept."""
    return run._store


class Tree:
    """Reads a run's heads. What was read of one is kept, because histories are long.

    Args:
        run: The run.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._store = store_of(run)
        self._since: dict[str, int] = {}
        self._left: dict[tuple[str, int], tuple[int, str]] = {}

    def rows(self, steps: int) -> list[dict[str, Any]]:
        """A row for each head and each fork, oldest first, with the step at which it left the one before it.

        Args:
            steps: How many visits of the run have ended.
        """
        heads = self._run.heads()[-_MOST:]
        rows = [self._row(head, steps) for head in heads]
        current = next(head.name for head in heads if head.current)
        forks = [other for other in self._store.runs() if other.parent == self._run.run_id]
        rows += [self._fork(other, current) for other in reversed(forks)]
        return rows[:_MOST]

    def _row(self, head: HeadRow, steps: int) -> dict[str, Any]:
        status = self._run.status
        if head.current:
            self._left[head.name, head.events] = steps, status
            if not head.events and head.parent:
                self._since.setdefault(head.name, steps)
        else:
            steps, status = self._end_of(head)
        return {
            "id": head.name,
            "name": self._run.run_id if head.current else head.name,
            "parent": head.parent,
            "from": self._beginning_of(head),
            "steps": steps,
            "status": _ICONS.get(status, status),
            "words": "you are here" if head.current else f"left at step {steps}",
            "here": head.current,
        }

    def _fork(self, other: RunRow, current: str) -> dict[str, Any]:
        made = self._store.heads(other.run)[0]
        since = self._beginning_of(made)
        return {
            "id": other.run,
            "name": other.run,
            "parent": made.parent or current,
            "from": since,
            "steps": max(other.steps, since),
            "status": _ICONS.get(other.status, other.status),
            "words": f"forked at step {since}, now at {other.steps}",
            "here": False,
        }

    def _beginning_of(self, head: HeadRow) -> int:
        """The step at which a head begins."""
        if head.name not in self._since:
            events = islice(self._store.read(head.run, head.name), head.upto)
            self._since[head.name] = sum(type(event) is NodeFinished for event in events)
        return self._since[head.name]

    def _end_of(self, head: HeadRow) -> tuple[int, str]:
        """How many steps a head came to, and its status there."""
        key = head.name, head.events
        if key not in self._left:
            steps, status = 0, "ready"
            for event in self._store.read(head.run, head.name):
                steps += type(event) is NodeFinished
                status = STATUS_AFTER.get(type(event), status)
            self._left[key] = steps, status
        return self._left[key]
