"""Computing with numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from genxai_nb.errors import ConditionFailed, LineInvalid, ToolFailed, suggest
from genxai_nb.expressions import compile_expression
from genxai_nb.expressions.expression import EXAMPLE
from genxai_nb.tools.base import tool

__all__ = ["calculator"]

MOST_FACTORIAL = 1000
LARGEST_INTEGER = 2**63 - 1  # what JSON readers keep exactly

_SIGNS = str.maketrans({"×": "*", "·": "*", "÷": "/", "−": "-", "^": "**"})


def _factorial(number: int) -> int:
    if number > MOST_FACTORIAL:
        raise ValueError(f"factorial({number}) is too large; {MOST_FACTORIAL} is the most")
    return math.factorial(number)


_CONSTANTS = {"pi": math.pi, "e": math.e}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "ceil": math.ceil,
    "cos": math.cos,
    "exp": math.exp,
    "factorial": _factorial,
    "floor": math.floor,
    "log": math.log,
    "max": max,
    "min": min,
    "round": round,
    "sin": math.sin,
    "sqrt": math.sqrt,
    "tan": math.tan,
}


@tool(category="computation", tags=["math"], timeout=10, read_only=True, idempotent=True)
def calculator(expression: str) -> int | float:
    """Evaluate an arithmetic expression.

    It knows + - * / // % ** and parentheses, the functions sqrt sin cos tan log exp abs round min max
    floor ceil factorial, and the constants pi and e.

    Args:
        expression: The expression, such as (3 + 4) * sqrt(2).

    Example:
        >>> calculator("2 + 3 * 4")
        14
    """
    text = expression.translate(_SIGNS)
    try:
        compiled = compile_expression(text, _FUNCTIONS)
        unknown = sorted(compiled.names - _CONSTANTS.keys())
        if unknown:
            hint = suggest(unknown[0], [*_CONSTANTS, *_FUNCTIONS])
            raise ToolFailed(f"{unknown[0]!r} in {expression!r} is no number and no constant.", hint=hint)
        value = compiled.evaluate(_CONSTANTS)
    except LineInvalid as exc:
        hint = "Write one such as (3 + 4) * sqrt(2)." if exc.hint == EXAMPLE else exc.hint
        raise ToolFailed(f"{expression!r:.200} is no arithmetic expression: {exc.what}", hint=hint) from exc
    except ConditionFailed as exc:
        raise ToolFailed(exc.what, hint=exc.hint) from exc
    return _number(value, expression)


def _number(value: Any, expression: str) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ToolFailed(f"{expression!r} gives {value!r}, which is no number.")
    if isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        try:
            value = float(value)
        except OverflowError as exc:
            raise ToolFailed(
                f"{expression!r} gives a number above 1.8e308.", hint="Divide it first."
            ) from exc
    number: int | float = value
    if not math.isfinite(number):
        raise ToolFailed(f"{expression!r} gives {number}, which is no finite number.")
    return number
