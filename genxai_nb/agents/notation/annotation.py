"""Python annotations from text, without running any of it."""

from __future__ import annotations

import ast
import datetime
import typing
from collections.abc import Mapping
from enum import Enum
from typing import Any

from genxai_nb.errors import suggest

_PLAIN: dict[str, Any] = {
    "int": int,
    "float": float,
    "str": str,
    "bool": bool,
    "Any": Any,
    "date": datetime.date,
    "datetime": datetime.datetime,
    "datetime.date": datetime.date,
    "datetime.datetime": datetime.datetime,
}
_GENERIC: dict[str, Any] = {"list": list, "dict": dict, "set": set, "tuple": tuple}
_FORMS = ("Literal", "Optional")


class NotAType(Exception):
    """A part of an annotation is no type that a schema may have.

    Args:
        node: The part.
        what: What is wrong.
        hint: What to write.
    """

    def __init__(self, node: ast.expr, what: str, hint: str) -> None:
        self.node, self.what, self.hint = node, what, hint
        super().__init__(what)


def type_from(node: ast.expr, namespace: Mapping[str, Any]) -> Any:
    """Make the type that an annotation names.

    Args:
        node: The annotation's syntax.
        namespace: Where pydantic models and enums are found.

    Raises:
        NotAType: It names something else.
    """
    if isinstance(node, ast.Constant) and node.value is None:
        return None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _union(node, (node.left, node.right), namespace)
    if isinstance(node, ast.Name | ast.Attribute):
        return _named(node, namespace)
    if isinstance(node, ast.Subscript):
        return _subscripted(node, namespace)
    raise _refused(node, f"{ast.unparse(node)} is no type.", namespace)


def _named(node: ast.Name | ast.Attribute, namespace: Mapping[str, Any]) -> Any:
    name = ast.unparse(node)
    if name in _PLAIN:
        return _PLAIN[name]
    if name in _GENERIC:
        return _GENERIC[name]
    if name in _FORMS:
        raise NotAType(node, f"{name} needs brackets.", f"Write {name}[...].")
    found = namespace.get(name)
    if not _is_data_class(found):
        raise _refused(node, f"Unknown type {name!r}.", namespace)
    return found


def _subscripted(node: ast.Subscript, namespace: Mapping[str, Any]) -> Any:
    name = ast.unparse(node.value)
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if name == "Literal":
        return _literal(node, parts)
    if name == "Optional" and len(parts) == 1:
        return _union(node, (parts[0], ast.Constant(None)), namespace)
    most = {"list": 1, "set": 1, "dict": 2}.get(name, len(parts))
    least = 2 if name == "dict" else 1
    if name not in _GENERIC or not least <= len(parts) <= most:
        raise _refused(node, f"{ast.unparse(node)} is no type.", namespace)
    if name == "tuple" and len(parts) == 2 and isinstance(parts[1], ast.Constant) and parts[1].value is ...:
        return _GENERIC[name][type_from(parts[0], namespace), ...]
    return _GENERIC[name][tuple(type_from(part, namespace) for part in parts)]


def _literal(node: ast.Subscript, parts: list[ast.expr]) -> Any:
    try:
        values = tuple(ast.literal_eval(part) for part in parts)
    except ValueError:
        values = ()
    if not values or not all(value is None or isinstance(value, str | int | bool) for value in values):
        raise NotAType(
            node, "Literal takes texts, whole numbers, True, False and None.", 'Write Literal["yes", "no"].'
        )
    return typing.Literal[values]


def _union(node: ast.expr, parts: tuple[ast.expr, ast.expr], namespace: Mapping[str, Any]) -> Any:
    left, right = (type_from(part, namespace) for part in parts)
    if left is None and right is None:
        raise _refused(node, "None alone is no type.", namespace)
    return typing.Union[left, right]  # noqa: UP007 - `|` does not take every form that is made here


def _is_data_class(value: Any) -> bool:
    return isinstance(value, type) and (issubclass(value, Enum) or hasattr(value, "__pydantic_fields__"))


def _refused(node: ast.expr, what: str, namespace: Mapping[str, Any]) -> NotAType:
    own = [name for name, value in namespace.items() if _is_data_class(value) and not name.startswith("_")]
    name = ast.unparse(node.value if isinstance(node, ast.Subscript) else node)
    hint = suggest(name, [*(name for name in _PLAIN if "." not in name), *_GENERIC, *_FORMS, *own])
    return NotAType(node, what, hint)
