"""Which definitions have changed since a run used them."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from genxai_nb.errors import GenXAIError
from genxai_nb.graph.versions import in_force
from genxai_nb.journal.events import RunRebased, RunStarted
from genxai_nb.journal.summary import summarize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from genxai_nb.graph.build import Graph
    from genxai_nb.graph.run import Run

    from .session import Session


def stale_nodes(session: Session, graph: Graph) -> list[str]:
    """The nodes whose definitions are not those that the graph's last run here has used."""
    run = last_run(session, graph)
    if run is None:
        return []
    used = in_force(run.events()).definitions
    return [node for node in graph.nodes if node in used and version_of_node(graph, node) != used[node]]


def last_run(session: Session, graph: Graph) -> Run | None:
    """The last run of a graph in this notebook, of this or an earlier definition of it."""
    runs = [item.run for item in session.started.values()]
    return next((run for run in reversed(runs) if run.graph and run.graph.name == graph.name), None)


def lines_changed(before: str, after: str) -> int:
    """Count the lines that differ between two texts."""
    old, new = before.splitlines(), after.splitlines()
    steps = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return sum(max(a2 - a1, b2 - b1) for tag, a1, a2, b1, b2 in steps if tag != "equal")


def consequences(session: Session, name: str) -> Iterator[str]:
    """What a changed definition means for each graph that uses it, or for its last run, one clause each."""
    for graph in session.notebook.only("graph").values():
        model = graph.schema.model
        if model is not None and model.__name__ == name and model is not session.schemas.get(name):
            yield f"graph {graph.name} keeps the earlier one until its cell is run again"
            continue
        uses = name in {graph.name, *graph.nodes, *(node.what for node in graph.nodes.values())}
        run = last_run(session, graph) if uses else None
        if run is None:
            continue
        if run.status == "done":
            yield f"the result of {run.run_id} is stale"
        elif structure_of(run) != graph.structure:
            yield f"run {run.run_id} began with other nodes or edges: %genxai continue --rebase"
        else:
            yield f"run {run.run_id} will use it from step {summarize(run.events()).steps + 1}"


def structure_of(run: Run) -> str:
    """The structure of the graph that a run goes on in."""
    return next(e.structure for e in reversed(run.events()) if isinstance(e, RunStarted | RunRebased))


def version_of_node(graph: Graph, node: str) -> str:
    """The version of a node's definition as it is now; empty if that is gone."""
    try:
        return graph.definition_of(node).version
    except GenXAIError:
        return ""
