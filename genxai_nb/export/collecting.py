"""What the parts of a closure know of the closure that they collect for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import FunctionType
from typing import Any, NamedTuple, Protocol

from genxai_nb.source import Names, Needs

from .literals import Code
from .naming import Naming
from .nested import Nested
from .pieces import Import, Piece
from .texts import Statement
from .units import Unit, Units

__all__ = ["Collecting", "User"]


class User(NamedTuple):
    """What needs a name: how it is called, and where it stands."""

    name: str
    label: str


class Collecting(Protocol):
    """A closure that is being collected. See `closure.Closure`."""

    units: Units
    names: Naming
    nested: Nested
    pieces: dict[tuple[int, str | int], Piece]

    def refer(self, value: Any, wanted: str = "") -> Code:
        """What a value is called in the script."""

    def variable(self, unit: Unit, value: Any, likely: str) -> str:
        """The variable of a namespace that holds a value; empty if none does."""

    def need(self, unit: Unit, name: str) -> None:
        """Collect what a name of a namespace stands for."""

    def bring(self, what: Import) -> Code:
        """Import a name of ours."""

    def take_needs(self, unit: Unit, needs: Needs, name: str) -> tuple[frozenset[str], frozenset[str]]:
        """Collect all that a piece needs."""

    def take_paths(self, unit: Unit, paths: Iterable[Names], user: User, before: int) -> frozenset[str]:
        """Collect what names of a namespace stand for at a place."""

    def label_of(self, unit: Unit, name: str) -> str:
        """Where a name was made."""

    def add(self, unit: Unit, piece: Piece) -> None:
        """Keep a piece."""

    def add_import(self, what: Import) -> None:
        """Keep an import."""

    def refuse(self, name: str, label: str, why: str) -> None:
        """Note something that no script can carry."""

    def statements(
        self, unit: Unit, names: Iterable[str], statements: Sequence[Statement], text: str = ""
    ) -> None:
        """Carry statements as they are written."""

    def carry_import(self, unit: Unit, name: str, statement: Statement) -> None:
        """Carry an import."""

    def carry_unwritten(self, unit: Unit, name: str, value: Any) -> None:
        """Carry what no statement has made."""

    def carry_function(self, unit: Unit, name: str, value: FunctionType) -> None:
        """Carry a function by its own source."""

    def carry_class(self, unit: Unit, name: str, value: type) -> None:
        """Carry a class by its own source, or by its fields."""
