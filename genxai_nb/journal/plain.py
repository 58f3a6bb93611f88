"""The walk over values: into plain JSON data, and back."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

import msgspec
from msgspec import Struct, structs

from genxai_nb import messages
from genxai_nb.errors import GenXAIError, NotStorable, StoreDamaged

from .tables import TABLE_TAGS, read_table, write_table
from .tags import SCALAR_READERS, SCALARS, TAG, tagged

DEPTH = 64

Plain = Any
Fetch = Callable[[str], Plain]

_NATIVE = frozenset({str, int, bool, type(None)})
_FLOATS = frozenset({float})

_OURS: dict[str, type[Struct]] = {
    name: kind
    for name, kind in vars(messages).items()
    if isinstance(kind, type) and issubclass(kind, Struct) and kind is not Struct
}
_BASES: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (str, str.__str__),
    (int, int.__int__),
    (float, float.__float__),
    *((kind, kind) for kind in (list, tuple, dict, set, frozenset)),
)


class Refusal(Exception):
    """A value that cannot be kept, on its way up to where its path is known."""

    def __init__(self, value: Any, why: str = "") -> None:
        super().__init__(why)
        self.value, self.why = value, why
        self._steps: list[tuple[str, Any]] = []

    def climb(self, step: str, holder: Any) -> None:
        """Note the step that leads from the holder to where the value was found."""
        self._steps.append((step, holder))

    def told(self, path: str) -> NotStorable:
        """Make the error, with the path from its root."""
        holders = set[int]()
        for step, holder in reversed(self._steps):
            if id(holder) in holders:
                return NotStorable(path, holder, "contains itself")
            holders.add(id(holder))
            path += step
        return NotStorable(path if len(path) <= 200 else f"{path[:200]}...", self.value, self.why)


def write(value: Any, depth: int = 0) -> Plain:
    """Turn a value into plain data; what is plain already is handed back as it is.

    Raises:
        Refusal: Something cannot be kept.
    """
    kind = type(value)
    if kind in _NATIVE:
        return value
    if kind is float:
        return value if math.isfinite(value) else tagged("float", repr(value))
    if depth > DEPTH:
        raise Refusal(value, f"is nested deeper than {DEPTH} levels")
    if kind is dict:
        return _write_dict(value, depth)
    if kind is list:
        return _write_items(value, value, depth)
    if kind is tuple:
        return tagged("tuple", _write_items(value, value, depth))
    if (scalar := SCALARS.get(kind)) is not None:
        return tagged(scalar.tag, scalar.write(value))
    if kind is set or kind is frozenset:
        return tagged(kind.__name__, _write_set(value, depth))
    return _write_unusual(value, kind, depth)


def write_open(value: Any, depth: int = 0) -> Plain:
    """Turn a value into plain data that need not be read back: a message stays the struct that it is."""
    return _write_fields(value, depth) if type(value) in _FIELDS else write(value, depth)


def _write_dict(value: dict[Any, Any], depth: int, holder: Any = None) -> Plain:
    if TAG in value:
        return _write_pairs(value, depth)
    changed = None
    for key, item in value.items():
        if type(key) is not str:
            return _write_pairs(value, depth)
        if type(item) in _NATIVE:
            continue
        try:
            plain = write(item, depth + 1)
        except Refusal as refusal:
            refusal.climb(_step(key), value if holder is None else holder)
            raise
        if plain is not item:
            if changed is None:
                changed = dict(value)
            changed[key] = plain
    return value if changed is None else changed


def _write_items(value: Iterable[Any], holder: Any, depth: int) -> list[Plain]:
    """Write items; a list whose items are all plain is handed back as it is."""
    items = value if isinstance(value, list) else list(value)
    kinds = set(map(type, items))
    if kinds <= _NATIVE or (kinds == _FLOATS and math.isfinite(sum(items))):
        return items
    changed = None
    for number, item in enumerate(items):
        try:
            plain = write(item, depth + 1)
        except Refusal as refusal:
            refusal.climb(f"[{number}]", holder)
            raise
        if plain is not item:
            if changed is None:
                changed = items.copy()
            changed[number] = plain
    return items if changed is None else changed


def _write_pairs(value: dict[Any, Any], depth: int) -> Plain:
    """Write a dict whose keys are not all text, or that looks like a tag."""
    keys = _write_hashable(value, value, depth)
    pairs = []
    for key, (name, item) in zip(keys, value.items(), strict=True):
        try:
            pairs.append([key, write(item, depth + 1)])
        except Refusal as refusal:
            refusal.climb(_step(name), value)
            raise
    return tagged("dict", pairs)


def _write_set(value: Iterable[Any], depth: int) -> list[Plain]:
    return sorted(_write_hashable(value, value, depth), key=repr)


def _write_hashable(items: Iterable[Any], holder: Any, depth: int) -> list[Plain]:
    """Write keys or members of a set, which have to be hashable and distinct also when read back."""
    written, seen = [], set[Any]()
    for item in items:
        try:
            written.append(_write_member(item, seen, depth + 1))
        except Refusal as refusal:
            refusal.climb(f"{{{_short(item)}}}", holder)
            raise
    return written


def _write_member(item: Any, seen: set[Any], depth: int) -> Plain:
    plain = write(item, depth)
    back = item if plain is item else read(plain)
    try:
        new = back not in seen
    except TypeError:
        raise Refusal(
            item, f"is a {_name(type(item))}, which is read back as one that cannot be a key"
        ) from None
    if not new:
        raise Refusal(item, "is read back as a value that is there already")
    seen.add(back)
    return plain


def _write_unusual(value: Any, kind: type, depth: int) -> Plain:
    if _OURS.get(kind.__name__) is kind:
        return _write_ours(value, kind, depth)
    if kind.__module__.partition(".")[0] in {"numpy", "pandas"}:
        return _write_table(value, depth)
    if isinstance(value, Enum):
        return {**tagged("enum", write(value.value, depth + 1)), "class": _name(kind)}
    if (members := _members(value, kind)) is not None:
        return {**tagged("record", _write_dict(members, depth, value)), "class": _name(kind)}
    for base, bare in _BASES:
        if isinstance(value, base):
            return write(bare(value), depth)
    for base, scalar in SCALARS.items():
        if isinstance(value, base):
            return tagged(scalar.tag, scalar.write(value))
    raise Refusal(value)


def _write_table(value: Any, depth: int) -> Plain:
    def inner(item: Any, step: str) -> Plain:
        try:
            return write(item, depth + 1)
        except Refusal as refusal:
            refusal.climb(step, value)
            raise

    table = write_table(value, inner)
    if table is None:
        raise Refusal(value)
    return table


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


def _write_ours(value: Struct, kind: type[Struct], depth: int) -> Plain:
    """Write a message or a part of one, and make sure that it can be read back."""
    try:
        plain = msgspec.to_builtins(_write_fields(value, depth))
        msgspec.convert(plain, kind)
    except (msgspec.ValidationError, TypeError) as exc:
        raise Refusal(value, f"is no {kind.__name__}: {exc}") from exc
    return tagged(kind.__name__, plain)


def _write_fields(value: Any, depth: int) -> Any:
    """Write what is free data in a message or a part of one; the rest stays as it is."""
    changed = {}
    for name, write_field in _FIELDS.get(type(value), ()):
        item = getattr(value, name)
        if item is None:
            continue
        try:
            plain = write_field(item, depth + 1)
        except Refusal as refusal:
            refusal.climb(f".{name}", value)
            raise
        if plain is not item:
            changed[name] = plain
    return structs.replace(value, **changed) if changed else value


def _write_parts(parts: tuple[Any, ...], depth: int) -> tuple[Any, ...]:
    changed = None
    for number, part in enumerate(parts):
        if type(part) not in _FIELDS:
            continue
        try:
            plain = _write_fields(part, depth)
        except Refusal as refusal:
            refusal.climb(f"[{number}]", parts)
            raise
        if plain is not part:
            changed = changed or list(parts)
            changed[number] = plain
    return parts if changed is None else tuple(changed)


_FIELDS: dict[type, tuple[tuple[str, Callable[[Any, int], Any]], ...]] = {
    messages.Message: (("parts", _write_parts),),
    messages.ToolCall: (("arguments", write),),
    messages.ToolSpec: (("parameters", write),),
    messages.ModelRequest: (("messages", _write_parts), ("tools", _write_parts), ("output", write)),
    messages.ModelReply: (("message", _write_fields), ("raw", write)),
}


def _step(key: Any) -> str:
    return f".{key}" if isinstance(key, str) and key.isidentifier() else f"[{_short(key)}]"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


class Damage(Exception):
    """Plain data that does not stand for any value, on its way up to where its path is known."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why
        self.steps: list[str] = []

    def told(self, path: str) -> StoreDamaged:
        """Make the error, with the path from its root."""
        return StoreDamaged(f"{path}{''.join(reversed(self.steps))} {self.why}.")


