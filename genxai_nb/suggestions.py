"""Advice for a name that is not known."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["suggest"]


def suggest(name: str, known: Iterable[str]) -> str:
    """Name the nearest of the known names, or list a few of them."""
    known = sorted(set(known))
    near = get_close_matches(name, known, n=1, cutoff=0.6)
    if near:
        return f"Did you mean {near[0]!r}?"
    if not known:
        return ""
    shown = ", ".join(known[:8])
    return f"Known: {shown}{', ...' if len(known) > 8 else '.'}"
