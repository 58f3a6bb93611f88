"""What has to be installed for a script: extras of this package, and other packages that tools come from."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

from genxai_nb.memory.registry import extras_of, is_known
from genxai_nb.providers.vendors import extras_of as extras_of_model
from genxai_nb.tools import registry

__all__ = ["Requirements"]

_SANDBOXED = frozenset({"code_executor"})


class Requirements:
    """Collects what agents and tools need.

    Attributes:
        extras: Extras of this package.
        packages: Other packages.
    """

    def __init__(self) -> None:
        self.extras: set[str] = set()
        self.packages: dict[str, None] = {}

    def note_model(self, model: str) -> None:
        """Note what a model needs."""
        self.extras |= extras_of_model(model)

    def note_memory(self, kinds: Iterable[str]) -> None:
        """Note what kinds of memory need."""
        self.extras |= extras_of(kind for kind in kinds if is_known(kind))

    def note_tool(self, name: str) -> None:
        """Note what a builtin tool needs, or one of another package."""
        row = next(row for row in registry.describe() if row.name == name)
        if row.origin != "builtin":
            self.packages[row.origin] = None
        elif row.name in _SANDBOXED:
            self.extras.add("sandbox")
        elif row.category != "computation":
            self.extras.add("tools")

    def note_call(self, said: Mapping[str | None, ast.expr]) -> None:
        """Note what an agent needs, by the texts in the call that makes it.

        Args:
            said: The arguments of the call by name.
        """
        for model in _texts_in(said.get("model")):
            self.note_model(model)
        self.note_memory(_texts_in(said.get("memory")))
        for name in _texts_in(said.get("tools")):
            if name in registry.names():
                self.note_tool(name)


def _texts_in(value: ast.expr | None) -> list[str]:
    parts = ast.walk(value) if value is not None else ()
    return [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
