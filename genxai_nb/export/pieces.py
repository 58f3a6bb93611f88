"""What a script is made of: imports and pieces of text that bind names, in an order in which they can run."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any, NamedTuple

from msgspec import Struct

__all__ = ["LATE", "Import", "Piece", "import_lines", "in_order"]


LATE = (1, 0)  # behind everything that a person wrote


class Import(NamedTuple):
    """One imported name.

    Attributes:
        module: The module.
        name: What is taken of it; empty for the module itself.
        bound: The name that it has in the script.
    """

    module: str
    name: str
    bound: str

    @property
    def value(self) -> Any:
        """What is imported."""
        module = import_module(self.module)
        if self.name:
            return getattr(module, self.name)
        return sys.modules[self.top] if self.bound == self.top else module

    @property
    def top(self) -> str:
        """The package that has to be installed."""
        return self.module.partition(".")[0]


class Piece(Struct, kw_only=True):
    """Text that binds a name.

    Attributes:
        names: What it binds.
        text: Its text.
        label: Where it stood, such as ``cell [3]``.
        order: Its place there.
        now: Names that have to be there when it is executed.
        later: Names that its functions look up when they are called.
        definition: It defines a function or a class, so that empty lines stand around it.
        stands: It keeps its place among others that do.
    """

    names: tuple[str, ...]
    text: str
    label: str = ""
    order: tuple[int, int] = (0, 0)
    now: frozenset[str] = frozenset()
    later: frozenset[str] = frozenset()
    definition: bool = False
    stands: bool = False


def in_order(pieces: Iterable[Piece]) -> list[Piece]:
    """Sort pieces so that each stands behind what it needs, and else where it stood."""
    ranked = sorted(pieces, key=lambda piece: piece.order)
    makers: dict[str, list[Piece]] = {}
    for piece in ranked:
        for name in piece.names:
            makers.setdefault(name, []).append(piece)
    placed: dict[int, Piece] = {}
    under_way: set[int] = set()

    def place(piece: Piece) -> None:
        if id(piece) in placed or id(piece) in under_way:
            return
        under_way.add(id(piece))
        for needed in sorted(_needed(piece, makers), key=lambda other: other.order):
            place(needed)
        placed[id(piece)] = piece

    for piece in ranked:
        place(piece)
    return list(placed.values())


def _needed(piece: Piece, makers: Mapping[str, list[Piece]]) -> list[Piece]:
    """What has to be there before a piece: also all that those functions use which it may call at once."""
    found: dict[int, Piece] = {}
    waiting = [maker for name in piece.now for maker in makers.get(name, ())]
    while waiting:
        other = waiting.pop()
        behind = piece.stands and other.stands and other.order > piece.order
        if other is piece or behind or id(other) in found:
            continue
        found[id(other)] = other
        waiting += [maker for name in other.now | other.later for maker in makers.get(name, ())]
    return list(found.values())


def import_lines(imports: Iterable[Import], width: int = 88) -> list[str]:
    """Write imports: Python's own, then installed ones, sorted, with an empty line between the groups."""
    groups: dict[int, list[str]] = {}
    taken: dict[str, list[str]] = {}
    for each in sorted(set(imports)):
        if each.name:
            alias = f" as {each.bound}" if each.bound != each.name else ""
            taken.setdefault(each.module, []).append(f"{each.name}{alias}")
        else:
            plain = each.bound in {each.module, each.top}
            groups.setdefault(_group(each.top), []).append(
                f"import {each.module}" if plain else f"import {each.module} as {each.bound}"
            )
    for module, names in taken.items():
        names.sort(key=_rank)
        line = f"from {module} import {', '.join(names)}"
        if len(line) > width:
            line = f"from {module} import (\n" + "".join(f"    {name},\n" for name in names) + ")"
        groups.setdefault(_group(module.partition(".")[0]), []).append(line)
    lines: list[str] = []
    for group in sorted(groups):
        lines += [*([""] if lines else []), *groups[group]]
    return lines


def _rank(name: str) -> tuple[int, str]:
    """Constants first, then classes, then the rest, as linters sort them."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2, name)


def _group(top: str) -> int:
    if top == "__future__":
        return 0
    return 1 if top in sys.stdlib_module_names else 2
