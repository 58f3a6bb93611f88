"""Edit and continue: what a cell that is run again means for the runs that stand."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import unified_diff
from typing import TYPE_CHECKING, Any

from genxai_nb.errors import GenXAIError, ResumeRefused
from genxai_nb.graph.build import Graph
from genxai_nb.graph.draw.lettering import one_line
from genxai_nb.graph.versions import in_force
from genxai_nb.journal import open_store
from genxai_nb.journal.summary import summarize

from .display import show_text
from .versions import lines_changed, structure_of

if TYPE_CHECKING:
    from genxai_nb.graph.run import Run

    from .session import Session, Started

MOST = 12  # lines of a difference
_ANEW = "%genxai continue --rebase goes on with it, %%genxai run {graph} starts anew."


def difference(before: str, after: str) -> list[str]:
    """The lines that differ between two texts, marked with ``-`` and ``+``; a long difference is cut."""
    rows = [
        f"  {line[0]} {line[1:]}"
        for line in list(unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))[2:]
        if line[:2] != "@@"
    ]
    more = len(rows) - MOST
    return rows[:MOST] + ([f"  … {more} more lines"] if more > 0 else [])


def adopt(session: Session, started: Started, *, rebase: bool = False) -> None:
    """Let a run go on with its graph as the notebook defines it now.

    Raises:
        ResumeRefused: It has other nodes or edges than the run began with, and no rebase was asked for.
        GenXAIError: It cannot be rebased.
    """
    run = started.run
    if started.read is not None or not isinstance(run.graph, Graph) or run.status == "done":
        return
    graph = session.notebook.only("graph").get(run.graph.name, run.graph)
    if graph.structure == structure_of(run):
        if graph is not run.graph and _is_other(run.graph, graph):
            if run.status == "paused":
                run.cancel()  # the bodies that are under way are of the old definitions
            run.graph = graph
        return
    if not rebase:
        raise ResumeRefused(
            f"Graph {graph.name!r} has changed its nodes or edges since run {run.run_id!r} began."
            + "".join(f"\n{row}" for row in _graph_difference(run, graph)),
            hint=_ANEW.format(graph=graph.name),
            run_id=run.run_id,
        )
    run.rebase(graph)
    show_text(f"Run {run.run_id} goes on in the changed graph {graph.name}.")


def _is_other(old: Graph, new: Graph) -> bool:
    """Whether two graphs of one structure would run something else: by options, schema, or functions of their own."""
    bound = any(node.definition is not None for node in (*old.nodes.values(), *new.nodes.values()))
    shapes = [repr(getattr(graph.schema.model, "model_fields", None)) for graph in (old, new)]
    return (
        bound
        or shapes[0] != shapes[1]
        or [n.options for n in old.nodes.values()] != [n.options for n in new.nodes.values()]
    )


def _graph_difference(run: Run, graph: Graph) -> list[str]:
    before = open_store(run.options.store).definition(structure_of(run))
    return difference(before.spec if before else "", graph.own_record().spec)


def standing(session: Session) -> Iterator[Started]:
    """The runs of this notebook that have not ended and may go on here."""
    for started in session.started.values():
        if started.alive or started.run.status in {"ready", "paused"}:
            yield started


def tell_of_edits(session: Session) -> None:
    """Say which definitions of standing runs the cell that has just ended has changed, and how.

    Of agents and graphs the cell itself has told.
    """
    for started in list(standing(session)):
        run = started.run
        if not isinstance(run.graph, Graph) or started.read is not None:
            continue
        seen = {**in_force(run.events()).definitions, **started.seen}
        for name, definition in _definitions(run.graph):
            before = seen.get(name, definition.hash)
            started.seen[name] = definition.hash
            if before != definition.hash:
                _tell(run, name, before, definition)


def note_versions(session: Session) -> None:
    """Take the definitions of standing runs as told of."""
    for started in standing(session):
        if isinstance(started.run.graph, Graph):
            started.seen.update({n: d.hash for n, d in _definitions(started.run.graph)})


def _definitions(graph: Graph) -> Iterator[tuple[str, Any]]:
    for name in graph.nodes:
        try:
            yield name, graph.record_of(name)
        except GenXAIError:  # its definition is gone; the run says so when it comes to it
            continue


def _tell(run: Run, name: str, before: str, definition: Any) -> None:
    kept = open_store(run.options.store).definition(before)
    old, new = (one.spec or one.source if one else "" for one in (kept, definition))
    count = lines_changed(old.strip(), new.strip())
    step = summarize(run.events()).steps + 1
    changed = f"{count} line{'s' if count > 1 else ''} changed" if count else "what it uses has changed"
    head = f"{one_line(name)}: {changed}, run {run.run_id} will use it from step {step}"
    show_text("\n".join([head, *(difference(old, new) if count else [])]))
