"""What a statement binds and what it needs, told from its text alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from types import CodeType
from typing import NamedTuple

from .names import Names, paths_of

_FUTURE = 0x1000000  # annotations are not evaluated: from __future__ import annotations
_OPTIMIZED = 0x1  # the code is a function's
_AT_ONCE = {"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"}
_Function = ast.FunctionDef | ast.AsyncFunctionDef


class Needs(NamedTuple):
    """The names that a statement uses from around it, with the attributes taken of each.

    Attributes:
        now: Those that have to be there when it is executed.
        later: Those that its functions look up when they are called.
    """

    now: frozenset[Names]
    later: frozenset[Names]


def needs_of(statement: ast.stmt, *, future: bool = False) -> Needs:
    r"""The names that a statement of a module uses from around it.

    Args:
        statement: The statement.
        future: Its annotations are not evaluated.

    Example:
        >>> needs = needs_of(ast.parse("@deco\ndef f(x=limit):\n    return os.path.join(x)").body[0])
        >>> sorted(needs.now), sorted(needs.later)
        ([('deco',), ('limit',)], [('os', 'path', 'join')])
    """
    module = ast.Module([statement], [])
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | (_FUTURE if future else 0)
    code = compile(module, "<statement>", "exec", flags, dont_inherit=True)
    now: set[Names] = set()
    later: set[Names] = {(name,) for name in _annotated(statement)}
    _take(code, now, later)
    return Needs(frozenset(now), frozenset(later - now))


def _take(code: CodeType, now: set[Names], later: set[Names]) -> None:
    now.update(paths_of(code))
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            late = inner.co_flags & _OPTIMIZED and inner.co_name not in _AT_ONCE
            _take(inner, later if late else now, later)


def _annotated(statement: ast.stmt) -> Iterator[str]:
    """The names in annotations of parameters, results and fields, also in quoted ones."""
    for node in ast.walk(statement):
        annotations: list[ast.expr | None] = []
        if isinstance(node, _Function):
            spec = node.args
            parameters = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs, spec.vararg, spec.kwarg]
            annotations = [node.returns, *(p.annotation for p in parameters if p is not None)]
        elif isinstance(node, ast.ClassDef):
            annotations = [part.annotation for part in node.body if isinstance(part, ast.AnnAssign)]
        for annotation in annotations:
            if annotation is not None:
                yield from _names_in(annotation)


def _names_in(annotation: ast.expr) -> Iterator[str]:
    for node in ast.walk(annotation):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                inner = ast.parse(node.value, mode="eval")
            except SyntaxError:  # a text of Literal["..."]
                continue
            yield from (part.id for part in ast.walk(inner) if isinstance(part, ast.Name))


def bound_in(tree: ast.AST) -> set[str]:
    """The names whose values a module or statement makes or changes, imports aside."""
    names = set()
    inner = {  # the variables of comprehensions
        name
        for part in outside_functions(tree)
        if isinstance(part, ast.comprehension)
        for name in ast.walk(part.target)
    }
    for part in outside_functions(tree):
        if part in inner:
            continue
        if isinstance(part, _Function | ast.ClassDef):
            names.add(part.name)
        elif isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            names.add(part.id)
        elif isinstance(part, ast.Subscript | ast.Attribute) and isinstance(part.ctx, ast.Store):
            names |= {root} if (root := root_of(part)) else set()
        elif isinstance(part, ast.MatchAs | ast.MatchStar) and part.name is not None:
            names.add(part.name)
        elif isinstance(part, ast.MatchMapping) and part.rest is not None:
            names.add(part.rest)
    return names


def root_of(place: ast.expr) -> str:
    """The variable that a place such as ``a.b[0]`` belongs to; empty if there is none."""
    while isinstance(place, ast.Subscript | ast.Attribute):
        place = place.value
    return place.id if isinstance(place, ast.Name) else ""


def imported_in(tree: ast.AST) -> set[str]:
    """The names that a module or statement imports."""
    return {
        alias.asname or alias.name.partition(".")[0]
        for part in outside_functions(tree)
        if isinstance(part, ast.Import | ast.ImportFrom)
        for alias in part.names
    }


def outside_functions(tree: ast.AST) -> Iterator[ast.AST]:
    """The parts of a tree, its root first, without what stands inside of functions and classes."""
    if isinstance(tree, ast.stmt):
        yield tree
        if isinstance(tree, _Function | ast.ClassDef):
            return
    for part in ast.iter_child_nodes(tree):
        if not isinstance(part, ast.stmt):
            yield part
        if not isinstance(part, ast.Lambda):
            yield from outside_functions(part)
