"""What a model is told of code that ran."""

from __future__ import annotations

from typing import Any

from msgspec import json

from genxai_nb.errors import ToolFailed

from .limits import Limits

__all__ = ["failed", "text_of_value"]

_MOST_SHOWN = 4_000
_MOST_VALUE = 1_000_000  # bytes


def failed(what: str, printed: str, limits: Limits, *, advice: str = "") -> ToolFailed:
    """The error of code that did not come to its end.

    Args:
        what: What happened: a traceback or a sentence.
        printed: What it had printed.
        limits: What it was allowed.
        advice: What to do.
    """
    said = what.strip()
    if "TimeoutError" in said or "took longer" in said:
        advice = advice or f"It may take {limits.seconds:g} s; do less, or ask for more by timeout."
    elif "MemoryError" in said or "memory" in said:
        advice = advice or f"It may use {limits.memory // 1024**2} MB; work on parts of the data."
    text = f"The code failed:\n{said[-_MOST_SHOWN:]}" if "\n" in said else f"The code failed: {said}."
    if printed:
        text += f"\nIt had printed:\n{printed[-_MOST_SHOWN:].rstrip()}"
    return ToolFailed(text, hint=f"\n{advice}" if advice else "")


def text_of_value(value: Any) -> Any:
    """A value as it is if it is small, else the beginning of its text.

    Raises:
        ToolFailed: It is far too large.
    """
    try:
        size = len(json.encode(value))
    except (RecursionError, OverflowError, ValueError):
        return f"{value!r:.1000}"
    if size > _MOST_VALUE:
        raise ToolFailed(
            f"The value of the code is {size} bytes long; {_MOST_VALUE} is the most.",
            hint="Give back a part of it, a sum or a count.",
        )
    return value
