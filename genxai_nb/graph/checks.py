"""What must hold of a graph before it runs; each mistake is one sentence with its mend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

from genxai_nb.errors import DefinitionError, GraphInvalid, TemplateKeyMissing, suggest

from .definition import END, RESERVED, Edge, Node

if TYPE_CHECKING:
    from .nodes import Prepared
    from .plan import Plan
    from .state import Schema


class Declared(Protocol):
    """A graph as far as the checks look at it."""

    name: str
    nodes: dict[str, Node]
    edges: list[Edge]
    schema: Schema

    def definition_of(self, node: str) -> Prepared:
        """The body of a node with the node's options."""


def check_name(name: object) -> None:
    """Refuse a node name that a journal could not keep.

    Raises:
        DefinitionError: It is empty, no text, or no valid Unicode.
    """
    try:
        if isinstance(name, str) and name in RESERVED:
            raise DefinitionError(
                f"{name!r} is a word of the graph language.", hint=f"Take another name, such as {name}_."
            )
        if isinstance(name, str) and name.strip() and name.encode():
            return
    except UnicodeEncodeError:  # a lone surrogate
        pass
    raise DefinitionError(f"{name!r} is no name.", hint="Names are text.")


def check(graph: Declared, plan: Plan) -> None:
    """Refuse a graph that cannot run.

    Raises:
        GraphInvalid: Its nodes and edges do not make a runnable whole.
        UnknownName: A node's definition is not found.
        TemplateKeyMissing: A template names a key that is no field of the schema.
    """
    _check_ends(graph, plan)
    _check_edges(graph, plan.edges)
    cycle = plan.cycle_without_limit()
    if cycle:
        raise GraphInvalid(
            f"The cycle {' -> '.join(cycle)} has no limit.",
            hint="Give one of its edges a limit (max 3), or the graph a limit for all loops.",
        )
    for name in graph.nodes:
        _check_node(graph, name)


def _check_ends(graph: Declared, plan: Plan) -> None:
    if not plan.start.out:
        raise GraphInvalid(f"Graph {graph.name!r} has no way in.", hint="Draw an edge from START.")
    reached = plan.reached()
    for place in plan.places:
        if place.index not in reached:
            raise GraphInvalid(
                f"Node {place.name!r} is never reached from START.", hint=f"Draw an edge to {place.name!r}."
            )
    ends = any(edge.target == END for edge in plan.edges) or any(not place.choices for place in plan.places)
    if not ends:
        raise GraphInvalid(f"Graph {graph.name!r} has no way out.", hint="Draw an edge to END.")


def _check_edges(graph: Declared, edges: Iterable[Edge]) -> None:
    out: dict[str, list[Edge]] = {}
    into: dict[str, list[Edge]] = {}
    for edge in edges:
        out.setdefault(edge.source, []).append(edge)
        into.setdefault(edge.target, []).append(edge)
        _check_keys(graph, edge)
    for source, leading in out.items():
        others = [edge for edge in leading if edge.otherwise]
        if others and not any(
            edge.when is not None or edge.limit is not None for edge in leading if not edge.otherwise
        ):
            raise GraphInvalid(
                f"{source} -> {others[0].target} else has no if beside it.", hint="Drop the else."
            )
        if any(edge.otherwise and edge.when is not None for edge in leading):
            raise GraphInvalid(
                f"An edge of {source!r} has both a condition and an else.", hint="Keep one of them."
            )
    for target, coming in into.items():
        _check_map(target, coming)


def _check_map(target: str, coming: list[Edge]) -> None:
    """A node is run for each item of one list by all that lead to it, or by none."""
    mapped = [edge for edge in coming if edge.each is not None]
    if not mapped:
        return
    plain = next((edge for edge in coming if edge.each is None), None)
    if plain is not None:
        raise GraphInvalid(
            f"{target!r} is run for each item by {mapped[0].source!r} and plainly by {plain.source!r}.",
            hint="Give the plain way a node of its own.",
        )
    other = next((edge for edge in mapped if edge.each != mapped[0].each), None)
    if other is not None:
        raise GraphInvalid(
            f"{target!r} is run for each item in {mapped[0].each!r} by {mapped[0].source!r}"
            f" and in {other.each!r} by {other.source!r}.",
            hint="Give each list a node of its own.",
        )
    if target == END:
        raise GraphInvalid("END cannot be run for each item.", hint="Put a node between.")


def _check_keys(graph: Declared, edge: Edge) -> None:
    fields = graph.schema.fields
    if graph.schema.model is None:
        return
    for key in [*sorted(edge.names), *([edge.each] if edge.each else [])]:
        if key not in fields:
            raise GraphInvalid(
                f"{edge.source} -> {edge.target}{edge.clause()} names {key!r}, which is no field of"
                f" {graph.schema.model.__name__}.",
                hint=suggest(key, fields),
            )


def _check_node(graph: Declared, name: str) -> None:
    ready = graph.definition_of(name)
    body, options = ready.body, ready.options
    if options.at_once is not None and not any(e.each for e in graph.edges if e.target == name):
        raise GraphInvalid(
            f"Node {name!r} says how many of its instances run at once, but no arrow runs it for each item.",
            hint=f"Write an arrow -> {name} for each item in KEY, or leave out: at once {options.at_once}",
        )
    model = graph.schema.model
    if model is None:
        return
    fields: Mapping[str, object] = graph.schema.fields
    items = {edge.item for edge in graph.edges if edge.target == name and edge.item}
    for key in body.template:
        if key not in fields and key not in items:
            raise TemplateKeyMissing(key, [*fields, *items], node=name)
    for key in options.reads or ():
        if key not in fields:
            raise GraphInvalid(
                f"Node {name!r} reads {key!r}, which is no field of {model.__name__}.",
                hint=suggest(key, fields),
            )
    written = (options.into,) if options.into else body.writes
    for key in written:
        if key not in fields:
            word = "into" if options.into else "writes"
            raise GraphInvalid(
                f"Node {name!r} writes {key!r}, which is no field of {model.__name__}.",
                hint=f"Say {word}: with one of its fields. {suggest(key, fields)}".strip(),
            )
