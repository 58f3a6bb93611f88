"""Versions of functions: a hash that changes when what a function does may have changed.

A version covers the function's own source (comments and layout do not count; a lambda and code without
source count by their bytecode), its defaults and what its closure holds. Constants count by value,
functions and classes by their own version, modules by name and version. Whatever can change in place
counts by its type only and is listed as untracked.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from functools import partial
from hashlib import blake2b
from pathlib import PosixPath, PurePosixPath, PureWindowsPath, WindowsPath
from re import Pattern
from types import BuiltinFunctionType, CodeType, EllipsisType, FunctionType, MethodType, ModuleType, NoneType
from typing import Any
from uuid import UUID
from weakref import ref

from msgspec import Struct


class Version(Struct, frozen=True):
    """What stands for a function as it is now.

    Attributes:
        hash: 32 hex digits; equal for functions that do the same by all that is tracked.
        untracked: Names of what can change without changing the hash, such as a list in a closure.
    """

    hash: str
    untracked: tuple[str, ...] = ()


def version_of(obj: object) -> Version:
    """Hash a function, method, partial, class or other callable. Never raises.

    Example:
        >>> def scaled(x, by=2):
        ...     return x * by
        >>> before = version_of(scaled)
        >>> scaled.__defaults__ = (3,)
        >>> version_of(scaled) == before
        False
    """
    walk = _Walk()
    try:
        walk.take(obj, "")
    except Exception:  # noqa: BLE001 - an object may raise anything when it is looked at
        return Version(_hashed([_named(type(obj))]), (type(obj).__qualname__,))
    return Version(_hashed(walk.parts), tuple(dict.fromkeys(walk.untracked)))


def source_of(obj: object) -> str:
    """The source text of a function, method, partial or class, with its indent; empty if there is none."""
    try:
        bare: Any = _bare(obj)
        return inspect.getsource(inspect.unwrap(bare))
    except Exception:  # noqa: BLE001 - an object may raise anything when it is looked at
        return ""


class _Walk:
    """One walk over an object and what it holds, collecting what counts."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.untracked: list[str] = []
        self._seen: dict[int, tuple[int, Any]] = {}

    def take(self, value: Any, name: str) -> None:
        """Let a value count; ``name`` says what the value is called where it was found."""
        if type(value) in _CONSTANTS:
            self.parts.append(f"{type(value).__name__} {value!r}")
            return
        if isinstance(value, (FunctionType, type)):
            if id(value) in self._seen:
                self.parts.append(f"again {self._seen[id(value)][0]}")
                return
            self._seen[id(value)] = len(self._seen), value
        for kind, take in _TAKE:
            if isinstance(value, kind):
                take(self, value, name)
                return
        self._take_other(value, name)

    def function(self, value: FunctionType, name: str) -> None:
        self.code(value.__code__)
        prefix = f"{name}." if name else ""
        for key, item in _defaults(value):
            self.parts.append(f"default {key}")
            self.take(item, f"{prefix}{key}")
        for key, cell in zip(value.__code__.co_freevars, value.__closure__ or (), strict=True):
            self.parts.append(f"cell {key}")
            try:
                item = cell.cell_contents
            except ValueError:
                self.parts.append("empty")
            else:
                self.take(item, f"{prefix}{key}")

    def code(self, code: CodeType) -> None:
        text = _normalised(code)
        if text:
            self.parts.append(text)
            return
        self.parts.extend(map(str, (code.co_code.hex(), code.co_names, code.co_varnames, code.co_freevars)))
        self.parts.extend(
            map(str, (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags))
        )
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                self.code(constant)
            else:
                self.take(constant, "")

    def method(self, value: MethodType, name: str) -> None:
        self.take(value.__func__, name)
        self._take_holder(value.__self__)

    def partial(self, value: partial[Any], name: str) -> None:
        self.take(value.func, name)
        prefix = f"{name}." if name else ""
        for key, item in (*enumerate(value.args), *sorted(value.keywords.items())):
            self.parts.append(f"argument {key}")
            self.take(item, f"{prefix}{key}")

    def cls(self, value: type, name: str) -> None:
        self.parts.append(_named(value))
        text = _normalised(value)
        if text:
            self.parts.append(text)
            return
        if value.__flags__ & _HEAP:
            self.parts.extend(map(_named, value.__bases__))
            self.parts.append(_ADDRESS.sub("", repr(vars(value).get("__annotations__"))))
            for key, item in sorted(vars(value).items()):
                if isinstance(item, (FunctionType, staticmethod, classmethod, property, *_CONSTANTS)):
                    self.parts.append(f"member {key}")
                    self.take(item, f"{name or value.__name__}.{key}")

    def wrapper(self, value: Any, name: str) -> None:
        self.take(value.__func__, name)

    def property(self, value: property, name: str) -> None:
        for accessor in (value.fget, value.fset, value.fdel):
            self.take(accessor, name)

    def pattern(self, value: Pattern[Any], name: str) -> None:  # noqa: ARG002 - one signature for all kinds
        self.parts.append(f"pattern {value.flags} {value.pattern!r}")

    def module(self, value: ModuleType, name: str) -> None:  # noqa: ARG002 - one signature for all kinds
        self.parts.append(f"module {value.__name__} {getattr(value, '__version__', '')}")

    def builtin(self, value: BuiltinFunctionType, name: str) -> None:  # noqa: ARG002 - one signature for all kinds
        self.parts.append(f"builtin {value.__module__}.{value.__qualname__}")
        if not isinstance(value.__self__, (ModuleType, NoneType)):
            self._take_holder(value.__self__)

    def enum(self, value: Enum, name: str) -> None:
        self.parts.append(f"{_named(type(value))}.{value.name}")
        self.take(value.value, name)

    def tuple(self, value: tuple[Any, ...], name: str) -> None:
        self.parts.append(f"{_named(type(value))} {len(value)}")
        for item in value:
            self.take(item, name)

    def frozenset(self, value: frozenset[Any], name: str) -> None:
        members = []
        for item in value:
            walk = _Walk()
            walk.take(item, name)
            members.append(_hashed(walk.parts))
            self.untracked.extend(walk.untracked)
        self.parts.extend(["frozenset", *sorted(members)])

    def _take_other(self, value: Any, name: str) -> None:
        kind = type(value)
        version = getattr(value, "version", None) if kind.__module__.startswith("genxai_nb.") else None
        if isinstance(version, str):
            self.parts.append(version)
        elif isinstance(inner := getattr(value, "__wrapped__", None), FunctionType):
            self.parts.append(_named(kind))
            self.take(inner, name)
        elif callable(value) and not name:
            self.take(kind.__call__, name)
            self._take_holder(value)
        else:
            self.parts.append(_named(kind))
            self.untracked.append(name or kind.__qualname__)

    def _take_holder(self, value: object) -> None:
        """Let the object that a method is bound to count: a class by its name, an instance by its type."""
        if isinstance(value, type):
            self.parts.append(_named(value))
        else:
            self.parts.append(_named(type(value)))
            self.untracked.append(type(value).__qualname__)


