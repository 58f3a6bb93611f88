"""Who is told that a run is driven, and by which versions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["tell_of_driving", "watch_driving"]

_told: Callable[[Any], object] | None = None  # of a `Driving`, which knows this module


def watch_driving(told: Callable[[Any], object] | None) -> None:
    """Say who is told of each run of this process as it is driven; None for nobody.

    Args:
        told: Called with the run, on the thread that drives it, before it goes on and when it comes to a node
            whose definition has changed.
    """
    global _told
    _told = told


def tell_of_driving(run: Any) -> None:
    """Tell that a run is driven from now on by its definitions as they are."""
    if _told is not None:
        _told(run)
