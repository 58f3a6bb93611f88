"""The source of lambdas: Python keeps only the line of one, so it is found by what it compiles to."""

from __future__ import annotations

import ast
import inspect
import itertools
import linecache
from collections.abc import Iterator, Sequence
from types import CodeType
from typing import Any, NamedTuple

from .text import dedented, once

Trees = dict[int, list[ast.Lambda]]  # lambdas by the line on which they begin

_MOST = 64  # files whose lambdas are kept
_MOST_NAMES = 4  # of modules in one lambda
_files: dict[str, tuple[list[str], Trees]] = {}
_texts: dict[int, Any] = {}


class Lambda(NamedTuple):
    """A lambda as it is written.

    Attributes:
        node: Its tree.
        text: Its text, laid out anew where it goes over several lines.
    """

    node: ast.Lambda
    text: str


def lambda_of(code: CodeType) -> Lambda | None:
    """The source of a lambda; None if it cannot be found, or not told from another one of its line."""
    node, text = _found(code)
    if node is None:
        return None
    written = ast.get_source_segment("".join(text), node) or "\n"
    return Lambda(node, ast.unparse(node) if "\n" in written else written)


def lambda_text(code: CodeType) -> str:
    """The source of a lambda without layout, wherever it stands; empty if it cannot be found.

    It is read once, so that a file which is edited after it was imported does not count.
    """
    return once(_texts, code, _tidy)


def _tidy(code: CodeType) -> str:
    node, _ = _found(code)
    return "" if node is None else ast.unparse(node)


def _found(code: CodeType) -> tuple[ast.Lambda | None, list[str]]:
    """The tree of a lambda, and the lines that it is of."""
    lines = linecache.getlines(code.co_filename)
    node = _only(_kept(code.co_filename, lines).get(code.co_firstlineno, ()), code)
    if node is None:  # the file is no Python as a whole, such as a cell with a magic
        lines = dedented("".join(_block(code))).splitlines(keepends=True)
        node = _only(_lambdas("".join(lines)), code)
    return node, lines


def _kept(file: str, lines: list[str]) -> Trees:
    """The lambdas of a file, read once for as long as Python remembers the same lines of it."""
    kept = _files.get(file)
    if kept is not None and kept[0] is lines:
        return kept[1]
    trees: Trees = {}
    for node in _lambdas("".join(lines)):
        trees.setdefault(node.lineno, []).append(node)
    if len(_files) >= _MOST:
        _files.clear()
    _files[file] = lines, trees
    return trees


def _lambdas(text: str) -> Iterator[ast.Lambda]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return iter(())
    return (node for node in ast.walk(tree) if isinstance(node, ast.Lambda))


def _block(code: CodeType) -> list[str]:
    try:
        return inspect.getsourcelines(code)[0]
    except (OSError, TypeError, IndexError, SyntaxError):
        return []


def _only(nodes: Any, code: CodeType) -> ast.Lambda | None:
    """The one of some lambdas that compiles to this code; None if there is none, or another text that does."""
    found = [node for node in nodes if _same(node, code)]
    alike = len(found) == 1 or len(set(map(ast.unparse, found))) == 1
    return found[0] if alike else None


def _same(node: ast.Lambda, code: CodeType) -> bool:
    """Whether a lambda of a text compiles to this code, whichever names its file imports."""
    called = (part.func for part in ast.walk(node) if isinstance(part, ast.Call))
    holders = (func.value for func in called if isinstance(func, ast.Attribute))
    names = sorted({holder.id for holder in holders if isinstance(holder, ast.Name)} & {*code.co_names})
    shape = _shape(code)
    contexts = itertools.chain.from_iterable(
        itertools.combinations(names[:_MOST_NAMES], count) for count in range(len(names[:_MOST_NAMES]) + 1)
    )
    return any(_shape(_compiled(node, code.co_freevars, imported)) == shape for imported in contexts)


def _compiled(node: ast.Lambda, free: Sequence[str], imported: Sequence[str]) -> CodeType:
    """The code of a lambda that has free variables, in a file that imports some names.

    ``a.b()`` is compiled in another way where ``a`` is imported.
    """
    body: ast.expr = node
    if free:
        arguments = ast.arguments([], [ast.arg(name) for name in free], None, [], [], None, [])
        body = ast.Lambda(arguments, node)
    imports: list[ast.stmt] = [ast.Import([ast.alias(name)]) for name in imported]
    module = ast.Module([*imports, ast.Expr(ast.List([body], ast.Load()))], [])
    inner = _inner(compile(ast.fix_missing_locations(module), "<lambda>", "exec"))
    return _inner(inner) if free else inner


def _inner(code: CodeType) -> CodeType:
    return next(part for part in code.co_consts if isinstance(part, CodeType))


def _shape(code: CodeType) -> tuple[Any, ...]:
    constants = tuple(
        _shape(part) if isinstance(part, CodeType) else (type(part), part) for part in code.co_consts
    )
    return code.co_code, constants, code.co_names, code.co_varnames, code.co_freevars
