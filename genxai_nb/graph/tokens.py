"""What moves through a graph: tokens, the visits that take them, and how these end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from genxai_nb.calls.record import words_of
from genxai_nb.errors import ConditionFailed, GenXAIError, StateInvalid, suggest

from .definition import Edge
from .plan import Place
from .view import View

__all__ = ["Ending", "Parent", "Token", "Visit", "items_of", "undecided"]

Parent = tuple[str, int]


class Token(Struct, frozen=True, eq=False, gc=False):
    """A visit's wish that its edge's target be visited."""

    edge: Edge
    parents: tuple[Parent, ...]
    view: View


class Visit(Struct, eq=False, gc=False):
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


class Ending(Struct, frozen=True, eq=False, gc=False):
    """What the end of a visit led to: the edges taken, own reducers' results, spent limits, the view after it."""

    edges: tuple[int, ...]
    reduced: dict[str, Any]
    spent: Sequence[Edge]
    after: View


def undecided(edge: Edge, visit: int, exc: BaseException) -> ConditionFailed:
    """The error of a condition that raised."""
    where = f"{edge.source} -> {edge.target}"
    said = words_of(exc)
    hint = exc.hint if isinstance(exc, GenXAIError) else "Mend the condition."
    what = f"The condition {edge.when!r} of {where} failed after visit {visit} of {edge.source!r}: {said}"
    return ConditionFailed(what, hint=hint, node=edge.source)


def items_of(edge: Edge, data: Mapping[str, Any]) -> list[Any]:
    """The items that a map runs for.

    Raises:
        StateInvalid: The key holds no list.
    """
    value = data.get(edge.each or "")
    if edge.each not in data:
        raise StateInvalid(
            f"{edge.source} -> {edge.target} runs for each item in {edge.each!r}, which the state does not have.",
            hint=suggest(str(edge.each), data) or f"Write a list to {edge.each!r} first.",
        )
    if not isinstance(value, list | tuple):
        raise StateInvalid(
            f"{edge.source} -> {edge.target} runs for each item in {edge.each!r}, which is {value!r:.80}.",
            hint=f"Write a list to {edge.each!r} first.",
        )
    return list(value)
