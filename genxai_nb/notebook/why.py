"""``%genxai why NODE``: why a node ran, ran again, did not run, failed, or is stale."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from typing import TYPE_CHECKING

from genxai_nb.errors import GenXAIError, RunCancelled, RunError, UnknownName
from genxai_nb.graph.build import Graph
from genxai_nb.graph.draw.lettering import one_line
from genxai_nb.journal import open_store
from genxai_nb.journal.events import NodeFailed, NodeFinished, NodeStarted

from .display import show_text
from .editing import difference
from .stand import standing_place
from .taken import taken
from .versions import version_of_node
from .ways import Part, graph_at

if TYPE_CHECKING:
    from genxai_nb.journal.events import Event

    from .session import Session, Started
    from .verb import Request

MOST = 8  # visits told of, the latest ones; and items of a map, the first ones


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
    if isinstance(error, RunCancelled):  # nothing in the notebook has raised it
        return str(error)
    return "".join(traceback.format_exception(error)).rstrip()


class Reasons:
    """Finds out why a node of a run ran or did not.

    Args:
        started: The run.
        graph: Its graph.
        node: The node, also one of a subgraph.
    """

    def __init__(self, started: Started, graph: Graph, node: str) -> None:
        self._started = started
        self._graph = graph
        self._node = node
        self._events: Sequence[Event] = started.run.events()
        self._parts: dict[str, Part | None] = {}

    def lines(self) -> list[str]:
        """All that is known, a line each."""
        visits = [e for e in self._events if isinstance(e, NodeStarted) and e.node == self._node]
        lines = [f"{one_line(self._node)} " + (_times(len(visits)) if visits else "did not run.")]
        for event in visits[-MOST:]:
            part = self._part(event.path)
            lines += part.of_visit(event) if part is not None else []
        lines += self._failures()
        return lines + self._now(visits) + self._stale(visits)

    def _part(self, path: str) -> Part | None:
        """The graph at a path of the run, if it is there now and has the node."""
        if path not in self._parts:
            graph = graph_at(self._graph, path)
            has = graph is not None and self._node in graph.nodes
            made = Part(self._started.run, graph, path, self._node, self._events) if graph and has else None
            self._parts[path] = made
        return self._parts[path]

    def _failures(self) -> list[str]:
        """What failed, a line each; items of a map that failed alike share one."""
        alike: dict[tuple[int, int, str, bool], list[int]] = {}
        for e in self._events:
            if isinstance(e, NodeFailed) and e.node == self._node:
                items = alike.setdefault((e.visit, e.attempt, one_line(e.error), e.retried), [])
                items += [] if e.index is None else [e.index + 1]
        return [
            f"  visit {visit}{_items(items)}, attempt {attempt}: failed, {error}"
            + (" (tried again)" if retried else "")
            for (visit, attempt, error, retried), items in alike.items()
        ]

    def _now(self, visits: Sequence[NodeStarted]) -> list[str]:
        """Why it does not run at this moment: it stands before it, or its ways in were not taken."""
        run = self._started.run
        if not self._started.alive and run.status != "done" and run.position.node == self._node:
            return [f"  now: the run stands {standing_place(run)}"]
        paths = {event.path for event in self._events if isinstance(event, NodeFinished)} | {""}
        last = [visit.path for visit in visits[-1:]] or [path for path in sorted(paths) if self._part(path)][
            -1:
        ]
        return [
            f"  not {'again ' if visits else ''}over {line}"
            for path in last
            if (part := self._part(path)) is not None
            for line in part.not_taken()
        ]

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


def _items(numbers: Sequence[int]) -> str:
    if not numbers:
        return ""
    more = f" and {len(numbers) - MOST} more" if len(numbers) > MOST else ""
    return f", item{'s' if len(numbers) > 1 else ''} {', '.join(map(str, sorted(numbers)[:MOST]))}{more}"


def _times(count: int) -> str:
    return "ran once." if count == 1 else f"ran {count} times."
