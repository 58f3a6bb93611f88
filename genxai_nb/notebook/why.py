"""``%genxai why NODE``: why a node ran, ran again, did not run, failed, or is stale."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from genxai_nb.errors import GenXAIError, RunError, UnknownName
from genxai_nb.graph.build import Graph
from genxai_nb.graph.definition import START
from genxai_nb.graph.draw.lettering import one_line
from genxai_nb.graph.fold import fold
from genxai_nb.journal import open_store
from genxai_nb.journal.events import LoopLimitReached, NodeFailed, NodeFinished, NodeStarted, RunRebased

from .display import show_text
from .editing import difference
from .stand import glance, standing_place
from .taken import taken
from .versions import version_of_node

if TYPE_CHECKING:
    from genxai_nb.graph.definition import Edge
    from genxai_nb.journal.events import Event

    from .session import Session, Started
    from .verb import Request

MOST = 8  # visits told of, the latest ones


def why(session: Session, request: Request) -> None:
    """Say why a node ran or did not; without a node, show the whole traceback of the last error.

    Raises:
        UnknownName: The run's graph has no such node.
        RunError: No error has come up.
    """
    if not request.name:
        show_text(_last_traceback(session))
        return
    started = taken(session, request)
    graph = started.run.graph
    if not isinstance(graph, Graph):
        raise RunError(f"The graph of run {started.run.run_id} is not here.", hint="%genxai runs")
    if request.name not in graph.all_nodes():
        raise UnknownName("node", request.name, graph.all_nodes())
    show_text("\n".join(Reasons(started, graph, request.name).lines()))


def _last_traceback(session: Session) -> str:
    latest = session.latest
    future = latest.future if latest else None
    error: BaseException | None = None
    if future is not None and future.done() and not future.cancelled():
        error = future.exception()
    error = error or getattr(sys, "last_value", None)
    if error is None:
        raise RunError("No error has come up.", hint="%genxai why NODE tells why a node ran or did not.")
    return "".join(traceback.format_exception(error)).rstrip()


class Reasons:
    """Finds out why a node of a run ran or did not.

    Args:
        started: The run.
        graph: Its graph.
        node: The node.
    """

    def __init__(self, started: Started, graph: Graph, node: str) -> None:
        self._started = started
        self._graph = graph
        self._node = node
        self._events: Sequence[Event] = started.run.events()
        self._edges = [edge for edge in graph.edges if edge.target == node]
        self._since = max((n for n, e in enumerate(self._events) if isinstance(e, RunRebased)), default=0)

    def lines(self) -> list[str]:
        """All that is known, a line each."""
        visits = [e for e in self._events if isinstance(e, NodeStarted) and e.node == self._node]
        lines = [f"{one_line(self._node)} " + (_times(len(visits)) if visits else "did not run.")]
        for event in visits[-MOST:]:
            lines += self._of_visit(event)
        lines += self._failures()
        lines += self._now() if self._node in self._graph.nodes else []
        return lines + self._stale(visits)

    def _of_visit(self, event: NodeStarted) -> list[str]:
        place = f"{event.path}, " if event.path else ""
        if event.path:
            return [f"  visit {event.visit}: {place}after {_parents(event)}"]
        again = "ran again" if event.visit > 1 else "ran"
        lines = [f"  visit {event.visit}: {again} after {_parents(event)}"]
        for name, number in event.parents:
            lines.extend(
                f"    {self._said(edge, name, number)}"
                for edge in self._edges
                if edge.source == name and self._took(name, number, edge)
            )
        return lines

    def _took(self, name: str, number: int, edge: Edge) -> bool:
        if name == START:
            return True
        ended = self._end_of(name, number)
        return ended is not None and edge.number in ended[1].edges

    def _end_of(self, name: str, number: int) -> tuple[int, NodeFinished] | None:
        for place, event in enumerate(self._events):
            if isinstance(event, NodeFinished) and (event.path, event.node, event.visit) == (
                "",
                name,
                number,
            ):
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
        if name == START:
            return fold(self._graph, self._events[:1]).started
        found = self._end_of(name, number)
        if found is None or found[0] < self._since:
            return {}
        place, ended = found
        try:
            schedule = fold(self._graph, self._events[:place]).schedule
            visit = schedule.running[schedule.plan.places[schedule.plan.index[name]]]
            if visit.items is not None:
                return fold(self._graph, self._events[: place + 1]).schedule.now()[0]
            return schedule.views.extend(visit.view, name, ended.update, ended.reduced)[0].data
        except (GenXAIError, KeyError):  # the graph is another one than the journal's
            return {}

    def _failures(self) -> list[str]:
        return [
            f"  visit {e.visit}, attempt {e.attempt}: failed, {one_line(e.error)}"
            + (" (tried again)" if e.retried else "")
            for e in self._events
            if isinstance(e, NodeFailed) and e.node == self._node
        ]

    def _now(self) -> list[str]:
        """Why it does not run at this moment: it stands before it, or its ways in were not taken."""
        run = self._started.run
        if not self._started.alive and run.status != "done" and run.position.node == self._node:
            return [f"  now: the run stands {standing_place(run)}"]
        return [f"  not {'again ' if self._has_run() else ''}over {line}" for line in self._not_taken()]

    def _has_run(self) -> bool:
        return any(isinstance(e, NodeStarted) and e.node == self._node for e in self._events)

    def _not_taken(self) -> list[str]:
        lines = []
        for edge in self._edges:
            last = self._last_end(edge.source)
            if edge.source == START:
                continue
            if last is None:
                lines.append(f"{edge.source} -> {edge.target}: {edge.source} has not run to its end")
            elif edge.number not in last.edges:
                spent = self._spent(edge, last)
                lines.append(
                    self._refused(edge, last) + (f"; its limit of {spent} is spent" if spent else "")
                )
        return lines

    def _refused(self, edge: Edge, last: NodeFinished) -> str:
        said = self._said(edge, last.node, last.visit)
        return f"{said} (after {last.node}, visit {last.visit})"

    def _last_end(self, source: str) -> NodeFinished | None:
        ends = (e for e in reversed(self._events) if isinstance(e, NodeFinished) and not e.path)
        return next((e for e in ends if e.node == source), None)

    def _spent(self, edge: Edge, last: NodeFinished) -> int | None:
        for event in self._events:
            if isinstance(event, LoopLimitReached) and (event.node, event.visit, event.target) == (
                last.node,
                last.visit,
                edge.target,
            ):
                return event.limit
        return None

    def _stale(self, visits: Sequence[NodeStarted]) -> list[str]:
        if not visits or self._node not in self._graph.nodes:
            return []
        used, now = visits[-1].version, version_of_node(self._graph, self._node)
        if not used or used == now:
            return []
        before = open_store(self._started.run.options.store).definition(used)
        try:
            after = self._graph.record_of(self._node)
        except GenXAIError as exc:
            return [f"  stale: its definition is gone; {exc.what}"]
        old = (before.spec or before.source) if before else ""
        head = f"  stale: its definition has changed since visit {visits[-1].visit}"
        return [head, *("  " + row for row in difference(old, after.spec or after.source))]


def _parents(event: NodeStarted) -> str:
    return ", ".join(name if name == START else f"{name}, visit {number}" for name, number in event.parents)


def _times(count: int) -> str:
    return "ran once." if count == 1 else f"ran {count} times."
