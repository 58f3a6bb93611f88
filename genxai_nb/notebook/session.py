"""What one notebook has defined and run."""

from __future__ import annotations

import os
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING, Any

from genxai_nb.agents.agent import Agent
from genxai_nb.agents.lookup import StandardLookup
from genxai_nb.agents.naming import SCHEMA, Namespace, inserted, kind_of, variable_of
from genxai_nb.errors import RunError, UnknownName
from genxai_nb.graph.build import Graph
from genxai_nb.graph.result import Result
from genxai_nb.graph.run import Run
from genxai_nb.journal.opening import find_store

from .cell import Cell, running_cell
from .names import bindable
from .pending import Pending

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from concurrent.futures import Future

    from genxai_nb.graph.pace import Stride
    from genxai_nb.journal.store import RunRow

    from .places import Inside, Stop

_VERBS = {"agent": "ask", "graph": "run"}
_STANDS = frozenset({"paused", "failed", "cancelled"})  # one that is driven, here or elsewhere, is running


@dataclass(frozen=True, slots=True)
class Defined:
    """A definition made by a cell: which one, what it read, and what came of it."""

    name: str
    kind: str
    value: Any
    cell: Cell
    body: str


@dataclass(slots=True, eq=False)
class Started:
    """A run that a cell of this notebook started or took up.

    Attributes:
        run: The run.
        cell: The cell.
        future: Its end, or its next stand; None while it has not been driven from here.
        variable: What takes its result.
        read: Makes of the result what the variable takes; None for the result itself.
        value: What the variable took.
        watches: Expressions whose values are shown wherever the run stands.
        stops: It stops at breakpoints; else nobody is there to go on.
        inside: Where ``breakpoint()`` in a node has stopped it.
        seen: The versions of its definitions of which the notebook has told.
        panel: Its live panel.
        settled: Its record has taken its panel's place.
        recorded: Set once that is done.
        place: Leads what its nodes print to its cell.
    """

    run: Run
    cell: Cell
    future: Future[Result] | None
    variable: str
    read: Callable[[Run, Result], Any] | None = None
    value: Any = None
    watches: list[str] = field(default_factory=list)
    stops: bool = True
    inside: list[Inside] = field(default_factory=list)
    seen: dict[str, str] = field(default_factory=dict)
    panel: Any = None
    settled: bool = False
    recorded: Event = field(default_factory=Event)
    place: Context = field(default_factory=copy_context)

    @property
    def alive(self) -> bool:
        """Whether it is being driven right now."""
        return (self.future is not None and not self.future.done()) or self.run.under_way

    @property
    def stands(self) -> bool:
        """Whether it has neither ended nor failed, and nobody drives it."""
        return not self.alive and self.run.status in {"ready", "paused", "cancelled"}

    def begin(self, stride: Stride = "go", *, answers: dict[str, Any] | None = None) -> Future[Result]:
        """Drive it on; whoever joins it waits for this."""
        self.settled, self.inside = False, []
        self.future = self.place.copy().run(self.run.begin, stride, answers=answers)
        return self.future


