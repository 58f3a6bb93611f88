"""Namespaces that stand in a script for modules of a person's own: ``helpers.clean`` stays what it is."""

from __future__ import annotations

from collections.abc import Iterator

from .literals import Code, call
from .pieces import Import, Piece

__all__ = ["NAMESPACE", "Holders"]

NAMESPACE = Import("types", "SimpleNamespace", "SimpleNamespace")


class Holders:
    """What is taken of modules, by the names that these have."""

    def __init__(self) -> None:
        self._held: dict[str, dict[str, str]] = {}

    def __bool__(self) -> bool:
        return bool(self._held)

    def note(self, holder: str, name: str, target: str) -> None:
        """Note that a name is taken of a module.

        Args:
            holder: The module's name; dotted for a module inside of one.
            name: The name.
            target: What the script calls its value; empty for a module inside.
        """
        self._held.setdefault(holder, {})[name] = target

    def pieces(self) -> list[Piece]:
        """The namespaces as pieces."""
        return [
            Piece(
                names=(holder,),
                text=f"{holder} = {self._text(holder)}",
                now=frozenset({NAMESPACE.bound, *self._targets(holder)}),
            )
            for holder in sorted(self._held)
            if "." not in holder
        ]

    def _text(self, holder: str) -> Code:
        words = {
            name: Code(target) if target else self._text(f"{holder}.{name}")
            for name, target in self._held[holder].items()
        }
        return Code(call(NAMESPACE.bound, (), words))

    def _targets(self, holder: str) -> Iterator[str]:
        for name, target in self._held[holder].items():
            yield from [target] if target else self._targets(f"{holder}.{name}")
