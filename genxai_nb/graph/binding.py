"""What each node runs: definitions found, made ready, and kept for the journal."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import Any, Protocol

from genxai_nb.calls.call import CallKind, Handler, Traits
from genxai_nb.errors import DefinitionError, GenXAIError, UnknownName
from genxai_nb.journal.store import Definition
from genxai_nb.source import source_of

from .definition import Condition, Node
from .functions import FunctionBody
from .nodes import Lookup, NodeBody, NodeLike, Prepared
from .options import refuse_arguments
from .state import Schema, State

__all__ = ["Bindings", "NoLookup", "read_condition"]


class NoLookup:
    """Finds nothing: every node of the graph must be given its definition."""

    def find(self, name: str) -> Any | None:  # noqa: ARG002 - the protocol
        """Nothing."""
        return None

    def names(self) -> dict[str, str]:
        """No names."""
        return {}

    def resolve(self, kind: CallKind, name: str) -> tuple[Handler, Traits]:
        """Refuse.

        Raises:
            UnknownName: Always.
        """
        raise UnknownName(kind, name)


class Bound(Protocol):
    """The graph whose nodes are bound."""

    lookup: Lookup
    nodes: dict[str, Node]


class Bindings:
    """The definitions of a graph's nodes, made ready once for as long as they stay the same."""

    def __init__(self, graph: Bound) -> None:
        self._graph = graph
        self._records: dict[str, tuple[Prepared, Definition]] = {}
        self._all: list[Definition] | None = None  # of all nodes, while none is looked up or rebound
        self._moving: list[tuple[Prepared, Definition]] = []  # those of them that may still change

    def prepare(self, node: Node) -> Prepared:
        """A node's definition as it is now, made ready.

        Raises:
            UnknownName: Nothing of the node's name is found.
            DefinitionError: What is found cannot be a node, or is of another kind.
        """
        definition = node.definition
        if definition is None:
            definition = self._find(node)
        if node.prepared is not None and node.prepared.definition is definition:
            return node.prepared
        return self.bind(node, definition)

    def _find(self, node: Node) -> Any:
        lookup = self._graph.lookup
        found = lookup.find(node.what)
        if found is None:
            others = [name for name, other in self._graph.nodes.items() if other.definition is not None]
            known = {*lookup.names(), *others} - {node.what}
            raise UnknownName(node.expected or "agent, tool or function", node.what, known)
        return found

    def bind(self, node: Node, definition: Any) -> Prepared:
        """Make a definition ready for a node.

        Raises:
            DefinitionError: It cannot be a node, or is not of the kind that the node expects.
        """
        body: NodeBody
        if isinstance(definition, NodeLike):
            body = definition.as_node(node.options)
        elif callable(definition):
            body = FunctionBody(definition, node.name)
        else:
            raise DefinitionError(
                f"Node {node.name!r} was given {definition!r:.80}, which is a {type(definition).__name__}.",
                hint="Give it a function of the state, an agent, a tool, or human(...).",
            )
        if node.expected is not None and body.kind != node.expected:
            raise DefinitionError(
                f"Node {node.name!r} expects {node.expected} {node.what!r}, which is a {body.kind}.",
                hint=f"Write {body.kind} {node.what}.",
            )
        if body.kind != "tool":
            refuse_arguments(node.name, body.kind, node.options.arguments)
        self._all = None
        node.prepared = Prepared(definition, body, node.options)
        return node.prepared

    def records(self, nodes: Collection[Node]) -> list[Definition]:
        """The definitions of all nodes as the journal keeps them."""
        records = self._all
        if records is None or len(records) != len(nodes) or not self._current():
            records = [self.record(node) for node in nodes]
            if all(node.definition is not None for node in nodes):
                self._all = records
                kept = [self._records[node.name] for node in nodes]
                self._moving = [(prepared, record) for prepared, record in kept if not prepared.settled]
        return records

    def _current(self) -> bool:
        """Whether all definitions are as they were recorded last: what they use may have been defined anew."""
        return all(prepared.version == record.hash for prepared, record in self._moving)

    def known(self, nodes: Collection[Node], names: Collection[str]) -> list[Definition]:
        """The definitions of some nodes, and of those that were recorded before, which is soon done.

        What is gone is left out: a run says so when it comes to it.
        """
        found = []
        for node in nodes:
            if node.name in names or node.name in self._records:
                with suppress(GenXAIError):
                    found.append(self.record(node))
        return found

    def record(self, node: Node) -> Definition:
        """A node's definition as the journal keeps it."""
        prepared = self.prepare(node)
        kept = self._records.get(node.name)
        if kept is None or kept[0] is not prepared or kept[1].hash != prepared.version:
            definition = prepared.definition
            record = Definition(
                hash=prepared.version,
                kind=prepared.body.kind,
                name=node.name,
                spec=str(getattr(definition, "spec_text", "")),
                source=getattr(definition, "source_text", None) or source_of(definition),
            )
            kept = self._records[node.name] = (prepared, record)
        return kept[1]


def read_condition(
    when: Condition | None, schema: Schema
) -> tuple[str | None, Callable[[Mapping[str, Any]], Any] | None, frozenset[str]]:
    """A condition as text, as a function of the view, and the keys that it names."""
    if when is None:
        return None, None, frozenset()
    if callable(when):
        function = when

        def decide(data: Mapping[str, Any]) -> Any:
            return function(State(data) if schema.model is None else schema.view(data))

        return getattr(when, "__name__", repr(when)), decide, frozenset()
    from genxai_nb.expressions import compile_expression

    expression = compile_expression(when)
    return when.strip(), expression.holds, expression.names
