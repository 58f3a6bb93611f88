"""Values and calls as formatted Python, laid out as ruff lays them out at 88 columns."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["Code", "assigned", "call", "literal", "quoted", "writable"]

WIDTH = 88
INDENT = "    "
_SCALARS = (type(None), bool, int, float, complex, str, bytes, type(...))
_BRACKETS: dict[type, tuple[str, str]] = {list: ("[", "]"), tuple: ("(", ")"), set: ("{", "}")}


class Code(str):
    """Text that is Python already and is written as it stands."""

    __slots__ = ()


def writable(value: Any) -> bool:
    """Whether a value is plain data that can be written down: numbers, texts, None, and collections of these."""
    return _writable(value, 0)


def _writable(value: Any, depth: int) -> bool:
    kind = type(value)
    if kind in _SCALARS or kind is Code:
        return True
    if depth > 50:
        return False
    if kind in {list, tuple, set, frozenset}:
        return all(_writable(item, depth + 1) for item in value)
    if kind is dict:
        return all(_writable(part, depth + 1) for pair in value.items() for part in pair)
    return False


def quoted(text: str) -> str:
    r"""A text as a string of Python, in double quotes unless single ones save backslashes.

    Example:
        >>> print(quoted("it's"), quoted('say "so"'), quoted("a\tb"))
        "it's" 'say "so"' "a\tb"
    """
    quote = "'" if text.count('"') > text.count("'") else '"'
    return f"{quote}{''.join(_escaped(one, quote) for one in text)}{quote}"


def block(text: str) -> str:
    r'''A text of several lines between triple quotes.

    Example:
        >>> print(block("one\ntwo"))
        """one
        two"""
    '''
    escaped = "".join(one if one == "\n" else _escaped(one, "") for one in text).replace('"""', '\\"\\"\\"')
    if escaped.endswith('"'):
        escaped = f'{escaped[:-1]}\\"'
    return f'"""{escaped}"""'


def _escaped(character: str, quote: str) -> str:
    if character in {"\\", quote}:
        return f"\\{character}"
    return character if character in "'\"" or character.isprintable() else repr(character)[1:-1]


def literal(value: Any, *, indent: int = 0, used: int = 0, after: int = 0) -> str:
    """Write plain data, over several lines where one is too long.

    Args:
        value: What is `writable`.
        indent: Levels of indent of the line that it stands in.
        used: Columns that the line needs before it, indent included.
        after: Columns that follow it on its last line.

    Example:
        >>> literal({"a": [1, 2], "b": ("x",)})
        '{"a": [1, 2], "b": ("x",)}'
    """
    flat = _flat(value)
    if isinstance(value, str) and not isinstance(value, Code):
        return block(value) if "\n" in value and len(value) > 1 else flat
    if "\n" not in flat and used + len(flat) + after <= WIDTH:
        return flat
    inner = INDENT * (indent + 1)
    if isinstance(value, Mapping) and value:
        rows = []
        for key, item in value.items():
            head = f"{_flat(key)}: "
            rows.append(head + literal(item, indent=indent + 1, used=len(inner) + len(head), after=1))
        return _exploded("{", rows, "}", indent)
    if type(value) in _BRACKETS and value:
        items = sorted(value, key=repr) if isinstance(value, set) else value
        rows = [literal(item, indent=indent + 1, used=len(inner), after=1) for item in items]
        return _exploded(_BRACKETS[type(value)][0], rows, _BRACKETS[type(value)][1], indent)
    return flat


def _exploded(opening: str, rows: Sequence[str], closing: str, indent: int) -> str:
    inner = INDENT * (indent + 1)
    body = "".join(f"{inner}{row},\n" for row in rows)
    return f"{opening}\n{body}{INDENT * indent}{closing}"


def _flat(value: Any) -> str:
    """Write plain data on one line."""
    kind = type(value)
    if kind is Code:
        return str(value)
    if kind is str:
        return quoted(value)
    if kind is float and not math.isfinite(value):
        return f'float("{value}")'
    if kind is float:
        return repr(value).replace("e+", "e")
    if kind is list:
        return f"[{', '.join(map(_flat, value))}]"
    if kind is tuple:
        return f"({', '.join(map(_flat, value))}{',' if len(value) == 1 else ''})"
    if kind is dict:
        return f"{{{', '.join(f'{_flat(key)}: {_flat(item)}' for key, item in value.items())}}}"
    if kind in {set, frozenset}:
        members = ", ".join(map(_flat, sorted(value, key=repr)))
        inside = f"{{{members}}}" if value else "set()"
        return inside if kind is set else f"frozenset({inside if value else ''})"
    if kind is bytes:
        shown = repr(value)
        return shown if shown[1] == '"' or b'"' in value else f'b"{shown[2:-1]}"'
    return "..." if value is ... else repr(value)


def call(
    function: str,
    arguments: Sequence[Any] = (),
    keywords: Mapping[str, Any] | None = None,
    *,
    indent: int = 0,
    before: str = "",
) -> str:
    """Write a call on one line, or with one argument a line where that is too long.

    Args:
        function: What is called.
        arguments: Plain data or `Code`.
        keywords: The same by name.
        indent: Levels of indent.
        before: What stands before the call on its line, such as ``name = ``.

    Example:
        >>> call("graph.edge", [Code("START"), "writer"], {"limit": 3})
        'graph.edge(START, "writer", limit=3)'
    """
    heads = [*("" for _ in arguments), *(f"{name}=" for name in keywords or {})]
    values = [*arguments, *(keywords or {}).values()]
    flat = ", ".join(head + _flat(value) for head, value in zip(heads, values, strict=True))
    several = any(isinstance(value, str) and "\n" in value for value in values)
    margin = INDENT * indent
    if not several and "\n" not in flat and len(f"{margin}{before}{function}({flat})") <= WIDTH:
        return f"{margin}{before}{function}({flat})"
    inner = INDENT * (indent + 1)
    rows = [
        head + literal(value, indent=indent + 1, used=len(inner) + len(head), after=1)
        for head, value in zip(heads, values, strict=True)
    ]
    return f"{margin}{before}{_exploded(f'{function}(', rows, ')', indent)}"


def assigned(name: str, value: Any) -> str:
    """Write ``name = value`` for plain data."""
    return f"{name} = {literal(value, used=len(name) + 3)}"
