"""Drives a schedule by hand, in any order of endings, without clocks or tasks."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

from genxai_nb.graph.build import Graph
from genxai_nb.graph.plan import Plan
from genxai_nb.graph.schedule import Schedule

Body = Callable[[Mapping[str, Any], int], Mapping[str, Any]]


def planned(
    lines: str, limit: int | None = None, reducers: dict[str, str] | None = None
) -> tuple[Graph, Plan]:
    """The plan of a graph given as lines; its nodes do nothing."""
    graph = Graph("simulated", reducers=reducers, limit=limit)
    graph.parse(lines)
    joins = {name: node.options.join for name, node in graph.nodes.items()}
    return graph, Plan(list(graph.nodes), graph.edges, limit, joins)


class Simulation:
    """One run of a graph; the test says who ends when.

    Args:
        lines: The graph in the graph language.
        bodies: What each node writes, as a function of its view and visit number; nothing by default.
        given: The input.
    """

    def __init__(
        self,
        lines: str,
        bodies: Mapping[str, Body] | None = None,
        given: Mapping[str, Any] | None = None,
        *,
        limit: int | None = None,
        reducers: dict[str, str] | None = None,
    ) -> None:
        self.graph, plan = planned(lines, limit, reducers)
        self.bodies = dict(bodies or {})
        self.schedule = Schedule(plan, self.graph.schema.reducers, dict(given or {}))
        self.visits: list[tuple[str, int, tuple[tuple[str, int], ...]]] = []
        self.seen: dict[tuple[str, int], dict[str, Any]] = {}
        self.spent: list[tuple[str, str]] = []
        self._running: dict[str, Any] = {}
        self._start()

    @property
    def running(self) -> set[str]:
        """Names of the nodes that have started and not ended."""
        return set(self._running)

    def _start(self) -> None:
        for place in self.schedule.startable():
            visit = self.schedule.start(place)
            self.visits.append((place.name, visit.number, tuple(sorted(visit.parents))))
            self.seen[place.name, visit.number] = dict(visit.view.data)
            self._running[place.name] = visit

    def end(self, *names: str) -> None:
        """End the running visits of these nodes in one turn, and start what may start."""
        for name in names:
            visit = self._running.pop(name)
            items = [None] if visit.items is None else range(len(visit.items))
            body = self.bodies.get(name, lambda view, number: {})
            if visit.items is None:
                updates = [body(visit.view.data, visit.number)]
            else:
                updates = [body({**visit.view.data, visit.edge.item: visit.items[i]}, i) for i in items]
            ending = self.schedule.finish(visit, updates)
            self.spent += [(edge.source, edge.target) for edge in ending.spent]
        self._start()

    def finish(self, rng: random.Random | None = None) -> dict[str, Any]:
        """End everything, in order of starting or at random, and give the final state."""
        rng = rng or random.Random(0)
        steps = 0
        while self._running:
            steps += 1
            assert steps < 5000, "the graph does not come to an end"
            names = sorted(self._running)
            count = rng.randint(1, len(names))
            self.end(*rng.sample(names, count))
        assert self.schedule.over, "a token waits for nobody"
        return self.schedule.result()

    def count(self, name: str) -> int:
        """How often a node was visited."""
        return sum(visited == name for visited, _, _ in self.visits)
