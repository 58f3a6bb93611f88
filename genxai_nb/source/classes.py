"""What counts of a class of a person's own: fields, methods, constants, what pydantic and dataclass were told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from functools import cached_property
from inspect import cleandoc
from types import FunctionType
from typing import Any, get_args, get_origin

from .names import is_own

Member = tuple[str, Any]  # what is said of it, and a value that counts by itself
NOTHING = object()

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+|:\d{6,}")
_MAIN = re.compile(r"\b__main__\.")
_GENERATED = frozenset(
    f"__{name}__"
    for name in (
        *("init", "repr", "eq", "lt", "le", "gt", "ge", "hash", "setattr", "delattr", "replace", "getstate"),
        *("setstate", "new", "getnewargs", "asdict", "post_init_post_parse"),
    )
)
_FIELD_WORDS = (
    *("alias", "validation_alias", "serialization_alias", "title", "description", "examples", "exclude"),
    *("discriminator", "deprecated", "json_schema_extra", "frozen", "validate_default", "init", "kw_only"),
)
_COUNTING = (FunctionType, staticmethod, classmethod, property)


def members_of(kind: type) -> Iterator[Member]:
    """What counts of a class itself, in an order that does not depend on where it was defined.

    Yields:
        What is said, and a value to look into, or ``NOTHING`` where that is all.
    """
    fields = getattr(kind, "__pydantic_fields__", None)
    if fields is not None:
        yield from _model(kind, fields)
    elif issubclass(kind, Enum):
        for name, member in kind.__members__.items():
            yield f"member {name}", member.value
    else:
        for name, annotation in vars(kind).get("__annotations__", {}).items():
            yield from _annotation(f"annotation {name}", annotation)
        yield from _dataclass(kind)
    yield from _namespace(kind, set(fields or ()))


def _model(kind: Any, fields: dict[str, Any]) -> Iterator[Member]:
    for name, field in fields.items():
        yield from _annotation(f"field {name}", field.annotation)
        if field.default_factory is not None:
            yield f"factory {name}", field.default_factory
        elif not field.is_required():
            yield from _value(f"default {name}", field.default)
        for word in _FIELD_WORDS:
            said = getattr(field, word, None)
            if said is not None:
                yield f"{word} {name} {scrubbed(said)}", NOTHING
        for mark in field.metadata:
            if type(mark).__name__ != "Reduced":  # how writes come together is the graph's
                yield f"mark {name} {scrubbed(mark)}", getattr(mark, "func", NOTHING)
    yield from _told(kind)


def _told(kind: Any) -> Iterator[Member]:
    """What pydantic was told by the configuration and by decorators; the functions themselves are members."""
    for name, value in sorted(vars(kind).get("model_config", {}).items()):
        yield f"config {name} {scrubbed(value)}", NOTHING
    told = kind.__pydantic_decorators__
    for group in sorted(vars(told) if hasattr(told, "__dict__") else told.__slots__):
        decorators = getattr(told, group)
        if isinstance(decorators, dict):
            for name, decorator in decorators.items():
                yield f"{group} {name} {scrubbed(decorator.info)}", NOTHING


def _dataclass(kind: Any) -> Iterator[Member]:
    if "__dataclass_params__" in vars(kind):
        yield scrubbed(kind.__dataclass_params__), NOTHING
        for name, field in kind.__dataclass_fields__.items():
            yield f"option {name} {(field.init, field.repr, field.compare, field.kw_only)}", NOTHING
            if callable(field.default_factory):
                yield f"factory {name}", field.default_factory


def _namespace(kind: type, fields: set[str]) -> Iterator[Member]:
    """Methods, properties, constants and nested classes; what was generated does not count."""
    enum = issubclass(kind, Enum)
    for name, item in sorted(vars(kind).items()):
        if name in fields or name == "model_config":
            continue
        if name == "__doc__":
            if item and not enum and not item.startswith(f"{kind.__name__}("):
                yield f"doc {cleandoc(item).strip()}", NOTHING
        elif isinstance(item, _COUNTING):
            if _written(kind, name, item):
                yield f"member {name}", item
        elif isinstance(item, cached_property):
            yield f"member {name}", item.func
        elif name.startswith("_" if enum else ("__", "_abc_")):
            continue
        elif not enum and not hasattr(type(item), "__get__"):
            yield from _value(f"member {name}", item)


def _written(kind: type, name: str, item: Any) -> bool:
    """Whether a function of a class was written by a person, not generated for it."""
    function = getattr(item, "__func__", None) or getattr(item, "fget", None) or item
    if not isinstance(function, FunctionType):
        return True
    if not is_own(str(function.__globals__.get("__name__", ""))):
        return False
    generated = name in _GENERATED and (hasattr(kind, "__dataclass_fields__") or hasattr(kind, "_fields"))
    return not (generated and function.__code__.co_filename.startswith("<"))


def _value(said: str, value: Any) -> Iterator[Member]:
    """A default or a constant: plain data by what it holds, also what could change, since it is copied."""
    if isinstance(value, (list, dict, set)):
        yield f"{said} {scrubbed(sorted(value, key=repr) if isinstance(value, set) else value)}", NOTHING
    else:
        yield said, value


def _annotation(said: str, annotation: Any) -> Iterator[Member]:
    """An annotation by its structure, whichever way it is written."""
    if isinstance(annotation, type) and not get_args(annotation):
        yield said, annotation
        return
    parts = get_args(annotation)
    if not parts or _origin(annotation) == "Literal":
        yield f"{said} {scrubbed(annotation)}", NOTHING
        return
    yield f"{said} {_origin(annotation)}", NOTHING
    for part in parts:
        yield from _annotation(said, part)


def _origin(annotation: Any) -> str:
    origin: Any = get_origin(annotation)
    name = getattr(origin, "__name__", None) or str(origin).removeprefix("typing.")
    return "Union" if name == "UnionType" else str(name)


def scrubbed(value: Any) -> str:
    """A value's repr without what differs from process to process."""
    return _MAIN.sub("", _ADDRESS.sub("", repr(value)))
