"""``%genxai break``: where runs stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genxai_nb.errors import RunError, UnknownName
from genxai_nb.graph.build import Graph
from genxai_nb.graph.conditions import condition_over

from .display import show_text
from .people import is_interactive
from .places import Stop

if TYPE_CHECKING:
    from genxai_nb.graph.run import Run
    from genxai_nb.graph.workflow import Workflow

    from .session import Session, Started
    from .verb import Request


def set_break(session: Session, request: Request) -> None:
    """Set a breakpoint, list them, or clear one or all.

    Raises:
        UnknownName: There is no such node or key, or no breakpoint of that number.
        LineInvalid: The condition is no expression.
        RunError: No run and no graph has such a node.
    """
    started = session.started.get(session.run(request.text("run")).run_id) if session.latest else None
    name = request.name
    graph = _graph(session, started, name if not request.has("clear") else "")
    if request.has("clear"):
        _clear(session, graph.name, started, name)
    elif name:
        _add(session, graph, started, Stop(name, request.text("when") or None, request.has("after")))
    show_text(_listed(session, graph.name))


def arm(session: Session, request: Request, started: Started) -> None:
    """Give a new run the breakpoints of its graph, unless nobody is there to go on from them."""
    run = started.run
    stops = session.stops.get(run.graph.name, []) if run.graph else []
    started.stops = request.has("breaks") or is_interactive(session, request)
    if started.stops:
        set_stops(run, stops)


def set_stops(run: Run, stops: list[Stop]) -> None:
    """Give a run breakpoints; those whose node its graph has no more are left out."""
    known = run.graph.all_nodes() if run.graph else []
    for stop in stops:
        if stop.node in known:
            run.break_at(stop.node, stop.when, after=stop.after)


def _add(session: Session, graph: Workflow, started: Started | None, stop: Stop) -> None:
    if stop.when:
        condition_over(graph, stop.when)
    stops = session.stops.setdefault(graph.name, [])
    if stop in stops:
        return
    if started is not None and started.run.graph and started.run.graph.name == graph.name:
        _fit(started.run, stop)
    stops.append(stop)


def _fit(run: Run, stop: Stop) -> None:
    if run.status != "done":
        run.break_at(stop.node, stop.when, after=stop.after)


def _clear(session: Session, graph: str, started: Started | None, number: str) -> None:
    stops = session.stops.get(graph, [])
    if number and not (number.isdigit() and 0 < int(number) <= len(stops)):
        raise UnknownName("breakpoint", number, [str(n) for n in range(1, len(stops) + 1)])
    gone = [stops[int(number) - 1]] if number else list(stops)
    for stop in gone:
        stops.remove(stop)
        for point in started.run.breakpoints if started else []:
            when = point.when.text if point.when else None
            if Stop(point.node, when, point.after) == stop and started:
                started.run.clear_break(point.id)


def _graph(session: Session, started: Started | None, node: str) -> Workflow:
    """The graph that is meant: that of the run, if it has the node, else the one graph that has it."""
    graph = started.run.graph if started else None
    if graph is not None and (not node or node in graph.all_nodes()):
        return graph
    graphs = [g for g in session.notebook.only("graph").values() if isinstance(g, Graph)]
    having = [g for g in graphs if not node or node in g.all_nodes()]
    if len(having) == 1:
        return having[0]
    if having:
        raise RunError(
            f"Several graphs have {node!r}: {', '.join(graph.name for graph in having)}."
            if node
            else "Several graphs are defined.",
            hint="Begin a run of the one that is meant: %genxai debug GRAPH",
        )
    if node and (graphs or graph is not None):
        raise UnknownName("node", node, [n for g in ([graph] if graph else graphs) for n in g.all_nodes()])
    raise RunError("There is no graph yet.", hint="%%genxai graph NAME")


def _listed(session: Session, graph: str) -> str:
    stops = session.stops.get(graph, [])
    if not stops:
        return f"{graph} has no breakpoints."
    return "\n".join([f"{graph} stops", *(f"  {number}. {stop}" for number, stop in enumerate(stops, 1))])
