"""A graph as a person declares it: nodes and edges, nothing computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .nodes import NodeOptions, Prepared

START = "START"
END = "END"
RESERVED = frozenset({"if", "else", "max", "for", "each", "in", "node"})  # words of the graph language

Condition = str | Callable[[Any], Any]


class Node:
    """A place in a graph: a name, its options, and the definition that it is bound to, if any.

    Attributes:
        name: The node's name.
        options: What was said of it when it was declared.
        definition: What it runs; None when the name is looked up at each start.
        what: The name that is looked up, mostly the node's own.
        expected: The kind that the definition must have, if the graph says so.
        prepared: The definition it is bound to, made ready.
    """

    __slots__ = ("definition", "expected", "name", "options", "prepared", "what")

    def __init__(
        self,
        name: str,
        options: NodeOptions,
        definition: Any = None,
        *,
        what: str | None = None,
        expected: str | None = None,
    ) -> None:
        self.name = name
        self.options = options
        self.definition = definition
        self.what = what or name
        self.expected = expected
        self.prepared: Prepared | None = None

    def __repr__(self) -> str:
        return f"Node({self.name!r})"


class Edge:
    """An arrow between two nodes.

    Attributes:
        number: Its place in the order of declaration, from 0.
        source: Where it starts.
        target: Where it leads.
        when: The condition as text, or the name of the function that decides; None for always.
        otherwise: Taken when no conditional edge of the source was.
        limit: How often it may be taken; None for any number.
        each: The key whose items the target is run for, one instance an item.
        item: The name under which an instance sees its item.
        error: Taken only when its source has failed.
        decide: The condition made ready: ``decide(view)`` is truthy or not. None for always.
        function: The function that decides, if the condition is one.
        names: The keys that the condition names.
    """

    __slots__ = (
        "decide",
        "each",
        "error",
        "function",
        "item",
        "limit",
        "names",
        "number",
        "otherwise",
        "source",
        "target",
        "when",
    )

    def __init__(
        self,
        number: int,
        source: str,
        target: str,
        *,
        when: str | None = None,
        decide: Callable[[Mapping[str, Any]], Any] | None = None,
        names: frozenset[str] = frozenset(),
        otherwise: bool = False,
        limit: int | None = None,
        each: str | None = None,
        item: str | None = None,
    ) -> None:
        self.number = number
        self.source = source
        self.target = target
        self.when = when
        self.decide = decide
        self.names = names
        self.otherwise = otherwise
        self.limit = limit
        self.each = each
        self.item = item
        self.error = False
        self.function: Callable[[Any], Any] | None = None

    def __repr__(self) -> str:
        return f"Edge({self.source} -> {self.target}{self.clause()})"

    def clause(self) -> str:
        """What follows the arrow in the graph language, with a space before it."""
        parts = ["on error"] if self.error else []
        if self.when is not None:
            parts.append(f"if {self.when}")
        if self.otherwise:
            parts.append("else")
        if self.each is not None:
            parts.append(f"for each {self.item} in {self.each}")
        if self.limit is not None:
            parts.append(f"max {self.limit}")
        return "".join(f" {part}" for part in parts)


def edge_on_error(number: int, source: str, target: str) -> Edge:
    """The way that a node goes when it has failed."""
    edge = Edge(number, source, target)
    edge.error = True
    return edge
