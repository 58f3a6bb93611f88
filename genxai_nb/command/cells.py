"""The code cells of a notebook file, as text."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from genxai_nb.agents.notation import Head, parse_head
from genxai_nb.errors import DefinitionError, LineInvalid
from genxai_nb.export.texts import untimed

__all__ = ["Cell", "read_cells"]

_OURS = "%%genxai"
_AROUND = re.compile(r"%%(?:time|timeit|capture)\b.*")  # cell magics that run what stands below them
_MAGIC = re.compile(rf"%[a-zA-Z].*|{_AROUND.pattern}")


class Cell(Struct, frozen=True):
    """A code cell.

    Attributes:
        file: The notebook's name.
        number: Which code cell it is, from 1.
        text: Its lines.
    """

    file: str
    number: int
    text: str

    def __str__(self) -> str:
        return f"code cell {self.number}"

    @property
    def place(self) -> str:
        """Its name in a traceback."""
        return f"{self.file} code cell {self.number}"

    @property
    def magic(self) -> str:
        """The cell magic that it begins with; empty for Python."""
        first = self._lines()[0]
        return first.split()[0] if first.startswith("%%") else ""

    def head(self) -> Head | None:
        """The head of a cell of ours; None for any other cell.

        Raises:
            LineInvalid: It is one of ours, and the head cannot be read.
        """
        first = self._lines()[0]
        if self.magic != _OURS:
            return None
        try:
            return parse_head(first.removeprefix(_OURS).strip())
        except LineInvalid as exc:
            raise self.placed(exc, head=True) from None

    @property
    def body(self) -> str:
        """The lines below the head of a cell of ours."""
        return "\n".join(self._lines()[1:])

    def placed(self, error: LineInvalid, *, head: bool = False) -> LineInvalid:
        """Count an error's line from the top of the cell."""
        lines = self.text.split("\n")
        above = len(lines) - len(self._lines())
        error.number += above + (0 if head else 1)
        if head:
            error.line, error.column = f"{_OURS} {error.line}", error.column + len(_OURS) + 1
        return error

    def _lines(self) -> list[str]:
        lines = self.text.split("\n")
        while len(lines) > 1 and (not lines[0].strip() or _AROUND.fullmatch(lines[0])):
            lines.pop(0)
        return lines

    def tree(self) -> ast.Module:
        """Its Python, without line magics that stand alone, save those that take the time of some Python.

        Raises:
            SyntaxError: It is no Python, or has more of IPython's own syntax.
        """
        try:
            return ast.parse(self.text, self.place)
        except SyntaxError:
            lines = self.text.split("\n")
            bare = ["" if _MAGIC.fullmatch(line) else line for line in map(untimed, lines)]
            if bare == lines:
                raise
            return ast.parse("\n".join(bare), self.place)


def read_cells(path: Path) -> list[Cell]:
    """Read the code cells of a notebook file; nothing of it is run.

    Raises:
        DefinitionError: It cannot be read, or is no notebook of this decade.
    """
    try:
        data: Any = msgspec.json.decode(path.read_bytes())
    except OSError as exc:
        raise DefinitionError(f"The file {str(path)!r} cannot be read: {exc.strerror}.") from exc
    except msgspec.DecodeError as exc:
        raise DefinitionError(f"{str(path)!r} is no notebook: {exc}.") from exc
    found = data.get("cells") if isinstance(data, Mapping) else None
    if not isinstance(found, list):
        raise DefinitionError(
            f"{str(path)!r} is no notebook of format 4: it has no list of cells.",
            hint="Open and save it in Jupyter.",
        )
    texts = [_text(cell) for cell in found if isinstance(cell, Mapping) and cell.get("cell_type") == "code"]
    return [Cell(path.name, number, text) for number, text in enumerate(texts, 1) if text.strip()]


def _text(cell: Mapping[str, Any]) -> str:
    source = cell.get("source", "")
    return "".join(map(str, source)) if isinstance(source, list) else str(source)
