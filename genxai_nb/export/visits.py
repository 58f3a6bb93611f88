"""Which visits of a run went by other versions of their nodes than a script has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set

from msgspec import Struct, structs

from genxai_nb.graph.versions import in_force
from genxai_nb.journal.events import (
    CallStarted,
    Event,
    InstanceFinished,
    NodeFinished,
    NodeStarted,
    RunStarted,
)

from .fingerprint import Fingerprint
from .versions import Visit, named, went_by

__all__ = ["Other", "other_visits", "told", "versions_in", "without"]


class Other(Struct, frozen=True):
    """The visits of a run that went by other versions than those of a script.

    Attributes:
        whole: Those that ended so, in their order: a script cannot do them again.
        partly: Those that were begun so and taken up again by the version that the script has.
        taken: Those that a check takes from the record: ``whole``, and of a subgraph the other visits too.
        foreign: By node of which the script has neither the version that ran last nor the one that was in force
            at the end: the version that ran last.
    """

    whole: tuple[Visit, ...] = ()
    partly: frozenset[Visit] = frozenset()
    taken: frozenset[Visit] = frozenset()
    foreign: dict[str, str] = {}


def versions_in(script: Fingerprint) -> dict[str, str]:
    """The versions of a script's nodes."""
    return {name: part.version for name, part in script.parts.items()}


def other_visits(events: Iterable[Event], versions: Mapping[str, str]) -> Other:
    """The visits that went by other versions than these.

    Args:
        events: The events of a run.
        versions: The versions by node; nodes of subgraphs are `named` by all around them.
    """
    events = list(events)
    visits, force = went_by(events), in_force(events).definitions
    last = {named(visit.path, visit.node): went[-1] for visit, went in visits.items()}
    foreign = {
        node: version
        for node, version in last.items()
        if node in versions and version and versions[node] not in {version, force.get(node)}
    }
    whole: dict[Visit, None] = {}
    partly: set[Visit] = set()
    for visit, went in visits.items():
        node = named(visit.path, visit.node)
        if node not in versions or node in foreign or any(each.is_around(visit.path) for each in whole):
            continue
        if went[-1] not in {versions[node], ""}:
            whole[visit] = None
        elif any(version != versions[node] for version in went):
            partly.add(visit)
    around = {named(each.path, each.node) for each in whole if any(each.is_around(v.path) for v in visits)}
    taken = {*whole} | {visit for visit in visits if named(visit.path, visit.node) in around}
    return Other(tuple(whole), frozenset(partly - taken), frozenset(taken), foreign)


def without(
    events: Iterable[Event], other: Other, versions: Mapping[str, str], asked: Set[str]
) -> Iterator[Event]:
    """The events of a run as they would be had it gone by these versions all along.

    Of a visit that went by another version, what it wrote and where it led remains, not how it came to that.

    Args:
        events: The events.
        other: The visits that went by other versions.
        versions: The versions, as for `other_visits`.
        asked: The slots of the calls that were made by these versions.
    """
    starts: dict[str, CallStarted] = {}
    for event in events:
        if isinstance(event, CallStarted):
            starts[event.slot] = event
        slot = getattr(event, "slot", "")
        at = starts.get(slot, event)  # a call's end does not say where it was made
        if isinstance(event, RunStarted):
            now = {node: versions.get(node, version) for node, version in event.definitions.items()}
            yield structs.replace(event, definitions=now)
        elif any(visit.holds(at) for visit in other.taken):
            inside = any(visit.is_around(getattr(at, "path", "")) for visit in other.taken)
            yield from () if slot or inside else (_outside(event, versions),)
        elif any(visit.holds(at) for visit in other.partly):
            started = isinstance(event, NodeStarted)
            yield from (
                () if slot and slot not in asked else (_outside(event, versions) if started else event,)
            )
        else:
            yield event


def _outside(event: Event, versions: Mapping[str, str]) -> Event:
    """An event of a visit as somebody sees it who does not look into it."""
    if isinstance(event, NodeStarted):
        version = versions.get(named(event.path, event.node), event.version)
        return structs.replace(event, version=version)
    if isinstance(event, NodeFinished | InstanceFinished):
        return structs.replace(event, reads=())
    return event


def told(visits: Iterable[Visit]) -> str:
    """Visits in words, such as ``visits 1 and 2 of writer``."""
    by_node: dict[str, list[str]] = {}
    for visit in visits:
        by_node.setdefault(named(visit.path, visit.node), []).append(str(visit.number))
    return ", ".join(
        f"visit{'s' if len(numbers) > 1 else ''} {_listed(numbers)} of {node}"
        for node, numbers in by_node.items()
    )


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
