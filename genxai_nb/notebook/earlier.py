"""Runs of the store that this notebook did not start: their graphs, and the cells they need."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from genxai_nb.agents.answer import PROMPT
from genxai_nb.errors import DefinitionError
from genxai_nb.graph.build import Graph
from genxai_nb.journal import open_store
from genxai_nb.journal.events import RunStarted
from genxai_nb.journal.opening import find_store
from genxai_nb.journal.store import Definition, RunRow

from .display import show_text

if TYPE_CHECKING:
    from genxai_nb.agents.agent import Agent
    from genxai_nb.graph.run import Run

    from .session import Session

RUNS = 20  # that are looked through for a definition


def graph_of(session: Session, run: Run) -> Graph | None:
    """The graph of a run as this notebook defines it; None if it does not."""
    if isinstance(run.graph, Graph):
        return run.graph
    graph = session.notebook.only("graph").get(_started(run).graph)
    if isinstance(graph, Graph):
        return graph
    agent = agent_asked(session, run)
    return None if agent is None else agent.as_graph()


def agent_asked(session: Session, run: Run) -> Agent | None:
    """The agent that a run was a question to, as this notebook defines it; None if it was none."""
    started = _started(run)
    asked = set(started.definitions) == {started.graph} and PROMPT in started.input
    if not asked or started.graph not in session.notebook.only("agent"):
        return None
    return session.agent(started.graph)


def require_graph(session: Session, run: Run, verb: str = "resume") -> Graph:
    """The graph of a run.

    Args:
        session: The notebook.
        run: The run.
        verb: What needs it, to be typed again once the cells have been run.

    Raises:
        DefinitionError: Its cells have not been run in this notebook; names them and shows what is known.
    """
    graph = graph_of(session, run)
    if graph is not None:
        return graph
    started = _started(run)
    kinds = session.notebook.kinds()
    absent = [item for item in _definitions(started) if item.name not in kinds]
    for item in absent:
        if item.spec or item.source:
            show_text(f"{item.kind} {item.name}, as it was in run {run.run_id}:\n{item.spec or item.source}")
    cells = ", ".join(f"{item.kind} {item.name}" for item in absent)
    what = f"graph {started.graph}" + (f" ({cells})" if cells else "")
    raise DefinitionError(
        f"Run {run.run_id} needs its definitions, which this notebook has not run yet: {what}.",
        hint=f"Run their cells, or %genxai restore, then: %genxai {verb} {run.run_id}",
    )


def used_by_runs(*kinds: str) -> Iterator[tuple[RunRow, Definition]]:
    """What the latest runs of the store began with, newest first: the definitions of some kinds."""
    store = find_store()
    for row in store.runs()[:RUNS]:
        first = next(store.read(row.run), None)
        if isinstance(first, RunStarted):
            for version in first.definitions.values():
                found = store.definition(version)
                if found is not None and found.kind in kinds:
                    yield row, found


def _started(run: Run) -> RunStarted:
    first = next(iter(run.events()))
    if not isinstance(first, RunStarted):
        raise DefinitionError(f"Run {run.run_id} has no beginning in its store.")
    return first


def _definitions(started: RunStarted) -> Iterator[Definition]:
    store = open_store(None)
    for node, version in started.definitions.items():
        found: Any = store.definition(version)
        yield found or Definition(hash=version, kind="node", name=node)
