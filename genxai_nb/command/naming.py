"""What a namespace defines, by the names that graphs, cells and people use."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from genxai_nb.agents.lookup import kind_of
from genxai_nb.errors import DefinitionError, UnknownName
from genxai_nb.graph.build import Graph

__all__ = ["choose_graph", "definitions_in", "inserted"]

_KINDS = ("agent", "function", "tool", "graph")  # of two of one name, the earlier kind is meant


def definitions_in(space: Mapping[str, Any]) -> dict[str, Any]:
    """Agents, tools and graphs by their own names, functions by their variables."""
    found: dict[str, tuple[int, Any]] = {}
    for variable, value in space.items():
        kind = kind_of(value)
        if variable.startswith("_") or (kind == "function" and not _is_function(value)):
            continue
        name = variable if kind == "function" else _variable(value.name)
        rank = _KINDS.index(kind)
        if name not in found or rank < found[name][0]:
            found[name] = rank, value
    return {name: value for name, (_, value) in found.items()}


def _is_function(value: Any) -> bool:
    return inspect.isfunction(value) and not value.__module__.startswith("genxai_nb.")


def choose_graph(space: Mapping[str, Any], name: str | None, file: str) -> Graph:
    """Take the graph of that name, or the only one that is no part of another.

    Raises:
        UnknownName: There is no such graph; names the nearest.
        DefinitionError: There is none at all, or no name was given and there are several.
    """
    graphs: dict[str, Graph] = {}
    for variable, value in space.items():
        if isinstance(value, Graph) and not variable.startswith("_"):
            graphs[variable] = graphs[_variable(value.name)] = value
    if not graphs:
        raise DefinitionError(
            f"{file} defines no graph.", hint='It needs a Graph("..."), or a cell %%genxai graph NAME.'
        )
    if name is not None:
        found = graphs.get(_variable(name))
        if found is None:
            raise UnknownName("graph", name, {graph.name for graph in graphs.values()})
        return found
    several = list({id(graph): graph for graph in graphs.values()}.values())
    whole = [graph for graph in several if not any(_is_part(graph, other, graphs) for other in several)]
    if len(whole) != 1:
        names = sorted(graph.name for graph in whole or several)
        raise DefinitionError(
            f"{file} defines {len(names)} graphs: {', '.join(names)}.",
            hint=f"Name one of them behind the file: {file} {names[0]}",
        )
    return whole[0]


def _is_part(graph: Graph, other: Graph, graphs: Mapping[str, Graph]) -> bool:
    nodes = other.nodes.values()
    return graph is not other and any(
        (node.definition or graphs.get(_variable(node.what))) is graph for node in nodes
    )


def _variable(name: str) -> str:
    return name.replace("-", "_")


def inserted(space: Mapping[str, Any], path: str, lacking: Iterable[str] = ()) -> Any:
    """Give the object that ``$name`` or ``$name.attribute`` stands for.

    Raises:
        UnknownName: There is no such variable or attribute.
    """
    first, *attributes = path.split(".")
    if first not in space or first in lacking:
        raise UnknownName("variable", first, (name for name in space if not name.startswith("_")))
    value = space[first]
    for attribute in attributes:
        if isinstance(value, Mapping) and attribute in value:
            value = value[attribute]
        elif not attribute.startswith("_") and hasattr(value, attribute):
            value = getattr(value, attribute)
        else:
            known = value if isinstance(value, Mapping) else dir(value)
            raise UnknownName(
                f"attribute of {first!r}", attribute, (str(n) for n in known if not str(n).startswith("_"))
            )
    return value
