"""The verbs that answer with a DataFrame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from genxai_nb.calls.cassette import Cassette
from genxai_nb.errors import InputError
from genxai_nb.journal.opening import find_store

from .display import names_of, show_text
from .earlier import require_graph
from .live import ENDED
from .versions import last_run, stale_nodes

if TYPE_CHECKING:
    from pandas import DataFrame

    from genxai_nb.graph.run import Run

    from .session import Session
    from .verb import Request


def list_agents(session: Session, _request: Request) -> DataFrame:
    """The agents of this notebook."""
    rows = [
        {
            "agent": name,
            "model": agent.model or "",
            "role": agent.role,
            "tools": ", ".join(names_of(agent.tools)),
            "writes": agent.writes or ("its fields" if agent.output else agent.key),
            "defined": _defined(session, name),
        }
        for name, agent in _of_kind(session, "agent")
    ]
    frame = framed("agent", rows, ["model", "role", "tools", "writes", "defined"])
    return _told(frame, "This notebook defines no agent yet: %%genxai agent NAME")


def list_tools(session: Session, _request: Request) -> DataFrame:
    """The tools of this notebook, the builtin and the installed ones."""
    from genxai_nb.tools import registry

    own = [
        registry.ToolRow(
            name,
            tool.category,
            tool.tags,
            tool.description.partition("\n")[0],
            "this notebook",
            tuple(sorted(tool.permissions)),
        )
        for name, tool in _of_kind(session, "tool")
    ]
    rows = [
        {**row._asdict(), "tags": ", ".join(row.tags), "permissions": ", ".join(row.permissions)}
        for row in (*own, *registry.describe())
    ]
    return framed("name", rows, ["category", "tags", "permissions", "description", "origin"])


def list_graphs(session: Session, _request: Request) -> DataFrame:
    """The graphs of this notebook."""
    rows = []
    for name, graph in _of_kind(session, "graph"):
        run = last_run(session, graph)
        rows.append(
            {
                "graph": name,
                "nodes": len(graph.nodes),
                "edges": len(graph.edges),
                "state": graph.schema.model.__name__ if graph.schema.model else "dict",
                "stale": ", ".join(stale_nodes(session, graph)),
                "last run": run.run_id if run else "",
                "defined": _defined(session, name),
            }
        )
    frame = framed("graph", rows, ["nodes", "edges", "state", "stale", "last run", "defined"])
    return _told(frame, "This notebook defines no graph yet: %%genxai graph NAME")


def list_runs(session: Session, _request: Request) -> DataFrame:
    """All runs of the store, newest first; which were started here, which can be resumed."""
    from genxai_nb.journal.frames import run_log

    frame = run_log(find_store())
    stands = {row.run for row in session.resumable()}
    alive = {run for run, item in session.started.items() if item.alive}
    frame["status"] = [
        "running" if r in alive else s for r, s in zip(frame["run_id"], frame["status"], strict=True)
    ]
    frame["here"] = [run in session.started for run in frame["run_id"]]
    frame["resumable"] = [run in stands for run in frame["run_id"]]
    return _told(frame, "Nothing has run yet: %%genxai run GRAPH")


def prune(session: Session, request: Request) -> DataFrame | None:
    """Take runs out of the journal, or say which would go.

    Raises:
        InputError: It is not said which runs, or by no time and no number.
        RunNotFound: There is no such run.
    """
    from genxai_nb.graph.pruning import prune_runs
    from genxai_nb.journal.frames import run_log

    before = run_log(find_store())
    last = request.text("last")
    if last and not last.isdecimal():
        raise InputError(f"--last takes a number of runs, not {last!r}.", hint="Write --last 100.")
    named = request.name.replace(",", " ").split()
    here = {run for run, item in session.started.items() if item.run.status not in ENDED} & {*named}
    if here:
        raise InputError(
            f"{', '.join(sorted(here))} stands in this notebook and has not ended.",
            hint=f"Go on with it, or end it: %genxai resume {min(here)}, or run.cancel().",
        )
    pruned = prune_runs(
        *named,
        older=request.text("older") or None,
        last=int(last) if last else None,
        dry=not request.has("yes"),
    )
    for run in () if pruned.dry else pruned.gone:
        session.started.pop(run, None)
    show_text(str(pruned))
    if pruned.dry and pruned.gone:
        show_text("Nothing is taken out yet: add --yes. It cannot be undone.")
    gone = before[before["run_id"].isin(pruned.gone)].reset_index(drop=True)
    return gone if len(gone) else None


def show_state(session: Session, request: Request) -> DataFrame:
    """The values of a run's state as it is now.

    Raises:
        DefinitionError: The cells that define the run have to be run first.
        InputError: ``--step`` is no number.
        RunError: The run has fewer steps.
    """
    run = meant(session, request)
    run.graph = require_graph(session, run, "state")
    step = request.text("step")
    if step and not step.isdigit():
        raise InputError(f"{step!r} is no step.", hint="Write: --step 3; 0 is the input.")
    state = run.state_at(int(step)) if step else run.state
    values = (
        state
        if isinstance(state, dict)
        else {name: getattr(state, name) for name in type(state).model_fields}
    )
    rows = [
        {"key": key, "value": value, "type": type(value).__name__}
        for key, value in values.items()
        if not key.startswith("@")
    ]
    return _told(framed("key", rows, ["value", "type"]), f"The state of run {run.run_id} is empty.")


def show_timeline(session: Session, request: Request) -> DataFrame:
    """A run's visits, map instances and calls."""
    run = meant(session, request)
    return _told(run.timeline(), f"Run {run.run_id} has visited no node yet.")


def show_costs(session: Session, request: Request) -> DataFrame:
    """What the models of a run took and cost, by node; prices are those of when each call ended."""
    run = meant(session, request)
    return _told(run.costs(), f"Run {run.run_id} has asked no model.")


def show_cassette(_session: Session, request: Request) -> DataFrame:
    """What models were asked and answered on a cassette.

    Raises:
        InputError: There is no such file, or it is no cassette.
    """
    return Cassette(request.name, recording=False).table()


def meant(session: Session, request: Request) -> Run:
    """The run that a verb acts on; its id is shown when it is not the latest one.

    Raises:
        RunError: Nothing has run here yet.
        RunNotFound: No run of that id is in the store.
    """
    run = session.run(request.run)
    if not session.is_latest(run):
        show_text(f"Run {run.run_id}")
    return run


def _of_kind(session: Session, kind: str) -> list[tuple[str, Any]]:
    return [
        (name, session.notebook[name]) for name, known in session.notebook.kinds().items() if known == kind
    ]


def _defined(session: Session, name: str) -> str:
    made = session.defined.get(name)
    return str(made.cell) if made else "in Python"


def framed(index: str, rows: list[dict[str, Any]], columns: list[str]) -> DataFrame:
    """A table of rows by one of their keys."""
    from pandas import DataFrame

    return DataFrame(rows, columns=[index, *columns]).set_index(index)


def _told(frame: DataFrame, nothing: str) -> DataFrame:
    """The same table, which shows itself as a sentence if it has no rows."""
    if len(frame):
        return frame
    from pandas import DataFrame

    class Nothing(DataFrame):
        """A table without rows."""

        def __repr__(self) -> str:
            return nothing

        def _repr_html_(self) -> None:
            """Leave it to the plain text."""

    return Nothing(frame)
