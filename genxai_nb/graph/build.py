"""Declaring a graph and checking that it can run."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from genxai_nb.calls.call import digest
from genxai_nb.errors import DefinitionError, GenXAIError, GraphInvalid, UnknownName
from genxai_nb.journal.store import Definition
from genxai_nb.source import version_of

from .binding import Bindings, NoLookup, read_condition
from .checks import check, check_name
from .definition import END, START, Condition, Edge, Node, edge_on_error
from .kept import form_of
from .nodes import Lookup, NodeBody, NodeOptions, Prepared
from .options import instances_at_once, node_options, whole
from .plan import Plan
from .reducers import Reducer
from .running import Running
from .state import Schema
from .subgraph import Subgraph

if TYPE_CHECKING:
    from pydantic import BaseModel


__all__ = ["END", "START", "Graph"]


class Graph(Running):
    """A workflow: nodes that return changes to a state, and edges that say what runs next.

    Args:
        name: The graph's name.
        state: A pydantic model class, or None for a dict state.
        reducers: How parallel writes to a key come together: ``append``, ``add``, ``merge``, ``last``
            or a function of (old, new), by key.
        limit: How often each loop edge without a limit of its own may be taken in one go.
        lookup: Finds definitions that nodes only name.

    Raises:
        SchemaInvalid: The state is no pydantic model class, or a reducer's key is no field.
        DefinitionError: The name is no text, or the limit no whole number.

    Example:
        >>> graph = Graph("greet")
        >>> graph.node("hello", lambda state: {"text": f"Hello {state['name']}"})
        Graph('greet': 1 node, 0 edges)
        >>> graph.edge(START, "hello")
        Graph('greet': 1 node, 1 edge)
        >>> graph.run({"name": "Ada"}, store=":memory:").state["text"]
        'Hello Ada'
    """

    def __init__(
        self,
        name: str,
        state: type[BaseModel] | None = None,
        reducers: Mapping[str, str | Reducer] | None = None,
        limit: int | None = None,
        lookup: Lookup | None = None,
    ) -> None:
        check_name(name)
        self.name = name
        self.schema = Schema(state, reducers)
        self.limit = None if limit is None else whole("limit", limit)
        self.lookup: Lookup = lookup or NoLookup()
        self.nodes: dict[str, Node] = {}
        self.edges: list[Edge] = []
        self._drawn: set[str] = set()
        self._plan: Plan | None = None
        self._structure: str | None = None
        self._own_record: Definition | None = None
        self._bindings = Bindings(self)

    def __repr__(self) -> str:
        def count(number: int, noun: str) -> str:
            return f"{number} {noun}{'' if number == 1 else 's'}"

        return f"Graph({self.name!r}: {count(len(self.nodes), 'node')}, {count(len(self.edges), 'edge')})"

    # ── declaring ────────────────────────────────────────────────────────────────────────────

    def node(  # noqa: PLR0913 - each is an option of a node in the graph language
        self,
        name: str,
        definition: Any = None,
        *,
        retry: int = 0,
        timeout: float | None = None,
        on_error: str = "fail",
        join: str | int = "all",
        at_once: int | None = None,
        cache: bool = False,
        reads: Iterable[str] | None = None,
        into: str | None = None,
        choices: Sequence[str] = (),
        what: str | None = None,
        expected: str | None = None,
        arguments: Mapping[str, str] | None = None,
        **more: str,
    ) -> Graph:
        """Put a node into the graph.

        Args:
            name: Its name.
            definition: A function of (state) or (state, context), an agent, a tool, a question, or the
                name of a tool; None to look up the node's own name at each start.
            retry: Further attempts after the body raised.
            timeout: Seconds that one attempt may take.
            on_error: What a failure leads to: ``fail`` ends the run, ``continue`` goes on as if nothing was written,
                ``goto:NODE`` goes on at that node, which finds what went wrong under the key ``error``.
            join: Whom a node with several sources waits for: ``all`` who can still come; ``any``, the first one;
                a number of them; or nobody, ``each`` is a visit. Later ones come to nothing.
            at_once: How many of its instances are under way at the same time, where an edge runs it for each item; None
                for all of them.
            cache: Whether a result is kept for equal input: False.
            reads: The keys that the body is shown; None for all.
            into: The key that takes the body's value.
            choices: The answers that a human node offers.
            what: The name to look up, when it is not the node's own.
            expected: The kind that is expected under that name.
            arguments: A tool's arguments as expressions over the state.
            more: The same, for arguments whose names are none of the above.

        Returns:
            The graph, so that declarations can be chained.

        Raises:
            DefinitionError: The name is taken or is no text, or the definition cannot be a node.
        """
        check_name(name)
        if name in {START, END}:
            raise DefinitionError(
                f"{name!r} is no name for a node; it marks the graph's ends.", hint="Choose another name."
            )
        if name in self.nodes and self.nodes[name].definition is not None:
            raise DefinitionError(
                f"Node {name!r} is there already.", hint="Use bind() to give it a new definition."
            )
        if isinstance(definition, str):
            definition, what = None, definition
        options = node_options(
            name,
            retry=retry,
            timeout=timeout,
            on_error=on_error,
            join=join,
            cache=cache,
            reads=reads,
            into=into,
            choices=choices,
            arguments={**(arguments or {}), **more},
        )
        options = msgspec.structs.replace(
            options, form=self.schema.form_of(into or name), at_once=instances_at_once(name, at_once)
        )
        node = Node(name, options, definition, what=what, expected=expected)
        if definition is not None:
            self._bindings.bind(node, definition)
        self.nodes[name] = node
        self._plan = None
        return self

    def bind(self, name: str, definition: Any) -> Graph:
        """Give a node a new definition; a run that is under way uses it from the node's next start.

        Raises:
            UnknownName: There is no such node.
        """
        if name not in self.nodes:
            raise UnknownName("node", name, self.nodes)
        node = self.nodes[name]
        node.definition = definition
        self._bindings.bind(node, definition)
        self._plan = None
        return self

    def edge(
        self,
        source: str,
        target: str,
        *,
        when: Condition | None = None,
        otherwise: bool = False,
        limit: int | None = None,
        each: str | None = None,
        item: str | None = None,
    ) -> Graph:
        """Draw an edge; a node that is only named is looked up by its name.

        Args:
            source: Where it starts, or ``START``.
            target: Where it leads, or ``END``.
            when: An expression over the state, or a function of the state; None for always.
            otherwise: Take it when no conditional edge of the source was taken.
            limit: How often it may be taken; counted anew whenever its loop is entered from outside.
            each: Run the target once for each item of this key's list, side by side.
            item: The key under which an instance finds its item in a dict state.

        Returns:
            The graph, so that declarations can be chained.

        Raises:
            GraphInvalid: The edge starts at END, leads to START, or is there already.
            DefinitionError: The condition is no expression.
        """
        if source == END or target == START:
            raise GraphInvalid(
                f"No edge leads {'out of END' if source == END else 'into START'}.",
                hint=f"{source} -> {target}",
            )
        if (item is not None and each is None) or (each is not None and not str(each).isidentifier()):
            raise DefinitionError(
                f"{source} -> {target} has each={each!r} and item={item!r}.",
                hint='Write each="items", item="item".',
            )
        text, decide, names = read_condition(when, self.schema)
        edge = Edge(
            len(self.edges),
            source,
            target,
            when=text,
            decide=decide,
            names=names,
            otherwise=otherwise,
            limit=None if limit is None else whole("limit", limit),
            each=each,
            item=item if item is not None or each is None else "item",
        )
        edge.function = when if callable(when) else None
        drawn = f"{source} -> {target}{edge.clause()}"
        if drawn in self._drawn:
            raise GraphInvalid(
                f"The edge {source} -> {target}{edge.clause()} is there already.", hint="Remove one."
            )
        for name in (source, target):
            if name not in {START, END} and name not in self.nodes:
                check_name(name)
                self.nodes[name] = Node(name, NodeOptions(name=name))
        self.edges.append(edge)
        self._plan = None
        return self

    def parse(self, text: str) -> Graph:
        """Declare nodes and edges in the graph language, the same as in a cell.

        Raises:
            LineInvalid: A line cannot be read; says which and where.
        """
        from .text import declare

        declare(self, text)
        return self

    def lines(self) -> str:
        """The graph in the graph language."""
        from .text import describe

        return describe(self)

    def draw(self) -> str:
        """The graph as DOT text."""
        from .draw import dot

        return dot(self)

    # ── checking ─────────────────────────────────────────────────────────────────────────────

    def build(self) -> Plan:
        """Check the graph and compute its plan; done again after each change.

        Raises:
            GraphInvalid: It cannot run: no way in or out, a node that is never reached, a cycle
                without a limit, an ``else`` without a condition.
            UnknownName: A node's definition is not found.
        """
        if self._plan is None:
            for node in self.nodes.values():
                if (goto := node.options.goto) is not None and goto not in {*self.nodes, END}:
                    raise UnknownName("node to go on at", goto, self.nodes)
            plan = Plan(list(self.nodes), self.arrows, self.limit, self._joins())
            check(self, plan)
            self._plan, self._structure = plan, None
        return self._plan

    @property
    def arrows(self) -> list[Edge]:
        """All edges: those that were declared, then those by which nodes that fail go on."""
        ways = [(name, node.options.goto) for name, node in self.nodes.items()]
        failing = [(name, goto) for name, goto in ways if goto is not None]
        return [
            *self.edges,
            *(edge_on_error(n, name, goto) for n, (name, goto) in enumerate(failing, len(self.edges))),
        ]

    def _joins(self) -> dict[str, str | int]:
        return {name: node.options.join for name, node in self.nodes.items() if node.options.join != "all"}

    @property
    def structure(self) -> str:
        """Content hash of nodes, edges, conditions, limits, joins and reducers."""
        self.build()
        if self._structure is None:
            edges = [
                (e.source, e.target, _decided(e), e.otherwise, e.limit, e.each, e.item) for e in self.edges
            ]
            reducers = {key: version_of(reducer).hash for key, reducer in self.schema.reducers.items()}
            ways = {name: node.options.goto for name, node in self.nodes.items() if node.options.goto}
            more = [part for part in (self._joins(), ways) if part]
            parts = (list(self.nodes), edges, self.limit, reducers, *more)
            self._structure = digest(msgspec.json.encode(parts, order="deterministic"))
        return self._structure

    def definition_of(self, node: str) -> Prepared:
        """The body of a node as its definition is now, with the node's options.

        Raises:
            UnknownName: Nothing of that name is found.
        """
        place = self.nodes[node]
        prepared = place.prepared
        if prepared is not None and prepared.definition is place.definition:
            return prepared
        return self._bindings.prepare(place)

    def own_record(self) -> Definition:
        """The graph itself as the journal keeps it, by its structure."""
        if self._own_record is None or self._own_record.hash != self.structure:
            self._own_record = Definition(
                hash=self.structure, kind="graph", name=self.name, spec=self.lines(), source=form_of(self)
            )
        return self._own_record

    def all_nodes(self) -> list[str]:
        """Names of its nodes, and of those of its subgraphs."""
        names = list(self.nodes)
        for name in self.nodes:
            try:
                body = self.definition_of(name).body
            except GenXAIError:  # what is not defined yet has no nodes below it; a run says what is missing
                continue
            if isinstance(body, Subgraph):
                names += body.graph.all_nodes()
        return names

    def record_of(self, node: str) -> Definition:
        """The definition of a node as it is now, to be kept."""
        return self._bindings.record(self.nodes[node])

    def definitions(self) -> list[Definition]:
        """All definitions as they are now, to be kept with a run."""
        return self._bindings.records(self.nodes.values())

    def known_definitions(self, nodes: Collection[str]) -> list[Definition]:
        """The definitions of some nodes as they are now, and of those that have been looked at before."""
        return self._bindings.known(self.nodes.values(), nodes)

    @property
    def spec_text(self) -> str:
        """The graph in its language, as the journal keeps it for a node."""
        return self.lines()

    @property
    def source_text(self) -> str:
        """What the journal keeps of it beside its lines, to read its runs."""
        return form_of(self, whole=True)

    def as_node(self, options: NodeOptions) -> NodeBody:
        """Make the body for a node of another graph."""
        return Subgraph(self, options)


def _decided(edge: Edge) -> str | None:
    """What decides on an edge: an expression by its text, a function by its version."""
    return edge.when if edge.function is None else f"function {version_of(edge.function).hash}"
