"""The source text of functions and classes."""

from __future__ import annotations

import ast
import inspect
import io
import linecache
import tokenize
from collections.abc import Callable
from functools import partial
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any
from weakref import ref

Texts = dict[int, tuple[ref[Any], str]]

_BEGINNINGS = ("def ", "async ", "@")  # of a function's lines
_TRIES = 20  # of a string inside, each line may look like the end

_texts: Texts = {}
_written: Texts = {}


def source_of(obj: object) -> str:
    """The source text of a function, method, partial or class, with its indent; empty if there is none."""
    try:
        bare: Any = inspect.unwrap(_bare(obj))  # type: ignore[arg-type]  # whatever is no callable has no source
        code = bare.__code__ if type(bare) is FunctionType else None
        return inspect.getsource(bare) if code is None else once(_written, code, _source)
    except Exception:  # noqa: BLE001 - an object may raise anything when it is looked at
        return ""


def dedented(text: str) -> str:
    r"""Take the indent of the first line off all lines, except inside of strings that go over several lines.

    Example:
        >>> dedented("    def f():\n        return 1\n")
        'def f():\n    return 1\n'
    """
    width = len(text) - len(text.lstrip(" \t"))
    if not width:
        return text
    kept = _string_lines(f"if 1:\n{text}")
    lines = text.splitlines(keepends=True)
    return "".join(
        line if number in kept else line[min(width, len(line) - len(line.lstrip(" \t"))) :]
        for number, line in enumerate(lines, 2)
    )


def indented(text: str) -> str:
    """Put an indent of four before all lines, except inside of strings that go over several lines."""
    kept = _string_lines(text)
    return "".join(
        line if number in kept or line.isspace() else f"    {line}"
        for number, line in enumerate(text.splitlines(keepends=True), 1)
    )


def _string_lines(text: str) -> set[int]:
    """The numbers of the lines that begin inside of a string."""
    found: set[int] = set()
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.STRING or tokenize.tok_name[token.type] == "FSTRING_MIDDLE":
                found.update(range(token.start[0] + 1, token.end[0] + 1))
    except (tokenize.TokenError, SyntaxError):
        pass
    return found


def normalised(code: CodeType) -> str:
    """The source of code without comments and layout; empty for a lambda or without source.

    It is read once, so that a file which is edited after it was imported does not count. Code objects are
    told apart by identity: equal ones may stem from sources with different annotations.
    """
    return once(_texts, code, lambda code: "" if code.co_name == "<lambda>" else _tidy(code))


def once(kept: Texts, code: CodeType, make: Callable[[CodeType], str]) -> str:
    """The text of a code object, made at the first time."""
    key = id(code)
    of, text = kept.get(key, (None, ""))
    if of is None or of() is not code:
        text = make(code)
        kept[key] = ref(code, partial(forget, kept, key)), text
    return text


def forget(kept: dict[int, Any], key: int, _gone: object) -> None:
    """Drop what was kept of an object that is gone; at the end of Python no global is there any more."""
    kept.pop(key, None)


def _source(code: Any) -> str:
    """The source text of code. `inspect.getsource` looks through all modules first, and is there for the rest.

    Raises:
        OSError: There is none.
    """
    linecache.checkcache(code.co_filename)
    lines = linecache.getlines(code.co_filename)[code.co_firstlineno - 1 :]
    if lines and lines[0].lstrip().startswith(_BEGINNINGS):
        return "".join(_statement(lines))
    if not lines and code.co_filename.startswith("<"):  # of exec, of python -c: there is no file to be found
        msg = f"no source of {code.co_name}"
        raise OSError(msg)
    return inspect.getsource(code)


def _statement(lines: list[str]) -> list[str]:
    """The first statement of some lines: it goes to one that is not deeper, once Python can read what is before that.

    Tokens would tell it too, but Python's own reader of them takes longer to load than most files to parse.
    """
    width, tries = _indent(lines[0]), 0
    for number, line in enumerate(lines):
        if number and line.lstrip()[:1] not in {"", "#"} and _indent(line) <= width:
            tries += 1
            if tries > _TRIES:
                return inspect.getblock(lines)
            if _is_whole("".join(lines[:number])):
                lines = lines[:number]
                break
    while lines[-1].isspace() or (lines[-1].lstrip()[:1] == "#" and _indent(lines[-1]) <= width):
        lines = lines[:-1]
    return lines


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def _is_whole(text: str) -> bool:
    try:
        return bool(_parsed(text).body)
    except (SyntaxError, ValueError, RecursionError):
        return False


def _parsed(text: str) -> Any:
    return ast.parse(f"if True:\n{text}").body[0] if text[:1].isspace() else ast.parse(text)


def _tidy(code: Any) -> str:
    try:
        return "\n".join(map(tidied, _parsed(once(_written, code, _source)).body))
    except (OSError, TypeError, ValueError, SyntaxError, RecursionError):
        return ""


def tidied(tree: ast.stmt) -> str:
    """A statement without comments and layout; that of docstrings is taken off too, as they are indented with the code."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                doc = first.value.value
                first.value.value = inspect.cleandoc(doc).strip() if isinstance(doc, str) else doc
    return ast.unparse(tree)


def _bare(obj: object) -> object:
    """Take a partial, a method or a callable object down to what was written."""
    while isinstance(obj, (partial, MethodType)):
        obj = obj.func if isinstance(obj, partial) else obj.__func__
    if isinstance(obj, (type, FunctionType, ModuleType)) or hasattr(obj, "__wrapped__"):
        return obj
    return type(obj).__call__ if callable(obj) else obj
