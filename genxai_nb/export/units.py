"""Namespaces: the notebook's own, and those of a person's own modules, each with the texts that made it."""

from __future__ import annotations

import linecache
import sys
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any

from .texts import Text, Texts, cells_of, file_text
from .unrun import Unrun

__all__ = ["Unit", "Units"]


class Unit:
    """A namespace with the texts that made it.

    Attributes:
        name: The module's name.
        space: Its variables.
        texts: Its statements.
        file: The module's file; empty for a notebook.
    """

    def __init__(self, name: str, space: Mapping[str, Any], texts: Iterable[Text], file: str = "") -> None:
        self.name = name
        self.space = space
        self.file = file
        self.texts = Texts(texts, space)

    @property
    def package(self) -> str:
        """The package that relative imports in it start from."""
        return str(self.space.get("__package__") or self.name.rpartition(".")[0])


class Units:
    """All namespaces that an export looks into, each read once.

    Args:
        space: The variables of the notebook or module that holds the graph.
        cells: Its cells; None to find them in the notebook's own memory, or in the module's file.

    Attributes:
        home: The unit of that notebook or module.
        read: It was read, and not all of it was run.
    """

    def __init__(self, space: Mapping[str, Any], cells: Iterable[Text] | None = None) -> None:
        self._units: dict[int, Unit] = {}
        self.home = self._made(space, cells)
        self.read = any(isinstance(value, Unrun) for value in space.values())

    def of(self, space: Mapping[str, Any]) -> Unit:
        """The unit of a function's globals."""
        return self._units.get(id(space)) or self._made(space, None)

    def of_module(self, name: str) -> Unit:
        """The unit of a module."""
        module = sys.modules.get(name) or import_module(name)
        return self.of(vars(module))

    def _made(self, space: Mapping[str, Any], cells: Iterable[Text] | None) -> Unit:
        name = str(space.get("__name__", "__main__"))
        file = space.get("__file__")
        if cells is None:
            cells = cells_of(space) or file_text(file) or _remembered(space)
        unit = self._units[id(space)] = Unit(name, space, cells, file or "")
        return unit


def _remembered(space: Mapping[str, Any]) -> list[Text]:
    """The texts in which the functions of a namespace were compiled, where Python still remembers them."""
    files: dict[str, None] = {}
    for value in list(space.values()):
        code = getattr(value, "__code__", None)
        if code is not None and getattr(value, "__globals__", None) is space:
            files[code.co_filename] = None
    texts = [(file, "".join(linecache.getlines(file))) for file in files]
    return [Text(file, text, is_file=True) for file, text in texts if text]
