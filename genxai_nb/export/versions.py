"""The versions of a graph, and those that each visit of a run went by."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from genxai_nb.calls.call import digest
from genxai_nb.graph.build import Graph
from genxai_nb.graph.pace import nodes_of, scope_of
from genxai_nb.graph.versions import InForce
from genxai_nb.journal.events import Event, NodeFinished, NodeStarted, RunRebased, RunResumed, RunStarted

__all__ = ["Visit", "hash_of", "named", "versions_of", "versions_ran", "went_by"]


def versions_of(graph: Graph) -> InForce:
    """The versions of a graph as it is now."""
    return InForce(graph.structure, {definition.name: definition.hash for definition in graph.definitions()})


def hash_of(versions: InForce) -> str:
    """One hash of them all."""
    pairs = (f"{name}={version}".encode() for name, version in sorted(versions.definitions.items()))
    return digest(b"script", versions.structure.encode(), *pairs)


class Visit(NamedTuple):
    """A visit of a run.

    Attributes:
        path: The visits of subgraphs around it; empty at the top.
        node: Its node.
        number: Which visit of the node it is.
    """

    path: str
    node: str
    number: int

    def is_around(self, path: str) -> bool:
        """Whether a path leads into it."""
        inside = scope_of(self.path, self.node, self.number)
        return path == inside or path.startswith((f"{inside}/", f"{inside}["))

    def holds(self, event: Any) -> bool:
        """Whether an event happened in it, or in a visit below it."""
        path = getattr(event, "path", "")
        return self.is_around(path) or self == (path, getattr(event, "node", ""), getattr(event, "visit", 0))


def named(path: str, node: str) -> str:
    """A node with the nodes of subgraphs around it, such as ``part/count``."""
    return "/".join([*nodes_of(path), node])


def went_by(events: Iterable[Event]) -> dict[Visit, list[str]]:
    """The versions by which each visit went, in their order; the empty one where no event tells it."""
    found: dict[Visit, list[str]] = {}
    open_: dict[Visit, None] = {}
    for event in events:
        if isinstance(event, NodeStarted):
            visit = Visit(event.path, event.node, event.visit)
            found.setdefault(visit, []).append(event.version)
            open_[visit] = None
        elif isinstance(event, NodeFinished):
            open_.pop(Visit(event.path, event.node, event.visit), None)
        elif isinstance(event, RunRebased):
            open_.clear()
        elif isinstance(event, RunResumed):
            for visit in open_:
                top = [*nodes_of(visit.path), visit.node][0]
                now = event.definitions.get(top, "") if not visit.path else ""
                if top in event.definitions and found[visit][-1] != now:
                    found[visit].append(now)
    return found


def versions_ran(events: Iterable[Event]) -> dict[str, str]:
    """The version by which each node went last, and of one that has not run the one that the run began with."""
    events = list(events)
    versions: dict[str, str] = {}
    for event in events:
        if isinstance(event, RunStarted | RunRebased):
            versions = dict(event.definitions)
    ran = {visit.node: went[-1] for visit, went in went_by(events).items() if not visit.path}
    return versions | {node: version for node, version in ran.items() if version}
