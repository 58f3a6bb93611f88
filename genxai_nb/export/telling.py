"""What the text of a graph tells that was read and not made: its name, its schema, what its agents need."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from genxai_nb.agents.definition import Definition
from genxai_nb.graph.build import Graph

from .pieces import Piece
from .requirements import Requirements
from .unrun import Unrun

__all__ = ["Told", "told_by"]


class Told(NamedTuple):
    """What the calls in some text make.

    Attributes:
        title: The name of the graph; empty if there are several, or none is written there.
        schema: The model of its state, or what stands for it; None for a dict, or where it cannot be told.
    """

    title: str
    schema: Any


def told_by(pieces: Iterable[Piece], space: Mapping[str, Any], requirements: Requirements) -> Told:
    """Look at the calls in pieces that make graphs and agents.

    Args:
        pieces: The pieces.
        space: What their names stand for.
        requirements: Where it is noted what the agents need.
    """
    titles: dict[str, None] = {}
    models: dict[int, Any] = {}
    calls = [
        part for piece in pieces for part in ast.walk(ast.parse(piece.text)) if isinstance(part, ast.Call)
    ]
    for call in calls:
        kind = space.get(call.func.id) if isinstance(call.func, ast.Name) else None
        said: dict[str | None, ast.expr] = dict(zip(("name", "state"), call.args, strict=False))
        said |= {word.arg: word.value for word in call.keywords}
        if isinstance(kind, type) and issubclass(kind, Definition):
            requirements.note_call(said)
        elif isinstance(kind, type) and issubclass(kind, Graph):
            title, state = said.get("name"), said.get("state")
            titles[str(title.value) if isinstance(title, ast.Constant) else ""] = None
            model = space.get(state.id) if isinstance(state, ast.Name) else None
            known = hasattr(model, "__pydantic_fields__") or (isinstance(model, Unrun) and model.fields)
            models[id(model)] = model if known else None
    only = len(models) == 1
    return Told(next(iter(titles)) if len(titles) == 1 else "", next(iter(models.values())) if only else None)
