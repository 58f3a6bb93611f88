"""The functions that decide on edges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from genxai_nb.graph.definition import Edge

__all__ = ["condition_of"]


def condition_of(edge: Edge) -> Callable[[Any], Any] | None:
    """The function that decides on an edge; None where an expression does."""
    cells = dict(
        zip(
            getattr(getattr(edge.decide, "__code__", None), "co_freevars", ()),
            getattr(edge.decide, "__closure__", None) or (),
            strict=False,
        )
    )
    found: Callable[[Any], Any] | None = cells["function"].cell_contents if "function" in cells else None
    return found
