"""Scripts that the journal keeps, so that a run can be exported exactly as it ran, whatever was edited since."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from weakref import WeakKeyDictionary

import msgspec
from msgspec import Struct

from genxai_nb.errors import GenXAIError
from genxai_nb.graph.build import Graph
from genxai_nb.graph.driving import Driving
from genxai_nb.graph.versions import InForce
from genxai_nb.journal.events import Event, RunStarted
from genxai_nb.journal.store import Definition, Store

from .script import Script, script_of
from .units import Units
from .versions import hash_of, versions_of

__all__ = ["keep_script", "kept_script"]

_KIND = "script"

_refused: WeakKeyDictionary[Graph, set[str]] = WeakKeyDictionary()  # what cannot be carried is tried once


class _Said(Struct, frozen=True):
    graph: str
    labels: dict[str, str]
    places: dict[str, str]
    versions: dict[str, str] = {}


def keep_script(run: Driving, units: Callable[[], Units], *, source: str = "") -> None:
    """Keep the script of a run's graph as it is now, unless it is there already; what cannot be carried is not kept.

    Args:
        run: The run.
        units: Gives the namespaces that the graph comes from; asked only where they are needed.
        source: What the script is made from.
    """
    graph = run.graph
    if not isinstance(graph, Graph):
        return
    with suppress(GenXAIError):  # a definition is gone, or the store takes nothing: the run says so itself
        version = hash_of(versions_of(graph))
        refused = _refused.setdefault(graph, set())
        if version in refused or run.store.definition(version) is not None:
            return
        script = _script(graph, run.events()[0], units, source)
        if script is None:
            refused.add(version)
        elif hash_of(versions_of(graph)) == version:  # nobody has edited it meanwhile
            said = _Said(script.graph, dict(script.labels), dict(script.places), dict(script.versions))
            spec = msgspec.json.encode(said).decode()
            made = Definition(hash=version, kind=_KIND, name=graph.name, spec=spec, source=script.text)
            run.store.keep((made,))


def _script(graph: Graph, first: Event, units: Callable[[], Units], source: str) -> Script | None:
    """The script of a graph; None if it cannot be carried."""
    given = first.input if isinstance(first, RunStarted) else {}
    try:
        return script_of(graph, units(), given=given, source=source, formats=False)
    except Exception:  # noqa: BLE001 - whatever a person's code holds, its run goes on without a kept script
        return None


def kept_script(versions: InForce, store: Store) -> Script | None:
    """The script of these versions, if the journal has kept it."""
    kept = store.definition(hash_of(versions))
    if kept is None or kept.kind != _KIND:
        return None
    said = msgspec.json.decode(kept.spec, type=_Said)
    ran = said.versions or versions.definitions
    return Script(kept.source, said.graph, said.labels, said.places, versions=ran)
