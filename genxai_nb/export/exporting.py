"""The export as people call it: a graph or a run, a path, and the check."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct, structs

from genxai_nb.agents.agent import Agent
from genxai_nb.agents.recalled import forgotten_in
from genxai_nb.errors import DefinitionError, RunError
from genxai_nb.graph.build import Graph
from genxai_nb.graph.run import Run
from genxai_nb.graph.versions import InForce, in_force
from genxai_nb.journal.events import Event, RunRebased, RunStarted, StateSet
from genxai_nb.journal.opening import find_store
from genxai_nb.journal.store import Store
from genxai_nb.tools.stores import store_names

from .beside import files_named
from .check import LIMIT, Difference, check, tried
from .kept import kept_script
from .script import Script, finished, is_untouched, script_of
from .texts import Text
from .units import Units
from .unrun import Unrun
from .versions import versions_of, versions_ran
from .visits import other_visits, told
from .workflow import is_made

__all__ = ["Exported", "Origin", "Wanted", "ended", "export", "export_graph"]

_LOOKED_AT = 20  # runs


class Origin(Struct, frozen=True):
    """Where a graph comes from.

    Attributes:
        space: The variables of its notebook or module.
        cells: The cells of that notebook; None to find them, or the module's file.
        source: What it is called, such as the notebook's name.
        given: An input, for the flags of a dict state, if no run has one.
    """

    space: Mapping[str, Any]
    cells: Sequence[Text] | None = None
    source: str = ""
    given: Mapping[str, Any] | None = None


class Wanted(Struct, frozen=True, kw_only=True):
    """How a graph is to be exported; see `export`.

    Attributes:
        to: What to write.
        check: Whether to check.
        run: The run to compare with.
        store: Where runs are kept.
        force: Write over another file.
        limit: Seconds that the script is given by the check.
    """

    to: str = "script"
    check: bool | None = None
    run: str | None = None
    store: str | None = None
    force: bool = False
    limit: float = LIMIT


class Exported(Struct, frozen=True, kw_only=True):
    """A script that was written.

    Attributes:
        path: Where it is.
        graph: The graph's name.
        run_id: The run that it was compared with; empty if with none.
        checked: Whether it is the same as that run; None if it was not checked.
        events: How many events are the same.
        difference: The first thing that differs.
        lines: How many lines the script has.
        earlier: The visits of the run that went by other versions than the script has, in words.
        files: The files of the working folder that the script names and does not carry, with the cell of each.
        stores: What `genxai_nb.tools.stores.offer_store` has offered to the tools of the script; it is not carried.
        forgotten: The memories that the run recalled and that were forgotten since, such as ``m7``: the check took
            them from the record, and the script will not recall them.
    """

    path: Path
    graph: str
    run_id: str = ""
    checked: bool | None = None
    events: int = 0
    difference: Difference | None = None
    lines: int = 0
    earlier: str = ""
    forgotten: tuple[str, ...] = ()
    files: Mapping[str, str] = {}
    stores: tuple[str, ...] = ()

    @property
    def needs(self) -> str:
        """What has to be there when the script runs and is not in it, in words; empty for nothing."""
        return " ".join(filter(None, (self._needs_files(), self._needs_stores())))

    def _needs_stores(self) -> str:
        if not self.stores:
            return ""
        return (
            f"It searches in what this process offers and it does not carry: {', '.join(self.stores)}. "
            "Call offer_store in the script, or set a connection of that name."
        )

    def _needs_files(self) -> str:
        if not self.files:
            return ""
        named = ", ".join(f"{name} ({cell})" if cell else name for name, cell in self.files.items())
        many = len(self.files) > 1
        return f"It names {'files' if many else 'a file'} that it does not carry: {named}."

    @property
    def verdict(self) -> str:
        """What the check came to, in words."""
        if self.checked is None:
            return "not checked"
        if self.difference is not None:
            against = f"run {self.run_id}" if self.run_id else "the graph"
            return f"differs from {against}: {self.difference}"
        if not self.run_id:
            return "same definitions"
        earlier = f"; {self.earlier} ran under an earlier version" if self.earlier else ""
        gone = f"; {', '.join(self.forgotten)} of its memories forgotten since" if self.forgotten else ""
        return f"same in {self.events} events as run {self.run_id}{earlier}{gone}"

    def __str__(self) -> str:
        return f"{self.path}: {self.verdict}{self.needs and f'. {self.needs}'}"

    def __repr__(self) -> str:
        return f"Exported({str(self.path)!r}, {self.verdict})"


def export(
    what: Graph | Run | Agent,
    path: str | Path,
    to: str = "script",
    check: bool | None = None,  # noqa: FBT001 - the fourth word of a call that reads well without its name
    *,
    run: str | None = None,
    store: str | None = None,
    force: bool = False,
) -> Exported:
    """Write a graph as a script of plain Python, and prove that it does the same.

    Args:
        what: A graph; a run of one, which the script is then compared with; or an agent, whose script answers
            a question as `Agent.ask` does.
        path: Where to write it.
        to: What to write: ``script``.
        check: Whether to run the script on a run's recorded calls; None if there is a run.
        run: The run to compare with; None for the latest one that used these very definitions.
        store: Where runs are kept.
        force: Write over a file that is not ours or that was edited.

    Raises:
        DefinitionError: Something cannot be carried, or there is another file.
        RunError: The run cannot be compared with.

    Example:
        >>> import tempfile
        >>> from genxai_nb.agents.workflow import Graph
        >>> graph = Graph("greet").node("hello", "calculator", expression="'1 + 1'").edge("START", "hello")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     export(graph, f"{folder}/greet.py", check=False).verdict
        'not checked'
    """
    wanted = Wanted(to=to, check=check, run=run, store=store, force=force)
    return export_graph(what, path, Origin(sys._getframe(1).f_globals), wanted)


def export_graph(
    what: Graph | Run | Agent | Unrun, path: str | Path, origin: Origin, wanted: Wanted
) -> Exported:
    """Write a graph of a namespace as a script; errors as for `export`.

    Args:
        what: A graph, or a run of one; of a graph that was not made at reading, what stands for it.
        path: Where to write it.
        origin: Where it comes from.
        wanted: How it is wanted.
    """
    if wanted.to != "script":
        raise DefinitionError(
            f"A graph cannot be exported to {wanted.to!r}.", hint="This version knows to='script'."
        )
    place = Path(path).expanduser()
    _refuse_foreign(place, force=wanted.force)
    graph, run = _graph_of(what, wanted.run)
    store = find_store(_store_of(what, wanted))
    recorded = (
        ended(run, store)
        if run is not None
        else _latest_of(_versions(graph), graph.name if graph else "", store)
    )
    script = _script(graph, origin, store, recorded)
    earlier = told(other_visits(recorded, script.versions).whole)
    text = finished(script.text, _note(recorded, earlier))
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8")
    if script.unrun and not recorded and wanted.check is not False:
        recorded = _latest_loaded(place, script, graph, store, limit=wanted.limit)
    run_id = recorded[0].run if recorded and isinstance(recorded[0], RunStarted) else ""
    name = graph.name if graph else script.graph
    files = files_named(text, {**script.places, **script.labels}, place)
    made = Exported(
        path=place,
        graph=name,
        run_id=run_id,
        lines=text.count("\n"),
        earlier=earlier,
        files=files,
        stores=_offered(text),
    )
    if wanted.check is False or (wanted.check is None and not recorded):
        return made
    same = graph if isinstance(graph, Graph) and not script.unrun else None
    if recorded and _is_other(graph, recorded):
        same = None
    labels = {**script.places, **script.labels}
    found = check(place, script.graph, same, recorded, labels, limit=wanted.limit, find=store.definition)
    if script.unrun and not recorded and found.difference is None:
        return made  # it can be loaded; what it is made of was not run here
    return structs.replace(
        made,
        checked=found.difference is None,
        events=found.events,
        difference=found.difference,
        earlier=found.earlier,
        forgotten=tuple(forgotten_in(recorded, store.items)),
    )


def _script(graph: Graph | Unrun | None, origin: Origin, store: Store, recorded: Sequence[Event]) -> Script:
    """The script of the versions that ran: from the graph as it is, else as the journal has kept it.

    Raises:
        DefinitionError: Something cannot be carried.
        RunError: There is neither the graph nor a kept script.
    """
    if recorded and (graph is None or _is_other(graph, recorded)):
        force = in_force(recorded)
        ran = structs.replace(force, definitions=versions_ran(recorded))
        kept = kept_script(ran, store) or kept_script(force, store)
        if kept is not None:
            return kept
    if graph is None:
        run_id = recorded[0].run if recorded and isinstance(recorded[0], RunStarted) else ""
        raise RunError(
            f"Run {run_id!r} was loaded for reading only, and its journal keeps no script of it.",
            hint=f"Load it with its graph: Run.load({run_id!r}, graph).",
            run_id=run_id,
        )
    last = recorded[0] if recorded else _latest(graph.name, store)
    given = last.input if isinstance(last, RunStarted) else origin.given
    units = Units(origin.space, origin.cells)
    return script_of(graph, units, given=given, source=origin.source, formats=False)


def _versions(graph: Graph | Unrun | None) -> InForce | None:
    """The versions of a graph as it is now; None where not all of it was made."""
    return versions_of(graph) if isinstance(graph, Graph) and is_made(graph) else None


def _note(recorded: Sequence[Event], earlier: str) -> str:
    """What a script says of the visits that it cannot do again."""
    if not earlier or not isinstance(recorded[0], RunStarted):
        return ""
    return (
        f"Definitions changed while run {recorded[0].run} went on: {earlier} ran under an earlier version. "
        "This script has the versions that were in force at its end."
    )


def _is_other(graph: Graph | Unrun | None, recorded: Sequence[Event]) -> bool:
    """Whether a run went on with other versions than those of a graph as it is now."""
    return _versions(graph) != in_force(recorded)


def _store_of(what: object, wanted: Wanted) -> str | None:
    return what.options.store if isinstance(what, Run) and wanted.store is None else wanted.store


def _graph_of(what: object, run: str | None) -> tuple[Graph | Unrun | None, str | None]:
    if isinstance(what, Run):
        return what.graph if isinstance(what.graph, Graph) else None, run or what.run_id
    if isinstance(what, Agent):
        return what.as_graph(), run
    if not isinstance(what, Graph | Unrun):
        raise DefinitionError(
            f"{what!r:.80} is a {type(what).__name__}, no graph.",
            hint="Export a graph, a run of one, or an agent.",
        )
    return what, run


def _refuse_foreign(place: Path, *, force: bool) -> None:
    """Refuse to write over a file that the export did not write, or that was edited since."""
    if force or not place.exists():
        return
    if not place.is_file():
        raise DefinitionError(f"{str(place)!r} is no file.", hint="Give a file's name, such as review.py.")
    if not is_untouched(place.read_text("utf-8", "replace")):
        raise DefinitionError(
            f"{str(place)!r} is there already, and is not as an export left it.",
            hint="Choose another name, or write over it with force: --force.",
        )


def ended(run: str, store: Store) -> list[Event]:
    """The events of a run that is named.

    Raises:
        RunError: It has not ended.
    """
    events = list(store.read(run))
    row = store.row(run)
    if row.status not in {"done", "failed"}:
        raise RunError(
            f"Run {run!r} is {row.status}: only one that has ended can be compared with.",
            hint=f"Resume it first: %genxai resume {run}",
            run_id=run,
        )
    return events


def _latest_of(versions: InForce | None, graph: str, store: Store) -> list[Event]:
    """The events of the latest run of a graph that used these very definitions from its beginning to its end.

    One that began with other ones, and used these in the end, is taken if there is no better.
    """
    if versions is None:
        return []
    done = (row for row in store.runs() if row.graph == graph and row.status == "done")
    changed: list[Event] = []
    for row, _ in zip(done, range(_LOOKED_AT), strict=False):
        events = list(store.read(row.run))
        started = events[0]
        by_hand = any(isinstance(event, StateSet | RunRebased) for event in events)
        if by_hand or not isinstance(started, RunStarted):
            continue
        if versions == in_force(events):
            if started.definitions == versions.definitions:
                return events
            changed = changed or events
    return changed


def _latest_loaded(
    place: Path, script: Script, graph: Graph | Unrun | None, store: Store, *, limit: float
) -> list[Event]:
    """The events of the latest run that used the definitions of a script, which are known when it is loaded.

    As it then does what its statements do, it is loaded only where a run may be found.
    """
    done = (row for row in store.runs() if row.status == "done" and script.title in {"", row.graph})
    structure = graph.structure if isinstance(graph, Graph) and is_made(graph) else ""
    for row, _ in zip(done, range(_LOOKED_AT), strict=False):
        started = next(iter(store.read(row.run)), None)
        if isinstance(started, RunStarted) and structure in {"", started.structure}:
            found = tried(place, script.graph, limit=limit)
            return _latest_of(InForce(found.structure, found.definitions), found.name, store)
    return []


def _latest(graph: str, store: Store) -> Event | None:
    for row in store.runs():
        if row.graph == graph:
            return next(iter(store.read(row.run)), None)
    return None


def _offered(text: str) -> tuple[str, ...]:
    """The stores that are offered here to a script which searches in stores and offers none itself."""
    return tuple(store_names()) if "vector_search" in text and "offer_store(" not in text else ()
