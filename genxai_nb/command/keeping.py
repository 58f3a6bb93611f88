"""Where the definitions of a file stand, and the scripts that its runs are exported by later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from genxai_nb.export.kept import keep_script
from genxai_nb.export.texts import Text
from genxai_nb.export.units import Units

from .definitions import Definitions

if TYPE_CHECKING:
    from genxai_nb.graph.run import Run

__all__ = ["cells_of", "keep_script_of"]


def cells_of(file: Definitions) -> Sequence[Text] | None:
    """The cells of a notebook as texts; None for a Python file."""
    if file.notebook is None:
        return None
    return [Text(str(cell), cell.text) for cell in file.notebook.cells]


def keep_script_of(file: Definitions, run: Run) -> None:
    """Keep the script of a run's graph as the file defines it now, so that the run can be exported after edits too."""
    keep_script(run, lambda: Units(file.space, cells_of(file)))
