"""Pydantic models that have no text of their own, such as those of schema cells, as classes."""

from __future__ import annotations

import types
from collections.abc import Callable
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin

from .literals import Code, call, literal, quoted, writable

__all__ = ["class_text", "type_text"]

Reference = Callable[[Any], str]

_WORDS = ("alias", "title", "description", "examples", "exclude", "deprecated", "frozen", "validate_default")
_MARKS = ("gt", "ge", "lt", "le", "multiple_of", "min_length", "max_length", "pattern")


def class_text(model: Any, refer: Reference, base: str, field: str) -> str:
    """Write a model as a class.

    Args:
        model: The model.
        refer: Gives the name of a class, function or module attribute in the script.
        base: What the script calls ``pydantic.BaseModel``.
        field: What it calls ``pydantic.Field``.
    """
    lines = [f"class {model.__name__}({base}):"]
    doc = model.__dict__.get("__doc__")
    if doc:
        lines += [f'    """{doc.strip()}"""', ""]
    for name, info in model.__pydantic_fields__.items():
        head = f"    {name}: {type_text(info.annotation, refer)}"
        lines.append(f"{head}{_default(head, info, refer, field)}")
    return "\n".join(lines)


def _default(head: str, info: Any, refer: Reference, field: str) -> str:
    words = {word: said for word in _WORDS if (said := getattr(info, word, None)) is not None}
    for mark in info.metadata:
        marks = [getattr(mark, "__dict__", {}) or {name: getattr(mark, name, None) for name in _MARKS}]
        words |= {name: value for each in marks for name, value in each.items() if name in _MARKS and value}
    values: list[Any] = []
    if info.default_factory is not None:
        words["default_factory"] = Code(refer(info.default_factory))
    elif not info.is_required():
        values = [info.default if writable(info.default) else Code(_value(info.default, refer))]
    if words:
        return call(field, values, words, indent=1, before=f"{head.strip()} = ")[len(head) :]
    return f" = {literal(values[0], indent=1, used=len(head) + 3)}" if values else ""


def _value(value: Any, refer: Reference) -> str:
    if isinstance(value, Enum):
        return f"{refer(type(value))}.{value.name}"
    members = ", ".join(
        f"{name}={getattr(value, name)!r}" for name in getattr(type(value), "__pydantic_fields__", ())
    )
    return f"{refer(type(value))}({members})"


def type_text(annotation: Any, refer: Reference) -> str:
    """Write an annotation.

    Example:
        >>> type_text(dict[str, list[int] | None], lambda kind: kind.__name__)
        'dict[str, list[int] | None]'
    """
    if annotation is None or annotation is type(None):
        return "None"
    if annotation is Any or annotation is ...:
        return refer(Any) if annotation is Any else "..."
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is None:
        return refer(annotation) if isinstance(annotation, type) else repr(annotation)
    if origin is Literal:
        shown = [quoted(part) if isinstance(part, str) else repr(part) for part in parts]
        return f"{refer(Literal)}[{', '.join(shown)}]"
    if origin in {Union, types.UnionType}:
        return " | ".join(type_text(part, refer) for part in parts)
    return f"{refer(origin)}[{', '.join(type_text(part, refer) for part in parts)}]"
