"""The scripts of runs, kept in the journal when their versions are first used."""

from __future__ import annotations

import ast
import linecache
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genxai_nb.export.texts import Text
    from genxai_nb.graph.driving import Driving

    from .session import Session


def keep_script_of(session: Session, run: Driving) -> None:
    """Keep the script of a run's graph as it is now, so that the run can be exported after edits too."""
    from genxai_nb.export.kept import keep_script  # on demand, so that loading the extension is quick
    from genxai_nb.export.units import Units

    space = session.variables
    keep_script(run, lambda: Units(space, cells_so_far(space)), source=notebook_name(session))


def keep_unlisted(space: dict[str, Any], text: str) -> None:
    """Keep a cell that runs outside of the history, as some clients run all of them."""
    from genxai_nb.export.texts import UNLISTED

    cell = len(space.get("In", ())), text
    kept: list[tuple[int, str]] = space.setdefault(UNLISTED, [])
    if kept[-1:] != [cell]:
        kept.append(cell)


def cells_so_far(space: Mapping[str, Any]) -> list[Text] | None:
    """The cells that have run, the last one up to the statement that is being executed; None if there are none.

    What stands below that has not been done yet, and may define anew what a run is just using.
    """
    from genxai_nb.export.texts import cells_of

    cells = cells_of(space)
    if cells and (line := _line_in(space, cells[-1].text)):
        cells[-1] = cells[-1]._replace(text=_until(cells[-1].text, line))
    return cells or None


def _line_in(space: Mapping[str, Any], text: str) -> int:
    """The line of a cell that some thread is executing; 0 if none is."""
    for frame in sys._current_frames().values():
        at = frame
        while at is not None:
            if at.f_globals is space and at.f_code.co_name == "<module>":
                lines = linecache.getlines(at.f_code.co_filename)
                if "".join(lines).strip() == text.strip():
                    return at.f_lineno
            at = at.f_back  # type: ignore[assignment]  # None at the end
    return 0


def _until(text: str, line: int) -> str:
    """A text up to the statement that a line is in."""
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError):
        return text
    ends = [part.end_lineno or line for part in body if part.lineno <= line]
    return "\n".join(text.split("\n")[: max(ends, default=line)])


def notebook_path(session: Session) -> Path | None:
    """Where the notebook is saved, if its front end tells it and it is there."""
    path = Path(_told(session))
    return path if path.suffix == ".ipynb" and path.is_file() else None


def notebook_name(session: Session) -> str:
    """The notebook's name, if its front end tells it."""
    path = Path(_told(session))
    return path.name if path.suffix == ".ipynb" else ""


def _told(session: Session) -> str:
    return str(session.variables.get("__vsc_ipynb_file__") or os.environ.get("JPY_SESSION_NAME") or "")
