"""``%genxai export`` and ``%genxai check``: a graph of the notebook as a script, and a script beside a run."""

from __future__ import annotations

import asyncio
import re
from contextvars import copy_context
from pathlib import Path
from typing import TYPE_CHECKING

from genxai_nb.errors import RunCancelled, RunError
from genxai_nb.export.checking import check_script
from genxai_nb.export.exporting import Exported, Origin, Wanted, export_graph
from genxai_nb.graph.run import Run

from .display import show_text
from .earlier import graph_of
from .keeping import notebook_name
from .waiting import Wait

if TYPE_CHECKING:
    from collections.abc import Callable

    from genxai_nb.graph.build import Graph

    from .session import Session
    from .verb import Request


class Work(Wait):
    """Work that a cell waits for while the kernel's loop stays free.

    Args:
        work: What is done, in a worker thread.
        ended: Called with its value on the cell's thread; gives the value of the cell.
    """

    def __init__(self, work: Callable[[], Exported], ended: Callable[[Exported], Exported]) -> None:
        self._work = work
        self._told = ended

    async def joined(self) -> Exported:
        """Wait and leave the kernel's loop free.

        Raises:
            GenXAIError: What the work raised, or what is wrong with its value.
        """
        try:
            made = await asyncio.get_running_loop().run_in_executor(None, copy_context().run, self._work)
        except (asyncio.CancelledError, KeyboardInterrupt):
            raise RunCancelled("This was interrupted.", hint="Run the cell again.") from None
        return self._told(made)

    def join(self) -> Exported:
        """Wait and block, where nothing can be awaited.

        Raises:
            GenXAIError: What the work raised, or what is wrong with its value.
        """
        return self._told(self._work())


def export_script(session: Session, request: Request) -> Work:
    """Write a graph, an agent to be asked, or a run as a script, and compare what it does with a run.

    Raises:
        UnknownName: There is no such graph, agent or run.
        DefinitionError: Something cannot be carried, or there is another file.
        RunError: The script does not do what the run did.
    """
    what = _asked_for(session, request.name)
    name = request.name if isinstance(what, Run) else what.name
    place = Path(request.text("path") or f"{name}.py")
    ran = [item.run for item in session.started.values() if item.run.graph is what]
    wanted = Wanted(
        check=True if request.has("check") else False if request.has("no-check") else None,
        run=request.text("run") or None,
        store=ran[-1].options.store if ran else None,
        force=request.has("force"),
    )
    origin = Origin(session.variables, source=notebook_name(session))
    return Work(lambda: export_graph(what, place, origin, wanted), _told)


def _asked_for(session: Session, name: str) -> Graph | Run:
    """A graph, the graph that an agent answers in, or a run by its id."""
    kind = session.notebook.kinds().get(name)
    if kind == "agent":
        return session.agent(name).as_graph()
    if kind is None and re.fullmatch(r"r\d+", name):
        run = Run.load(name)
        run.graph = graph_of(session, run)
        return run
    return session.graph(name)


def check_file(_session: Session, request: Request) -> Work:
    """Compare what a script does with a run.

    Raises:
        DefinitionError: There is no such script.
        RunNotFound: There is no such run.
        RunError: The run has not ended, or the script does not do what it did.
    """
    run, graph, store = (request.text(name) for name in ("run", "graph", "store"))
    return Work(lambda: check_script(request.name, run or None, graph=graph, store=store or None), _told)


def _told(made: Exported) -> Exported:
    """Say what was found.

    Raises:
        RunError: The script does not do what the run did.
    """
    if made.difference is not None:
        hint = "Mend the script, or what it was made from."
        raise RunError(f"{made.path} {made.verdict}", hint=hint, run_id=made.run_id)
    said = f"{'✓' if made.checked else '○'} {made.path}, {made.lines} lines: {made.verdict}."
    show_text(f"{said}\n{made.needs}" if made.needs else said)
    return made
