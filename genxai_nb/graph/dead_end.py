"""The error of a run whose last token stopped, told with the conditions and their values."""

from __future__ import annotations

from genxai_nb.errors import NoWayOn

from .schedule import Schedule

__all__ = ["no_way_on"]


def no_way_on(schedule: Schedule, run_id: str) -> NoWayOn:
    """Make the error."""
    edges = [edge for offered in schedule.stopped.values() for edge in offered]
    values = schedule.now()[0]
    tried = [f"{edge.source} -> {edge.target}{edge.clause()}" for edge in edges]
    shown = [
        f"{key} = {values.get(key)!r:.80}" for key in sorted({key for edge in edges for key in edge.names})
    ]
    where = ", ".join(map(repr, schedule.stopped))
    failed = all(edge.error for edge in edges)
    return NoWayOn(
        f"The run stopped at {where}: no edge was taken ({'; '.join([*tried, *([', '.join(shown)] if shown else [])])}).",
        hint="Raise the graph's limit, or mend what fails."
        if failed
        else 'Add an "else" edge, or mend the conditions.',
        run_id=run_id,
    )
