"""The scripts of runs, kept in the journal behind the cells in which they were driven."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genxai_nb.graph.driving import Driving

    from .session import Session, Started

_driven: dict[
    tuple[int, str | None], Driving
] = {}  # by graph and store: one run stands for those of its cell


def note_driving(run: Driving) -> None:
    """Note that a run is driven, so that its script is kept once the cell has ended."""
    key = id(run.graph), run.options.store
    other = _driven.get(key)
    if other is None or not other.under_way:
        _driven[key] = run


def is_noted() -> bool:
    """Whether a run was driven since the last cell, or still is."""
    return bool(_driven)


def keep_scripts(session: Session) -> None:
    """Keep the scripts of what was driven since the last cell; of what still goes on, also behind the next one."""
    for key, run in list(_driven.items()):
        if not run.under_way:
            _driven.pop(key, None)
        _keep(session, run)


def keep_script_of(session: Session, started: Started) -> None:
    """Keep the script of a run's graph as it is now, so that the run can be exported after edits too."""
    _keep(session, started.run)


def _keep(session: Session, run: Driving) -> None:
    from genxai_nb.export.kept import keep_script  # on demand, so that loading the extension is quick
    from genxai_nb.export.units import Units

    keep_script(run, lambda: Units(session.variables), source=notebook_name(session))


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
