"""Between a graph and its lines in the graph language."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from genxai_nb.errors import DefinitionError, LineInvalid

from .functions import Human
from .lines import EdgeStatement, NodeStatement, parse, write

if TYPE_CHECKING:
    from .definition import Edge, Node

__all__ = ["declare", "describe"]


class Declaring(Protocol):
    """A graph that can be declared and read back."""

    nodes: dict[str, Node]
    edges: list[Edge]

    @property
    def node(self) -> Callable[..., Any]:
        """Puts a node into the graph."""

    @property
    def edge(self) -> Callable[..., Any]:
        """Draws an edge."""


def declare(graph: Declaring, text: str) -> None:
    """Declare the nodes and edges of the lines; nothing is declared when one cannot be.

    Raises:
        LineInvalid: A line cannot be read, or says what the graph cannot do.
    """
    statements = parse(text)
    for statement in sorted(statements, key=lambda s: isinstance(s, EdgeStatement)):
        try:
            if isinstance(statement, NodeStatement):
                _declare_node(graph, statement)
            else:
                graph.edge(
                    statement.source,
                    statement.target,
                    when=statement.when,
                    otherwise=statement.otherwise,
                    limit=statement.limit,
                    each=statement.each,
                    item=statement.item,
                )
        except LineInvalid:
            raise
        except DefinitionError as exc:
            raise LineInvalid(
                exc.what, line=statement.text, number=statement.number, column=statement.column, hint=exc.hint
            ) from exc


def _declare_node(graph: Declaring, statement: NodeStatement) -> None:
    definition = Human(statement.what or "", statement.choices) if statement.kind == "human" else None
    graph.node(
        statement.name,
        definition,
        retry=statement.retry,
        timeout=statement.timeout,
        on_error=statement.on_error,
        join=statement.join,
        at_once=statement.at_once,
        cache=statement.cache,
        reads=statement.reads,
        into=statement.into,
        choices=statement.choices,
        what=None if statement.kind == "human" else statement.what,
        expected=None if statement.kind == "human" else statement.kind,
        arguments=statement.arguments,
    )


def describe(graph: Declaring) -> str:
    """Write the graph as lines; functions given as conditions appear by their names."""
    nodes = [_node_statement(node) for node in graph.nodes.values() if _says_more(node)]
    return write([*nodes, *(_edge_statement(edge) for edge in graph.edges)])


def _says_more(node: Node) -> bool:
    return (
        node.what != node.name
        or node.expected is not None
        or isinstance(node.definition, Human)
        or _optioned(node)
    )


def _optioned(node: Node) -> bool:
    options = node.options
    return bool(
        options.retry
        or options.on_error != "fail"
        or options.join != "all"
        or options.at_once is not None
        or options.timeout is not None
        or options.reads is not None
        or options.into
        or options.arguments
        or options.choices
    )


def _node_statement(node: Node) -> NodeStatement:
    options = node.options
    kind, what, choices = node.expected, node.what, options.choices
    if isinstance(node.definition, Human):
        kind, what, choices = "human", node.definition.prompt, options.choices or node.definition.choices
    elif kind is None and (what != node.name or options.arguments):
        kind = "tool"
    return NodeStatement(
        name=node.name,
        kind=kind,  # type: ignore[arg-type]  # one of the kinds, checked when the node was declared
        what=what if kind else None,
        arguments=options.arguments,
        retry=options.retry,
        timeout=options.timeout,
        on_error=options.on_error,
        join=options.join,
        at_once=options.at_once,
        reads=options.reads,
        into=options.into,
        choices=choices,
    )


def _edge_statement(edge: Edge) -> EdgeStatement:
    return EdgeStatement(
        source=edge.source,
        target=edge.target,
        when=edge.when,
        otherwise=edge.otherwise,
        limit=edge.limit,
        each=edge.each,
        item=edge.item,
    )
