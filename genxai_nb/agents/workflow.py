"""The graph as people use it: the engine's graph, knowing tools and models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from genxai_nb.graph import build

from .lookup import StandardLookup

if TYPE_CHECKING:
    from pydantic import BaseModel

    from genxai_nb.graph.nodes import Lookup
    from genxai_nb.graph.reducers import Reducer


class Graph(build.Graph):
    """Nodes and edges between them, to be run over a state.

    Args:
        name: The graph's name.
        state: A pydantic model that states have to fit; None for a dict.
        reducers: By key, how a write meets what is there: ``append add merge last``, or a function.
        limit: How often each loop edge may be taken that has no limit of its own.
        lookup: Finds what nodes name, or definitions by name; None for builtin tools and models.

    Example:
        >>> graph = Graph("greeting")
        >>> async def greet(state):
        ...     return {"text": f"Hello {state['name']}"}
        >>> graph.node("greet", greet).edge("START", "greet").edge("greet", "END")
        Graph('greeting': 1 node, 2 edges)
        >>> graph.run({"name": "Ada"}, store=":memory:").state["text"]
        'Hello Ada'
    """

    def __init__(
        self,
        name: str,
        state: type[BaseModel] | None = None,
        reducers: Mapping[str, str | Reducer] | None = None,
        limit: int | None = None,
        lookup: Lookup | Mapping[str, Any] | None = None,
    ) -> None:
        known = StandardLookup(lookup) if lookup is None or isinstance(lookup, Mapping) else lookup
        super().__init__(name, state, reducers, limit, known)
