"""A graph as the journal keeps it: enough to read its runs where its definition is not at hand."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from genxai_nb.errors import RunError
from genxai_nb.journal.events import Event
from genxai_nb.journal.store import Definition

from .binding import NoLookup, read_condition
from .definition import Edge, edge_on_error
from .nodes import NodeOptions, Prepared
from .plan import Plan
from .reducers import BUILTIN, last
from .state import Schema
from .subgraph import Subgraph
from .versions import in_force

if TYPE_CHECKING:
    from .nodes import Lookup, NodeBody

__all__ = ["KeptGraph", "form_of", "kept_graph"]


class _Plain(Struct, array_like=True, frozen=True):  # as most edges are, of which a graph may have many
    source: str
    target: str


class _Edge(_Plain, array_like=True, frozen=True):
    when: str | None = None
    function: bool = False
    otherwise: bool = False
    limit: int | None = None
    each: str | None = None
    item: str | None = None


_NO_MARKS = (None, False, False, None, None, None)


class _Form(Struct, frozen=True, omit_defaults=True):
    name: str
    nodes: dict[str, tuple[str, ...] | None]  # and what each reads
    edges: tuple[_Edge, ...]  # when read; a plain one is written without what it does not have
    limit: int | None = None
    joins: dict[str, str | int] = {}
    ways: dict[str, str] = {}  # where nodes go on that have failed
    reducers: dict[str, str] = {}  # "" for a function of the person's own
    fields: tuple[str, ...] = ()
    inner: dict[str, _Form] = {}


def form_of(graph: Any, *, whole: bool = False) -> str:
    """What the journal keeps of a graph beside its lines; ``whole`` with its subgraphs."""
    return msgspec.json.encode(_form(graph, whole=whole)).decode()


def _form(graph: Any, *, whole: bool) -> _Form:
    bodies = {name: graph.definition_of(name).body for name in graph.nodes} if whole else {}
    builtin = {reducer: name for name, reducer in BUILTIN.items()}
    return _Form(
        graph.name,
        {name: node.options.reads for name, node in graph.nodes.items()},
        tuple(_kept(edge) for edge in graph.edges),
        graph.limit,
        {name: node.options.join for name, node in graph.nodes.items() if node.options.join != "all"},
        {name: node.options.goto for name, node in graph.nodes.items() if node.options.goto},
        {key: builtin.get(reducer, "") for key, reducer in graph.schema.reducers.items()},
        tuple(graph.schema.fields),
        {name: _form(body.graph, whole=True) for name, body in bodies.items() if isinstance(body, Subgraph)},
    )


def _kept(edge: Edge) -> Any:
    """What is kept of an edge; of a function of the person's own, only that there is one."""
    marks = (edge.when, edge.function is not None, edge.otherwise, edge.limit, edge.each, edge.item)
    if marks == _NO_MARKS:
        return _Plain(edge.source, edge.target)
    return _Edge(edge.source, edge.target, *marks)


class _Body:
    """What stands for a body that is not at hand."""

    kind = "function"
    version = ""
    threaded = False
    wants_context = False
    writes = ()
    template = ()

    async def run(self, _state: Any) -> Any:
        """Refuse: a run is only read through a kept graph."""
        raise AssertionError


class KeptGraph:
    """A graph that runs can be read with, but not driven. See `graph.workflow.Workflow`.

    What reducers of the person's own made is recorded where branches meet; until then the last write is shown.
    """

    def __init__(
        self, form: _Form, structure: str = "", inner: Mapping[str, KeptGraph] | None = None
    ) -> None:
        self.name = form.name
        self.structure = structure
        self.lookup: Lookup = NoLookup()
        self.schema = Schema(None, {key: name or last for key, name in form.reducers.items()})
        self.schema.fields = dict.fromkeys(form.fields)
        inner = inner or {name: KeptGraph(part) for name, part in form.inner.items()}
        self._plan = Plan(list(form.nodes), self._edges(form), form.limit, form.joins)
        self._prepared = {
            name: self._prepare(NodeOptions(name=name, reads=reads), inner.get(name))
            for name, reads in form.nodes.items()
        }

    def _edges(self, form: _Form) -> list[Edge]:
        made = []
        for number, e in enumerate(form.edges):
            when = _not_at_hand(e.when) if e.function else e.when
            _, decide, names = read_condition(when, self.schema)
            made.append(
                Edge(
                    number,
                    e.source,
                    e.target,
                    when=e.when,
                    decide=decide,
                    names=names,
                    otherwise=e.otherwise,
                    limit=e.limit,
                    each=e.each,
                    item=e.item,
                )
            )
        ways = enumerate(form.ways.items(), len(made))
        return [*made, *(edge_on_error(n, name, goto) for n, (name, goto) in ways)]

    def _prepare(self, options: NodeOptions, inner: KeptGraph | None) -> Prepared:
        body: NodeBody = _Body() if inner is None else Subgraph(inner, options)
        return Prepared(inner, body, options)

    def build(self) -> Plan:
        """The plan."""
        return self._plan

    def definition_of(self, node: str) -> Prepared:
        """The node's options, and its subgraph if it is one."""
        return self._prepared[node]

    def own_record(self) -> Definition:
        """Nothing that could be kept anew."""
        return Definition(hash=self.structure, kind="graph", name=self.name)

    def all_nodes(self) -> list[str]:
        """Names of its nodes, and of those of its subgraphs."""
        names = list(self._prepared)
        for prepared in self._prepared.values():
            if isinstance(prepared.body, Subgraph):
                names += prepared.body.graph.all_nodes()
        return names

    def record_of(self, node: str) -> Definition:
        """Nothing that could be kept anew."""
        return Definition(hash="", kind="function", name=node)

    def known_definitions(self, nodes: Collection[str]) -> list[Definition]:  # noqa: ARG002 - the protocol
        """No definitions."""
        return []

    def definitions(self) -> list[Definition]:
        """No definitions."""
        return []


def kept_graph(events: Iterable[Event], find: Callable[[str], Definition | None]) -> KeptGraph | None:
    """The graph of a run from what the journal keeps of it; None if that is not enough.

    Args:
        events: The run's facts.
        find: Gives a kept definition by its version.
    """
    last = in_force(events)
    own = _read(find(last.structure))
    if own is None:
        return None
    inner = {}
    for node in own.nodes:
        form = _read(find(last.definitions.get(node, "")))
        if form is not None:
            inner[node] = KeptGraph(form)
    return KeptGraph(own, last.structure, inner)


def _read(kept: Definition | None) -> _Form | None:
    if kept is None or kept.kind != "graph" or not kept.source:
        return None
    try:
        return msgspec.json.decode(kept.source, type=_Form)
    except msgspec.DecodeError:
        return None


def _not_at_hand(name: str | None) -> Callable[[Any], Any]:
    def decide(_state: Any) -> Any:
        raise RunError(
            f"The condition {name} is a function that is not at hand.", hint="Load the run with its graph."
        )

    return decide
