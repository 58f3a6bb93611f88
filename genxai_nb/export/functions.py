"""Functions that no statement of their own has made: lambdas, and what other functions returned."""

from __future__ import annotations

import ast
from types import FunctionType
from typing import Any

from genxai_nb.source import dedented, indented, lambda_of, needs_of, normalised, source_of, tidied

from .collecting import Collecting
from .literals import Code, call, writable
from .live import is_live
from .pieces import LATE, Piece
from .units import Unit

__all__ = ["carried_lambda", "code_agrees", "made_again", "only_definition"]


def code_agrees(function: FunctionType, node: ast.stmt) -> bool:
    """Whether a function is the one that a statement defines."""
    if getattr(node, "decorator_list", None) or hasattr(function, "__wrapped__"):
        return True
    text = normalised(function.__code__)
    if text:
        return text == tidied(node)
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    count = len([*node.args.posonlyargs, *node.args.args])
    return function.__name__ == node.name and function.__code__.co_argcount == count


def carried_lambda(closure: Collecting, unit: Unit, function: FunctionType, wanted: str) -> str:
    """A lambda as it stands in its place; by a name of its module where that has a scope of its own.

    Returns:
        An expression; empty if its source cannot be found.
    """
    found = lambda_of(function.__code__)
    if found is None:
        return ""
    needs = needs_of(ast.Expr(found.node, lineno=1, col_offset=0))
    now, later = closure.take_needs(unit, needs, wanted)
    if not any(closure.nested.holds(unit, path[0]) for path in needs.now | needs.later):
        return found.text
    name = closure.names.new_name(wanted or "function")
    text = f"{name} = {found.text}  # noqa: E731 - as it was written"
    closure.add(unit, Piece(names=(name,), text=text, order=LATE, now=now, later=later))
    return name


def made_again(closure: Collecting, unit: Unit, name: str, function: FunctionType) -> None:
    """Carry a function that another one returned: by a function that gives it what its closure holds."""
    inner = _inner_text(function)
    label = closure.label_of(unit, name)
    if inner is None:
        closure.refuse(name, label, "it is a function inside of another one, whose source cannot be found")
        return
    body, result = inner
    given: dict[str, Code | Any] = {}
    for key, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        value = cell.cell_contents
        if value is function:
            continue
        if writable(value):
            given[key] = value
        elif not is_live(value) and (callable(value) or closure.variable(unit, value, key)):
            given[key] = closure.refer(value, key)
        else:
            kind = type(value).__name__
            closure.refuse(name, label, f"it closes over {key!r}, a live object of type {kind}")
            return
    maker = closure.names.new_name(f"make_{name}")
    text = f"def {maker}({', '.join(given)}):\n{indented(body)}    return {result}\n"
    needs = needs_of(ast.parse(text).body[0])
    now, later = closure.take_needs(unit, needs, name)
    made = call(maker, list(given.values()), before=f"{name} = ")
    used = frozenset(str(value) for value in given.values() if isinstance(value, Code))
    piece = Piece(
        names=(name, maker),
        text=f"{text}\n\n{made}",
        label=label,
        order=LATE,
        now=now | used,
        later=later,
        definition=True,
    )
    closure.add(unit, piece)


def _inner_text(function: FunctionType) -> tuple[str, str] | None:
    """The text that makes a function inside of another one, and the expression that gives it."""
    if function.__name__ == "<lambda>":
        found = lambda_of(function.__code__)
        return None if found is None else ("", found.text)
    text = dedented(source_of(function)).rstrip()
    return (f"{text}\n\n", function.__name__) if text else None


def only_definition(text: str) -> ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | None:
    """The function or class that a text defines, if it is one."""
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError):
        return None
    first = body[0] if len(body) == 1 else None
    return first if isinstance(first, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) else None
