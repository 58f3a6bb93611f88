"""A graph as a node of another graph: what goes in, and what comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from genxai_nb.calls.call import digest
from genxai_nb.journal.codec import in_text

from .reducers import HIDDEN, Reducer, add, append, merge
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

    Where a reducer joins it there with what was before, it is only what is new: the items that were added to a
    list, the difference of a number, the keys of a dict that have another value.
    """
    public = {key: value for key, value in after.items() if key[:1] != HIDDEN}
    if into is not None:
        return {into: public}
    changed = {key: value for key, value in public.items() if key not in before or before[key] is not value}
    if parent.model is not None:
        changed = {key: value for key, value in changed.items() if key in parent.fields}
    return {
        key: _news(parent.reducers.get(key), before[key], value) if key in before else value
        for key, value in changed.items()
    }


def _news(reducer: Reducer | None, before: Any, after: Any) -> Any:
    """What is new in a value, for a builtin reducer; one of a person's own is given the whole value."""
    if reducer is merge and isinstance(before, dict) and isinstance(after, dict):
        return {key: value for key, value in after.items() if key not in before or before[key] is not value}
    if reducer is not append and reducer is not add:
        return after
    if isinstance(after, str | list | tuple):
        return after[len(before) :] if type(before) is type(after) and _goes_on(before, after) else after
    try:
        return after - before if reducer is add else after
    except TypeError:
        return after


def _goes_on(before: Sequence[Any], after: Sequence[Any]) -> bool:
    """Whether a text or list begins with another one, so that something was added and nothing replaced."""
    if isinstance(after, str):
        return after.startswith(str(before))
    return len(after) >= len(before) and all(
        new is old or in_text(new) == in_text(old) for new, old in zip(after, before, strict=False)
    )
