"""Where imported names come from."""

from __future__ import annotations

import ast
import sys
from importlib.util import resolve_name
from types import ModuleType
from typing import Any

from genxai_nb.source import is_own

from .pieces import Import
from .units import Unit

__all__ = ["absolute", "derived", "home_of", "is_compiled", "star_module"]


def absolute(node: ast.ImportFrom, unit: Unit) -> str:
    """The module that ``from ... import`` takes from, its dots resolved."""
    name = "." * node.level + (node.module or "")
    return resolve_name(name, unit.package) if node.level else name


def star_module(unit: Unit, name: str, value: Any) -> str:
    """The module whose ``import *`` brought a name; empty if none did."""
    for _, node in reversed(unit.texts.stars):
        module = absolute(node, unit)
        if getattr(sys.modules.get(module), name, unit) is value:
            return module
    return ""


def derived(name: str, value: Any, unit: Unit) -> Import | None:
    """The import that a value itself tells of, where no text does."""
    if isinstance(value, ModuleType):
        return Import(value.__name__, "", name)
    module, own = getattr(value, "__module__", None), getattr(value, "__name__", "")
    if not isinstance(module, str) or module in {unit.name, "__main__"}:
        return None
    if getattr(sys.modules.get(module), str(own), None) is value:
        return Import(home_of(module, own, value), own, name)
    return None


def is_compiled(value: Any) -> bool:
    """Whether a value comes from a compiled module that is no installed one, such as a cell of Cython makes."""
    module = str(getattr(value, "__module__", ""))
    file = str(getattr(sys.modules.get(module), "__file__", ""))
    return file.endswith((".so", ".pyd")) and is_own(module)


def home_of(module: str, name: str, value: Any) -> str:
    """The shortest module that offers a value under its name: ``pydantic`` for ``pydantic.main``."""
    parts = module.split(".")
    for count in range(1, len(parts)):
        outer = sys.modules.get(".".join(parts[:count]))
        try:
            if outer is not None and getattr(outer, name, None) is value:
                return ".".join(parts[:count])
        except Exception:  # noqa: BLE001, S112 - a lazy module may raise anything
            continue
    return module
