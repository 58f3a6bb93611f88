"""Modules of a person's own whose names are other ones in the notebook: their code goes into a function of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from genxai_nb.source import indented

from .holders import NAMESPACE
from .literals import Code, call
from .pieces import Piece, in_order
from .units import Unit

__all__ = ["Nested"]


class Nested:
    """Namespaces that need a scope of their own, and what of them would clash outside."""

    def __init__(self) -> None:
        self._units: dict[int, Unit] = {}
        self._clashing: dict[int, set[str]] = {}
        self._names: dict[int, str] = {}

    def __bool__(self) -> bool:
        return bool(self._units)

    def take(self, unit: Unit, name: str) -> None:
        """Give a namespace a scope of its own, since a name of it is another one outside."""
        self._units[id(unit)] = unit
        self._clashing.setdefault(id(unit), set()).add(name)

    def holds(self, unit: Unit, name: str) -> bool:
        """Whether a name of a namespace is to be found inside its scope only."""
        return name in self._clashing.get(id(unit), ())

    def reached(self, unit: Unit, name: str, new_name: Callable[[str], str]) -> str:
        """What a name of a namespace is called outside."""
        if not self.holds(unit, name):
            return name
        if id(unit) not in self._names:
            self._names[id(unit)] = new_name(f"{unit.name.rpartition('.')[2]}_names")
        return f"{self._names[id(unit)]}.{name}"

    def arranged(
        self,
        pieces: Mapping[tuple[int, str | int], Piece],
        used: Iterable[str],
        new_name: Callable[[str], str],
    ) -> list[Piece]:
        """All pieces, those of nested namespaces inside of a function.

        Args:
            pieces: The pieces by namespace and name.
            used: Further names that are used outside.
            new_name: Gives a name that nothing else has.
        """
        outside = [piece for (unit, _), piece in pieces.items() if unit not in self._units]
        groups = {
            unit: [piece for (owner, _), piece in pieces.items() if owner == unit] for unit in self._units
        }
        wanted = {*used, *_needed(outside)}
        for unit, group in groups.items():
            others = {name for other in groups if other != unit for name in _needed(groups[other])}
            outside += self._scope(unit, group, wanted | others, new_name)
        return outside

    def _scope(
        self, unit: int, pieces: list[Piece], wanted: set[str], new_name: Callable[[str], str]
    ) -> list[Piece]:
        """The function that makes a namespace, the namespace, and names of it that clash with nothing."""
        stem = self._units[unit].name.rpartition(".")[2]
        clashing = self._clashing[unit]
        own = {name for piece in pieces for name in piece.names}
        given = sorted(name for name in own if name in clashing or name in wanted)
        space = self._names.get(unit) or new_name(f"{stem}_names")
        maker = new_name(f"make_{space}")
        body = "\n\n".join(piece.text.rstrip() for piece in in_order(pieces))
        words = {name: Code(name) for name in given}
        result = call(NAMESPACE.bound, (), words, indent=1, before="return ")
        head = f'def {maker}():\n    """What is used of {stem}.py."""\n'
        label = next((piece.label.partition(",")[0] for piece in pieces if piece.label), "")
        made = Piece(
            names=(space, maker),
            text=f"{head}\n{indented(body)}\n\n{result}\n\n\n{space} = {maker}()",
            label=label,
            order=(-1, 0),
            now=frozenset({*_needed(pieces), NAMESPACE.bound} - own),
            definition=True,
        )
        aliases = [
            Piece(
                names=(name,),
                text=f"{name} = {space}.{name}",
                label=label,
                order=(-1, 1),
                now=frozenset({space}),
            )
            for name in given
            if name not in clashing
        ]
        return [made, *aliases]


def _needed(pieces: Iterable[Piece]) -> set[str]:
    return {name for piece in pieces for name in piece.now | piece.later}
