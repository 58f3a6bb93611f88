"""Statements read instead of run: definitions are made, and other values stand as what they are called."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterator, Mapping
from types import FunctionType, ModuleType
from typing import Any

from genxai_nb.agents.definition import Definition
from genxai_nb.agents.naming import variable_of
from genxai_nb.errors import DefinitionError
from genxai_nb.export.changes import DRAWING, Changes, chain_of
from genxai_nb.export.texts import bound_by
from genxai_nb.export.unrun import Unrun
from genxai_nb.graph.build import Graph
from genxai_nb.source import imported_in, is_own, needs_of, outside_functions, uses_of
from genxai_nb.tools.base import Tool

from .effects import first_effect

__all__ = ["choose_unrun", "read"]

_IMPORTS = ast.Import | ast.ImportFrom
_STAYING = Definition | Tool | ModuleType | FunctionType | type | Unrun  # a script carries them as defined


def read(
    tree: ast.Module, space: dict[str, Any], changes: Changes, execute: Callable[[ast.Module], object]
) -> Iterator[tuple[ast.stmt, set[str], str]]:
    """Make what a cell defines, statement by statement, and leave what it does undone.

    A variable that another statement makes or changes stands as `Unrun`; so does a definition that needs
    such a value at once.

    Args:
        tree: The cell.
        space: The variables, changed here.
        changes: Tells what the statements of the notebook change.
        execute: Executes statements among the variables.

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
        yield statement, _leave(statement, space, changes), why


def _hindrance(statement: ast.stmt, space: dict[str, Any], *, future: bool) -> str:
    """Why a statement is not executed; empty if it is."""
    if first_effect(ast.Module([statement], [])) is not None:
        return "does more than define"
    for path in sorted(needs_of(statement, future=future).now):
        if isinstance(space.get(path[0]), Unrun) and not isinstance(statement, _IMPORTS):
            return f"needs {path[0]!r}, which was not run"
    return ""


def _leave(statement: ast.stmt, space: dict[str, Any], changes: Changes) -> set[str]:
    """Let the variables of a statement that is not executed stand as such; returns those that have no value now."""
    left = {name for name in changes.of(statement) if name in space and not isinstance(space[name], _STAYING)}
    graphs = {name for name in left if isinstance(space[name], Graph)} | set(_graphs_of(statement, space))
    if isinstance(statement, _IMPORTS):
        left |= {name for name in imported_in(statement) - {"*"} if name not in space}
    else:
        left |= bound_by(statement)
    for name in left:
        space[name] = Unrun(name, is_graph=name in graphs, fields=_fields_of(statement))
    return left


def _fields_of(statement: ast.stmt) -> dict[str, str]:
    """The fields that the text of a class tells, with their annotations."""
    body = statement.body if isinstance(statement, ast.ClassDef) else []
    return {
        part.target.id: ast.unparse(part.annotation)
        for part in body
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)
    }


def _graphs_of(statement: ast.stmt, space: dict[str, Any]) -> Iterator[str]:
    """The variables to which a statement gives graphs, as far as its text tells."""
    for part in outside_functions(statement):
        values: list[ast.AST] = []
        targets: list[ast.expr] = []
        if isinstance(part, ast.Assign):
            values, targets = [part.value], part.targets
        elif isinstance(part, ast.withitem) and part.optional_vars is not None:
            values, targets = [*ast.walk(part.context_expr)], [part.optional_vars]
        if any(_gives_graph(value, space) for value in values):
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def _gives_graph(value: ast.AST, space: dict[str, Any]) -> bool:
    call = value.value if isinstance(value, ast.Await) else value
    if not isinstance(call, ast.Call):
        return False
    chain = chain_of(call)
    maker = space.get(chain.root)
    drawn = isinstance(maker, Graph) or (isinstance(maker, Unrun) and maker.is_graph)
    return set(chain.names) <= DRAWING and (_makes(maker, set()) or (drawn and bool(chain.names)))


def _makes(value: Any, seen: set[int]) -> bool:
    """Whether something that is called makes graphs: their class, or a function that uses it."""
    if isinstance(value, type):
        return issubclass(value, Graph)
    if not isinstance(value, FunctionType) or id(value) in seen:
        return False
    seen.add(id(value))
    own = is_own(str(value.__globals__.get("__name__", "")))
    return own and any(_makes(use.value, seen) for use in uses_of(value))


def choose_unrun(
    space: Mapping[str, Any], name: str | None, file: str, parts: Collection[str]
) -> Graph | Unrun | None:
    """Take what stands for the graph of that name, or the only graph that is no part of another.

    Args:
        space: The variables.
        name: The name; None for the only one.
        file: What the notebook is called.
        parts: The variables that graphs are drawn of which were not made.

    Returns:
        None if all graphs were made, or none of that name is there.

    Raises:
        DefinitionError: No name was given and there are several.
    """
    unrun = {key: value for key, value in space.items() if isinstance(value, Unrun) and value.is_graph}
    if name is not None or not unrun:
        return unrun.get(variable_of(name or ""))
    held = {id(value): key for key, value in space.items() if isinstance(value, Graph)}
    made = {key: space[key] for key in held.values()}
    inner = {part for graph in made.values() for part in _parts_of(graph, space)}
    whole = sorted((made.keys() | unrun.keys()) - inner - set(parts))
    if len(whole) != 1:
        raise DefinitionError(
            f"{file} defines {len(whole)} graphs: {', '.join(whole)}.",
            hint=f"Name one of them behind the file: {file} {min(whole, default='NAME')}",
        )
    return unrun.get(whole[0]) or made[whole[0]]


def _parts_of(graph: Graph, space: Mapping[str, Any]) -> set[str]:
    """The variables that hold what a graph's nodes run."""
    given = [node.definition for node in graph.nodes.values() if node.definition is not None]
    held = {name for name, value in space.items() if any(value is each for each in given)}
    return held | {node.what for node in graph.nodes.values() if node.definition is None}
