"""The ways into a node within one graph of a run, with what their conditions saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from genxai_nb.errors import GenXAIError
from genxai_nb.graph.build import Graph
from genxai_nb.graph.definition import START
from genxai_nb.graph.draw.lettering import one_line
from genxai_nb.graph.pace import nodes_of
from genxai_nb.journal.events import LoopLimitReached, NodeFinished, NodeStarted, RunRebased

from .stand import glance

if TYPE_CHECKING:
    from genxai_nb.graph.definition import Edge
    from genxai_nb.graph.fold import Folded
    from genxai_nb.graph.run import Run
    from genxai_nb.journal.events import Event

__all__ = ["Part", "graph_at"]


def graph_at(graph: Graph, path: str) -> Graph | None:
    """The graph in which the visits at a path of a run lie, as it is now; None if there is none any more."""
    for node in nodes_of(path):
        if node not in graph.nodes:
            return None
        try:
            inner = graph.definition_of(node).definition
        except GenXAIError:
            return None
        if not isinstance(inner, Graph):
            return None
        graph = inner
    return graph


class Part:
    """One graph of a run: the whole one, or a subgraph during one visit.

    Args:
        run: The run.
        graph: The graph.
        path: The visits of subgraphs around it; empty at the top.
        node: The node that is asked about.
        events: The run's facts.
    """

    def __init__(self, run: Run, graph: Graph, path: str, node: str, events: Sequence[Event]) -> None:
        self._run = run
        self._graph = graph
        self._path = path
        self._events = events
        self._edges = [edge for edge in graph.arrows if edge.target == node]
        self._since = max((n for n, e in enumerate(events) if isinstance(e, RunRebased)), default=0)

    def of_visit(self, event: NodeStarted) -> list[str]:
        """Why a visit began: after which others, over which edges."""
        again = "ran again" if event.visit > 1 else "ran"
        where = f" in {one_line(self._path)}" if self._path else ""
        lines = [f"  visit {event.visit}{where}: {again} after {_parents(event)}"]
        for name, number in event.parents:
            lines.extend(
                f"    {self._said(edge, name, number)}"
                for edge in self._edges
                if edge.source == name and self._took(name, number, edge)
            )
        return lines

    def not_taken(self) -> list[str]:
        """The ways in that were not taken when it was last decided about them, and why."""
        lines = []
        for edge in self._edges:
            last = self._last_end(edge.source)
            if edge.source == START:
                continue
            if last is None:
                lines.append(f"{edge.source} -> {edge.target}: {edge.source} has not run to its end")
            elif edge.number not in last.edges:
                spent = self._spent(edge, last)
                said = f"{self._said(edge, last.node, last.visit)} (after {last.node}, visit {last.visit})"
                lines.append(said + (f"; its limit of {spent} is spent" if spent else ""))
        return lines

    def _took(self, name: str, number: int, edge: Edge) -> bool:
        if name == START:
            return True
        ended = self._end_of(name, number)
        return ended is not None and edge.number in ended[1].edges

    def _end_of(self, name: str, number: int) -> tuple[int, NodeFinished] | None:
        sought = self._path, name, number
        for place, event in enumerate(self._events):
            if isinstance(event, NodeFinished) and (event.path, event.node, event.visit) == sought:
                return place, event
        return None

    def _said(self, edge: Edge, name: str, number: int) -> str:
        """An edge with the values that its condition named when it was decided."""
        clause = one_line(f"{edge.source} -> {edge.target}{edge.clause()}")
        names = set(edge.names)
        if edge.otherwise:
            names = {n for other in self._graph.edges if other.source == edge.source for n in other.names}
        data = self._seen_after(name, number) if names else {}
        values = ", ".join(
            f"{key} = {glance(data[key])}" if key in data else f"{key} is absent" for key in sorted(names)
        )
        return f"{clause}: {values}" if values else clause

    def _seen_after(self, name: str, number: int) -> Mapping[str, Any]:
        """What the conditions behind a visit saw: its view with its own update."""
        try:
            if name == START:
                begun = next(n for n, e in enumerate(self._events) if getattr(e, "path", "") == self._path)
                return self._folded(begun + 1).started
            found = self._end_of(name, number)
            if found is None or found[0] < self._since:
                return {}
            place, ended = found
            schedule = self._folded(place).schedule
            visit = schedule.running[schedule.plan.places[schedule.plan.index[name]]]
            if visit.items is not None:
                return self._folded(place + 1).schedule.now()[0]
            return schedule.views.extend(visit.view, name, ended.update, ended.reduced)[0].data
        except (GenXAIError, KeyError):  # the graph is another one than the journal's
            return {}

    def _folded(self, cut: int) -> Folded:
        folded = self._run.folded(cut).at(self._path)
        if folded is None:
            raise KeyError(self._path)
        return folded.copy()

    def _last_end(self, source: str) -> NodeFinished | None:
        ends = (e for e in reversed(self._events) if isinstance(e, NodeFinished) and e.path == self._path)
        return next((e for e in ends if e.node == source), None)

    def _spent(self, edge: Edge, last: NodeFinished) -> int | None:
        sought = self._path, last.node, last.visit, edge.target
        for event in self._events:
            if (
                isinstance(event, LoopLimitReached)
                and (event.path, event.node, event.visit, event.target) == sought
            ):
                return event.limit
        return None


def _parents(event: NodeStarted) -> str:
    return ", ".join(name if name == START else f"{name}, visit {number}" for name, number in event.parents)
