"""Versions of functions and classes."""

from __future__ import annotations

import re
import sys
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

from msgspec import Struct

from .classes import NOTHING, members_of
from .lambdas import lambda_text
from .names import is_own, uses_of
from .text import normalised


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
        return Version(_hashed([named(type(obj))]), (type(obj).__qualname__,))
    return Version(_hashed(walk.parts), tuple(dict.fromkeys(walk.untracked)))


class LiveVersion:
    """The version of a function as it is at each moment: taken anew once something that it names is another thing.

    What is looked at is which objects its names stand for; of a function that names nothing, the version is
    taken once.

    Args:
        obj: The function, or another callable.

    Example:
        >>> space = {"limit": 3}
        >>> exec("def f(x): return min(x, limit)", space)
        >>> live = LiveVersion(space["f"])
        >>> before = live.hash
        >>> space["limit"] = 4
        >>> live.hash == before
        False
    """

    __slots__ = ("_hash", "_names", "_obj")

    def __init__(self, obj: object) -> None:
        self._obj = obj
        self._hash = ""
        self._names: list[tuple[dict[str, Any], str, Any]] = []

    @property
    def hash(self) -> str:
        """Its version now."""
        if not self._hash or (self._names and not self._still()):
            self._take()
        return self._hash

    @property
    def settled(self) -> bool:
        """Whether it was taken and stays as it is, since nothing is looked up by name."""
        return bool(self._hash) and not self._names

    def _still(self) -> bool:
        for space, name, value in self._names:  # noqa: SIM110 - asked before each visit, and all() is slower
            if space.get(name, space) is not value:
                return False
        return True

    def _take(self) -> None:
        walk = _Walk()
        try:
            walk.take(self._obj, "")
            self._hash = _hashed(walk.parts)
        except Exception:  # noqa: BLE001 - an object may raise anything when it is looked at
            self._hash = version_of(self._obj).hash
        self._names = walk.names


class _Walk:
    """One walk over an object and what it holds and uses, collecting what counts."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.untracked: list[str] = []
        self.names: list[
            tuple[dict[str, Any], str, Any]
        ] = []  # looked up in which namespace, with what they are
        self._seen: dict[int, tuple[int, Any]] = {}

    def take(self, value: Any, name: str) -> None:
        """Let a value count; ``name`` says what the value is called where it was found."""
        if type(value) in CONSTANTS:
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
        module = str(value.__globals__.get("__name__", ""))
        if name and not is_own(module):
            self.parts.append(f"function {module}.{value.__qualname__} {_release(module)}")
            return
        self.code(value.__code__)
        prefix = f"{name}." if name else ""
        for key, item in _defaults(value):
            self.parts.append(f"default {key}")
            self.take(item, f"{prefix}{key}")
        for kind in _annotated(value):
            self.take(kind, kind.__name__)
        space = value.__globals__
        for key, item in uses_of(value):
            first = key.partition(".")[0]
            if first in space and first not in value.__code__.co_freevars:
                self.names.append((space, first, space[first]))
            self.parts.append(f"uses {key}")
            self.take(item, f"{prefix}{key}")

    def code(self, code: CodeType) -> None:
        text = lambda_text(code) if code.co_name == "<lambda>" else normalised(code)
        if text:
            self.parts.append(text)
            return
        self.parts.extend(map(str, (code.co_code.hex(), code.co_names, code.co_varnames, code.co_freevars)))
        counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags & _FLAGS)
        self.parts.extend(map(str, counts))
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
        self.parts.append(named(value))
        if not is_own(value.__module__):
            return
        for base in value.__bases__:
            self.take(base, base.__name__)
        for said, item in members_of(value):
            self.parts.append(said)
            if item is not NOTHING:
                self.take(item, f"{name or value.__name__}.{said.rpartition(' ')[2]}")

    def wrapper(self, value: Any, name: str) -> None:
        self.take(value.__func__, name)

    def property(self, value: property, name: str) -> None:
        for accessor in (value.fget, value.fset, value.fdel):
            self.take(accessor, name)

    def pattern(self, value: Pattern[Any], name: str) -> None:  # noqa: ARG002 - one signature for all kinds
        self.parts.append(f"pattern {value.flags} {value.pattern!r}")

    def module(self, value: ModuleType, name: str) -> None:
        if is_own(value.__name__):
            self.parts.append("module")
            self.untracked.append(name or value.__name__)
        else:
            self.parts.append(f"module {value.__name__} {_release(value.__name__)}")

    def builtin(self, value: BuiltinFunctionType, name: str) -> None:  # noqa: ARG002 - one signature for all kinds
        self.parts.append(f"builtin {value.__module__}.{value.__qualname__}")
        if not isinstance(value.__self__, (ModuleType, NoneType)):
            self._take_holder(value.__self__)

    def enum(self, value: Enum, name: str) -> None:
        self.take(type(value), name)
        self.parts.append(f"member {value.name}")

    def tuple(self, value: tuple[Any, ...], name: str) -> None:
        self.parts.append(f"{named(type(value))} {len(value)}")
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
            self.parts.append(named(kind))
            self.take(inner, name)
        elif callable(value) and not name:
            self.take(kind.__call__, name)
            self._take_holder(value)
        else:
            self.parts.append(named(kind))
            self.untracked.append(name or kind.__qualname__)

    def _take_holder(self, value: object) -> None:
        """Let the object that a method is bound to count: a class by its name, an instance by its type."""
        if isinstance(value, type):
            self.parts.append(named(value))
        else:
            self.parts.append(named(type(value)))
            self.untracked.append(type(value).__qualname__)


CONSTANTS = (
    *(NoneType, bool, int, float, complex, str, bytes, EllipsisType, range),
    *(date, datetime, time, timedelta, timezone, Decimal, UUID, PosixPath, WindowsPath),
    *(PurePosixPath, PureWindowsPath),
)
_FLAGS = 0x2FF  # of the signature and of the kind of function; not the features asked of the compiler
_NAME = re.compile(r"[^\W\d]\w*")
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


def _defaults(function: FunctionType) -> Iterator[tuple[str, Any]]:
    code, values = function.__code__, function.__defaults__ or ()
    yield from zip(code.co_varnames[code.co_argcount - len(values) : code.co_argcount], values, strict=True)
    yield from sorted((function.__kwdefaults__ or {}).items())


def _annotated(function: FunctionType) -> list[type]:
    """The classes of a person's own that a function's annotations name, by name; the text has the rest."""
    found: dict[str, type] = {}
    for annotation in function.__annotations__.values():
        if isinstance(annotation, str):
            space = function.__globals__
            parts: list[Any] = [space[name] for name in _NAME.findall(annotation) if name in space]
        else:
            parts = list(own_classes(annotation))
        found.update((kind.__name__, kind) for part in parts for kind in own_classes(part))
    return [found[name] for name in sorted(found)]


def own_classes(annotation: Any) -> Iterator[type]:
    """The classes of a person's own inside an annotation."""
    if isinstance(annotation, type) and is_own(annotation.__module__):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from own_classes(part)


def _release(module: str) -> str:
    top = sys.modules.get(module.partition(".")[0])
    return str(getattr(top, "__version__", ""))


def named(kind: type) -> str:
    """A class by its name, with its module if that is not a person's own."""
    return kind.__name__ if is_own(kind.__module__) else f"{kind.__module__}.{kind.__qualname__}"


def _hashed(parts: list[str]) -> str:
    state = blake2b(digest_size=16)
    for part in parts:
        encoded = part.encode("utf-8", "surrogatepass")
        state.update(len(encoded).to_bytes(8, "big"))
        state.update(encoded)
    return state.hexdigest()