def read(plain: Plain, fetch: Fetch | None = None) -> Any:
    """Turn plain data back into the value that it stands for.

    Args:
        plain: What :func:`write` made.
        fetch: Gives the plain data of a large value by its hash.

    Raises:
        Damage: A tag is unknown or its content does not fit it.
    """
    kind = type(plain)
    if kind is dict:
        if TAG in plain:
            return _read_tagged(plain, fetch)
        return {key: _read_at(_step, key, item, fetch) for key, item in plain.items()}
    if kind is list:
        return [_read_at("[{}]".format, number, item, fetch) for number, item in enumerate(plain)]
    return plain


def _read_at(step: Callable[[Any], str], key: Any, item: Plain, fetch: Fetch | None) -> Any:
    if type(item) not in (dict, list):
        return item
    try:
        return read(item, fetch)
    except Damage as damage:
        damage.steps.append(step(key))
        raise


def _read_tagged(plain: dict[str, Plain], fetch: Fetch | None) -> Any:
    tag: str
    body: Any
    tag, body = plain[TAG], plain.get("v")
    try:
        if (scalar := SCALAR_READERS.get(tag)) is not None:
            return scalar(body if type(body) is str else read(body, fetch))
        if tag == "blob":
            return _read_blob(body, fetch)
        if tag in TABLE_TAGS:
            return read_table(tag, read(body, fetch))
        if (kind := _OURS.get(tag)) is not None:
            return msgspec.convert(read(body, fetch), kind)
        if (build := _BUILD.get(tag)) is not None:
            return build(read(body, fetch))
    except (Damage, GenXAIError):
        raise
    except Exception as exc:  # numpy and pandas raise what they like
        raise Damage(f"does not fit its tag {tag!r}: {exc}") from exc
    raise Damage(f"has the unknown tag {tag!r}")


def _read_blob(name: str, fetch: Fetch | None) -> Any:
    if fetch is None:
        raise Damage(f"is kept apart, under {name!r}, and cannot be reached from here")
    return read(fetch(name), fetch)


def _read_joined(parts: list[list[Any]]) -> list[Any]:
    return [item for part in parts for item in part]


_BUILD: dict[str, Callable[[Any], Any]] = {
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
    "dict": dict,
    "record": dict,
    "enum": lambda value: value,
    "joined": _read_joined,
}
