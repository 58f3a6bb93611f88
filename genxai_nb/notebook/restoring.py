"""``%genxai restore``: what a notebook has defined, defined again in a new kernel."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from genxai_nb.agents.naming import variable_of
from genxai_nb.errors import DefinitionError, GenXAIError, UnknownName
from genxai_nb.journal.cells import CellText
from genxai_nb.journal.opening import find_store

from .definitions import made, put
from .display import show_text
from .earlier import used_by_runs
from .keeping import notebook_name
from .kept_cells import as_request, check_whole, in_words, kept_versions, version_in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .session import Session
    from .verb import Request

_ORDER = ("schema", "agent", "graph")


class _Kept(NamedTuple):
    """A definition as it is kept: its cell, which version it is in words, and the hash that it must have."""

    cell: CellText
    which: str
    version: str = ""  # what an agent of a run has to have again


def restore(session: Session, request: Request) -> None:
    """Define again what cells of this notebook have defined, without running a cell.

    A name that no cell has defined is looked for among the agents of the latest runs.

    Raises:
        UnknownName: Nothing of that name is kept; the nearest one is suggested.
        DefinitionError: Nothing at all is kept for this notebook, or what is named is a graph made in Python.
    """
    notebook = request.text("from") if "from" in request.options else notebook_name(session)
    names = [variable_of(name) for name in request.name.replace(",", " ").split()]
    wanted = {
        name: _Kept(found[at], version_in_words(found, at))
        for name, (found, at) in kept_versions(session, notebook).items()
    }
    if names:
        wanted = {name: wanted.get(name) or _of_a_run(name, wanted) for name in names}
    elif not wanted:
        raise DefinitionError(f"The journal keeps no definition of {_called(notebook)}.", hint=_elsewhere())
    here = {*session.notebook, *session.schemas}
    left = [name for name in wanted if name in here and not request.has("force")]
    done, failed = _defined_again(session, [one for name, one in wanted.items() if name not in left])
    lines = [f"✓ {one.cell.kind} {one.cell.name}: {one.which}" for one in done]
    if left:
        lines.append(f"as they are here: {', '.join(left)}. --force puts the kept ones in their place.")
    lines += [line for one, error in failed for line in _refused(one.cell, error)]
    show_text("\n".join(lines))


def _defined_again(
    session: Session, kept: Iterable[_Kept]
) -> tuple[list[_Kept], list[tuple[_Kept, GenXAIError]]]:
    """Define what can be; what is named by another one comes first."""
    left = sorted(kept, key=lambda one: _ORDER.index(one.cell.kind))
    done: list[_Kept] = []
    while True:
        failed: list[tuple[_Kept, GenXAIError]] = []
        for one in left:
            try:
                _define(session, one)
            except GenXAIError as exc:
                failed.append((one, exc))
            else:
                done.append(one)
        if not failed or len(failed) == len(left):
            return done, failed
        left = [one for one, _ in failed]


def _define(session: Session, kept: _Kept) -> None:
    check_whole(kept.cell)
    request = as_request(session, kept.cell)
    value = made(session, request)
    if kept.version and value.with_tools(session.notebook.get).version != kept.version:
        raise DefinitionError(
            "It was made in Python of more than its text says, or a tool of it is another one now.",
            hint="Run the cell that makes it.",
        )
    put(session, request, value)


def _of_a_run(name: str, kept: Mapping[str, _Kept]) -> _Kept:
    """An agent that was made in Python, as one of the latest runs used it.

    Raises:
        UnknownName: No cell has defined it, and none of these runs has used it.
        DefinitionError: It is a graph.
    """
    used = list(used_by_runs("agent"))
    for row, one in used:
        if variable_of(one.name) == name:
            cell = CellText(at=row.started, notebook="", kind="agent", name=name, body=one.spec)
            return _Kept(cell, f"as run {row.run} used it, which began {in_words(row.started)}", one.hash)
    if name in {variable_of(row.graph) for row in find_store().runs()}:
        raise DefinitionError(
            f"Graph {name!r} was made in Python, of which its runs keep the lines but not all else.",
            hint="Run the cell that makes it.",
        )
    raise UnknownName("kept definition", name, {*kept, *(one.name for _, one in used)})


def _refused(cell: CellText, error: GenXAIError) -> list[str]:
    """Why a definition could not be made, and what to do about it."""
    lines = [f"✕ {cell.kind} {cell.name}: {error.what}"]
    unknown = error if isinstance(error, UnknownName) else error.__cause__
    if not isinstance(unknown, UnknownName):
        return [*lines, error.hint] if error.hint else lines
    sources = ((row.run, one) for row, one in used_by_runs("function", "tool") if one.name == unknown.name)
    for run, definition in islice(sources, 1):
        lines.append(f"{definition.kind} {definition.name}, as it was in run {run}:")
        lines += [f"    {line}" for line in definition.source.rstrip().splitlines()]
    return [*lines, f"Run the cell that defines {unknown.name}, then: %genxai restore {cell.name}"]


def _called(notebook: str) -> str:
    return notebook or "this notebook, whose name the front end does not tell"


def _elsewhere() -> str:
    """Where there is something to restore."""
    if notebooks := [name for name in find_store().cells.notebooks() if name]:
        return f"It has some of {', '.join(notebooks)}: %genxai restore --from {notebooks[0]}"
    if used := list(dict.fromkeys(one.name for _, one in used_by_runs("agent"))):
        return f"Its latest runs have used {', '.join(used)}: %genxai restore {used[0]}"
    return "Cells of %%genxai agent, graph and schema are kept when they run."
