"""``debug``: a run that stands before its first node, or the place where one has failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from genxai_nb.errors import UnknownName
from genxai_nb.graph.build import Graph
from genxai_nb.graph.draw.lettering import one_line

from .display import show_text
from .inputs import read_answers
from .live import open_panel
from .people import is_interactive
from .running import let_ask, made_from, started_new
from .showing import is_run_id
from .stand import changed_rows, glance, scope_of, stand_text
from .stops import set_stops
from .taken import joined, taken
from .tracebacks import file_label

if TYPE_CHECKING:
    from genxai_nb.graph.failure import Failure
    from genxai_nb.graph.result import Result

    from .session import Session, Started
    from .verb import Request


def debug(session: Session, request: Request) -> Any:
    """Make a run of a graph that stands before its first node, or show where a run stands or has failed.

    Where nobody is there to step, the run goes through to its end, and its breakpoints are listed.

    Raises:
        UnknownName: There is no such graph or run.
        GenXAIError: The input does not fit; where nobody is there, also what stopped the run.
    """
    name = request.name
    if not name or (is_run_id(name) and name not in session.notebook.only("graph")):
        return _look(session, request)
    graph = session.notebook.only("graph").get(name)
    if not isinstance(graph, Graph):
        runs = list(session.started)
        raise UnknownName("graph or run", name, [*session.notebook.only("graph"), *runs])
    started = started_new(session, request, made_from(session, request, graph))
    if not is_interactive(session, request):
        return _go_through(session, request, started)
    if not open_panel(session, started):
        show_text(f"{stand_text(started)}\n  {_GO}")
    return None


_GO = "%genxai next, step, until, continue; break NODE; help debug"


def _look(session: Session, request: Request) -> None:
    """Show where a run stands, or where it has failed."""
    started = taken(session, request)
    run = started.run
    let_ask(session, request, started)
    if run.status == "failed" and run.failure is not None:
        show_text(failure_text(started, run.failure))
        open_panel(session, started)
        return
    if not open_panel(session, started):
        show_text(stand_text(started))


def failure_text(started: Started, failure: Failure) -> str:
    """Tell where a node failed: the line, its locals, the state."""
    run = started.run
    name = run.graph.name if run.graph else run.run_id
    lines = [
        f"✕ {name} failed in {one_line(failure.node)}, visit {failure.visit}: {one_line(failure.text)}",
        f"  {'line':<8} {failure.function}, {file_label(failure.file)} line {failure.line}",
    ]
    lines += _rows("locals", [f"{key} = {one_line(value)}" for key, value in failure.locals.items()])
    scope = scope_of(run)
    lines += _rows("state", [f"{key} = {glance(value)}" for key, value in scope.items() if key != "visit"])
    return "\n".join([*lines, "  Mend the cell, then: %genxai continue; or set key=value, back, goto."])


def _rows(label: str, rows: list[str]) -> list[str]:
    return [f"  {label if not number else '':<8} {row}" for number, row in enumerate(rows)]


def _go_through(session: Session, request: Request, started: Started) -> Any:
    """Drive a run to its end where nobody can step, and list the breakpoints that it passed.

    Raises:
        GenXAIError: What stopped the run.
    """
    run = started.run
    passed: list[str] = []
    stops = session.stops.get(run.graph.name, []) if run.graph else []
    if request.has("breaks"):
        return joined(session, started, request, started.begin()).join()
    set_stops(run, stops)
    future = started.begin(answers=read_answers(request))
    while (result := _rested(future)) is not None and result.status == "paused":
        passed += [f"  step {run.steps}: {run.reason}", *(f"    {row}" for row in changed_rows(run.events()))]
        future = started.begin()
    run.clear_break()
    joined(session, started, request, future).join()
    if stops:
        show_text(
            "\n".join(
                [f"Nobody is there to step; {'passed' if passed else 'no breakpoint was passed.'}", *passed]
            )
        )
    return None


def _rested(future: Any) -> Result | None:
    """How a drive ended; None if it failed, which whoever joins it raises."""
    return None if future.exception() else future.result()
