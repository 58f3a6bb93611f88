"""Which variables' values a statement changes in place, told from its text and that of the functions it calls."""

from __future__ import annotations

import ast
import builtins
import inspect
from collections.abc import Iterable, Iterator, Mapping
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

from genxai_nb.agents.definition import Definition
from genxai_nb.source import dedented, is_own, outside_functions, root_of, source_of
from genxai_nb.tools.base import Tool

__all__ = ["DRAWING", "Changes", "chain_of"]

DRAWING = frozenset({"bind", "edge", "node", "parse"})  # methods of a graph that is being made
_INNER = DRAWING | {
    "get",
    "items",
    "keys",
    "pop",
    "popitem",
    "setdefault",
    "values",
}  # that give what is inside
_PASSING = {"enumerate", "iter", "list", "map", "reversed", "sorted", "tuple", "zip"}  # functions that do
_CHANGING = DRAWING | {
    *("add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem", "popleft"),
    *("remove", "reverse", "setdefault", "sort", "update"),
}
_PLOT = "plot"  # also as an attribute, such as df.plot.bar()
_LOOKING = {  # methods that change nothing, also where nothing is done with what they give
    *("arun", "batch", "draw", "lines", "map", "run", "start"),
    *("copy", "count", "get", "index", "items", "keys", "values"),
    *("boxplot", "corr", "describe", "display", "groupby", "head", "hist", "info", "isna", "isnull"),
    *("nunique", _PLOT, "print", "sample", "show", "tail", "to_csv", "to_markdown", "to_string"),
    *("unique", "validate", "value_counts", "view"),
}
_SETTING = {  # functions of a module that change how it works
    *("append", "chdir", "extend", "insert", "setdefault", "setlocale"),
    *("setrecursionlimit", "update"),
}
_SEEDING = {"manual_seed", "seed"}  # functions after which chance is none, and each draw counts
_INTO = {  # functions that change what they are given
    *("delattr", "exec", "heapify", "heappop", "heappush", "insort", "insort_left", "insort_right"),
    *("next", "setattr", "shuffle"),
}
_ENVIRONMENT = {"load_dotenv"}  # functions that change os.environ
_SHOWING = {"IPython", "logging", "matplotlib", "plotly", "pprint", "rich", "seaborn", "warnings"}
_SETTLED = (str, bytes, int, float, complex, type(None), FunctionType, type, ModuleType, Definition, Tool)

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Chain(NamedTuple):
    """Attributes and methods one behind the other, such as ``graph.node(...).edge``.

    Attributes:
        base: What they begin with.
        root: The variable that this is, or the function that it calls; empty for anything else.
        names: The attributes.
        called: Those of them that are called on the way.
    """

    base: ast.expr
    root: str
    names: list[str]
    called: frozenset[str]

    def changes(self, *, alone: bool) -> bool:
        """Whether calling it may change what it begins with; `alone` says that nothing is done with the result."""
        if not alone:
            return self.names[-1] in _CHANGING
        looking = _LOOKING & self.called or self.names[-1] in _LOOKING or _PLOT in self.names
        return bool(DRAWING & {*self.called, self.names[-1]}) or not looking


def chain_of(function: ast.expr) -> Chain:
    """Take an expression apart into what it begins with, and the attributes and methods behind that."""
    names: list[str] = []
    called: set[str] = set()
    while True:
        if isinstance(function, ast.Attribute):
            names.append(function.attr)
            function = function.value
        elif isinstance(function, ast.Subscript):
            function = function.value
        elif isinstance(function, ast.Call) and isinstance(function.func, ast.Attribute):
            called.add(function.func.attr)
            function = function.func
        else:
            break
    base = function.func if isinstance(function, ast.Call) else function
    root = base.id if isinstance(base, ast.Name) else ""
    return Chain(function, root, names[::-1], frozenset(called))


class Effect(NamedTuple):
    """What a function may change.

    Attributes:
        order: Its parameters by position.
        parameters: Those whose values it may change, by name.
        returned: Those that it may return.
        variables: The variables of its module whose values it may change.
    """

    order: tuple[str, ...] = ()
    parameters: frozenset[str] = frozenset()
    returned: frozenset[str] = frozenset()
    variables: frozenset[str] = frozenset()


