"""The versions that a run went on with."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from genxai_nb.journal.events import Event, NodeStarted, RunRebased, RunResumed, RunStarted

__all__ = ["InForce", "in_force"]


class InForce(Struct, frozen=True):
    """The versions that a run went on with last.

    Attributes:
        structure: The graph's.
        definitions: Those of its nodes, by node.
    """

    structure: str
    definitions: dict[str, str]


def in_force(events: Iterable[Event]) -> InForce:
    """The versions that a run went on with last: what its nodes used last, and would have used.

    Args:
        events: Its events.
    """
    structure = ""
    definitions: dict[str, str] = {}
    for event in events:
        if isinstance(event, RunStarted | RunRebased):
            structure, definitions = event.structure, dict(event.definitions)
        elif isinstance(event, RunResumed):
            definitions |= event.definitions
        elif isinstance(event, NodeStarted) and event.version and not event.path:
            definitions[event.node] = event.version
    return InForce(structure, definitions)
