"""The names of a script, and what each of them belongs to."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Container
from typing import Any

from .units import Unit

__all__ = ["Naming"]


class Naming:
    """Gives out names, each to one owner.

    Args:
        home: The namespace that the graph comes from, whose names stay what they are.
    """

    def __init__(self, home: Unit) -> None:
        self._home = home
        self._owners: dict[str, tuple[Any, str]] = {}

    def owner(self, name: str, value: Any, where: str) -> tuple[Any, str]:
        """The value that a name belongs to, and its namespace; these ones, if it is free."""
        return self._owners.setdefault(name, (value, where))

    def claim(self, name: str, value: Any) -> None:
        """Let a name belong to a value of the notebook, unless it belongs to another one."""
        self._owners.setdefault(name, (value, self._home.name))

    def is_free(self, name: str) -> bool:
        """Whether a name belongs to nothing yet."""
        return name not in self._owners

    def is_taken(self, name: str, value: Any) -> bool:
        """Whether a name means something else than a value to the person's own code, or may come to."""
        held = self._home.space.get(name, value)
        return self._owners.get(name, (held, ""))[0] is not value

    def free_name(self, name: str) -> str:
        """A name that nothing in the script has, the wanted one if it can be."""
        return self._given(name, ())

    def new_name(self, name: str) -> str:
        """A name that nothing in the script has, nor in the notebook, from where it may still come."""
        return self._given(name, self._home.space)

    def _given(self, wanted: str, others: Container[str]) -> str:
        base = re.sub(r"\W", "_", wanted)
        if not base.isidentifier() or keyword.iskeyword(base):
            base = f"{base}_".lstrip("0123456789") or "_"
        name, number = base, 1
        while name in self._owners or name in others or hasattr(builtins, name):
            name, number = f"{base}_{number}", number + 1
        self._owners[name] = (object(), "")
        return name
