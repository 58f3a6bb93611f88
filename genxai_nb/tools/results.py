"""A tool's value as plain data: text, numbers, booleans, None, lists and dicts."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, to_builtins
from msgspec.structs import fields

from genxai_nb.errors import NotStorable

_SCALARS = frozenset({int, float, bool, type(None)})


def plain(value: Any, path: str) -> Any:
    """Turn a value into plain data.

    Models, structs, dataclasses and named tuples become dicts, other collections lists, enums their values,
    numpy scalars and arrays their Python values, tables a list of rows, times and the like text. Text that is no
    valid Unicode is mended.

    Args:
        value: What a tool returned.
        path: Where the value stands, for the error.

    Raises:
        NotStorable: Something in it has no plain form; the error names its path.
    """
    kind = type(value)
    if kind is str:
        return valid(value)
    if kind in _SCALARS:
        return value
    if kind is list or kind is tuple:
        return [
            item if type(item) in _SCALARS else plain(item, f"{path}[{n}]") for n, item in enumerate(value)
        ]
    if isinstance(value, Mapping):
        return {_key(key, path): plain(item, f"{path}.{key}") for key, item in value.items()}
    return _converted(value, path)


def valid(text: str) -> str:
    r"""A text with a mark in the place of halves of characters, which strangers' JSON may hold and no UTF-8 can.

    Example:
        >>> valid("a\ud800b") == "a\ufffdb"
        True
    """
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _key(key: Any, path: str) -> str:
    key = key.value if isinstance(key, enum.Enum) else key
    if not isinstance(key, str | int | float | bool):
        raise NotStorable(f"{path}.{key!r}", key)
    return valid(key) if isinstance(key, str) else str(key)


def _converted(value: Any, path: str) -> Any:
    if isinstance(value, enum.Enum):
        return plain(value.value, path)
    if isinstance(value, str | int | float):  # their subclasses
        return plain(next(base(value) for base in (str, int, float) if isinstance(value, base)), path)
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return plain(value._asdict(), path)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
        return {name: plain(getattr(value, name), f"{path}.{name}") for name in names}
    if isinstance(value, Struct):
        return _of_struct(value, path)
    if isinstance(value, set | frozenset):
        return sorted((plain(item, f"{path}{{}}") for item in value), key=repr)
    if hasattr(value, "model_dump"):  # a pydantic model
        return plain(value.model_dump(mode="python"), path)
    if hasattr(value, "to_dict") and hasattr(value, "columns"):  # a DataFrame
        return plain(value.to_dict("records"), path)
    if hasattr(value, "tolist"):  # numpy and pandas
        return plain(value.tolist(), path)
    return _text(value, path)


def _of_struct(value: Struct, path: str) -> Any:
    """The fields that msgspec would write, each in its own plain form: it makes lists of named tuples."""
    written = to_builtins(value)
    if not isinstance(written, dict):
        return plain(written, path)
    for field in fields(value):
        name = field.encode_name
        if name in written:
            written[name] = plain(getattr(value, field.name), f"{path}.{name}")
    return written


def _text(value: Any, path: str) -> str:
    from datetime import date, time, timedelta
    from decimal import Decimal
    from pathlib import PurePath
    from uuid import UUID

    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta | Decimal | PurePath | UUID):
        return str(value)
    raise NotStorable(path, value)
