"""Values of the notebook: by the statement that made them where it still tells the truth, else as they are."""

from __future__ import annotations

import ast
from enum import Enum
from functools import partial
from types import FunctionType, MethodType
from typing import Any

from genxai_nb.source import bound_in, imported_in, needs_of, outside_functions

from .collecting import Collecting
from .literals import Code, assigned, call, literal, writable
from .live import is_live
from .pieces import Import, Piece
from .texts import Statement
from .units import Unit
from .unrun import Unrun

__all__ = ["Constants"]

_CARRIED = (
    *(ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.FunctionDef, ast.AsyncFunctionDef),
    *(ast.ClassDef, ast.Pass, ast.Raise, ast.If, ast.Try, ast.ExceptHandler),
)
_CALLING = (ast.Call, ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)


class Constants:
    """Carries values for a closure.

    Args:
        closure: The closure.
    """

    def __init__(self, closure: Collecting) -> None:
        self._closure = closure

    def take(self, unit: Unit, name: str, value: Any, statement: Statement) -> None:
        """Carry a value that a statement has made which is no import and no definition."""
        made = unit.texts.making(name)
        bound = {other for each in made for other in bound_in(each.node) | imported_in(each.node)}
        names = [name, *sorted(bound - {name})]
        pieces = self._closure.pieces.items()
        within = [piece for (space, _), piece in pieces if space == id(unit) and name in piece.names]
        if is_live(value):
            if not within:  # else a statement that is carried opens it
                self._refuse(name, value, statement.label)
        elif len(made) == 1 and any(piece.order[1] == statement.order for piece in within):
            return  # the statement has been carried for another of its names
        elif len(made) > 1 and not writable(value):
            self._closure.statements(unit, names, made)
        elif len(made) > 1 or not _carries(statement, value, unit):
            self.by_value(unit, name, value, statement.label)
        else:
            self._closure.statements(unit, names, [statement], _excused(statement))

    def by_value(self, unit: Unit, name: str, value: Any, label: str) -> None:
        """Carry a value as it is now."""
        if isinstance(value, FunctionType):
            self._closure.carry_function(unit, name, value)
            return
        if isinstance(value, type):
            self._closure.carry_class(unit, name, value)
            return
        order = statement.order if (statement := unit.texts.binding(name)) else 0
        text = ""
        used: frozenset[str] = frozenset()
        if writable(value):
            text = assigned(name, value)
        elif isinstance(value, (Enum, partial, MethodType)):
            told = self.inline(unit, value, name)
            text, used = f"{name} = {told}", frozenset({told.partition(".")[0].partition("(")[0]})
        if text:
            piece = Piece(names=(name,), text=text, label=label, order=(0, order), now=used)
            self._closure.add(unit, piece)
        else:
            self._refuse(name, value, label)

    def inline(self, unit: Unit, value: Any, wanted: str) -> str:
        """Write a value that no variable holds as an expression."""
        closure = self._closure
        if writable(value):
            return str(_one_line(value))
        if isinstance(value, Enum):
            return f"{closure.refer(type(value))}.{value.name}"
        if isinstance(value, partial):
            closure.add_import(Import("functools", "partial", "partial"))
            parts = [closure.refer(value.func, wanted), *map(self._argument, value.args)]
            words = {key: self._argument(item) for key, item in value.keywords.items()}
            return call("partial", parts, words)
        if isinstance(value, MethodType):
            return f"{closure.refer(value.__self__, wanted)}.{value.__name__}"
        if isinstance(value, FunctionType):
            return str(closure.refer(value, wanted))
        self._refuse(wanted or type(value).__name__, value, closure.label_of(unit, wanted))
        return wanted or "None"

    def _argument(self, value: Any) -> Any:
        return value if writable(value) else self._closure.refer(value)

    def _refuse(self, name: str, value: Any, label: str) -> None:
        if isinstance(value, Unrun):
            self._closure.refuse(name, label, "no statement of the notebook makes it")
            return
        kind = f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
        self._closure.refuse(name, label, f"it is a live object of type {kind}")


def _carries(statement: Statement, value: Any, unit: Unit) -> bool:
    """Whether a statement still makes what the name holds, and does nothing else."""
    node = statement.node
    if isinstance(node, ast.With) and not writable(value):
        return True  # what it opens, it closes
    if not isinstance(node, ast.Assign | ast.AnnAssign):
        parts = (part for part in outside_functions(node) if isinstance(part, ast.stmt | ast.ExceptHandler))
        return isinstance(node, ast.If | ast.Try) and all(isinstance(part, _CARRIED) for part in parts)
    if node.value is None:
        return False
    if not writable(value):
        return True
    if any(isinstance(part, _CALLING) for part in ast.walk(node.value)):
        needed = {path[0] for path in needs_of(node).now}
        return not any(unit.texts.is_other(name, statement) for name in needed)
    if not isinstance(node, ast.AnnAssign) and not isinstance(node.targets[0], ast.Name):
        return True
    try:
        made = eval(compile(ast.Expression(node.value), "<value>", "eval"), dict(unit.space))  # noqa: S307 - it calls nothing
    except Exception:  # noqa: BLE001 - what it names may have changed since
        return False
    return type(made) is type(value) and writable(made) and literal(made) == literal(value)


def _excused(statement: Statement) -> str:
    """A statement's text; a lambda that is given a name is excused to the linter."""
    if not isinstance(statement.value, ast.Lambda):
        return statement.text
    first, *rest = statement.text.split("\n")
    mark = "" if "#" in first else "  # noqa: E731 - as it was written"
    return "\n".join([f"{first}{mark}", *rest])


def _one_line(value: Any) -> str:
    text = call("", [value])
    return Code(text[1:-1])
