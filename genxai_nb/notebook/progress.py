"""How far a batch has come, as a line in the output of its cell that is written over."""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from itertools import count
from os import getpid

from .display import show_bundle
from .tracebacks import plain

__all__ = ["line_in_cell"]

_numbers = count(1)


def line_in_cell() -> Callable[[str, bool], None]:
    """Make what shows a line in the running cell; it may be called from any thread, also when another cell runs."""
    place = contextvars.copy_context()
    display_id = f"genxai-progress-{getpid()}-{next(_numbers)}"
    shown = False

    def show(text: str, _last: bool) -> None:  # noqa: FBT001 - called by position
        nonlocal shown
        place.copy().run(show_bundle, {"text/plain": plain(text)}, display_id=display_id, update=shown)
        shown = True

    return show
