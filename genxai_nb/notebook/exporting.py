"""``%genxai export``: a graph of the notebook as a script."""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from pathlib import Path
from typing import TYPE_CHECKING

from genxai_nb.errors import RunCancelled, RunError
from genxai_nb.export.exporting import Exported, Origin, Wanted, export_graph

from .display import show_text
from .keeping import notebook_name
from .waiting import Wait

if TYPE_CHECKING:
    from collections.abc import Callable

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
            raise RunCancelled("The export was interrupted.", hint="%genxai export writes anew.") from None
        return self._told(made)

    def join(self) -> Exported:
        """Wait and block, where nothing can be awaited.

        Raises:
            GenXAIError: What the work raised, or what is wrong with its value.
        """
        return self._told(self._work())


def export_script(session: Session, request: Request) -> Work:
    """Write a graph as a script, and compare what it does with a run.

    Raises:
        UnknownName: There is no such graph.
        DefinitionError: Something cannot be carried, or there is another file.
        RunError: The script does not do what the run did.
    """
    graph = session.graph(request.name)
    place = Path(request.text("path") or f"{graph.name}.py")
    ran = [item.run for item in session.started.values() if item.run.graph is graph]
    wanted = Wanted(
        check=True if request.has("check") else False if request.has("no-check") else None,
        run=request.text("run") or None,
        store=ran[-1].options.store if ran else None,
        force=request.has("force"),
    )
    origin = Origin(session.variables, source=notebook_name(session))
    return Work(lambda: export_graph(graph, place, origin, wanted), _told)


def _told(made: Exported) -> Exported:
    """Say what was written.

    Raises:
        RunError: The script does not do what the run did.
    """
    if made.difference is not None:
        hint = "The script is written; mend it or the notebook."
        raise RunError(f"{made.path} {made.verdict}", hint=hint, run_id=made.run_id)
    show_text(f"{'✓' if made.checked else '○'} {made.path}, {made.lines} lines: {made.verdict}.")
    return made
