"""Expressions over a state, parsed once and compiled to closures."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from genxai_nb.errors import ConditionFailed, LineInvalid, suggest

from .values import (
    ARITHMETIC,
    COMPARISONS,
    FUNCTIONS,
    METHOD_NAMES,
    SIGNS,
    call_method,
    read_item,
    read_part,
    shown,
)

Scope = Mapping[str, Any]
Run = Callable[[Scope], Any]

MOST_TEXT = 4_000  # characters of an expression
MOST_DEPTH = 150  # of nesting; the parser itself refuses little more

_TOO_DEEP = "The expression is nested too deeply."
_TOO_LARGE = "Compute the value in a function node and test its result."
EXAMPLE = "Write a Python expression over the state, such as score < 0.8 and len(notes) > 2."
_OTHER_LANGUAGES = (("&&", "and"), ("||", "or"), ("=>", ">="), ("=<", "<="), ("<>", "!="))
_REFUSED = {
    "Await": "await",
    "DictComp": "a comprehension",
    "GeneratorExp": "a comprehension",
    "Invert": "~",
    "JoinedStr": "an f-string",
    "Lambda": "lambda",
    "ListComp": "a comprehension",
    "NamedExpr": ":=",
    "SetComp": "a comprehension",
    "Starred": "*",
    "Yield": "yield",
    "YieldFrom": "yield",
}


class Expression:
    """An expression made ready.

    Attributes:
        text: The expression as written.
        names: The keys of the state that it names.

    Example:
        >>> expression = compile_expression("score < 0.8 and 'draft' in notes")
        >>> sorted(expression.names)
        ['notes', 'score']
        >>> expression.evaluate({"score": 0.5, "notes": ["draft"]})
        True
    """

    __slots__ = ("_run", "names", "text")

    def __init__(self, text: str, names: frozenset[str], run: Run) -> None:
        self.text = text
        self.names = names
        self._run = run

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def evaluate(self, scope: Scope) -> Any:
        """Compute the value over a state.

        Raises:
            ConditionFailed: A key is absent, or a value is not what the expression needs.
        """
        try:
            return self._run(scope)
        except ConditionFailed as exc:
            raise self._named(exc) from None
        except Exception as exc:  # operators of the state's own values may raise anything
            raise self._failed(exc, scope) from exc

    def holds(self, scope: Scope) -> bool:
        """Compute the value and take it as yes or no.

        Raises:
            ConditionFailed: As ``evaluate``, or the value is neither true nor false.
        """
        try:
            return bool(self._run(scope))
        except ConditionFailed as exc:
            raise self._named(exc) from None
        except Exception as exc:  # as above, and tables and arrays refuse to be yes or no
            raise self._failed(exc, scope) from exc

    def _named(self, exc: ConditionFailed) -> ConditionFailed:
        return ConditionFailed(f"Expression {self.text!r} {exc.what}.", hint=exc.hint)

    def _failed(self, exc: Exception, scope: Scope) -> ConditionFailed:
        there = [name for name in sorted(self.names) if name in scope]
        values = ", ".join(f"{name} is {shown(scope[name])}" for name in there[:4])
        what = f"Expression {self.text!r} failed: {str(exc) or type(exc).__name__}."
        return ConditionFailed(what, hint=f"Here {values}." if values else "")


def compile_expression(text: str, functions: Mapping[str, Callable[..., Any]] = FUNCTIONS) -> Expression:
    """Check an expression and make it ready.

    Args:
        text: A Python expression without comprehensions, assignment, f-strings and names that begin with ``_``.
        functions: The functions that it may call, by name. They have to be pure and bounded in time and size.

    Raises:
        LineInvalid: It is no such expression; the caret stands where it is not.
    """
    body = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not body:
        raise LineInvalid("The expression is empty.", line=text, number=1, column=0, hint=EXAMPLE)
    compiler = _Compiler(body, functions)
    if len(body) > MOST_TEXT:
        compiler.refuse(
            f"The expression has {len(body)} characters; {MOST_TEXT} is the most.", hint=_TOO_LARGE
        )
    try:
        tree = ast.parse(body, mode="eval").body
    except SyntaxError as exc:
        compiler.refuse_syntax(exc, _other_language(body))
    except ValueError as exc:
        compiler.refuse(f"Not an expression: {exc}.", cause=exc)
    except (MemoryError, RecursionError) as exc:
        compiler.refuse(_TOO_DEEP, hint=_TOO_LARGE, cause=exc)
    run = compiler.compile(tree)
    return Expression(body, frozenset(compiler.names), run)


def _other_language(text: str) -> str:
    for foreign, ours in _OTHER_LANGUAGES:
        if foreign in text:
            return f"Write {ours} for {foreign}."
    return EXAMPLE


class _Compiler:
    """Turns a syntax tree into closures, one form at a time; a form without a method is refused."""

    def __init__(self, text: str, functions: Mapping[str, Callable[..., Any]]) -> None:
        self.lines = text.split("\n")
        self.functions = functions
        self.names: set[str] = set()
        self.depth = 0

    def compile(self, node: ast.expr) -> Run:
        form = type(node).__name__
        visit: Callable[[Any], Run] | None = getattr(self, f"_{form.lower()}", None)
        if visit is None:
            self.refuse_node(node, f"An expression cannot contain {_REFUSED.get(form, form)}.")
        self.depth += 1
        if self.depth > MOST_DEPTH:
            self.refuse_node(node, _TOO_DEEP, _TOO_LARGE)
        run = visit(node)
        self.depth -= 1
        return run

    def refuse_syntax(self, exc: SyntaxError, hint: str) -> NoReturn:
        what, column = f"Not an expression: {exc.msg.rstrip('.?')}.", (exc.offset or 1) - 1
        if exc.offset == 0:  # how the parser says that it came to the end
            what, column = "The expression breaks off.", len(self.lines[-1])
        self.refuse(what, exc.lineno, column, hint, exc)

    def refuse_node(self, node: ast.expr, what: str, hint: str = EXAMPLE) -> NoReturn:
        line = self.lines[node.lineno - 1]
        column = len(line.encode()[: node.col_offset].decode())  # the tree counts bytes
        self.refuse(what, node.lineno, column, hint)

    def refuse(
        self,
        what: str,
        number: int | None = 1,
        column: int = 0,
        hint: str = EXAMPLE,
        cause: Exception | None = None,
    ) -> NoReturn:
        number = min(max(number or 1, 1), len(self.lines))
        line = self.lines[number - 1]
        column = min(max(column, 0), len(line))
        raise LineInvalid(what, line=line, number=number, column=column, hint=hint) from cause

    def _constant(self, node: ast.Constant) -> Run:
        value = node.value
        if not isinstance(value, int | float | str | None):
            self.refuse_node(node, f"An expression cannot contain {value!r}.")
        return lambda _scope: value

    def _name(self, node: ast.Name) -> Run:
        name = node.id
        self._check_name(node, name)
        self.names.add(name)

        def read(scope: Scope) -> Any:
            try:
                return scope[name]
            except KeyError:
                raise _absent(name, scope, self.functions) from None

        return read

    def _check_name(self, node: ast.expr, name: str) -> None:
        if name.startswith("_"):
            self.refuse_node(
                node, f"{name!r} begins with an underscore.", "Such names are not for expressions."
            )

    def _attribute(self, node: ast.Attribute) -> Run:
        name, value = node.attr, self.compile(node.value)
        self._check_name(node, name)
        return lambda scope: read_part(value(scope), name)

    def _subscript(self, node: ast.Subscript) -> Run:
        value, key = self.compile(node.value), self.compile(node.slice)
        return lambda scope: read_item(value(scope), key(scope))

    def _slice(self, node: ast.Slice) -> Run:
        parts = [part and self.compile(part) for part in (node.lower, node.upper, node.step)]
        return lambda scope: slice(*(part and part(scope) for part in parts))

    def _unaryop(self, node: ast.UnaryOp) -> Run:
        sign, value = SIGNS.get(type(node.op).__name__), self.compile(node.operand)
        if sign is None:
            self.refuse_node(node, "An expression cannot contain ~.", "Write not for a negation.")
        return lambda scope: sign(value(scope))

    def _binop(self, node: ast.BinOp) -> Run:
        operation = ARITHMETIC.get(type(node.op).__name__)
        if operation is None:
            hint = "Write and, or for conditions; the arithmetic is + - * / // % **."
            self.refuse_node(node, "An expression cannot work on bits.", hint)
        left, right = self.compile(node.left), self.compile(node.right)
        return lambda scope: operation(left(scope), right(scope))

    def _boolop(self, node: ast.BoolOp) -> Run:
        first, *rest = [self.compile(value) for value in node.values]
        wanted = isinstance(node.op, ast.And)

        def decide(scope: Scope) -> Any:
            value = first(scope)
            for part in rest:
                if bool(value) is not wanted:
                    return value
                value = part(scope)
            return value

        return decide

    def _compare(self, node: ast.Compare) -> Run:
        left = self.compile(node.left)
        steps = [
            (COMPARISONS[type(op).__name__], self.compile(right))
            for op, right in zip(node.ops, node.comparators, strict=True)
        ]
        if len(steps) == 1:
            compare, right = steps[0]
            if isinstance(node.comparators[0], ast.Constant):  # the usual condition: a key against a constant
                constant = right({})
                return lambda scope: compare(left(scope), constant)
            return lambda scope: compare(left(scope), right(scope))

        def chain(scope: Scope) -> Any:
            value = left(scope)
            result: Any = True
            for compare, right in steps:
                follows = right(scope)
                result = compare(value, follows)
                if not result:
                    return result
                value = follows
            return result

        return chain

    def _ifexp(self, node: ast.IfExp) -> Run:
        test, then, otherwise = self.compile(node.test), self.compile(node.body), self.compile(node.orelse)
        return lambda scope: then(scope) if test(scope) else otherwise(scope)

    def _list(self, node: ast.List | ast.Tuple | ast.Set) -> Run:
        make = {ast.List: list, ast.Tuple: tuple, ast.Set: set}[type(node)]
        items = [self.compile(item) for item in node.elts]
        return lambda scope: make([item(scope) for item in items])

    _tuple = _set = _list

    def _dict(self, node: ast.Dict) -> Run:
        pairs: list[tuple[Run, Run]] = []
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                self.refuse_node(value, "An expression cannot contain **.")
            pairs.append((self.compile(key), self.compile(value)))
        return lambda scope: {key(scope): value(scope) for key, value in pairs}

    def _call(self, node: ast.Call) -> Run:
        arguments = [self.compile(argument) for argument in node.args]
        if isinstance(node.func, ast.Attribute):
            return self._method(node, node.func, arguments)
        if not isinstance(node.func, ast.Name):
            self.refuse_node(
                node, "Only a function by name, or a method of a text, list or dict, can be called."
            )
        function = self.functions.get(node.func.id)
        if function is None:
            self.refuse_node(
                node, f"Unknown function {node.func.id!r}.", suggest(node.func.id, self.functions)
            )
        options: dict[str, Run] = {}
        for keyword in node.keywords:
            if keyword.arg is None:
                self.refuse_node(keyword.value, "An expression cannot contain **.")
            options[keyword.arg] = self.compile(keyword.value)
        if options:
            return lambda scope: function(
                *[argument(scope) for argument in arguments],
                **{key: value(scope) for key, value in options.items()},
            )
        return lambda scope: function(*[argument(scope) for argument in arguments])

    def _method(self, node: ast.Call, target: ast.Attribute, arguments: list[Run]) -> Run:
        name, value = target.attr, self.compile(target.value)
        self._check_name(target, name)
        if name not in METHOD_NAMES:
            self.refuse_node(node, f"Unknown method {name!r}.", suggest(name, METHOD_NAMES))
        if node.keywords:
            self.refuse_node(node, f"The method {name!r} takes no named arguments here.")
        return lambda scope: call_method(value(scope), name, [argument(scope) for argument in arguments])


def _absent(name: str, scope: Scope, functions: Mapping[str, Callable[..., Any]]) -> ConditionFailed:
    hint = f"It is a function: write {name}(...)." if name in functions else suggest(name, scope)
    return ConditionFailed(f"names {name!r}, which the state does not have", hint=hint)
