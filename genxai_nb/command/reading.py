"""Statements read instead of run: definitions are made, and other values stand as what they are called."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from types import FunctionType, ModuleType
from typing import Any

from genxai_nb.agents.definition import Definition
from genxai_nb.export.texts import touched_in
from genxai_nb.export.unrun import Unrun
from genxai_nb.graph.build import Graph
from genxai_nb.source import bound_in, imported_in, is_own, needs_of, outside_functions
from genxai_nb.tools.base import Tool

from .effects import drawn_on, first_effect

__all__ = ["read"]

_IMPORTS = ast.Import | ast.ImportFrom
_STAYING = (
    Definition | Graph | Tool | ModuleType | FunctionType | type | Unrun
)  # a script carries them as defined


def read(
    tree: ast.Module, space: dict[str, Any], execute: Callable[[ast.Module], object]
) -> Iterator[tuple[ast.stmt, set[str], str]]:
    """Make what a cell defines, statement by statement, and leave what it does undone.

    A variable that another statement makes or changes stands as `Unrun`; so does a definition that needs
    such a value at once.

    Args:
        tree: The cell.
        space: The variables, changed here.
        execute: Executes statements among them.

    Yields:
        Each statement that was not executed, the variables that it leaves without a value, and why.
    """
    future = [part for part in tree.body if isinstance(part, ast.ImportFrom) and part.module == "__future__"]
    for statement in tree.body:
        why = _hindrance(statement, space, future=bool(future))
        if not why:
            try:
                execute(ast.Module(list(dict.fromkeys([*future, statement])), []))
                continue
            except (Exception, SystemExit) as exc:  # noqa: BLE001 - a definition may raise anything; it is then not there
                why = f"{type(exc).__name__}: {exc}"
        yield statement, _leave(statement, space), why


def _hindrance(statement: ast.stmt, space: dict[str, Any], *, future: bool) -> str:
    """Why a statement is not executed; empty if it is."""
    if first_effect(ast.Module([statement], [])) is not None:
        return "does more than define"
    for path in sorted(needs_of(statement, future=future).now):
        if isinstance(space.get(path[0]), Unrun) and not isinstance(statement, _IMPORTS):
            return f"needs {path[0]!r}, which was not run"
    return ""


def _leave(statement: ast.stmt, space: dict[str, Any]) -> set[str]:
    """Let the variables of a statement that is not executed stand as such; returns those that have no value now."""
    if isinstance(statement, _IMPORTS):
        return {name for name in imported_in(statement) if name not in space}
    drawn = {name for name in drawn_on(statement) if isinstance(space.get(name), Graph)}
    changed = set(touched_in(statement))
    made = (bound_in(statement) | imported_in(statement)) - changed
    changed = {name for name in changed if name in space and not isinstance(space[name], _STAYING)}
    left = made | changed | drawn
    for name in left:
        space[name] = Unrun(name)
    for name, function in list(_given_away(statement, space)):
        space[name] = Unrun(name, f"{function}() may change it, which was not run: --trust runs it")
        left.add(name)
    return left


def _given_away(statement: ast.stmt, space: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Collections that a statement gives to a function of a person's own, which may change them; with its name."""
    for part in outside_functions(statement):
        if not isinstance(part, ast.Call) or not isinstance(part.func, ast.Name):
            continue
        function = space.get(part.func.id)
        function = function.function if isinstance(function, Tool) else function
        if not isinstance(function, FunctionType) or not is_own(function.__module__):
            continue
        for given in (*part.args, *(word.value for word in part.keywords)):
            if isinstance(given, ast.Name) and isinstance(space.get(given.id), list | dict | set):
                yield given.id, part.func.id
