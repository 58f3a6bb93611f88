"""``%genxai diff A B``: two runs, or two lines of a run's history, beside each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from genxai_nb.errors import GenXAIError, RunError
from genxai_nb.graph.build import Graph
from genxai_nb.graph.fold import fold
from genxai_nb.graph.run import Run
from genxai_nb.journal import open_store
from genxai_nb.journal.compare import Differences, compare

from .earlier import graph_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from genxai_nb.journal.events import Event

    from .session import Session
    from .verb import Request


def show_differences(session: Session, request: Request) -> Differences:
    """Compare two runs or heads; one alone is compared with the latest run, none with the head before.

    Raises:
        RunNotFound: There is no such run or head.
        RunError: There is nothing to compare with.
    """
    names = request.name.split()
    if len(names) > 2:
        raise RunError(f"{len(names)} runs are named.", hint="%genxai diff A B")
    if len(names) < 2:
        latest = session.run()
        names = [*(names or [_before(latest)]), latest.run_id]
    sides = [_side(session, name) for name in names]
    states = [_state(session, run, events) for run, events in sides]
    both = (states[0], states[1]) if states[0] is not None and states[1] is not None else None
    return compare(sides[0][1], sides[1][1], names=(names[0], names[1]), states=both)


def _before(run: Run) -> str:
    heads = run.heads()
    current = next(head for head in heads if head.current)
    if current.parent is None:
        raise RunError(
            f"Run {run.run_id} has one line of history only.",
            hint="%genxai diff A B compares two runs.",
            run_id=run.run_id,
        )
    return current.parent


def _side(session: Session, name: str) -> tuple[Run, Sequence[Event]]:
    run_id, dot, _ = name.partition(".")
    run = session.run(run_id)
    events = open_store(run.options.store).read(run_id, name) if dot else run.events()
    return run, list(events)


def _state(session: Session, run: Run, events: Sequence[Event]) -> dict[str, Any] | None:
    """The state at the end of a history; None if its graph is not here."""
    graph = run.graph if isinstance(run.graph, Graph) else graph_of(session, run)
    try:
        return None if graph is None else fold(graph, events).schedule.now()[0]
    except GenXAIError:  # it was run in another graph of that name
        return None
