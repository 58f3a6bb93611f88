"""How an error of ours looks in a cell: what happened, where, one hint; no traceback."""

from __future__ import annotations

import re
import traceback
from typing import TYPE_CHECKING, Any

from genxai_nb.errors import GenXAIError, LineInvalid, NodeFailed, RunCancelled, RunPaused
from genxai_nb.secrets import redact

if TYPE_CHECKING:
    from .cell import Cell

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def plain(text: str) -> str:
    """Take terminal codes and other control characters out of text that others wrote."""
    return _CONTROL.sub("", text)


def point(error: GenXAIError, line: str, number: int, column: int) -> None:
    """Note in an error where in its cell the cause stands."""
    error.add_note(f"  cell line {number}: {line}\n{' ' * (len(f'  cell line {number}: ') + column)}^")


def point_at_word(error: GenXAIError, word: str, text: str, *, above: int) -> None:
    """Note the first place where a word stands in a body, if it does; ``above`` lines stand over it."""
    pattern = re.compile(rf"(?<![\w-]){re.escape(word)}(?![\w-])")
    for number, line in enumerate(text.splitlines(), 1):
        if found := pattern.search(line):
            point(error, line, number + above, found.start())
            return


def render(error: GenXAIError) -> list[str]:
    """Write an error as the lines that a cell shows."""
    calm = isinstance(error, RunCancelled | RunPaused)
    lines = [f"{'‖' if calm else '✕'} {error.what}"]
    if isinstance(error, LineInvalid) and error.line:
        prefix = f"  cell line {error.number}: "
        lines += [prefix + error.line, " " * (len(prefix) + error.column) + "^"]
    lines += getattr(error, "__notes__", [])
    if isinstance(error, NodeFailed) and (place := _place_of(error)):
        lines.append(f"  {place}")
    if error.hint:
        lines.append(error.hint)
    return [plain(line) for text in lines for line in redact(text).split("\n")]


def install() -> None:
    """Let IPython show our errors by ``render``, wherever in a cell they come from."""
    GenXAIError._render_traceback_ = render  # type: ignore[attr-defined]


def uninstall() -> None:
    """Undo ``install``."""
    if hasattr(GenXAIError, "_render_traceback_"):
        del GenXAIError._render_traceback_


def in_cell(error: LineInvalid, cell: Cell, *, head: bool) -> None:
    """Count an error's line from the top of its cell; the body begins below the head."""
    error.number += cell.lines_above + (0 if head else 1)


def _place_of(error: NodeFailed) -> str:
    """Find the last line of a person's own code in the cause's traceback."""
    cause: Any = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    own = [frame for frame in traceback.extract_tb(cause.__traceback__) if _is_own(frame.filename)]
    if not own:
        return ""
    frame = own[-1]
    return f"in {frame.name}, {file_label(frame.filename)} line {frame.lineno}: {frame.line}"


def _is_own(filename: str) -> bool:
    inside = filename.replace("\\", "/")
    return not any(part in inside for part in ("/genxai_nb/", "site-packages", "/lib/python", "<frozen"))


def file_label(filename: str) -> str:
    """Name a file, or the cell that it stands for."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    named = shell.compile.format_code_name(filename) if shell else None
    return " ".join(named).lower() if named else filename
