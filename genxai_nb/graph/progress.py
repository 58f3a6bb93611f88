"""How far something long has come: one line that is written over."""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import monotonic

__all__ = ["Progress", "show_progress_by"]

Show = Callable[[str, bool], None]  # the line, and whether it is the last word

OFTEN = 0.1  # seconds between two states of the line


def _terminal() -> Show | None:
    """Write over a line of the terminal; nothing where errors go into a file or a pipe."""
    error = sys.stderr
    if not error.isatty():
        return None

    def show(text: str, last: bool) -> None:  # noqa: FBT001 - said by the type above
        error.write(f"\r\x1b[K{text}" + ("\n" if last else ""))
        error.flush()

    return show


_make: Callable[[], Show | None] = _terminal


def show_progress_by(make: Callable[[], Show | None] | None) -> None:
    """Say how lines of progress are shown in this process; None for on the terminal."""
    global _make
    _make = make or _terminal


class Progress:
    """One line of progress, shown if there is anybody to see it.

    Example:
        >>> progress = Progress()
        >>> progress.tell("3 of 9 rows")
    """

    def __init__(self) -> None:
        self._show = _make()
        self._shown = 0.0

    def tell(self, text: str, *, last: bool = False) -> None:
        """Show the line as it is now, unless it was shown a moment ago and this is not the last word."""
        now = monotonic()
        if self._show is not None and (last or now - self._shown >= OFTEN):
            self._shown = now
            self._show(text, last)
