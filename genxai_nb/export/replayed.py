"""Nodes whose visits are taken from a record, where a script has another version than the one that ran."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from genxai_nb.errors import RecordedFailure
from genxai_nb.graph.build import Graph
from genxai_nb.graph.nodes import NodeBody, NodeOptions
from genxai_nb.graph.pace import nodes_of
from genxai_nb.journal.events import Event, InstanceFinished, NodeFailed, NodeFinished
from genxai_nb.loop import run_in_worker

from .versions import Visit

__all__ = ["take_from_record"]

_Place = tuple[Visit, int | None]  # with the instance of a map


class _Outcomes:
    """What became of visits of one node."""

    def __init__(self, recorded: Iterable[Event], visits: Iterable[Visit]) -> None:
        wanted = set(visits)
        self.updates: dict[_Place, Mapping[str, Any]] = {}
        self.failures: dict[_Place, str] = {}
        for event in recorded:
            if not isinstance(event, NodeFinished | InstanceFinished | NodeFailed):
                continue
            visit = Visit(event.path, event.node, event.visit)
            if visit not in wanted:
                continue
            place = visit, getattr(event, "index", None)
            if not isinstance(event, NodeFailed):
                self.updates[place] = event.update
            elif not event.retried:
                self.failures[place] = event.error

    def __contains__(self, place: _Place) -> bool:
        return place in self.updates or place in self.failures


class _Replayed:
    """A node's definition that is not run in some visits.

    Args:
        body: What it runs in all others.
        outcomes: What became of those.
    """

    def __init__(self, body: NodeBody, outcomes: _Outcomes) -> None:
        self._body = body
        self._outcomes = outcomes

    def as_node(self, options: NodeOptions) -> _Body:
        """Make the body for a node."""
        return _Body(self._body, self._outcomes, options)


class _Body:
    """The body of a node that is not run in some visits; to the engine it is of the same kind and version."""

    threaded = False
    wants_context = True

    def __init__(self, body: NodeBody, outcomes: _Outcomes, options: NodeOptions) -> None:
        self._body = body
        self._outcomes = outcomes
        self._options = options
        self.kind, self.writes, self.template = body.kind, body.writes, body.template

    @property
    def version(self) -> str:
        """That of the definition."""
        return self._body.version

    async def run(self, state: Any, context: Any) -> Any:
        """Give what was recorded of this visit, a failure too, or run the definition.

        Raises:
            RecordedFailure: The visit failed, or did not end.
        """
        place = Visit(context.path, context.node, context.visit), context.index
        outcomes, into = self._outcomes, self._options.into
        if place in outcomes:
            failed = place in outcomes.failures and self._options.goto is not None
            if failed or place not in outcomes.updates:
                raise RecordedFailure(outcomes.failures[place])
            update = outcomes.updates[place]
            return update[into] if self.kind == "function" and into is not None and into in update else update
        arguments = (state, context) if self._body.wants_context else (state,)
        called = (
            self._body.run(*arguments)
            if not self._body.threaded
            else run_in_worker(self._body.run, *arguments)
        )
        return await called


def take_from_record(graph: Graph, visits: Iterable[Visit], recorded: Iterable[Event]) -> None:
    """Let visits of a graph come to what they came to in a record; all others are run.

    Args:
        graph: The graph; it is changed.
        visits: The visits.
        recorded: The record.
    """
    recorded = list(recorded)
    for names, node in {((*nodes_of(visit.path),), visit.node): None for visit in visits}:
        inner = graph
        for name in names:
            inner = inner.definition_of(name).definition
        mine = {visit for visit in visits if (tuple(nodes_of(visit.path)), visit.node) == (names, node)}
        inner.bind(node, _Replayed(inner.definition_of(node).body, _Outcomes(recorded, mine)))
