"""The names that code uses from around it, and whose modules are a person's own."""

from __future__ import annotations

import builtins
import dis
import sys
import sysconfig
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from types import CodeType, FunctionType, ModuleType, SimpleNamespace
from typing import Any, NamedTuple
from weakref import ref

from .text import forget

Names = tuple[str, ...]  # a name, then attributes of it

_paths: dict[int, tuple[ref[CodeType], tuple[Names, ...]]] = {}
_HOLDERS = (ModuleType, SimpleNamespace)
_LOOKED_UP = {"LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL"}
_OPTIMIZED = 0x1  # the code is a function's


class Use(NamedTuple):
    """Something that a function uses from around it.

    Attributes:
        name: How it is written there; dotted for what is reached through a module of a person's own.
        value: What it is now.
    """

    name: str
    value: Any


def uses_of(function: FunctionType) -> Iterator[Use]:
    """What a function uses from around it, of closure cells and of globals that are there, sorted by name.

    Example:
        >>> space = {"limit": 3, "unused": 4}
        >>> exec("def f(x): return min(x, limit)", space)
        >>> list(uses_of(space["f"]))
        [Use(name='limit', value=3)]
    """
    code, space = function.__code__, function.__globals__
    found: dict[str, Use] = {}
    for path in _global_paths(code):
        if path[0] in space and not is_builtin(path[0], space[path[0]]):
            use = _reached(path, space[path[0]])
            found[use.name] = use
    for key, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        try:
            found[key] = Use(key, cell.cell_contents)
        except ValueError:  # it is not filled yet
            continue
    yield from (found[name] for name in sorted(found))


def is_builtin(name: str, value: Any) -> bool:
    """Whether a global stands for the builtin of its name, as IPython's own ``open`` does."""
    return getattr(value, "__wrapped__", None) is getattr(builtins, name, name)


def _reached(path: Names, value: Any) -> Use:
    """Go into modules of a person's own as far as the path leads."""
    name = path[0]
    for attribute in path[1:]:
        if not isinstance(value, _HOLDERS) or not hasattr(value, attribute):
            break
        if isinstance(value, ModuleType) and not is_own(value.__name__):
            break
        value, name = getattr(value, attribute), f"{name}.{attribute}"
    return Use(name, value)


def _global_paths(code: CodeType) -> tuple[Names, ...]:
    """The global names that code looks up, with the attributes taken of them, also in functions inside it."""
    key = id(code)
    kept, paths = _paths.get(key, (None, ()))
    if kept is None or kept() is not code:
        found = {path for inner in inner_codes(code) for path in paths_of(inner)}
        paths = tuple(sorted(found))
        _paths[key] = ref(code, partial(forget, _paths, key)), paths
    return paths


def inner_codes(code: CodeType) -> Iterator[CodeType]:
    """Code, and that of the functions and classes inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from inner_codes(constant)


def paths_of(code: CodeType) -> Iterator[Names]:
    """The global names that code itself looks up or binds, with the attributes taken of them."""
    path: Names = ()
    own = _stored(code)
    for step in dis.get_instructions(code):
        if step.opname in {"LOAD_ATTR", "LOAD_METHOD"} and path:
            path = (*path, step.argval)
            continue
        if path:
            yield path
        path = (step.argval,) if step.opname in _LOOKED_UP and step.argval not in own else ()
    if path:
        yield path


def _stored(code: CodeType) -> set[str]:
    """The names that the body of a class or module binds, in a class those that it looks up in itself."""
    if code.co_flags & _OPTIMIZED or code.co_name == "<module>":
        return set()
    return {step.argval for step in dis.get_instructions(code) if step.opname == "STORE_NAME"}


@cache
def is_own(module: str) -> bool:
    """Whether a module is a person's own: neither this package, nor Python's, nor an installed one."""
    top = module.partition(".")[0]
    if top in {"genxai_nb", "builtins"} or (top != "__main__" and top in sys.stdlib_module_names):
        return False
    file = getattr(sys.modules.get(module), "__file__", None) or getattr(
        sys.modules.get(top), "__file__", None
    )
    if top == "__main__" or file is None:
        return True
    place = Path(file)
    return not any(place.is_relative_to(folder) for folder in _INSTALLED) and "site-packages" not in file


_INSTALLED = tuple(
    {
        Path(path)
        for name in ("stdlib", "platstdlib", "purelib", "platlib")
        if (path := sysconfig.get_path(name))
    }
)
