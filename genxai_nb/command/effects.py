"""What a code cell does beyond importing and defining, told from its text alone.

This is no guard against an evil notebook: to run a graph is to run its functions. It keeps the command
from doing again what a notebook did on its way: loading data, plotting, running graphs.
"""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator

from genxai_nb.export.changes import DRAWING
from genxai_nb.source import outside_functions

__all__ = ["first_effect", "input_in", "runs_of"]

_DEFINING = {  # calls that make a value and do nothing else, by the last part of their name
    *("Agent", "Graph", "human", "tool"),
    *("Field", "ConfigDict", "field", "namedtuple", "NewType", "TypeVar"),
    *("Decimal", "Path", "compile", "timedelta"),
    *("bool", "dict", "float", "frozenset", "int", "len", "list", "range", "set", "str", "tuple"),
}
_PLACING = {"Path", "abspath", "absolute", "cwd", "dirname", "getcwd", "join", "realpath", "resolve", "str"}
_RUNNING = {"arun", "run", "start"}
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def first_effect(tree: ast.Module) -> ast.stmt | None:
    """The first statement that does more than import or define; None if there is none."""
    return next((statement for statement in tree.body if not _defines(statement)), None)


def _defines(statement: ast.stmt) -> bool:
    match statement:
        case ast.Import() | ast.ImportFrom() | ast.Pass():
            return True
        case ast.Assign(targets=targets, value=value):
            return all(map(_is_name, targets)) and _still(value)
        case ast.AnnAssign(target=ast.Name(), annotation=annotation, value=value):
            return _still(annotation) and (value is None or _still(value))
        case ast.Expr(value=ast.Constant()):
            return True
        case ast.Expr(value=ast.Call() as call):
            return _draws(call) or _adds_folder(call)
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return _is_still_function(statement)
        case ast.ClassDef():
            outside = [*statement.bases, *(word.value for word in statement.keywords)]
            return (
                all(map(_decorates, statement.decorator_list))
                and all(map(_still, outside))
                and all(map(_defines, statement.body))
            )
    return type(statement).__name__ == "TypeAlias"  # a statement of Python 3.12


def _is_still_function(function: _Function) -> bool:
    spec = function.args
    parameters = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs, spec.vararg, spec.kwarg]
    annotations = [p.annotation for p in parameters if p is not None and p.annotation is not None]
    defaults = [value for value in (*spec.defaults, *spec.kw_defaults) if value is not None]
    return all(map(_decorates, function.decorator_list)) and all(map(_still, [*annotations, *defaults]))


def _is_name(target: ast.expr) -> bool:
    return isinstance(target, ast.Name) or (
        isinstance(target, ast.Tuple | ast.List) and all(map(_is_name, target.elts))
    )


def _decorates(decorator: ast.expr) -> bool:
    """A decorator may be any function by name: without it the definition is another one."""
    if isinstance(decorator, ast.Call):
        return bool(_name(decorator.func)) and _still_arguments(decorator)
    return bool(_name(decorator))


def _draws(call: ast.Call) -> bool:
    """Whether a call puts nodes and edges into a graph: ``graph.node(...).edge(...)``."""
    target = call.func
    if not isinstance(target, ast.Attribute) or target.attr not in DRAWING or not _still_arguments(call):
        return False
    inner = target.value
    return isinstance(inner, ast.Name) or (isinstance(inner, ast.Call) and _still(inner))


def _adds_folder(call: ast.Call) -> bool:
    """Whether a call tells Python a further folder to import from: ``sys.path.append("..")``."""
    if ast.unparse(call.func) not in {"sys.path.append", "sys.path.insert"}:
        return False
    calls = (part for part in ast.walk(call) if isinstance(part, ast.Call) and part is not call)
    names = (each.func.attr if isinstance(each.func, ast.Attribute) else _name(each.func) for each in calls)
    return all(name in _PLACING for name in names)


def _still(value: ast.expr) -> bool:
    """Whether evaluating an expression makes a value and does nothing else."""
    match value:
        case ast.Lambda(args=args):
            return all(map(_still, [*args.defaults, *(item for item in args.kw_defaults if item)]))
        case ast.Call(func=function):
            name = _name(function)
            return _draws(value) or (name in _DEFINING and _still_arguments(value))
        case ast.Await() | ast.Yield() | ast.YieldFrom() | ast.NamedExpr():
            return False
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            return False
    parts = (part for part in ast.iter_child_nodes(value) if isinstance(part, ast.expr))
    return all(map(_still, parts))


def _still_arguments(call: ast.Call) -> bool:
    return all(map(_still, [*call.args, *(word.value for word in call.keywords)]))


def _name(function: ast.expr) -> str:
    """The last part of a dotted name; empty for any other expression."""
    root = function
    while isinstance(root, ast.Attribute):
        root = root.value
    if not isinstance(root, ast.Name):
        return ""
    return function.attr if isinstance(function, ast.Attribute) else root.id


def runs_of(tree: ast.AST, graphs: Container[str]) -> Iterator[ast.Call]:
    """The calls in a cell that run one of these graphs by its method: ``graph.run(...)``."""
    for part in outside_functions(tree):
        if (
            isinstance(part, ast.Call)
            and isinstance(part.func, ast.Attribute)
            and part.func.attr in _RUNNING
            and isinstance(part.func.value, ast.Name)
            and part.func.value.id in graphs
        ):
            yield part


def input_in(call: ast.Call) -> dict[str, ast.expr]:
    """The input that a run's call gives as a dict in its text, by key."""
    given = call.args[0] if call.args else next((w.value for w in call.keywords if w.arg == "given"), None)
    if not isinstance(given, ast.Dict):
        return {}
    pairs = zip(given.keys, given.values, strict=True)
    return {
        key.value: value
        for key, value in pairs
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    }
