"""What moves through a graph: tokens, the visits that take them, and how these end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from .definition import Edge
from .plan import Place
from .view import View

__all__ = ["Ending", "Parent", "Token", "Visit"]

Parent = tuple[str, int]


class Token(Struct, eq=False):
    """A visit's wish that its edge's target be visited."""

    edge: Edge
    parents: tuple[Parent, ...]
    view: View


class Visit(Struct, eq=False):
    """One start of a node.

    Attributes:
        place: The node.
        number: Which visit of this node it is, from 1.
        parents: The visits whose tokens it took.
        view: What it sees.
        edge: The edge that the first token came over.
        reduced: What own reducers made of the updates that met here.
        items: The items of a map, one instance each; None for a plain visit.
        ready: The definition that it runs, as it was when the visit started; set by whoever performs it.
    """

    place: Place
    number: int
    parents: tuple[Parent, ...]
    view: View
    edge: Edge
    reduced: Mapping[str, Any]
    items: list[Any] | None = None
    ready: Any = None


class Ending(Struct, frozen=True, eq=False):
    """What the end of a visit led to: the edges taken, own reducers' results, spent limits, the view after it."""

    edges: tuple[int, ...]
    reduced: dict[str, Any]
    spent: Sequence[Edge]
    after: View
