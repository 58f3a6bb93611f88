"""What a function's signature and docstring say, or why they cannot be a tool's."""

from __future__ import annotations

import collections.abc
import datetime
import enum
import inspect
import re
import types
from collections.abc import Callable
from dataclasses import is_dataclass
from decimal import Decimal
from pathlib import PurePath
from typing import (
    Annotated,
    Any,
    Literal,
    NamedTuple,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)
from uuid import UUID

from genxai_nb.errors import SchemaInvalid

EMPTY = inspect.Parameter.empty
CONTEXT = "context"

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_SECTION = re.compile(
    r"(Args|Arguments|Parameters|Returns?|Yields?|Raises|Examples?|Notes?|Warnings?|See Also|Attributes):"
)
_ENTRY = re.compile(r"\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)")
_NUMBERS = (bool, int, float, Decimal)
_TIMES = (datetime.date, datetime.time, datetime.timedelta)
_COLLECTIONS = (list, dict, tuple, set, frozenset)
_LEAVES = (str, bytes, type(None), UUID, PurePath, enum.Enum, *_NUMBERS, *_TIMES, *_COLLECTIONS)
_ABSTRACT = ("Sequence", "Mapping", "Set", "Iterable", "Collection")
_CONTAINERS = (*_COLLECTIONS, *(getattr(collections.abc, name) for name in _ABSTRACT))


class Parameter(NamedTuple):
    """One parameter of a tool; ``default`` is ``EMPTY`` when it is required."""

    name: str
    annotation: Any
    default: Any
    description: str


class Signature(NamedTuple):
    """What a tool's function takes and says of itself."""

    name: str
    description: str
    parameters: tuple[Parameter, ...]
    wants_context: bool


def read_signature(function: Callable[..., Any], name: str | None) -> Signature:
    """Read a function as a tool.

    Args:
        function: The function.
        name: The tool's name; the function's own if None.

    Raises:
        SchemaInvalid: The function cannot be described to a model; the error names the parameter.
    """
    if not inspect.isroutine(function):
        raise SchemaInvalid(f"@tool takes a function, not {function!r}.", hint="Put it above a def.")
    name = name or function.__name__
    if not _NAME.fullmatch(name):
        raise SchemaInvalid(
            f"{name!r} cannot be a tool's name.",
            hint="Take letters, digits, '_' and '-', a letter first, at most 64.",
        )
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise SchemaInvalid(f"Tool {name!r} yields values.", hint="Return a list instead.")
    description, entries = read_docstring(inspect.getdoc(function) or "")
    hints = _hints(function, name)
    parameters, wants_context = [], False
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name == CONTEXT:
            wants_context = True
            continue
        _check(name, parameter, hints)
        described = entries.get(parameter.name, "")
        parameters.append(Parameter(parameter.name, hints[parameter.name], parameter.default, described))
    return Signature(name, description, tuple(parameters), wants_context)


def _hints(function: Callable[..., Any], name: str) -> dict[str, Any]:
    try:
        return get_type_hints(function, include_extras=True)
    except NameError as exc:
        raise SchemaInvalid(
            f"Tool {name!r}: the annotation {exc.name!r} is not defined.",
            hint="Import it or define it before the tool, at the top level.",
        ) from exc
    except TypeError as exc:
        raise SchemaInvalid(f"Tool {name!r}: an annotation cannot be read: {exc}.") from exc


def _check(name: str, parameter: inspect.Parameter, hints: dict[str, Any]) -> None:
    where = f"Tool {name!r}: parameter {parameter.name!r}"
    if parameter.kind in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD}:
        stars = "*" if parameter.kind is parameter.VAR_POSITIONAL else "**"
        raise SchemaInvalid(
            f"{where} is {stars}{parameter.name}, which has no schema.",
            hint=f"Name each parameter, or take one list: {parameter.name}: list[str].",
        )
    if parameter.kind is parameter.POSITIONAL_ONLY:
        raise SchemaInvalid(f"{where} is positional-only.", hint="Remove the '/': a tool is called by names.")
    if parameter.name not in hints:
        raise SchemaInvalid(
            f"{where} has no annotation.", hint=f"Write its type, such as {parameter.name}: str."
        )
    refused = _without_schema(hints[parameter.name])
    if refused is not None:
        shown = getattr(refused, "__qualname__", None) or repr(refused)
        raise SchemaInvalid(
            f"{where} is of type {shown}, which has no JSON schema.",
            hint="Take text, numbers, lists, dicts, enums, dataclasses or pydantic models.",
        )


def _without_schema(annotation: Any) -> Any:
    """The first part of an annotation that JSON cannot carry, or None."""
    if annotation is Any or annotation is None:
        return None
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return None
    if origin is Annotated:
        return _without_schema(parts[0])
    if origin in {Union, types.UnionType} or origin in _CONTAINERS:
        refused = (_without_schema(part) for part in parts if part is not Ellipsis)
        return next((part for part in refused if part is not None), None)
    target = getattr(annotation, "__supertype__", None) or getattr(annotation, "__value__", None)
    if target is not None:
        return _without_schema(target)
    return None if _is_leaf(origin or annotation) else annotation


def _is_leaf(kind: Any) -> bool:
    if not isinstance(kind, type):
        return is_typeddict(kind)
    described = is_typeddict(kind) or is_dataclass(kind) or hasattr(kind, "__get_pydantic_core_schema__")
    return described or issubclass(kind, _LEAVES)


def read_docstring(text: str) -> tuple[str, dict[str, str]]:
    """Split a Google style docstring into its description and the entries of ``Args:``."""
    described: list[str] = []
    entries: dict[str, str] = {}
    section = latest = ""
    margin: int | None = None
    for line in text.splitlines():
        stripped, indent = line.strip(), len(line) - len(line.lstrip())
        if indent == 0 and (header := _SECTION.fullmatch(stripped)):
            section, margin = header[1], None
        elif not section:
            described.append(line)
        elif section in {"Args", "Arguments", "Parameters"} and stripped:
            margin = indent if margin is None else margin
            entry = _ENTRY.match(stripped) if indent <= margin else None
            if entry:
                latest = entry[1]
                entries[latest] = entry[2]
            elif latest:
                entries[latest] = f"{entries[latest]} {stripped}".strip()
    return "\n".join(described).strip(), entries
