"""What an expression may do with values: read their parts, call pure functions, stay small.

What cannot be done raises ``ConditionFailed`` with the rest of a sentence that begins with the expression.
"""

from __future__ import annotations

import datetime
import math
import operator
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any

from genxai_nb.errors import ConditionFailed, suggest

MOST_BITS = 14_000  # of an integer: the longest that Python still writes out as decimal digits
MOST_ITEMS = 100_000  # of a text or list made by repeating one
MOST_SIZE = 5_000_000  # characters that are joined, repeated or written out
ITEM = 8  # characters that an item counts as
MOST_DIGITS = 400  # that a number may be rounded to


def declared_fields(value: Any) -> tuple[str, ...] | None:
    """Name the fields of a model, dataclass, struct or named tuple; None for any other value."""
    kind = type(value)
    if (fields := getattr(kind, "__pydantic_fields__", None)) is not None:
        computed = kind.__pydantic_decorators__.computed_fields
        return (*fields, *computed, *(getattr(value, "__pydantic_extra__", None) or ()))
    if (fields := getattr(kind, "__dataclass_fields__", None)) is not None:
        return tuple(fields)
    if (fields := getattr(kind, "__struct_fields__", None)) is not None:
        return tuple(fields)
    if (attributes := getattr(kind, "__attrs_attrs__", None)) is not None:
        return tuple(attribute.name for attribute in attributes)
    if isinstance(value, tuple) and (fields := getattr(kind, "_fields", None)) is not None:
        return tuple(fields)
    return None


_PARTS: tuple[tuple[type, tuple[str, ...]], ...] = (
    (Enum, ("name", "value")),
    (datetime.datetime, ("year", "month", "day", "hour", "minute", "second")),
    (datetime.date, ("year", "month", "day")),
    (datetime.timedelta, ("days", "seconds")),
)


def read_part(value: Any, name: str) -> Any:
    """Read a key of a mapping, or a declared field of anything else.

    Raises:
        ConditionFailed: There is no such part; names the nearest.
    """
    if type(value) is dict or isinstance(value, Mapping):
        if name in value:
            return value[name]
        raise ConditionFailed(
            f"names the key {name!r}, which is not there", hint=suggest(name, map(str, value))
        )
    fields = declared_fields(value)
    if fields is None:
        fields = next((parts for kind, parts in _PARTS if isinstance(value, kind)), ())
    if name in fields:
        return getattr(value, name)
    raise ConditionFailed(
        f"reads {name!r} of {shown(value)}, which has no such field", hint=suggest(name, fields)
    )


def read_item(value: Any, key: Any) -> Any:
    """Read an item of a mapping or sequence.

    Raises:
        ConditionFailed: There is no such key or index.
    """
    if isinstance(value, Mapping):
        if key in value:
            return value[key]
        raise ConditionFailed(
            f"names the key {key!r}, which is not there", hint=suggest(str(key), map(str, value))
        )
    try:
        return value[key]
    except IndexError:
        raise ConditionFailed(f"reads item {key!r} of a {type(value).__name__} of {len(value)}") from None


def shown(value: Any) -> str:
    """Show a value and its type, shortened."""
    text = repr(value)
    if len(text) > 60:
        text = f"{text[:57]}..."
    return f"{text} ({type(value).__name__})"


def multiply(left: Any, right: Any) -> Any:
    """Multiply, unless the product would be huge."""
    if isinstance(left, int) and isinstance(right, int):
        _fit(left.bit_length() + right.bit_length())
    for some, times in ((left, right), (right, left)):
        repeats = isinstance(some, str | bytes | list | tuple) and isinstance(times, int)
        if repeats and (len(some) * times > MOST_ITEMS or size_of(some) * times > MOST_SIZE):
            raise ConditionFailed(f"would repeat a {type(some).__name__} to {len(some) * times} items")
    return left * right


def add(left: Any, right: Any) -> Any:
    """Add, or join, unless the result would be huge."""
    if isinstance(left, str | bytes | list | tuple) and size_of(left) + size_of(right) > MOST_SIZE:
        raise ConditionFailed(f"would join a {type(left).__name__} of more than {MOST_SIZE} characters")
    return left + right


def size_of(value: Any) -> int:
    """The characters in a value, those that it has more than once too; counted no further than it may have."""
    size, ahead = 0, [value]
    while ahead and size <= MOST_SIZE:
        one = ahead.pop()
        if isinstance(one, str | bytes):
            size += len(one)
        elif isinstance(one, Mapping | list | tuple | set | frozenset):
            size += ITEM * len(one)
            if size <= MOST_SIZE:
                inner = one.values() if isinstance(one, Mapping) else one
                ahead.extend(item for item in inner if not isinstance(item, bool | int | float | None))
    return size