class Session:
    """The definitions and runs of one notebook.

    Args:
        shell: The notebook's IPython shell.
        environment: The environment as it was before cells could change it; None for what it is now.

    Attributes:
        defined: What cells have defined, by name.
        started: The runs of this notebook by id, the last touched one last.
        stops: Where runs of a graph stop, by the graph's name.
        chats: The chats of this notebook, by the agent's name.
        unkept: It has been said that the journal does not take the cells of this notebook.
        notebook: All definitions that the notebook's variables hold, by name.

    Example:
        >>> from types import SimpleNamespace
        >>> session = Session(SimpleNamespace(user_ns={}, user_ns_hidden={}))
        >>> session.bind("fact-checker", Agent("fact-checker"))
        >>> session.agent("fact-checker") is session.variables["fact_checker"]
        True
    """

    def __init__(self, shell: Any, environment: Mapping[str, str] | None = None) -> None:
        self.shell = shell
        self.environment = dict(os.environ) if environment is None else environment
        self.variables: dict[str, Any] = shell.user_ns
        self.defined: dict[str, Defined] = {}
        self.started: dict[str, Started] = {}
        self.stops: dict[str, list[Stop]] = {}
        self.chats: dict[str, Any] = {}
        self.unkept = False
        self.notebook = Namespace(self.variables, hidden=shell.user_ns_hidden)
        self.schemas = self.notebook.only(SCHEMA)
        self.lookup = StandardLookup(lambda: self.notebook)
        self._bound: dict[str, Any] = {}

    # ── names ────────────────────────────────────────────────────────────────────────────────

    def cell(self) -> Cell:
        """The cell that is running."""
        return running_cell(self.shell)

    def check_bindable(self, name: str, *, result: bool = False) -> str:
        """Return the variable for a definition's or a result's name.

        Raises:
            DefinitionError: It holds something that is not ours, or cannot be a variable.
        """
        return bindable(self.variables, name, ours=self._is_ours(variable_of(name), name), result=result)

    def bind(self, name: str, value: Any) -> None:
        """Bind a definition or a result to its name in the notebook.

        Raises:
            DefinitionError: The variable holds something that is not ours, or cannot be a variable.
        """
        variable = self.check_bindable(name, result=not kind_of(value))
        self.variables[variable] = self._bound[variable] = value

    def _is_ours(self, variable: str, name: str) -> bool:
        value = self.variables.get(variable)
        if variable in self._bound and value is self._bound[variable]:
            return True
        if isinstance(value, Result | Pending):
            return True
        return isinstance(value, Agent | Graph) and value.name == name

    def insert(self, path: str) -> Any:
        """The object that ``$name`` or ``$name.attribute`` stands for.

        Raises:
            UnknownName: There is no such variable or attribute.
        """
        return inserted(self.variables, path)

    def agent(self, name: str) -> Agent:
        """The agent of that name, with the tools of this notebook.

        Raises:
            UnknownName: There is none; the nearest one is suggested.
        """
        found = self.lookup.find(name) if self.notebook.only("agent").get(name) else None
        if not isinstance(found, Agent):
            raise UnknownName("agent", name, self._of_kind("agent"), hint=self._instead("agent", name))
        return found

    def graph(self, name: str) -> Graph:
        """The graph of that name.

        Raises:
            UnknownName: There is none; the nearest one is suggested.
        """
        found = self.notebook.only("graph").get(name)
        if found is None:
            raise UnknownName("graph", name, self._of_kind("graph"), hint=self._instead("graph", name))
        graph: Graph = found
        return graph

    def schema(self, name: str) -> Any:
        """The schema of that name.

        Raises:
            UnknownName: There is none; the nearest one is suggested.
        """
        found = self.schemas.get(name)
        if found is None:
            raise UnknownName("schema", name, self.schemas, hint=self._instead(SCHEMA, name))
        return found

    def _of_kind(self, kind: str) -> list[str]:
        return [name for name, known in self.notebook.kinds().items() if known == kind]

    def _instead(self, kind: str, name: str) -> str:
        """What to do when a name is of another kind, or when there is not one of this kind; else empty."""
        other = self.notebook.kinds().get(variable_of(name), "")
        if other in _VERBS:
            return f"{name!r} is of kind {other}: %genxai {_VERBS[other]} {name}"
        known = list(self.schemas) if kind == SCHEMA else self._of_kind(kind)
        return "" if known else f"This notebook defines no {kind} yet: %%genxai {kind} NAME"

    # ── runs ─────────────────────────────────────────────────────────────────────────────────

    def took(self, started: Started) -> None:
        """Note that a cell has started a run or taken it up; it is the latest one now."""
        self.started.pop(started.run.run_id, None)
        self.started[started.run.run_id] = started

    @property
    def latest(self) -> Started | None:
        """The run that was last started or touched here."""
        return next(reversed(self.started.values()), None)

    def run(self, run_id: str = "") -> Run:
        """The run of that id, of this notebook or from the store; without an id the latest one.

        A run from the store comes without its graph if the notebook does not define it.

        Raises:
            RunError: Nothing has run here yet.
            RunNotFound: No run of that id is in the store.
        """
        if not run_id:
            if self.latest is None:
                raise self._nothing_ran()
            return self.latest.run
        return self.started[run_id].run if run_id in self.started else Run.load(run_id)

    def resumable(self) -> list[RunRow]:
        """The runs of the store that stand before their end and that nobody drives, newest first."""
        alive = {run_id for run_id, item in self.started.items() if item.alive}
        return [row for row in find_store().runs() if row.status in _STANDS and row.run not in alive]

    def _nothing_ran(self) -> RunError:
        what, rows = "Nothing has run in this notebook yet.", self.resumable()
        if not rows:
            return RunError(what, hint="Start with: %%genxai run GRAPH")
        names = ", ".join(f"{row.run} of {row.graph}" for row in rows[:5])
        return RunError(f"{what} Unfinished: {names}.", hint=f"%genxai resume {rows[0].run}")

    def touch(self, run: Run) -> None:
        """Make a run of this notebook the latest one."""
        if run.run_id in self.started:
            self.started[run.run_id] = self.started.pop(run.run_id)

    def functions_of(self, run: Run, node: str) -> Iterator[Any]:
        """The plain functions behind a node of a run: its own, or those of its agent's tools."""
        place = run.graph.nodes.get(node) if isinstance(run.graph, Graph) else None
        if place is None:
            return
        found = place.definition or self.lookup.find(place.what)
        if isinstance(found, Agent):
            yield from (tool.function for tool in found.toolbox.values())
        else:
            yield getattr(found, "function", found)

    def is_latest(self, run: Run) -> bool:
        """Whether verbs without a run's id mean this one."""
        return self.latest is not None and self.latest.run is run

    def of_cell(self, cell: Cell) -> Started | None:
        """The run that this cell has started and that has not ended: it goes on, or stands with its calls held."""
        return next(
            (
                item
                for item in self.started.values()
                if item.cell.key == cell.key and (item.alive or item.run.status == "paused")
            ),
            None,
        )
