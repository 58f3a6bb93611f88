"""Follows a run's journal by the reference: each fact has to be what the rules say."""

from __future__ import annotations

from collections import Counter

from random_graphs import Sketch
from reference import Conflict, Reference

from genxai_nb.journal import events as facts


class Followed(Reference):
    """The reference at the end of a journal.

    Args:
        sketch: The run's graph.
        events: Its facts.
        eager: Whether everything has to start as soon as it may; not so in a run that is stepped or stopped.

    Attributes:
        seen: What the run went through: ``loop``, ``join after a condition``, ``failure``, ``map``.
    """

    def __init__(self, sketch: Sketch, events: list[facts.Event], *, eager: bool = False) -> None:
        super().__init__(sketch.rules(), sketch.given())
        self.sketch = sketch
        self.seen: set[str] = set()
        self._refused: set[str] = set()  # targets of conditional arrows that were not taken
        self._spent: Counter[tuple[str, int, str]] = Counter()
        self._absorbed: list[tuple[str, str, int]] = []
        self._starting = False
        self._eager = eager
        for event in events:
            follow = FOLLOW.get(type(event))
            if follow is not None:
                follow(self, event)
        assert self._absorbed == self.absorbed
        assert not +self._spent

    def _started(self, event: facts.NodeStarted) -> None:
        running = self.running.get(event.node)
        if running is not None and running.number == event.visit:
            return  # once more, after a crash
        assert event.node in self.startable(), f"{event.node} may not start yet"
        visit = self.start(event.node)
        assert (event.visit, event.parents) == (visit.number, visit.parents)
        self._starting = True
        if self.rules.meets(event.node) and self._refused & {
            event.node,
            *self.rules.before(event.node, frozenset()),
        }:
            self.seen.add("join after a condition")
        if visit.items:
            self.seen.add("map")

    def _instance(self, event: facts.InstanceFinished) -> None:
        visit = self.running[event.node]
        assert event.update == self.sketch.outcome(visit, self.data(visit.view))[0][event.index]

    def _failed(self, event: facts.NodeFailed) -> None:
        assert self.sketch.fails(event.node, event.visit, event.index)
        self.seen.add("failure")

    def _finished(self, event: facts.NodeFinished) -> None:
        if self._eager and self._starting:
            assert self.startable() == [], "somebody was not started who may"
        self._starting = False
        visit = self.running[event.node]
        updates, failed = self.sketch.outcome(visit, self.data(visit.view))
        assert event.update == (updates[0] if visit.items is None else {}), (
            f"{event.node}#{event.visit} differs"
        )
        taken, spent = self.finish(event.node, updates, failed=failed)
        assert event.edges == tuple(arrow.number for arrow in taken)
        self._spent.update((event.node, event.visit, arrow.target) for arrow in spent)
        if any(self.rules.gate_of(arrow) for arrow in taken):
            self.seen.add("loop")
        self._refused |= {a.target for a in self.rules.out(event.node) if a.when and a not in taken}

    def _limited(self, event: facts.LoopLimitReached) -> None:
        self._spent[event.node, event.visit, event.target] -= 1
        assert self._spent[event.node, event.visit, event.target] >= 0

    def _came_late(self, event: facts.TokenAbsorbed) -> None:
        self._absorbed.append((event.node, event.source, event.number))

    def conflicts(self) -> bool:
        """Whether views meet that cannot, wherever the run may go on."""
        try:
            while starting := self.startable():
                for node in starting:
                    self.start(node)
            self.result()
        except Conflict:
            return True
        return False


FOLLOW = {
    facts.NodeStarted: Followed._started,
    facts.InstanceFinished: Followed._instance,
    facts.NodeFailed: Followed._failed,
    facts.NodeFinished: Followed._finished,
    facts.LoopLimitReached: Followed._limited,
    facts.TokenAbsorbed: Followed._came_late,
}
