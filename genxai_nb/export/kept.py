"""Scripts that the journal keeps, so that a run can be exported exactly as it ran, whatever was edited since."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec import Struct

from genxai_nb.errors import GenXAIError
from genxai_nb.graph.build import Graph
from genxai_nb.graph.driving import Driving
from genxai_nb.graph.versions import InForce
from genxai_nb.journal import open_store
from genxai_nb.journal.events import RunStarted
from genxai_nb.journal.store import Definition, Store

from .script import Script, script_of
from .units import Units
from .versions import hash_of, versions_of

__all__ = ["keep_script", "kept_script"]

_KIND = "script"


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
    graph, store = run.graph, open_store(run.options.store)
    if not isinstance(graph, Graph):
        return
    try:
        version = hash_of(versions_of(graph))
    except GenXAIError:  # a definition is gone since
        return
    if store.definition(version) is not None:
        return
    first = run.events()[0]
    given = first.input if isinstance(first, RunStarted) else {}
    try:
        script = script_of(graph, units(), given=given, source=source, formats=False)
    except Exception:  # noqa: BLE001 - whatever a person's code holds, its run goes on without a kept script
        return
    said = _Said(script.graph, dict(script.labels), dict(script.places), dict(script.versions))
    spec = msgspec.json.encode(said).decode()
    store.keep((Definition(hash=version, kind=_KIND, name=graph.name, spec=spec, source=script.text),))


def kept_script(versions: InForce, store: Store) -> Script | None:
    """The script of these versions, if the journal has kept it."""
    kept = store.definition(hash_of(versions))
    if kept is None or kept.kind != _KIND:
        return None
    said = msgspec.json.decode(kept.spec, type=_Said)
    ran = said.versions or versions.definitions
    return Script(kept.source, said.graph, said.labels, said.places, versions=ran)
