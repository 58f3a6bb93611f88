"""``%genxai export``: a graph of the notebook as a script."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from genxai_nb.errors import RunError
from genxai_nb.export.exporting import Exported, Origin, Wanted, export_graph
from genxai_nb.export.kept import keep_script
from genxai_nb.export.units import Units
from genxai_nb.graph.build import Graph
from genxai_nb.journal import open_store
from genxai_nb.journal.events import RunStarted

from .display import show_text

if TYPE_CHECKING:
    from .session import Session, Started
    from .verb import Request


def export_script(session: Session, request: Request) -> Exported:
    """Write a graph as a script, and compare what it does with a run.

    Raises:
        UnknownName: There is no such graph.
        DefinitionError: Something cannot be carried, or there is another file.
        RunError: The script does not do what the run did.
    """
    graph = session.graph(request.name)
    place = Path(request.text("path") or f"{graph.name}.py")
    ran = [item.run for item in session.started.values() if item.run.graph is graph]
    check = True if request.has("check") else False if request.has("no-check") else None
    wanted = Wanted(
        check=check,
        run=request.text("run") or None,
        store=ran[-1].options.store if ran else None,
        force=request.has("force"),
    )
    made = export_graph(graph, place, Origin(session.variables, source=_notebook(session)), wanted)
    if made.difference is not None:
        raise RunError(
            f"{made.path} {made.verdict}",
            hint="The script is written; mend it or the notebook.",
            run_id=made.run_id,
        )
    mark = "✓" if made.checked else "○"
    show_text(f"{mark} {made.path}, {made.lines} lines: {made.verdict}.")
    return made


def keep_script_of(session: Session, started: Started) -> None:
    """Keep the script of a run's graph as it is now, so that the run can be exported after edits too."""
    graph = started.run.graph
    if isinstance(graph, Graph) and started.read is None:
        first = started.run.events()[0]
        keep_script(
            graph,
            Units(session.variables),
            open_store(started.run.options.store),
            source=_notebook(session),
            given=first.input if isinstance(first, RunStarted) else {},
        )


def _notebook(session: Session) -> str:
    """The notebook's name, if its front end tells it."""
    told = session.variables.get("__vsc_ipynb_file__") or os.environ.get("JPY_SESSION_NAME") or ""
    return Path(str(told)).name if str(told).endswith(".ipynb") else ""