_CONSTANTS = (
    *(NoneType, bool, int, float, complex, str, bytes, EllipsisType, range),
    *(date, datetime, time, timedelta, timezone, Decimal, UUID, PosixPath, WindowsPath),
    *(PurePosixPath, PureWindowsPath),
)
_HEAP = 1 << 9
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_TAKE: tuple[tuple[Any, Callable[[_Walk, Any, str], None]], ...] = (
    (Enum, _Walk.enum),
    (FunctionType, _Walk.function),
    (MethodType, _Walk.method),
    (partial, _Walk.partial),
    (type, _Walk.cls),
    ((staticmethod, classmethod), _Walk.wrapper),
    (property, _Walk.property),
    (ModuleType, _Walk.module),
    (BuiltinFunctionType, _Walk.builtin),
    (Pattern, _Walk.pattern),
    (tuple, _Walk.tuple),
    (frozenset, _Walk.frozenset),
)
_texts: dict[int, tuple[ref[Any], str]] = {}


def _normalised(obj: CodeType | type) -> str:
    """The source of code or a class without comments and layout; empty for a lambda or without source.

    It is read once, so that a file which is edited after it was imported does not count. Code objects are
    told apart by identity: equal ones may stem from sources with different annotations.
    """
    key = id(obj)
    kept, text = _texts.get(key, (None, ""))
    if kept is None or kept() is not obj:
        text = "" if getattr(obj, "co_name", "") == "<lambda>" else _tidy(obj)
        _texts[key] = ref(obj, lambda _: _texts.pop(key, None)), text
    return text


def _tidy(obj: Any) -> str:
    try:
        text = inspect.getsource(obj)
        if not text[:1].isspace():
            return ast.unparse(ast.parse(text))
        block: Any = ast.parse(f"if True:\n{text}").body[0]
        return "\n".join(map(ast.unparse, block.body))
    except (OSError, TypeError, ValueError, SyntaxError, RecursionError):
        return ""


def _defaults(function: FunctionType) -> Iterator[tuple[str, Any]]:
    code, values = function.__code__, function.__defaults__ or ()
    yield from zip(code.co_varnames[code.co_argcount - len(values) : code.co_argcount], values, strict=True)
    yield from sorted((function.__kwdefaults__ or {}).items())


def _bare(obj: object) -> object:
    """Take a partial, a method or a callable object down to what was written."""
    while isinstance(obj, (partial, MethodType)):
        obj = obj.func if isinstance(obj, partial) else obj.__func__
    if isinstance(obj, (type, FunctionType, ModuleType)) or hasattr(obj, "__wrapped__"):
        return obj
    return type(obj).__call__ if callable(obj) else obj


def _named(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _hashed(parts: list[str]) -> str:
    state = blake2b(digest_size=16)
    for part in parts:
        encoded = part.encode("utf-8", "surrogatepass")
        state.update(len(encoded).to_bytes(8, "big"))
        state.update(encoded)
    return state.hexdigest()
