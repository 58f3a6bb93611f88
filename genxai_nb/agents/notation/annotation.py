"""Python annotations from text, without running any of it."""

from __future__ import annotations

import ast
import datetime
import typing
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, NoReturn

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


class Types:
    """Makes types of annotations.

    Args:
        namespace: Where pydantic models and enums are found.
        refuse: ``refuse(part, what, hint)`` raises the error for a part of an annotation.
    """

    def __init__(
        self, namespace: Mapping[str, Any], refuse: Callable[[ast.expr, str, str], NoReturn]
    ) -> None:
        self._namespace = namespace
        self._refuse = refuse

    def read(self, node: ast.expr) -> Any:
        """Make the type that an annotation names; everything else is refused."""
        if isinstance(node, ast.Constant) and node.value is None:
            return None
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return self._union(node, (node.left, node.right))
        if isinstance(node, ast.Name | ast.Attribute):
            return self._named(node)
        if isinstance(node, ast.Subscript):
            return self._subscripted(node)
        return self._unknown(node, f"{ast.unparse(node)} is no type.")

    def _named(self, node: ast.Name | ast.Attribute) -> Any:
        name = ast.unparse(node)
        if name in _PLAIN:
            return _PLAIN[name]
        if name in _GENERIC:
            return _GENERIC[name]
        if name in _FORMS:
            self._refuse(node, f"{name} needs brackets.", f"Write {name}[...].")
        found = self._namespace.get(name)
        return found if _is_data_class(found) else self._unknown(node, f"Unknown type {name!r}.")

    def _subscripted(self, node: ast.Subscript) -> Any:
        name = ast.unparse(node.value)
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if name == "Literal":
            return self._literal(node, parts)
        if name == "Optional" and len(parts) == 1:
            return self._union(node, (parts[0], ast.Constant(None)))
        most = {"list": 1, "set": 1, "dict": 2}.get(name, len(parts))
        least = 2 if name == "dict" else 1
        if name not in _GENERIC or not least <= len(parts) <= most:
            self._unknown(node, f"{ast.unparse(node)} is no type.")
        if (
            name == "tuple"
            and len(parts) == 2
            and isinstance(parts[1], ast.Constant)
            and parts[1].value is ...
        ):
            return _GENERIC[name][self.read(parts[0]), ...]
        return _GENERIC[name][tuple(self.read(part) for part in parts)]

    def _literal(self, node: ast.Subscript, parts: list[ast.expr]) -> Any:
        try:
            values = tuple(ast.literal_eval(part) for part in parts)
        except ValueError:
            values = ()
        if not values or not all(value is None or isinstance(value, str | int | bool) for value in values):
            what = "Literal takes texts, whole numbers, True, False and None."
            self._refuse(node, what, 'Write Literal["yes", "no"].')
        return typing.Literal[values]

    def _union(self, node: ast.expr, parts: tuple[ast.expr, ast.expr]) -> Any:
        left, right = (self.read(part) for part in parts)
        if left is None and right is None:
            self._unknown(node, "None alone is no type.")
        return typing.Union[left, right]  # noqa: UP007 - `|` does not take every form that is made here

    def _unknown(self, node: ast.expr, what: str) -> NoReturn:
        own = [name for name, value in self._namespace.items() if _is_data_class(value) and name[:1] != "_"]
        name = ast.unparse(node.value if isinstance(node, ast.Subscript) else node)
        known = [*(name for name in _PLAIN if "." not in name), *_GENERIC, *_FORMS, *own]
        self._refuse(node, what, suggest(name, known))


def _is_data_class(value: Any) -> bool:
    return isinstance(value, type) and (issubclass(value, Enum) or hasattr(value, "__pydantic_fields__"))
