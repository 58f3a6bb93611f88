"""``print``, ``input`` and ``breakpoint`` in the body of a node.

What a body prints also goes to its node's log; what it asks becomes a question to a person; where it breaks,
the run stands, with the body's locals to look at. Outside of bodies all three are what they were.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable
from functools import wraps
from io import StringIO
from reprlib import Repr
from typing import TYPE_CHECKING, Any

from genxai_nb.graph.asking import asking, visited_here

from .places import Inside
from .tracebacks import file_label, plain

if TYPE_CHECKING:
    from types import FrameType

    from genxai_nb.graph.context import VisitContext

    from .session import Started

SHOWN = 30  # locals

_short = Repr()
_short.maxstring = _short.maxother = 160


def install(shell: Any, find: Callable[[str], Started | None]) -> Callable[[], None]:
    """Let bodies of nodes print, ask and break as described above.

    Args:
        shell: The notebook's shell.
        find: Finds a run of the notebook by its id.

    Returns:
        What undoes it.
    """
    kernel = getattr(shell, "kernel", None)
    places: list[tuple[Any, str, Callable[..., Any]]] = [
        (builtins, "print", _printing(builtins.print)),
        (builtins, "input", asking(builtins.input, types=False)),
        (sys, "breakpointhook", _breaking(sys.breakpointhook, find)),
    ]
    if kernel is not None:  # it puts its own input in place for each cell, and what was there back behind it
        names = [name for name in ("raw_input", "_sys_raw_input") if hasattr(kernel, name)]
        places += [(kernel, name, asking(getattr(kernel, name), types=False)) for name in names]
    before = [(place, name, getattr(place, name)) for place, name, _ in places]
    for place, name, ours in places:
        setattr(place, name, ours)

    def undo() -> None:
        for place, name, old in before:
            setattr(place, name, old)

    return undo


def _printing(before: Callable[..., None]) -> Callable[..., None]:
    @wraps(before)
    def print_too(*values: Any, **options: Any) -> None:
        before(*values, **options)
        if options.get("file") is None and (context := visited_here()) is not None:
            text = StringIO()
            before(*values, sep=options.get("sep"), end="", file=text)
            context.log(text.getvalue())

    return print_too


def _breaking(before: Callable[..., Any], find: Callable[[str], Started | None]) -> Callable[..., Any]:
    @wraps(before)
    def break_here(*arguments: Any, **options: Any) -> Any:
        context = visited_here()
        if context is None:
            return before(*arguments, **options)
        return _stand(context, find(context.run_id), sys._getframe(1))

    return break_here


def _stand(context: VisitContext, started: Started | None, frame: FrameType) -> None:
    """Let the run stand at a line of a body, unless nobody is there to go on."""
    place = f"{context.node}, visit {context.visit}"
    line = f"{frame.f_code.co_name}, {file_label(frame.f_code.co_filename)} line {frame.f_lineno}"
    if started is not None and not started.stops:
        context.log(f"breakpoint() at line {frame.f_lineno} was passed: nobody is there to go on.")
        return
    values = {
        name: plain(_short.repr(value))
        for name, value in list(frame.f_locals.items())[:SHOWN]
        if not name.startswith("__")
    }
    if started is not None:
        started.inside.append(Inside(f"{place}: {line}", values))
    context.wait_for(context.pause(f"breakpoint() in {place}, line {frame.f_lineno}"))
