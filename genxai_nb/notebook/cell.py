"""Which cell is running, and in what kind of front end."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Cell:
    """Where something was defined or started.

    Attributes:
        id: The front end's id of the cell; empty where it sends none.
        count: The execution count.
        source: The cell's text.

    Example:
        >>> cell = Cell("", 3, "x = 1")
        >>> str(cell), cell.key == Cell("", 4, "x = 1").key
        ('cell [3]', True)
    """

    id: str
    count: int
    source: str

    @property
    def key(self) -> str:
        """What stays equal when the same cell is run again: its id, else its text's hash."""
        return self.id or hashlib.blake2b(self.source.encode(), digest_size=8).hexdigest()

    @property
    def lines_above(self) -> int:
        """How many empty lines stand above the first line of text."""
        return len(self.source) - len(self.source.lstrip("\n"))

    def __str__(self) -> str:
        return f"cell [{self.count}]"


def running_cell(shell: Any) -> Cell:
    """Describe the cell that the shell is running."""
    parent = shell.get_parent() if hasattr(shell, "get_parent") else {}
    source = parent.get("content", {}).get("code")
    if source is None:
        source = shell.history_manager.input_hist_raw[-1] if shell.history_manager else ""
    count = shell.displayhook.prompt_count  # of this cell; execution_count may be the next one's already
    return Cell(str(parent.get("metadata", {}).get("cellId") or ""), count, source)


def is_kernel(shell: Any) -> bool:
    """Tell whether the shell belongs to a Jupyter kernel."""
    return getattr(shell, "kernel", None) is not None
