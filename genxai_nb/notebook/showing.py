"""``%genxai show``: a run's record, a graph's picture, a definition as it was written."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from genxai_nb.agents.agent import Agent
from genxai_nb.errors import UnknownName
from genxai_nb.graph.build import Graph
from genxai_nb.graph.result import Result
from genxai_nb.source import source_of
from genxai_nb.tools.base import Tool

from .display import show_bundle, show_text
from .earlier import graph_of
from .live import open_panel
from .outcome import show_record
from .pending import Pending
from .record import graph_bundle
from .tables import meant

if TYPE_CHECKING:
    from .session import Session
    from .verb import Request


def show(session: Session, request: Request) -> None:
    """Show what a name stands for: a run, by its id or its result, by its panel, where there can be one.

    Without a name it is the latest record.

    Raises:
        UnknownName: There is no run and no definition of that name.
        RunNotFound: There is no such run.
    """
    name = request.name
    held = session.variables.get(name)
    if isinstance(held, Result | Pending):  # the variable of a result stands for its run
        request, name = replace(request, name=held.run_id), held.run_id
    found = (session.lookup.find(name) or session.schemas.get(name)) if name else None
    if isinstance(found, Graph):
        show_bundle(graph_bundle(found))
    elif found is not None:
        show_text(_written(name, found))
    elif name and not is_run_id(name):
        raise UnknownName("definition or run", name, [*session.notebook, *session.schemas, *session.started])
    else:
        run = meant(session, request)
        run.graph = graph_of(session, run) or run.graph
        started = session.started.get(run.run_id)
        if not (name and started is not None and open_panel(session, started)):
            show_record(run)


def is_run_id(text: str) -> bool:
    """Whether a word looks like a run's id."""
    return text[:1] == "r" and text[1:].isdigit()


def _written(name: str, value: Any) -> str:
    if isinstance(value, Agent):
        return f"%%genxai agent {name}\n{value.spec_text}"
    if isinstance(value, Tool):
        return f"{name}({', '.join(value.parameters)}): {value.description}"
    return source_of(value) or repr(value)
