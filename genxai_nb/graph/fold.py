"""Folding a recorded run: the schedule as it stood after its last event."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from genxai_nb.errors import StoreDamaged
from genxai_nb.journal.events import (
    Event,
    InstanceFinished,
    NodeFailed,
    NodeFinished,
    NodeStarted,
    RunStarted,
)

from .plan import Plan
from .schedule import Schedule, Visit
from .state import Schema

Instances = dict[Visit, dict[int, InstanceFinished]]
Attempts = dict[tuple[Visit, int | None], int]


class Folded:
    """What a recorded run had come to.

    Attributes:
        schedule: Its tokens and views; ``running`` are the visits that had begun and not ended.
        instances: The finished instances of maps that are still running.
        attempts: How often a running visit or instance has failed.
    """

    def __init__(self, plan: Plan, schema: Schema, started: RunStarted) -> None:
        self.schema = schema
        self.schedule = Schedule(plan, schema.reducers, schema.start(started.input))
        self.instances: Instances = {}
        self.attempts: Attempts = {}

    def take(self, event: Event) -> None:
        """Take in the next event.

        Raises:
            StoreDamaged: The event cannot follow those before it.
        """
        kind = type(event)
        node = getattr(event, "node", None)
        if node is not None and node not in self.schedule.plan.index:
            raise StoreDamaged(
                f"The journal has an event of {node!r}, which the graph does not have.",
                hint="Load the run with its own graph.",
            )
        if kind is NodeStarted:
            self._start(event)  # type: ignore[arg-type]  # told by its exact type
        elif kind is NodeFinished:
            self._finish(event)  # type: ignore[arg-type]
        elif kind is InstanceFinished:
            visit = self._running(event)
            self.instances.setdefault(visit, {})[event.index] = event  # type: ignore[union-attr,index,assignment]
        elif kind is NodeFailed:
            visit = self._running(event)
            key = (visit, event.index)  # type: ignore[union-attr]
            self.attempts[key] = self.attempts.get(key, 0) + 1

    def _start(self, event: NodeStarted) -> None:
        place = self.schedule.plan.places[self.schedule.plan.index[event.node]]
        running = self.schedule.running.get(place)
        if running is not None and running.number == event.visit:
            return  # a further attempt of the same visit
        if place not in self.schedule.startable():
            raise _out_of_place(event.node, event.visit)
        self.schedule.start(place, event.reduced)

    def _finish(self, event: NodeFinished) -> None:
        visit = self._running(event)
        updates = [event.update]
        if visit.items is not None:
            done = self.instances.pop(visit, {})
            updates = [done[index].update for index in sorted(done)]
        checked = [self.schema.check(update, event.node) for update in updates]
        self.schedule.finish(visit, checked, event.edges, event.reduced)

    def _running(self, event: Any) -> Visit:
        places = self.schedule.plan
        visit = self.schedule.running.get(places.places[places.index[event.node]])
        if visit is None or visit.number != event.visit:
            raise _out_of_place(event.node, event.visit)
        return visit


def fold(plan: Plan, schema: Schema, events: Iterable[Event]) -> Folded:
    """Fold a run's events, from RunStarted on.

    Raises:
        StoreDamaged: They do not begin with RunStarted, or one cannot follow those before it.
    """
    rest = iter(events)
    started = next(rest, None)
    if not isinstance(started, RunStarted):
        raise StoreDamaged(
            "The run's first event is not RunStarted.", hint="The journal is damaged before this run."
        )
    folded = Folded(plan, schema, started)
    for event in rest:
        folded.take(event)
    return folded


def _out_of_place(node: str, visit: int) -> StoreDamaged:
    return StoreDamaged(
        f"The journal has an event of visit {visit} of {node!r} that cannot follow those before it.",
        hint="Fork the run from an earlier step, or start a new one.",
    )
