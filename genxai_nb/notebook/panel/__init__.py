"""The live panel of a run: the graph as it runs, and the buttons that drive it.

`show_panel` puts one into the output of the running cell. What it shows is made by plain functions from the
run's events, a thread of its own brings it up to date, and ``static`` holds the page's code.
"""

from __future__ import annotations

import sys
import threading
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genxai_nb.graph.run import Run

    from .widget import Panel

__all__ = ["can_show", "prepare_panels", "show_panel"]


def can_show() -> bool:
    """Whether panels can be made here: the widget library is installed. A terminal still cannot show them."""
    return find_spec("anywidget") is not None


def prepare_panels() -> None:
    """Load in the background what a panel needs, so that the first one shows at once; nothing the second time."""
    widget = f"{__name__}.widget"
    if can_show() and widget not in sys.modules:
        threading.Thread(target=import_module, args=(widget,), name="genxai-panels", daemon=True).start()


def show_panel(run: Run, **options: Any) -> Panel:
    """Show a live panel of a run in the output of the running cell.

    Args:
        run: The run; it has its graph.
        options: As of `Panel`: ``begin``, ``where``, ``rested``, ``forked``, ``watches``, ``adopt``,
            ``beside``.

    Returns:
        The panel. ``panel.close()`` takes it away and leaves nothing.

    Raises:
        SetupError: The widget library is not installed.
    """
    if not can_show():
        from genxai_nb.errors import SetupError

        raise SetupError("Live panels need anywidget.", hint="pip install 'genxai-nb[notebook]'")
    from .widget import Panel

    panel = Panel(run, **options)
    panel.show()
    return panel
