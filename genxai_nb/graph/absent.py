"""A key without which a run failed, and that only its input can bring."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from genxai_nb.errors import KeyMissing, TemplateKeyMissing
from genxai_nb.journal.events import Event, InstanceFinished, NodeFailed, NodeFinished, RunStarted
from genxai_nb.suggestions import suggest

from .build import Graph

__all__ = ["absent_input"]

_ABSENCES = frozenset({KeyMissing.code, TemplateKeyMissing.code})
_ABSENT = re.compile(r"has no key '(\w+)'|names \{\{\s*(\w+)")


def absent_input(events: Sequence[Event], graph: Graph) -> str:
    """The key that a failed run has not been given; empty if that is not what it lacks.

    It is not where a node is there to write the key, where it is the item of a map, and where the state has one
    that is spelt nearly so.

    Args:
        events: The run's facts.
        graph: Its graph.
    """
    failed = next((event for event in reversed(events) if isinstance(event, NodeFailed)), None)
    if failed is None or failed.path or failed.code not in _ABSENCES:
        return ""
    found = _ABSENT.search(failed.error)
    key = found[1] or found[2] if found else ""
    places = ((node.options.into, graph.definition_of(name).body) for name, node in graph.nodes.items())
    if any(key == into or key in body.writes for into, body in places):
        return ""
    there = {*_keys(events), *(edge.item for edge in graph.edges if edge.item)}
    return "" if key in there or suggest(key, there).startswith("Did you mean") else key


def _keys(events: Iterable[Event]) -> Iterable[str]:
    """The keys that the input and the nodes have brought."""
    for event in events:
        if isinstance(event, RunStarted):
            yield from event.input
        elif isinstance(event, NodeFinished | InstanceFinished) and not event.path:
            yield from event.update
