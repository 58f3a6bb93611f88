"""The lines of a run's history: its heads, and the runs that were forked from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from genxai_nb.graph.draw.figures import counted
from genxai_nb.journal.events import NodeFinished
from genxai_nb.journal.summary import STATUS_AFTER

if TYPE_CHECKING:
    from genxai_nb.graph.run import Run
    from genxai_nb.journal.store import HeadRow, Store

__all__ = ["Tree", "store_of"]

_ICONS = {"ready": "idle", "running": "paused", "cancelled": "paused"}
_MOST = 20


def store_of(run: Run) -> Store:
    """Where a run is kept."""
    return run._store


class Tree:
    """Reads a run's heads; what was read of a head is kept for as long as it does not grow.

    Args:
        run: The run.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._store = store_of(run)
        self._read: dict[tuple[str, int], tuple[int, int, str]] = {}

    def rows(self) -> list[dict[str, Any]]:
        """A row for each head, oldest first, with the step at which it left the one before it."""
        run = self._run
        heads = run.heads()[-_MOST:]
        rows = [self._row(head) for head in heads]
        current = next(head.name for head in heads if head.current)
        for other in self._store.runs():
            if other.parent == run.run_id:
                made = self._store.heads(other.run)[0]
                steps, since, _ = self._of(made)
                rows.append(
                    {
                        "id": other.run,
                        "name": other.run,
                        "parent": made.parent or current,
                        "from": since,
                        "steps": max(steps, since),
                        "status": _ICONS.get(other.status, other.status),
                        "words": f"forked at step {since} · {counted(other.steps, 'step')}",
                        "here": False,
                    }
                )
        return rows[:_MOST]

    def _row(self, head: HeadRow) -> dict[str, Any]:
        steps, since, status = self._of(head)
        status = self._run.status if head.current else status
        words = "you are here" if head.current else f"left at step {steps}"
        return {
            "id": head.name,
            "name": self._run.run_id if head.current else head.name,
            "parent": head.parent,
            "from": since,
            "steps": steps,
            "status": _ICONS.get(status, status) if status != "running" or not head.current else "running",
            "words": words,
            "here": head.current,
        }

    def _of(self, head: HeadRow) -> tuple[int, int, str]:
        """Steps of a head, the step at which it began, its status."""
        key = head.name, head.events
        if key not in self._read:
            steps = since = 0
            status = "ready"
            for place, event in enumerate(self._store.read(head.run, head.name)):
                steps += type(event) is NodeFinished
                since = steps if place < head.upto else since
                status = STATUS_AFTER.get(type(event), status)
            self._read[key] = steps, since, status
        return self._read[key]
