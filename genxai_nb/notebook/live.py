"""The panel of a run: opened where it can be shown; when the run ends, its record takes its place."""

from __future__ import annotations

import contextvars
import threading
from functools import partial
from typing import TYPE_CHECKING

from genxai_nb.agents.naming import variable_of
from genxai_nb.graph.build import Graph

from .cell import is_kernel
from .editing import adopt
from .names import RESULT
from .outcome import hold_record, show_record, tell_of_offline
from .pending import Pending
from .people import is_somebody_there
from .session import Started

if TYPE_CHECKING:
    from genxai_nb.graph.run import Run

    from .session import Session

ENDED = frozenset({"done", "failed", "cancelled"})
PATIENCE = 2.0  # seconds
_swap = threading.Lock()  # the cell's thread and the panel's may both see the end


def shows_panels(session: Session) -> bool:
    """Whether a live panel can be shown here: in a kernel, to somebody, with the widget library."""
    from .panel import can_show

    return is_kernel(session.shell) and is_somebody_there(session.shell) and can_show()


def expect_panels(session: Session) -> None:
    """Get ready for the first panel, where one can be shown: something that can run has been defined."""
    if shows_panels(session):
        from .panel import prepare_panels

        prepare_panels()


def open_panel(session: Session, started: Started) -> bool:
    """Show the live panel of a run in the output of the running cell; an older one of the run is closed.

    Returns:
        Whether one can be shown.
    """
    if not shows_panels(session) or not isinstance(started.run.graph, Graph):
        return False
    from .panel import show_panel

    close_panel(started)
    has_ended = started.run.status in ENDED
    started.settled = False
    (show_record if has_ended else hold_record)(started.run)
    place = contextvars.copy_context()
    started.panel = show_panel(
        started.run,
        begin=started.begin,
        where=lambda name: _where(session, name),
        rested=lambda _: place.copy().run(settle, session, started),
        forked=lambda run: place.copy().run(_take_fork, session, started, run),
        watches=lambda: started.watches,
        adopt=lambda rebase: place.copy().run(partial(adopt, session, started, rebase=rebase)),
        beside=has_ended,
    )
    return True


def close_panel(started: Started) -> bool:
    """Take a run's panel away; tells whether it had one."""
    with _swap:
        panel, started.panel = started.panel, None
        if panel is None:
            return False
        started.settled = True
        started.recorded.clear()
    panel.close()
    return True


def settle(session: Session, started: Started) -> None:
    """After a run has come to rest: if it has ended, bind its result and put its record in its panel's place."""
    run = started.run
    if run.under_way or run.status not in ENDED:
        return
    if run.status == "done" and started.value is None:
        result = run.result()
        started.value = started.read(run, result) if started.read else result
        session.bind(started.variable, started.value)
    if close_panel(started):
        show_record(run, update=True)
        tell_of_offline(run)
        started.recorded.set()
    elif started.settled:
        started.recorded.wait(timeout=PATIENCE)  # the panel's thread is about to show it


def _take_fork(session: Session, parent: Started, run: Run) -> None:
    """A run was forked in a panel: verbs act on it now, and it gets a panel of its own."""
    started = Started(run, parent.cell, None, parent.variable or RESULT, parent.read)
    started.stops, started.watches = parent.stops, list(parent.watches)
    session.took(started)
    session.bind(started.variable, Pending(run, lambda: started.alive))
    open_panel(session, started)


def _where(session: Session, name: str) -> str:
    made = session.defined.get(name) or session.defined.get(variable_of(name))
    return str(made.cell) if made else ""
