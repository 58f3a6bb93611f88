"""Conditions that are given to a run, such as that of a breakpoint, over the keys that its graph has."""

from __future__ import annotations

from genxai_nb.errors import UnknownName
from genxai_nb.expressions import Expression, compile_expression

from .subgraph import Subgraph
from .workflow import Workflow

__all__ = ["condition_over"]


_VISIT = "visit"  # in such a condition, the number of the visit


def condition_over(graph: Workflow, text: str) -> Expression:
    """Make a condition ready that is to hold at a visit of a run.

    Args:
        graph: The run's graph.
        text: The condition, over keys and ``visit``.

    Raises:
        LineInvalid: It is no expression.
        UnknownName: It names a key that no state of the run has. Where a state is a dict, it may have any. What a
            map calls its items is no key: its visit stands for all of them.
    """
    expression = compile_expression(text)
    known = _keys_of(graph)
    if known is not None:
        for name in sorted(expression.names.difference(known, {_VISIT})):
            raise UnknownName("key", name, [*known, _VISIT])
    return expression


def _keys_of(graph: Workflow) -> dict[str, None] | None:
    """The keys of a graph and its subgraphs; None where a state may have any."""
    if not graph.schema.fields:
        return None
    keys = dict.fromkeys(graph.schema.fields)
    for place in graph.build().places:
        body = graph.definition_of(place.name).body
        if isinstance(body, Subgraph):
            inner = _keys_of(body.graph)
            if inner is None:
                return None
            keys |= inner
    return keys
