"""The walk over values: into plain JSON data, and back."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, KeysView
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, NoReturn

import msgspec
from msgspec import Struct, structs

from genxai_nb.errors import GenXAIError, NotStorable, StoreDamaged
from genxai_nb.messages import (
    Image,
    Message,
    ModelReply,
    ModelRequest,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
    ToolSpec,
    Usage,
    Verbatim,
)
from genxai_nb.secrets import Secret

from .tables import TABLE_TAGS, read_table, write_table
from .tags import SCALAR_READERS, SCALARS, TAG, tagged

DEPTH = 64

Plain = Any
Fetch = Callable[[str], Plain]
# How a value was reached: the trail of what holds it, that holder, and its key there. At the root the
# key is the root's name. Paths are only spelled out when a value is refused.
Trail = tuple[Any, Any, Any]

_NATIVE = frozenset({str, int, bool, type(None)})
_FLOATS = frozenset({float})
_OURS: dict[str, type[Struct]] = {
    kind.__name__: kind
    for kind in (
        Message,
        Text,
        Reasoning,
        Image,
        ToolCall,
        ToolResult,
        ToolSpec,
        Usage,
        ModelRequest,
        ModelReply,
    )
}
_BASES: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (str, str.__str__),
    (int, int.__int__),
    (float, float.__float__),
    *((kind, kind) for kind in (list, tuple, dict, set, frozenset)),
)


def write(value: Any, root: str) -> Plain:
    """Turn a value into plain data; what is plain already is handed back as it is.

    Raises:
        NotStorable: Something cannot be kept; its path from the root is named.
    """
    return _write(value, (None, None, root), 0)


def write_open(value: Any, root: str) -> Plain:
    """Turn a value into plain data that need not be read back: a message stays the struct that it is.

    Raises:
        NotStorable: Something cannot be kept; its path from the root is named.
    """
    trail = (None, None, root)
    return _write_fields(value, trail, 0) if type(value) in _FIELDS else _write(value, trail, 0)


def _write(value: Any, trail: Trail, depth: int) -> Plain:
    kind = type(value)
    if kind in _NATIVE:
        return value
    if kind is float:
        return value if math.isfinite(value) else tagged("float", repr(value))
    if depth > DEPTH:
        _refuse_deep(value, trail)
    if kind is dict:
        return _write_dict(value, value, trail, depth)
    if kind is list:
        return _write_items(value, value, trail, depth)
    if kind is tuple:
        return tagged("tuple", _write_items(list(value), value, trail, depth))
    if (scalar := SCALARS.get(kind)) is not None:
        return tagged(scalar.tag, scalar.write(value))
    if kind is set or kind is frozenset:
        return tagged(kind.__name__, sorted(_write_hashable(value, value, trail, depth), key=repr))
    return _write_unusual(value, kind, trail, depth)


def _write_dict(value: dict[Any, Any], holder: Any, trail: Trail, depth: int) -> Plain:
    if TAG in value:
        return _write_pairs(value, trail, depth)
    changed = None
    for key, item in value.items():
        if type(key) is not str:
            return _write_pairs(value, trail, depth)
        if type(item) in _NATIVE:
            continue
        plain = _write(item, (trail, holder, key), depth + 1)
        if plain is not item:
            if changed is None:
                changed = dict(value)
            changed[key] = plain
    return value if changed is None else changed


def _write_items(items: list[Any], holder: Any, trail: Trail, depth: int) -> list[Plain]:
    kinds = set(map(type, items))
    if kinds <= _NATIVE or (kinds == _FLOATS and math.isfinite(sum(items))):
        return items
    changed = None
    for number, item in enumerate(items):
        plain = _write(item, (trail, holder, number), depth + 1)
        if plain is not item:
            if changed is None:
                changed = items.copy()
            changed[number] = plain
    return items if changed is None else changed


def _write_pairs(value: dict[Any, Any], trail: Trail, depth: int) -> Plain:
    """Write a dict whose keys are not all text, or that looks like a tag."""
    keys = _write_hashable(value, value.keys(), trail, depth)
    items = [_write(item, (trail, value, key), depth + 1) for key, item in value.items()]
    return tagged("dict", [list(pair) for pair in zip(keys, items, strict=True)])


def _write_hashable(items: Iterable[Any], holder: Any, trail: Trail, depth: int) -> list[Plain]:
    """Write keys or members of a set, which have to be hashable and distinct also when read back."""
    written, seen = [], set[Any]()
    for item in items:
        here = (trail, holder, item)
        plain = _write(item, here, depth + 1)
        back = item if plain is item else read(plain)
        try:
            new = back not in seen
        except TypeError:
            _refuse(item, here, f"is a {_name(type(item))}, which is read back as one that cannot be a key")
        if not new:
            _refuse(item, here, "is read back as a value that is there already")
        seen.add(back)
        written.append(plain)
    return written


def _write_unusual(value: Any, kind: type, trail: Trail, depth: int) -> Plain:
    if _OURS.get(kind.__name__) is kind:
        return _write_ours(value, kind, trail, depth)
    if kind.__module__.partition(".")[0] in {"numpy", "pandas"}:
        table = write_table(value, lambda item, step: _write(item, (trail, value, step), depth + 1))
        return _refuse(value, trail) if table is None else table
    if isinstance(value, Enum):
        return {**tagged("enum", _write(value.value, trail, depth + 1)), "class": _name(kind)}
    if (members := _members(value, kind)) is not None:
        return {**tagged("record", _write_dict(members, value, trail, depth)), "class": _name(kind)}
    for base, bare in _BASES:
        if isinstance(value, base):
            return _write(bare(value), trail, depth)
    for base, scalar in SCALARS.items():
        if isinstance(value, base):
            return tagged(scalar.tag, scalar.write(value))
    return _refuse(value, trail, "is a secret" if isinstance(value, Secret) else "")


def _members(value: Any, kind: type) -> dict[str, Any] | None:
    """The fields of a dataclass, pydantic model or struct."""
    names: Iterable[str]
    if (known := getattr(kind, "__pydantic_fields__", None)) is not None:
        names = known
    elif is_dataclass(kind):
        names = [field.name for field in fields(kind)]
    elif isinstance(value, Struct):
        names = value.__struct_fields__
    else:
        return None
    members = {name: getattr(value, name) for name in names if hasattr(value, name)}
    return members | (getattr(value, "__pydantic_extra__", None) or {})


def _write_ours(value: Struct, kind: type[Struct], trail: Trail, depth: int) -> Plain:
    """Write a message or a part of one, and make sure that it can be read back."""
    try:
        plain = msgspec.to_builtins(_write_fields(value, trail, depth))
        msgspec.convert(plain, kind)
    except (msgspec.ValidationError, TypeError) as exc:
        _refuse(value, trail, f"is no {kind.__name__}: {exc}")
    return tagged(kind.__name__, plain)


def _write_fields(value: Any, trail: Trail, depth: int) -> Any:
    """Write what is free data in a message or a part of one; the rest stays as it is."""
    changed = {}
    for name, write_field in _FIELDS.get(type(value), ()):
        item = getattr(value, name)
        if item is None:
            continue
        plain = write_field(item, (trail, value, name), depth + 1)
        if plain is not item:
            changed[name] = plain
    return structs.replace(value, **changed) if changed else value


def _write_parts(parts: tuple[Any, ...], trail: Trail, depth: int) -> tuple[Any, ...]:
    changed = None
    for number, part in enumerate(parts):
        if type(part) not in _FIELDS:
            continue
        plain = _write_fields(part, (trail, parts, number), depth)
        if plain is not part:
            changed = changed or list(parts)
            changed[number] = plain
    return parts if changed is None else tuple(changed)


_FIELDS: dict[type, tuple[tuple[str, Callable[[Any, Trail, int], Any]], ...]] = {
    Message: (("parts", _write_parts), ("verbatim", _write_fields)),
    Verbatim: (("content", _write),),
    ToolCall: (("arguments", _write),),
    ToolSpec: (("parameters", _write),),
    ModelRequest: (("messages", _write_parts), ("tools", _write_parts), ("output", _write)),
    ModelReply: (("message", _write_fields), ("raw", _write)),
}


def _refuse(value: Any, trail: Trail, why: str = "") -> NoReturn:
    path = "".join(_steps(trail))
    raise NotStorable(path if len(path) <= 200 else f"{path[:200]}...", value, why)


def _refuse_deep(value: Any, trail: Trail) -> NoReturn:
    """Refuse a value at the limit of depth; if that is because something contains itself, say that."""
    holders: set[int] = set()
    for here in reversed(list(_up(trail))):
        if here[0] is not None and id(here[1]) in holders:
            _refuse(here[1], here[0], "contains itself")
        holders.add(id(here[1]))
    _refuse(value, trail, f"is nested deeper than {DEPTH} levels")


def _up(trail: Trail) -> Iterable[Trail]:
    while trail is not None:
        yield trail
        trail = trail[0]


def _steps(trail: Trail) -> list[str]:
    return [_step(holder, key) for _, holder, key in reversed(list(_up(trail)))]


def _step(holder: Any, key: Any) -> str:
    """How a key is written behind the path of its holder."""
    if holder is None:
        return str(key)
    if isinstance(holder, (KeysView, set, frozenset)):
        return f"{{{_short(key)}}}"
    if isinstance(key, str) and key.isidentifier():
        return f".{key}"
    return f"[{_short(key)}]" if isinstance(holder, (dict, list, tuple)) else str(key)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def read(plain: Plain, path: str = "", fetch: Fetch | None = None) -> Any:
    """Turn plain data back into the value that it stands for.

    Args:
        plain: What :func:`write` made.
        path: Where it is.
        fetch: Gives the plain data of a large value by its hash.

    Raises:
        StoreDamaged: A tag is unknown or its content does not fit it; its path is named.
    """
    kind = type(plain)
    if kind is dict:
        if TAG in plain:
            return _read_tagged(plain, path, fetch)
        return {
            key: read(item, path + _step(plain, key), fetch) if type(item) in _CONTAINERS else item
            for key, item in plain.items()
        }
    if kind is list:
        return [
            read(item, f"{path}[{number}]", fetch) if type(item) in _CONTAINERS else item
            for number, item in enumerate(plain)
        ]
    return plain


def _read_tagged(plain: dict[str, Plain], path: str, fetch: Fetch | None) -> Any:
    tag: str = plain[TAG]
    body: Any = plain.get("v")
    try:
        if tag == "blob":
            return _read_blob(body, path, fetch)
        inner = read(body, path, fetch)
        if (scalar := SCALAR_READERS.get(tag)) is not None:
            return scalar(inner)
        if tag in TABLE_TAGS:
            return read_table(tag, inner)
        if (kind := _OURS.get(tag)) is not None:
            return msgspec.convert(inner, kind)
        if (build := _BUILD.get(tag)) is not None:
            return build(inner)
    except GenXAIError:
        raise
    except Exception as exc:  # numpy and pandas raise what they like
        raise StoreDamaged(f"{path} does not fit its tag {tag!r}: {exc}.") from exc
    raise StoreDamaged(f"{path} has the unknown tag {tag!r}.")


def _read_blob(name: str, path: str, fetch: Fetch | None) -> Any:
    if fetch is None:
        raise StoreDamaged(f"{path} is kept apart, under {name!r}, and cannot be reached from here.")
    return read(fetch(name), path, fetch)


def _read_joined(parts: list[list[Any]]) -> list[Any]:
    return [item for part in parts for item in part]


_CONTAINERS = frozenset({dict, list})
_BUILD: dict[str, Callable[[Any], Any]] = {
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
    "dict": dict,
    "record": dict,
    "enum": lambda value: value,
    "joined": _read_joined,
}
