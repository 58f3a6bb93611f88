"""Make a picture of a graph, with or without a run of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from genxai_nb.errors import DefinitionError

from .figures import counted, short_count, short_time
from .picture import WORDS, Arrow, Card, Picture, Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from genxai_nb.graph.definition import Edge, Node
    from genxai_nb.graph.nodes import Prepared
    from genxai_nb.graph.plan import Plan
    from genxai_nb.journal.summary import NodeSummary, RunSummary

_CAPS = {"START": "start", "END": "end"}


class Drawable(Protocol):
    """What of a graph is needed to draw it."""

    @property
    def name(self) -> str:
        """The graph's name."""

    @property
    def nodes(self) -> Mapping[str, Node]:
        """Its nodes by name, in the order of declaration."""

    @property
    def arrows(self) -> Sequence[Edge]:
        """Its edges in the order of declaration, then those of nodes that fail."""

    def build(self) -> Plan:
        """Its computed form; raises DefinitionError while the graph cannot run."""

    def definition_of(self, node: str) -> Prepared:
        """A node's body; raises DefinitionError while its definition is not there."""


def picture_of(graph: Drawable, summary: RunSummary | None = None) -> Picture:
    """Show a graph as cards and arrows; with a summary, what became of them in that run.

    A graph that cannot run yet is drawn as far as it goes.
    """
    try:
        plan = graph.build()
        loops, limits = plan.loop_edges, plan.limits
    except DefinitionError:
        loops, limits = frozenset(), {}
    edges = list(graph.arrows)
    ends = {end for edge in edges for end in (edge.source, edge.target)}
    cards = [_node_card(node, _kind(graph, node), summary) for node in graph.nodes.values()]
    cards = [_cap("START"), *cards] if "START" in ends else cards
    cards = [*cards, _cap("END")] if "END" in ends else cards
    arrows = [_arrow(edge, loops, limits.get(edge.number, edge.limit), summary) for edge in edges]
    return Picture(name=graph.name, cards=tuple(cards), arrows=tuple(arrows))


def status_words(node: NodeSummary) -> str:
    """Say in a few words what became of a node, such as ``Done · 2 visits``."""
    word = WORDS[node.status]
    if node.status == "done":
        more = counted(node.instances, "item") if node.instances else ""
        more = counted(node.visits, "visit") if node.visits > 1 else more
    elif node.status in {"running", "paused"}:
        more = f"{short_count(node.instances)} items done" if node.instances else ""
        more = more or (f"visit {node.visits + 1}" if node.visits else "")
    elif node.status == "failed":
        more = f"{counted(node.attempt, 'attempt')}" if node.attempt > 1 else ""
    else:
        more = ""
    return f"{word} · {more}" if more else word


def _cap(name: str) -> Card:
    return Card(name=name, kind=_CAPS[name])


def _kind(graph: Drawable, node: Node) -> str:
    try:
        return graph.definition_of(node.name).body.kind
    except DefinitionError:
        return node.expected or ""


def _node_card(node: Node, kind: str, summary: RunSummary | None) -> Card:
    if summary is None:
        return Card(name=node.name, kind=kind, facts=_options(node))
    became = summary.node(node.name)
    status: Status = became.status
    return Card(name=node.name, kind=kind, status=status, words=status_words(became), facts=_facts(became))


def _options(node: Node) -> tuple[str, ...]:
    """What was said of a node when it was put into the graph."""
    options = node.options
    facts = [f"into {options.into}"] if options.into else []
    facts += [f"retry {options.retry}"] if options.retry else []
    facts += [f"timeout {short_time(options.timeout)}"] if options.timeout else []
    return tuple(facts)


def _facts(node: NodeSummary) -> tuple[str, ...]:
    facts = [f"{short_count(node.usage.total)} tok"] if node.usage.total else []
    facts += [counted(len(node.tools), "tool call")] if node.tools else []
    facts += [short_time(node.seconds)] if node.visits or node.seconds else []
    return tuple(facts)


def way_label(edge: Edge, limit: int | None, taken: int | None = None) -> str:
    """Say when an edge is taken and, when a run is shown, how often it was."""
    said = [_clause(edge)]
    if limit is not None and (taken is None or taken > limit):
        said.append(f"max {limit}")  # a loop entered again counts again, so more can have been taken
    elif limit is not None:
        said.append(f"{taken} of {limit}")
    if taken is not None and taken > 1 and said[0] and (limit is None or taken > limit):
        said.append(f"{short_count(taken)}×")
    return " · ".join(filter(None, said))


def _arrow(edge: Edge, loops: frozenset[int], limit: int | None, summary: RunSummary | None) -> Arrow:
    taken = _taken(edge, summary) if summary else None
    return Arrow(
        source=edge.source,
        target=edge.target,
        label=way_label(edge, limit, taken),
        loop=edge.number in loops,
        taken=bool(taken),
    )


def _taken(edge: Edge, summary: RunSummary) -> int:
    if edge.source in _CAPS:  # the journal counts from the first node on
        return int(summary.node(edge.target).status != "idle")
    return summary.edges.get(edge.number, 0)


def _clause(edge: Edge) -> str:
    if edge.error:
        return "on error"
    if edge.when is not None:
        return f"if {edge.when}"
    if edge.otherwise:
        return "else"
    if edge.each is not None:
        return f"for each {edge.item} in {edge.each}" if edge.item else f"for each in {edge.each}"
    return ""
