"""What the scheduler needs to know of a graph, computed once: loops, joins, and who can still come.

Loops are found by nesting: take each strongly connected part; its *head* is the node reached first
from START in the order of the edges; its edges into the head are its *loop edges*; remove them and
look again inside. A token that came over a loop edge waits at the loop's *gate*, in front of the head.

A *place* is where tokens can be: a node (bits 0 to n-1 of a bit set) or a gate (bits n and up). The
*blockers* of a place are the places from which a token can still reach it without going round a loop
that it is in; a place may go on when none of its blockers is active.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import or_
from types import MappingProxyType

from .definition import END, START, Edge


class Loop:
    """A loop: its head, its members as a bit set, its loop edges, and the loop around it."""

    __slots__ = ("blockers", "body", "edges", "gate", "head", "outer")

    def __init__(self, gate: int, head: int, body: int, edges: frozenset[int], outer: Loop | None) -> None:
        self.gate = gate
        self.head = head
        self.body = body
        self.edges = edges
        self.outer = outer
        self.blockers = 0

    def chain(self) -> Iterable[Loop]:
        """This loop and those around it, innermost first."""
        loop: Loop | None = self
        while loop is not None:
            yield loop
            loop = loop.outer


class Place:
    """A node as the scheduler sees it.

    Attributes:
        index: Its number, in order of declaration; also its bit.
        name: Its name.
        out: Its outgoing edges in order of declaration.
        choices: Those of them among which a visit that has not failed chooses.
        failing: The one that it takes when it has failed.
        plain: Its only edge, when that is unconditional and has no limit, nor one by its graph; else empty.
        numbers: That edge's number.
        has_else: One of its edges is taken when no conditional one was.
        joins: It has several sources, so it waits for those who can still come.
        need: How many of them suffice; 0 for all.
        head: It is where a loop begins.
        blockers: Bit set of the places that it waits for.
        sources: The nodes from which edges lead here, each with the number of its first one.
        order: Number of its first incoming edge, which decides who starts first.
    """

    __slots__ = (
        "bit",
        "blockers",
        "choices",
        "failing",
        "has_else",
        "head",
        "index",
        "joins",
        "name",
        "need",
        "numbers",
        "order",
        "out",
        "plain",
        "sources",
    )

    def __init__(self, index: int, name: str, out: tuple[Edge, ...]) -> None:
        self.index = index
        self.bit = 1 << index
        self.name = name
        self.out = out
        self.failing = next((edge for edge in out if edge.error), None)
        self.choices = tuple(edge for edge in out if not edge.error) if self.failing else out
        only = self.choices[0] if len(self.choices) == 1 else None
        free = only is not None and not (only.decide or only.otherwise or only.limit or only.each)
        self.plain = self.choices if free else ()
        self.has_else = any(edge.otherwise for edge in out)
        self.numbers = tuple(edge.number for edge in self.plain)
        self.joins = False
        self.need = 0
        self.head = False
        self.blockers = 0
        self.sources: dict[str, int] = {}
        self.order = 0


class Plan:
    """The computed form of a graph.

    Args:
        names: Node names in order of declaration, without START and END.
        edges: Edges in order of declaration.
        limit: The limit of loop edges that have none of their own.
        joins: Whom nodes with several sources wait for, where that is not all who can still come.
    """

    def __init__(
        self,
        names: Sequence[str],
        edges: Sequence[Edge],
        limit: int | None = None,
        joins: Mapping[str, str | int] = MappingProxyType({}),
    ) -> None:
        self.edges = tuple(edges)
        self.index = {name: i for i, name in enumerate(names)}
        out: dict[str, list[Edge]] = {name: [] for name in (START, *names)}
        for edge in edges:
            out[edge.source].append(edge)
        self.start = Place(len(names), START, tuple(out[START]))
        self.places = [Place(i, name, tuple(out[name])) for i, name in enumerate(names)]
        self.loops: list[Loop] = []
        self._innermost: list[Loop | None] = [None] * len(names)
        self._find_loops()
        self.loop_edges = frozenset(n for loop in self.loops for n in loop.edges)
        self.gate_of = {n: loop for loop in self.loops for n in loop.edges}
        self.limits = self._limits(limit)
        for place in self.places:
            if place.numbers and place.numbers[0] in self.limits:
                place.plain, place.numbers = (), ()
        self.enters = self._entries()
        self._mark_joins(joins)
        self._find_blockers()
        self.targets = [None if e.target == END else self.places[self.index[e.target]] for e in self.edges]

    def _target(self, edge: Edge) -> int | None:
        return None if edge.target == END else self.index[edge.target]

    def reached(self) -> dict[int, int]:
        """Nodes that can be reached from START, with their rank in breadth-first edge order."""
        rank: dict[int, int] = {}
        queue = [self.start]
        for place in queue:
            for edge in place.out:
                target = self._target(edge)
                if target is not None and target not in rank:
                    rank[target] = len(rank)
                    queue.append(self.places[target])
        return rank

    def _find_loops(self) -> None:
        rank = self.reached()
        last = len(rank)
        removed: set[int] = set()
        work: list[tuple[list[int], Loop | None]] = [(list(range(len(self.places))), None)]
        while work:
            members, outer = work.pop()
            for part in self._components(members, removed):
                inside = set(part)
                head = min(part, key=lambda i: rank.get(i, last))
                into = frozenset(
                    e.number
                    for i in part
                    for e in self.places[i].out
                    if self._target(e) == head and e.number not in removed
                )
                if not into:
                    continue
                body = reduce(or_, (1 << i for i in inside))
                loop = Loop(len(self.places) + len(self.loops), head, body, into, outer)
                self.loops.append(loop)
                removed |= into
                for i in part:
                    self._innermost[i] = loop
                work.append((part, loop))

    def _components(self, members: Iterable[int], removed: set[int] | frozenset[int]) -> list[list[int]]:
        """Strongly connected parts among the members, sinks first (Tarjan 1972, without recursion)."""
        allowed = set(members)
        order: dict[int, int] = {}
        low: dict[int, int] = {}
        stack: list[int] = []
        on_stack: set[int] = set()
        parts: list[list[int]] = []
        for root in members:
            if root in order:
                continue
            work = [(root, iter(self._successors(root, allowed, removed)))]
            order[root] = low[root] = len(order)
            stack.append(root)
            on_stack.add(root)
            while work:
                node, rest = work[-1]
                for target in rest:
                    if target not in order:
                        order[target] = low[target] = len(order)
                        stack.append(target)
                        on_stack.add(target)
                        work.append((target, iter(self._successors(target, allowed, removed))))
                        break
                    if target in on_stack:
                        low[node] = min(low[node], order[target])
                else:
                    work.pop()
                    if work:
                        above = work[-1][0]
                        low[above] = min(low[above], low[node])
                    if low[node] == order[node]:
                        part = [stack.pop()]
                        while part[-1] != node:
                            part.append(stack.pop())
                        parts.append(part[::-1])
                        on_stack.difference_update(part)
        return parts

    def _successors(self, i: int, allowed: set[int], removed: set[int] | frozenset[int]) -> list[int]:
        return [
            target
            for e in self.places[i].out
            if e.number not in removed and (target := self._target(e)) is not None and target in allowed
        ]

    def _limits(self, limit: int | None) -> dict[int, int]:
        limits = {e.number: e.limit for e in self.edges if e.limit is not None}
        if limit is not None:
            for number in self.loop_edges:
                limits.setdefault(number, limit)
        return limits

    def cycle_without_limit(self) -> list[str]:
        """Names along a cycle on which no edge has a limit; empty when there is none."""
        limited = frozenset(self.limits)
        for part in self._components(range(len(self.places)), limited):
            inside = set(part)
            if len(part) == 1 and part[0] not in self._successors(part[0], inside, limited):
                continue
            path = [part[0]]
            while True:
                path.append(self._successors(path[-1], inside, limited)[0])
                if path[-1] in path[:-1]:
                    return [self.places[i].name for i in path[path.index(path[-1]) :]]
        return []

    def _entries(self) -> dict[int, tuple[int, ...]]:
        """Per edge from outside into a loop's head, the limited edges that lie directly in that loop."""
        limited: dict[Loop, list[int]] = {loop: [] for loop in self.loops}
        for edge in self.edges:
            loop = self._loop_of(edge)
            if edge.number in self.limits and loop is not None:
                limited[loop].append(edge.number)
        heads = {loop.head: loop for loop in self.loops if limited[loop]}
        return {
            edge.number: tuple(limited[heads[target]])
            for edge in self.edges
            if (target := self._target(edge)) in heads and edge.number not in self.loop_edges
        }

    def _loop_of(self, edge: Edge) -> Loop | None:
        """The innermost loop that an edge lies in."""
        target = self._target(edge)
        if target is None or edge.source == START:
            return None
        both = 1 << target | 1 << self.index[edge.source]
        loop = self._innermost[target]
        return next((lp for lp in (loop.chain() if loop else ()) if lp.body & both == both), None)

    def _mark_joins(self, joins: Mapping[str, str | int]) -> None:
        for edge in self.edges:
            target = self._target(edge)
            if target is not None:
                self.places[target].sources.setdefault(edge.source, edge.number)
        heads = {loop.head for loop in self.loops}
        for place in self.places:
            join = joins.get(place.name, "all")
            meets = len(place.sources) > 1 or place.index in heads
            place.joins = meets and join != "each"
            place.need = 0 if not place.joins or join == "all" else 1 if join == "any" else int(join)
            place.head = place.index in heads
            place.order = min(place.sources.values(), default=0)
        self.races = any(place.need for place in self.places)  # a token may come too late

    def _find_blockers(self) -> None:
        contexts: dict[int, tuple[Loop | None, list[Place]]] = {}
        for place in self.places:
            if place.joins:
                loop = self._innermost[place.index]
                contexts.setdefault(loop.gate if loop else -1, (loop, []))[1].append(place)
        for loop in self.loops:
            contexts.setdefault(loop.gate, (loop, []))
        for loop, joins in contexts.values():
            chain = list(loop.chain()) if loop else []
            cut = frozenset(n for lp in chain for n in lp.edges)
            reach = self._reach(cut)
            around = {lp.gate for lp in chain}
            for place in joins:
                place.blockers = self._with_gates(reach[place.index], around) & ~place.bit
            if loop is not None:
                ends = [self.index[self.edges[n].source] for n in loop.edges]
                loop.blockers = self._with_gates(reduce(or_, (reach[i] | 1 << i for i in ends)), around)

    def _reach(self, cut: frozenset[int]) -> list[int]:
        """For each node the bit set of nodes that can reach it without the cut edges."""
        parts = self._components(range(len(self.places)), cut)
        reach = [0] * len(self.places)
        everyone = set(range(len(self.places)))
        for part in reversed(parts):  # sources first
            gathered = reduce(or_, (reach[i] for i in part))
            if len(part) > 1:
                gathered |= reduce(or_, (1 << i for i in part))
            for i in part:
                reach[i] = gathered
            for i in part:
                for target in self._successors(i, everyone, cut):
                    reach[target] |= gathered | 1 << i
        return reach

    def _with_gates(self, nodes: int, around: set[int]) -> int:
        """Add the gates that stand for their heads; those around the place itself count as nothing."""
        for loop in self.loops:
            if loop.gate not in around and nodes >> loop.head & 1:
                nodes |= 1 << loop.gate
        return nodes
