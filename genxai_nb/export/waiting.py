"""Statements of a notebook that await something: a script has no loop that runs around them."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from genxai_nb.source import indented, outside_functions

from .collecting import Collecting
from .pieces import Import, Piece
from .texts import Statement

__all__ = ["let_wait"]

_WAITING = (ast.Await, ast.AsyncFor, ast.AsyncWith)


def let_wait(closure: Collecting, piece: Piece, statements: Sequence[Statement]) -> None:
    """Put a piece whose statements await something into a function that a loop of its own runs.

    Args:
        closure: The closure that the piece is collected for.
        piece: The piece, changed here.
        statements: Its statements.
    """
    parts = [part for statement in statements for part in outside_functions(statement.node)]
    if not any(isinstance(part, _WAITING) or getattr(part, "is_async", 0) for part in parts):
        return
    loop = closure.bring(Import("asyncio", "", "asyncio"))
    maker = closure.names.new_name(f"make_{piece.names[0]}")
    bound = sorted({name for statement in statements for name in statement.bound})
    outer = f"    global {', '.join(bound)}\n" if bound else ""
    body = indented(f"{piece.text}\n")
    piece.text = f"async def {maker}():\n{outer}{body}\n\n{loop}.run({maker}())"
    piece.now |= {str(loop)}
    piece.definition = True
