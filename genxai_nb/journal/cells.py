"""The cells that defined something in a notebook, as they were typed: by them a new kernel defines it again."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct, structs

from genxai_nb.secrets import learn_environment, mask

__all__ = ["CellText", "Cells", "MemoryCells", "without_keys"]


class CellText(Struct, frozen=True, kw_only=True):
    """A definition as its cell had it.

    Attributes:
        at: When the cell ran, as Unix time.
        notebook: The notebook's name; empty where the front end does not tell it.
        kind: The kind of cell, such as ``agent``.
        name: What it defines.
        options: The options in its head.
        body: The lines below its head.
        number: Its number in the store, from 1.
        again: The number of the earlier one that was brought back by it; 0 for one that was typed.
        masked: Whether something in it looked like a key, and was left out.
    """

    at: float
    notebook: str
    kind: str
    name: str
    body: str
    options: dict[str, str] = {}
    number: int = 0
    again: int = 0
    masked: bool = False

    def says_what(self, other: CellText) -> bool:
        """Whether both define the same."""
        mine, theirs = (self.kind, self.options, self.body), (other.kind, other.options, other.body)
        return mine == theirs


class Cells(Protocol):
    """Cells that defined something, in the order in which they ran."""

    def add(self, cell: CellText) -> CellText:
        """Keep a cell, without what looks like a key; returns it as it is kept, with its number.

        Raises:
            StoreError: It cannot be kept.
        """

    def of(self, notebook: str) -> list[CellText]:
        """The cells of a notebook, oldest first.

        Raises:
            StoreDamaged: A row cannot be read back.
        """

    def notebooks(self) -> list[str]:
        """The notebooks that have any, sorted."""


class MemoryCells:
    """Cells that are kept as long as their process lives.

    Example:
        >>> cells = MemoryCells()
        >>> cells.add(CellText(at=1, notebook="a.ipynb", kind="agent", name="writer", body="role: Writer")).number
        1
        >>> [cell.name for cell in cells.of("a.ipynb")], cells.notebooks()
        (['writer'], ['a.ipynb'])
    """

    def __init__(self) -> None:
        self._rows: list[CellText] = []
        self._lock = threading.Lock()

    def add(self, cell: CellText) -> CellText:
        """Keep a cell, without what looks like a key; returns it as it is kept, with its number."""
        with self._lock:
            kept = structs.replace(without_keys(cell), number=len(self._rows) + 1)
            self._rows.append(kept)
        return kept

    def of(self, notebook: str) -> list[CellText]:
        """The cells of a notebook, oldest first."""
        return [row for row in list(self._rows) if row.notebook == notebook]

    def notebooks(self) -> list[str]:
        """The notebooks that have any, sorted."""
        return sorted({row.notebook for row in list(self._rows)})


def without_keys(cell: CellText) -> CellText:
    """The cell with what looks like a key taken out of its text."""
    learn_environment()
    body = mask(cell.body)
    return cell if body == cell.body else structs.replace(cell, body=body, masked=True)


def versions(rows: Sequence[CellText]) -> tuple[list[CellText], int]:
    """The versions of one definition, oldest first, and the place of the one that stood last.

    A version that is brought back stays in its place. One that is typed after that comes behind it: what was
    left before is further back then, and nothing is lost.

    Args:
        rows: Its cells, oldest first; at least one.
    """
    found: list[CellText] = []
    at = -1
    for row in rows:
        if row.again:
            at = next((place for place, one in enumerate(found) if one.number == row.again), at)
            continue
        before = found[at : at + 1]
        found = [one for one in found if one not in before and not one.says_what(row)]
        found += [one for one in before if not one.says_what(row)]
        found.append(row)
        at = len(found) - 1
    return found, at
