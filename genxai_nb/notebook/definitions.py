"""The cells that define something: agent, graph, schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from genxai_nb.agents.notation import Head, agent_from, graph_from, schema_from
from genxai_nb.errors import UnknownName

from .display import names_of, show_bundle, show_text
from .editing import difference, note_versions, standing
from .kept_cells import keep_cell
from .live import expect_panels
from .record import graph_bundle
from .session import Defined
from .versions import consequences, lines_changed

if TYPE_CHECKING:
    from pydantic import BaseModel

    from genxai_nb.agents.agent import Agent
    from genxai_nb.graph.build import Graph

    from .session import Session
    from .verb import Request


def define_agent(session: Session, request: Request) -> None:
    """Define an agent by the fields of the body, and bind it to its name.

    Raises:
        LineInvalid: A field cannot be read, or is not known.
        DefinitionError: A field does not hold what it should, or the name is taken.
    """
    agent = made(session, request)
    show_text(_define(session, request, agent, _agent_line(agent)))


def define_schema(session: Session, request: Request) -> None:
    """Define a state's schema by the annotations of the body, and bind it to its name.

    Raises:
        LineInvalid: A line is no annotation.
        DefinitionError: The name is taken.
    """
    model = made(session, request)
    show_text(_define(session, request, model, _schema_line(model)))


def define_graph(session: Session, request: Request) -> None:
    """Define a graph by the lines of the body, and bind it to its name.

    Raises:
        LineInvalid: A line cannot be read.
        GraphInvalid: The graph cannot run.
        UnknownName: A node's definition is not known.
    """
    graph = made(session, request)
    show_text(_define(session, request, graph, _graph_line(graph)))
    show_bundle(graph_bundle(graph))
    expect_panels(session)


def made(session: Session, request: Request) -> Any:
    """Make what a cell defines, not yet bound to its name.

    Raises:
        GenXAIError: The cell cannot be read, what it names is not there, or its own name is taken.
    """
    session.check_bindable(request.name)
    name, body = request.name, request.body or ""
    if request.verb.name == "agent":
        agent = agent_from(name, body, session.insert)
        _check_tools(session, agent)
        return agent
    if request.verb.name == "schema":
        return schema_from(name, body, session.variables)[0]
    graph = graph_from(Head("graph", (name,), request.options), body, session.variables, session.lookup)
    graph.build()
    return graph


def _define(session: Session, request: Request, value: Any, line: str) -> str:
    """Bind a definition and keep its cell; say in one line what it is, or what has changed and what follows."""
    told = put(session, request, value)
    keep_cell(session, request)
    return told or line


def put(session: Session, request: Request, value: Any, *, shows: bool = False) -> str:
    """Bind a definition to its name.

    Args:
        session: The notebook.
        request: The cell that defines it.
        value: The definition.
        shows: Say which lines have changed, also where no run stands that goes on with it.

    Returns:
        What has changed and what follows from that, in a line or more; empty if nothing has.
    """
    name, kind, body = request.name, request.verb.name, request.body or ""
    old = session.defined.get(name)
    session.bind(name, value)
    session.defined[name] = Defined(name, kind, value, request.cell, body)
    if old is None or old.kind != kind:
        return ""
    count = lines_changed(old.body.strip(), body.strip())
    if not count:
        return ""
    changed = f"{name}: {count} line{'s' if count > 1 else ''} changed"
    line = ", ".join([changed, *consequences(session, name)])
    stands = any(standing(session))
    if stands:
        note_versions(session)
    return "\n".join([line, *difference(old.body.strip(), body.strip())]) if stands or shows else line


def _check_tools(session: Session, agent: Agent) -> None:
    """Look its tools up now, where the mistake stands in the cell.

    Raises:
        UnknownName: There is no tool of that name, here or among the builtin ones.
    """
    equipped = agent.with_tools(session.notebook.get)
    try:
        equipped.toolbox  # noqa: B018 - it is looked up by being asked for
    except UnknownName as exc:
        own = [name for name, kind in session.notebook.kinds().items() if kind in {"tool", "function"}]
        raise UnknownName(exc.kind, exc.name, [*exc.known, *own]) from None


def _agent_line(agent: Agent) -> str:
    parts = [agent.model or "the run's model"]
    if agent.tools:
        parts.append(f"tools {', '.join(names_of(agent.tools))}")
    if agent.output is not None and agent.writes is None:
        parts.append("writes " + ", ".join(agent.output.model_fields))
    else:
        parts.append(f"writes {agent.writes or agent.key}")
    return f"agent {agent.name}: {' · '.join(parts)}"


def _schema_line(model: type[BaseModel]) -> str:
    return f"schema {model.__name__}: {', '.join(model.model_fields)}"


def _graph_line(graph: Graph) -> str:
    state = graph.schema.model.__name__ if graph.schema.model else "dict"
    counts = repr(graph).partition(": ")[2].rstrip(")")
    return f"graph {graph.name}: {counts}, state {state}"
