"""Folding a recorded run: the schedule as it stood after its last event."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from typing import Any

from genxai_nb.errors import StoreDamaged
from genxai_nb.journal.events import (
    Event,
    InstanceFinished,
    NodeFailed,
    NodeFinished,
    NodeStarted,
    RunRebased,
    RunStarted,
    StateSet,
)
from genxai_nb.journal.snapshot import Snapshot

from .pace import is_within, scope_of
from .plan import Place
from .schedule import Schedule
from .subgraph import Subgraph, given_to
from .tokens import Visit
from .workflow import Workflow

STOPPED = "CancelledError"  # the code of a body that was stopped, not one that failed

Instances = dict[Visit, dict[int, dict[str, Any]]]
Attempts = dict[tuple[Visit, int | None], int]


class Folded:
    """What a recorded run, or a subgraph in it, had come to.

    Args:
        graph: Its graph.
        given: Its input.
        path: The visits of subgraphs around it; empty at the top.
        rebased: Where it goes on in a changed graph; ``given`` is its state there.

    Attributes:
        started: The checked input.
        schedule: Its tokens and views; ``running`` are the visits that had begun and not ended.
        instances: What the finished instances of maps that are still running wrote.
        attempts: How often a running visit or instance has failed.
        failing: Running visits that will go on where failed ones do.
        inner: The subgraphs that had begun and not ended, by path.
    """

    def __init__(
        self, graph: Workflow, given: Mapping[str, Any], path: str = "", rebased: RunRebased | None = None
    ) -> None:
        self.graph = graph
        self.path = path
        self.schema = graph.schema
        self.started = graph.schema.start(given)
        at = (None, {}) if rebased is None else (rebased.nodes, rebased.visits)
        self.schedule = Schedule(
            graph.build(), graph.schema.reducers, dict(self.started), nodes=at[0], visits=at[1]
        )
        self.instances: Instances = {}
        self.attempts: Attempts = {}
        self.failing: set[Visit] = set()
        self.inner: dict[str, Folded] = {}

    @classmethod
    def begin(cls, graph: Workflow, first: Event, begun: Event) -> Folded:
        """A run before its first visit, in the graph that it began with or was rebased on.

        Raises:
            StoreDamaged: The first event is not RunStarted.
        """
        if not isinstance(first, RunStarted):
            raise StoreDamaged(
                "The run's first event is not RunStarted.", hint="The journal is damaged before this run."
            )
        rebased = begun if isinstance(begun, RunRebased) else None
        return cls(graph, rebased.state if rebased else first.input, rebased=rebased)

    def go_to(self, snapshot: Snapshot) -> None:
        """Go, from before the first visit, to where a snapshot was taken.

        Raises:
            StoreDamaged: It has something that the graph does not have.
            StateInvalid: Its state does not fit the graph's schema.
        """
        self.schedule.stand_at(snapshot, self.schema.check(snapshot.state, snapshot.node))

    def copy(self) -> Folded:
        """What it had come to, to go on apart from here."""
        other = copy(self)
        other.schedule, visits = self.schedule.copy()
        other.instances = {visits[visit]: done.copy() for visit, done in self.instances.items()}
        other.attempts = {
            (visits[visit], index): count
            for (visit, index), count in self.attempts.items()
            if visit in visits
        }
        other.failing = {visits[visit] for visit in self.failing if visit in visits}
        other.inner = {scope: inner.copy() for scope, inner in self.inner.items()}
        return other

    @property
    def breadth(self) -> int:
        """How many updates its schedules tell apart."""
        breadth = self.schedule.views.breadth
        return breadth + sum(inner.breadth for inner in self.inner.values()) if self.inner else breadth

    def is_current(self, graph: Workflow) -> bool:
        """Whether it was made by this graph as it is now, and by its subgraphs as they are now."""
        if self.graph is not graph or self.schedule.plan is not graph.build():
            return False
        return all(
            inner.is_current(body.graph)
            for scope, inner in self.inner.items()
            if isinstance(body := graph.definition_of(self._node_of(scope)).body, Subgraph)
        )

    def at(self, path: str) -> Folded | None:
        """The subgraph at the path of its visits, if it had begun and not ended; itself for its own path."""
        if path == self.path:
            return self
        for scope, inner in self.inner.items():
            if path == scope or path.startswith(f"{scope}/"):
                return inner.at(path)
        return None

    def _node_of(self, scope: str) -> str:
        """The running node that a subgraph's path leads into."""
        return next(
            visit.place.name
            for visit in self.schedule.running.values()
            if is_within(scope, scope_of(self.path, visit.place.name, visit.number))
        )

    def take(self, event: Event) -> None:
        """Take in the next event.

        Raises:
            StoreDamaged: The event cannot follow those before it.
        """
        take = _TAKE.get(type(event))
        if take is None:
            return
        path = event.path  # type: ignore[union-attr]  # all that are taken have a place
        if path == self.path:
            take(self, event)
        else:
            self._level_of(path).take(event)

    def _level_of(self, path: str) -> Folded:
        """The subgraph that an event's path leads into; made when its first event comes."""
        for known, inner in self.inner.items():
            if path == known or path.startswith(f"{known}/"):
                return inner
        for visit in self.schedule.running.values():
            ready = self.graph.definition_of(visit.place.name)
            if not isinstance(ready.body, Subgraph):
                continue
            for index in [None] if visit.items is None else range(len(visit.items)):
                scope = scope_of(self.path, visit.place.name, visit.number, index)
                if path == scope or path.startswith(f"{scope}/"):
                    given = given_to(ready.body.graph, visit, index, ready.options.reads)
                    inner = self.inner[scope] = Folded(ready.body.graph, given, scope)
                    return inner
        raise StoreDamaged(
            f"The journal has an event inside {path!r}, which is no subgraph that has begun.",
            hint="Load the run with its own graph.",
        )

    def _start(self, event: NodeStarted) -> None:
        schedule, place = self.schedule, self._place(event.node)
        running = schedule.running.get(place)
        if running is not None and running.number == event.visit:
            return  # a further attempt of the same visit
        if place not in schedule.startable():
            raise _out_of_place(event.node, event.visit)
        schedule.start(place, event.reduced)
        if schedule.absorbed:
            schedule.take_absorbed()

    def _finish(self, event: NodeFinished) -> None:
        visit, failed = self._running(event), False
        updates = [event.update]
        if visit.items is not None:
            done = self.instances.pop(visit, {})
            updates = [done[index] for index in sorted(done)]
        if self.failing and visit in self.failing:
            self.failing.discard(visit)
            failed = True
        if self.inner:
            over = scope_of(self.path, event.node, event.visit)
            self.inner = {scope: inner for scope, inner in self.inner.items() if not is_within(scope, over)}
        checked = [self.schema.check(update, event.node) for update in updates]
        self.schedule.finish(visit, checked, event.edges, event.reduced, failed=failed)
        if self.schedule.absorbed:
            self.schedule.take_absorbed()

    def _finish_instance(self, event: InstanceFinished) -> None:
        self.instances.setdefault(self._running(event), {})[event.index] = event.update
        self.inner.pop(scope_of(self.path, event.node, event.visit, event.index), None)

    def _fail(self, event: NodeFailed) -> None:
        visit = self._running(event)
        self.attempts[visit, event.index] = self.attempts.get((visit, event.index), 0) + 1
        if visit.place.failing and not event.retried and event.code != STOPPED:
            self.failing.add(visit)
        if event.retried:  # a subgraph begins anew
            self.inner.pop(scope_of(self.path, event.node, event.visit, event.index), None)

    def _set(self, event: StateSet) -> None:
        self.schedule.set(event.values)

    def _place(self, node: str) -> Place:
        plan = self.schedule.plan
        try:
            return plan.places[plan.index[node]]
        except KeyError:
            raise StoreDamaged(
                f"The journal has an event of {node!r}, which the graph does not have.",
                hint="Load the run with its own graph.",
            ) from None

    def _running(self, event: NodeFinished | InstanceFinished | NodeFailed) -> Visit:
        visit = self.schedule.running.get(self._place(event.node))
        if visit is None or visit.number != event.visit:
            raise _out_of_place(event.node, event.visit)
        return visit


_TAKE: dict[type, Callable[[Folded, Any], None]] = {
    NodeStarted: Folded._start,
    NodeFinished: Folded._finish,
    InstanceFinished: Folded._finish_instance,
    NodeFailed: Folded._fail,
    StateSet: Folded._set,
}


def fold(graph: Workflow, events: Iterable[Event]) -> Folded:
    """Fold a run's events, from RunStarted on.

    Raises:
        StoreDamaged: They do not begin with RunStarted, or one cannot follow those before it.
    """
    events = list(events)
    last = max(
        (place for place, event in enumerate(events) if isinstance(event, RunStarted | RunRebased)),
        default=0,
    )
    folded = Folded.begin(graph, events[0], events[last])
    for event in events[last + 1 :]:
        folded.take(event)
    return folded


def _out_of_place(node: str, visit: int) -> StoreDamaged:
    return StoreDamaged(
        f"The journal has an event of visit {visit} of {node!r} that cannot follow those before it.",
        hint="Fork the run from an earlier step, or start a new one.",
    )