def power(base: Any, exponent: Any) -> Any:
    """Raise to a power, unless the result would be huge or is no real number."""
    if isinstance(base, int) and isinstance(exponent, int) and abs(base) > 1 < exponent:
        _fit(math.ceil(math.log2(abs(base)) * exponent))
    result = base**exponent
    if isinstance(result, complex):
        raise ConditionFailed(f"takes {shown(base)} to the power {shown(exponent)}, which is no real number")
    return result


def remainder(left: Any, right: Any) -> Any:
    """Divide and keep the rest; text formatting with ``%`` is not part of it."""
    if isinstance(left, str | bytes):
        raise ConditionFailed(f"divides {shown(left)} by {shown(right)}")
    return left % right


def _fit(bits: int) -> None:
    if bits > MOST_BITS:
        raise ConditionFailed(
            "would make a number of more than 4200 digits", hint="Use floats, such as 10.0 ** 300."
        )


def _round(number: Any, digits: int | None = None) -> Any:
    if digits is not None and abs(digits) > MOST_DIGITS:
        raise ConditionFailed(f"rounds to {digits} digits")
    return round(number, digits)


def _sorted(items: Iterable[Any], *, reverse: bool = False) -> list[Any]:
    return sorted(items, reverse=reverse)


def _least(*values: Any, **default: Any) -> Any:
    return min(*values, **_only_default(default))


def _greatest(*values: Any, **default: Any) -> Any:
    return max(*values, **_only_default(default))


def _only_default(given: dict[str, Any]) -> dict[str, Any]:
    if given.keys() <= {"default"}:
        return given
    raise ConditionFailed(f"gives {', '.join(sorted(given))!r} to min or max, which take only default")


def _sum(items: Iterable[Any]) -> Any:
    return sum(items)


def _int(value: Any = 0) -> int:
    return int(value)


def _str(value: Any = "") -> str:
    if size_of(value) > MOST_SIZE:
        raise ConditionFailed(f"would write out a {type(value).__name__} of more than {MOST_SIZE} characters")
    return str(value)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "all": all,
    "any": any,
    "bool": bool,
    "float": float,
    "int": _int,
    "len": len,
    "max": _greatest,
    "min": _least,
    "round": _round,
    "sorted": _sorted,
    "str": _str,
    "sum": _sum,
}

_TEXT = (
    "capitalize",
    "casefold",
    "count",
    "endswith",
    "find",
    "isalnum",
    "isalpha",
    "isdigit",
    "islower",
    "isspace",
    "isupper",
    "lower",
    "lstrip",
    "removeprefix",
    "removesuffix",
    "rstrip",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "title",
    "upper",
)

_METHODS: tuple[tuple[type, dict[str, Callable[..., Any]]], ...] = (
    (str, {name: getattr(str, name) for name in _TEXT}),
    (list, {"count": list.count, "index": list.index}),
    (tuple, {"count": tuple.count, "index": tuple.index}),
    (
        Mapping,
        {
            "get": lambda mapping, key, default=None: mapping.get(key, default),
            "items": lambda mapping: [(key, mapping[key]) for key in mapping],
            "keys": list,
            "values": lambda mapping: [mapping[key] for key in mapping],
        },
    ),
)

METHOD_NAMES = frozenset(name for _, methods in _METHODS for name in methods)


def call_method(value: Any, name: str, arguments: list[Any]) -> Any:
    """Call one of the few methods that are pure and stay small.

    Raises:
        ConditionFailed: This value has no such method.
    """
    for kind, methods in _METHODS:
        if isinstance(value, kind):
            if (method := methods.get(name)) is not None:
                return method(value, *arguments)
            raise ConditionFailed(f"calls .{name}() of {shown(value)}", hint=suggest(name, methods))
    raise ConditionFailed(
        f"calls .{name}() of {shown(value)}", hint="Only texts, lists and dicts have methods here."
    )


COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "Lt": operator.lt,
    "LtE": operator.le,
    "Gt": operator.gt,
    "GtE": operator.ge,
    "Eq": operator.eq,
    "NotEq": operator.ne,
    "Is": operator.is_,
    "IsNot": operator.is_not,
    "In": lambda left, right: left in right,
    "NotIn": lambda left, right: left not in right,
}

ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "Add": add,
    "Sub": operator.sub,
    "Mult": multiply,
    "Div": operator.truediv,
    "FloorDiv": operator.floordiv,
    "Mod": remainder,
    "Pow": power,
}

SIGNS: dict[str, Callable[[Any], Any]] = {"Not": operator.not_, "USub": operator.neg, "UAdd": operator.pos}