class Changes:
    r"""Tells which variables of a namespace have their values changed in place by a statement.

    It errs towards more: a method that is called for itself changes its object, unless it is known to look
    only; a library's function that is called for itself changes what it is given, unless it only shows it.
    A person's own functions are looked into.

    Args:
        statements: All statements of the namespace.
        space: Its variables, as far as their values are known.

    Example:
        >>> tree = ast.parse("def fill(t):\n    t['a'] = 1\nfill(table)\nprint(table)")
        >>> changes = Changes(tree.body, {})
        >>> changes.of(tree.body[1]), changes.of(tree.body[2])
        ({'table'}, set())
    """

    def __init__(self, statements: Iterable[ast.stmt], space: Mapping[str, Any]) -> None:
        self._space = space
        self._functions: dict[str, list[Function]] = {}
        self._classes: set[str] = set()
        self._effects: dict[int, Effect] = {}
        self._modules: dict[int, Changes] = {}
        self._read: dict[int, tuple[FunctionType, list[Function]]] = {}
        parts = [part for statement in statements for part in outside_functions(statement)]
        self._seeded = any(isinstance(part, ast.Attribute) and part.attr in _SEEDING for part in parts)
        for part in parts:
            if isinstance(part, Function):
                self._functions.setdefault(part.name, []).append(part)
            elif isinstance(part, ast.ClassDef):
                self._classes.add(part.name)
        self._aliases = self._same_in(parts)

    def of(self, statement: ast.stmt) -> set[str]:
        """The variables whose values a statement may change in place."""
        parts = list(outside_functions(statement))
        decorators: list[ast.expr] = [word for part in parts for word in getattr(part, "decorator_list", ())]
        calls = [word if isinstance(word, ast.Call) else ast.Call(word, [], []) for word in decorators]
        found = {*self._changed(parts), *(name for call in calls for name in self._by_call(call, alone=True))}
        return self._with_same(found, self._aliases)

    # ── what changes ─────────────────────────────────────────────────────────────────────────

    def _changed(self, parts: Iterable[ast.AST]) -> Iterator[str]:
        parts = list(parts)
        alone = {
            id(part.value.value if isinstance(part.value, ast.Await) else part.value)
            for part in parts
            if isinstance(part, ast.Expr)
        }
        for part in parts:
            if isinstance(part, ast.AugAssign):
                yield from _root(part.target)
            elif isinstance(part, ast.Subscript | ast.Attribute) and not isinstance(part.ctx, ast.Load):
                yield from _root(part)
            elif isinstance(part, ast.Call):
                yield from self._by_call(part, alone=id(part) in alone)

    def _by_call(self, call: ast.Call, *, alone: bool) -> Iterator[str]:
        """What a call changes; `alone` says that nothing is done with what it gives."""
        chain = chain_of(call.func)
        root, names = chain.root, chain.names
        if names and not isinstance(self._space.get(root), ModuleType):
            if chain.changes(alone=alone):
                yield from self._same_as(chain.base)
            return
        found = list(self._called(root, names))
        for effect, here in found:
            given = {word for name in effect.parameters for word in _given(call, effect.order, name)}
            yield from filter(self._is_open, given)
            yield from effect.variables if here else ()
        if found or not root or root in self._classes:
            return
        name = names[-1] if names else root
        if names and (name in _SETTING | _SEEDING or (self._seeded and "random" in {root, *names})):
            yield root
        if name in _ENVIRONMENT:
            yield "os"
        if name in _INTO or (alone and not self._shows(root, names)):
            yield from filter(self._is_open, _given(call))

    def _shows(self, root: str, chain: list[str]) -> bool:
        """Whether a library's function only shows what it is given."""
        value = self._space.get(root)
        if not chain and value is None:
            return root == "display" or hasattr(builtins, root)
        home = value.__name__ if isinstance(value, ModuleType) else str(getattr(value, "__module__", ""))
        return home.partition(".")[0] in _SHOWING

    def _is_open(self, name: str) -> bool:
        """Whether what a variable holds may change, as far as it is known."""
        return not isinstance(self._space.get(name, self), _SETTLED)

    # ── functions ────────────────────────────────────────────────────────────────────────────

    def _called(self, root: str, chain: list[str]) -> Iterator[tuple[Effect, bool]]:
        """The effects of a person's own functions behind a call, and whether they are of this namespace."""
        if not chain and root in self._functions:
            for function in self._functions[root]:
                yield self._effect(function), True
            return
        value = self._space.get(root)
        for name in chain:
            value = getattr(value, name, None) if isinstance(value, ModuleType) else None
        value = value.function if isinstance(value, Tool) else value
        value = inspect.unwrap(value) if isinstance(value, FunctionType) else None
        if not isinstance(value, FunctionType) or not is_own(str(value.__globals__.get("__name__", ""))):
            return  # IPython's open wraps one that is no function
        space = value.__globals__
        here = space is self._space
        other = self if here else self._modules.setdefault(id(space), Changes((), space))
        for function in other._written(value):
            yield other._effect(function), here

    def _written(self, value: FunctionType) -> list[Function]:
        """The text of a function that is there, parsed once."""
        if id(value) not in self._read:
            try:
                body = ast.parse(dedented(source_of(value))).body
            except (SyntaxError, ValueError):
                body = []
            self._read[id(value)] = value, [part for part in body if isinstance(part, Function)]
        return self._read[id(value)][1]

    def _effect(self, function: Function) -> Effect:
        known = self._effects.get(id(function))
        if known is not None:
            return known
        self._effects[id(function)] = Effect()  # while it is looked into, as it may call itself
        spec = function.args
        order = tuple(part.arg for part in (*spec.posonlyargs, *spec.args))
        every = {*order, *(part.arg for part in (*spec.kwonlyargs, spec.vararg, spec.kwarg) if part)}
        parts = [part for statement in function.body for part in ast.walk(statement)]
        outer = {name for part in parts if isinstance(part, ast.Global) for name in part.names}
        bound = {part.id for part in parts if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
        inner = {part.arg for part in parts if isinstance(part, ast.arg)}
        same = self._same_in(parts)
        changed = self._with_same(self._changed(parts), same)
        returns = (part.value for part in parts if isinstance(part, ast.Return) and part.value is not None)
        returned = self._with_same((name for value in returns for name in self._same_as(value)), same)
        variables = (changed - every - inner - (bound - outer)) | (bound & outer)
        found = Effect(order, frozenset(changed & every), frozenset(returned & every), frozenset(variables))
        self._effects[id(function)] = found
        return found

    # ── other names of the same value ────────────────────────────────────────────────────────

    def _same_in(self, parts: Iterable[ast.AST]) -> dict[str, set[str]]:
        """Which variables may hold the same value, or part of it."""
        found: dict[str, set[str]] = {}
        for part in parts:
            targets: list[ast.expr] = []
            if isinstance(part, ast.Assign):
                targets = part.targets
            elif isinstance(part, ast.AnnAssign | ast.NamedExpr | ast.For | ast.AsyncFor | ast.comprehension):
                targets = [part.target]
            elif isinstance(part, ast.withitem) and part.optional_vars is not None:
                targets = [part.optional_vars]
            value = getattr(part, "value", None) or getattr(part, "iter", None)
            value = part.context_expr if isinstance(part, ast.withitem) else value
            names = {name for target in targets for name in _named(target)}
            for name in names:
                for other in self._same_as(value) if value is not None else ():
                    found.setdefault(name, set()).add(other)
                    found.setdefault(other, set()).add(name)
        return found

    def _same_as(self, value: ast.expr) -> Iterator[str]:
        """The variables whose values an expression may give, or be made of."""
        match value:
            case ast.Name() | ast.Attribute() | ast.Subscript():
                yield from _root(value)
            case ast.IfExp(body=body, orelse=orelse):
                yield from (name for part in (body, orelse) for name in self._same_as(part))
            case (
                ast.BoolOp(values=parts) | ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts)
            ):
                yield from (name for part in parts for name in self._same_as(part))
            case ast.Dict(values=parts):
                yield from (name for part in parts for name in self._same_as(part))
            case ast.Starred(value=inner) | ast.Await(value=inner) | ast.NamedExpr(value=inner):
                yield from self._same_as(inner)
            case ast.Call():
                yield from self._same_as_call(value)

    def _same_as_call(self, call: ast.Call) -> Iterator[str]:
        root, chain = chain_of(call.func)[1:3]
        value = self._space.get(root)
        own = root in self._classes or (isinstance(value, type) and is_own(value.__module__))
        if chain and chain[-1] in _INNER:
            yield root
        elif not chain and (root in _PASSING or own):
            yield from _given(call)
        elif root:
            for effect, _ in self._called(root, chain):
                for name in effect.returned:
                    yield from _given(call, effect.order, name)

    def _with_same(self, names: Iterable[str], same: Mapping[str, set[str]]) -> set[str]:
        """Names, with those that may hold the same values."""
        found = set(names)
        waiting = list(found)
        while waiting:
            name = waiting.pop()
            others = {other for other in same.get(name, ()) if self._is_open(other)} - found
            found |= others
            waiting += others
        return found


def _given(call: ast.Call, order: tuple[str, ...] = (), parameter: str = "") -> Iterator[str]:
    """The variables that a call gives as arguments: all, or those that may come to one parameter."""
    starred = any(isinstance(part, ast.Starred) for part in call.args)
    for place, part in enumerate(call.args):
        if not parameter or starred or place >= len(order) or order[place] == parameter:
            yield from _held(part)
    for word in call.keywords:
        if not parameter or word.arg in {parameter, None} or word.arg not in order:
            yield from _held(word.value)


def _held(value: ast.expr) -> Iterator[str]:
    """The variables whose values an argument is, or is made of."""
    if isinstance(value, ast.Starred):
        yield from _held(value.value)
    elif isinstance(value, ast.List | ast.Tuple | ast.Set):
        yield from (name for part in value.elts for name in _held(part))
    elif isinstance(value, ast.Dict):
        yield from (name for part in value.values for name in _held(part))
    else:
        yield from _root(value)


def _root(place: ast.expr) -> Iterator[str]:
    root = root_of(place)
    if root:
        yield root


def _named(target: ast.expr) -> Iterator[str]:
    """The variables that a target binds."""
    return (
        part.id for part in ast.walk(target) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
    )
