"""A graph as a node of another graph: what goes in, and what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from genxai_nb.calls.call import digest

from .reducers import HIDDEN, append
from .state import Schema

if TYPE_CHECKING:
    from .nodes import NodeOptions
    from .tokens import Visit
    from .workflow import Workflow

__all__ = ["Subgraph", "changes_of", "given_to"]


class Subgraph:
    """A graph made ready for a node. It is given the keys of the state that it knows, and returns what it changed.

    With ``into`` its whole final state goes under that key.
    """

    kind = "graph"
    threaded = False
    wants_context = True
    template: tuple[str, ...] = ()

    def __init__(self, graph: Workflow, options: NodeOptions) -> None:
        self.graph = graph
        self.writes = () if options.into is None else (options.into,)

    @property
    def version(self) -> str:
        """Content hash of the graph and of the definitions of its nodes, as these are now."""
        versions = sorted(f"{d.name}={d.hash}" for d in self.graph.definitions())
        return digest(self.graph.structure.encode(), *(version.encode() for version in versions))

    async def run(self, _state: Any, _context: Any) -> Any:
        """Refuse: the engine drives a subgraph itself, as a level of the run."""
        raise AssertionError


def given_to(
    graph: Workflow, visit: Visit, index: int | None, reads: tuple[str, ...] | None
) -> dict[str, Any]:
    """The keys of the state around it that a subgraph is given; with its item in a map."""
    data = {key: value for key, value in visit.view.data.items() if key[:1] != HIDDEN}
    if index is not None and visit.items is not None and visit.edge.item:
        data[visit.edge.item] = visit.items[index]
    if reads is not None:
        data = {key: value for key, value in data.items() if key in reads or key == visit.edge.item}
    if graph.schema.fields:
        data = {key: value for key, value in data.items() if key in graph.schema.fields}
    return data


def changes_of(
    before: Mapping[str, Any], after: Mapping[str, Any], parent: Schema, into: str | None
) -> dict[str, Any]:
    """What a subgraph changed, as an update of the state around it.

    Of a list that grew and that the state around it appends to, only what was added.
    """
    public = {key: value for key, value in after.items() if key[:1] != HIDDEN}
    if into is not None:
        return {into: public}
    changed = {key: value for key, value in public.items() if key not in before or before[key] is not value}
    if parent.model is not None:
        changed = {key: value for key, value in changed.items() if key in parent.fields}
    for key, value in changed.items():
        if (
            parent.reducers.get(key) is append
            and isinstance(value, list)
            and isinstance(before.get(key), list)
        ):
            changed[key] = value[len(before[key]) :]
    return changed
