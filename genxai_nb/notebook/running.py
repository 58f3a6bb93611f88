"""The verbs that run something: run, ask, wait, resume."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from genxai_nb.agents.answer import Answer, answered, question
from genxai_nb.errors import RunError
from genxai_nb.graph.run import Run

from .display import show_text
from .earlier import agent_asked, require_graph, resumable
from .inputs import read_answers, read_input, read_prompt
from .names import RESULT
from .outcome import show_outcome
from .pending import Pending
from .session import Started
from .waiting import Wait, stop

if TYPE_CHECKING:
    from genxai_nb.agents.agent import Agent
    from genxai_nb.graph.result import Result

    from .session import Session
    from .verb import Request


def run_graph(session: Session, request: Request) -> Wait | None:
    """Run a graph with the input of the cell's body.

    Raises:
        GenXAIError: There is no such graph, the input does not fit, or the run failed.
    """
    graph = session.graph(request.name)
    given, answers = read_input(session, request, graph)
    model, store = request.text("model") or None, request.text("store") or None
    return _start(session, request, lambda: graph.start(given, model=model, store=store, answers=answers))


def ask_agent(session: Session, request: Request) -> Wait | None:
    """Ask an agent what stands in the body.

    Raises:
        GenXAIError: There is no such agent, the prompt is empty, or no answer came.
    """
    agent = session.agent(request.name)
    prompt = read_prompt(session, request)
    model = request.text("model") or None
    return _start(session, request, lambda: question(agent, prompt, model=model), _answer_of(agent))


def wait_for_run(session: Session, request: Request) -> Wait | None:
    """Join a run that goes on beside.

    Raises:
        RunError: The run stands still, or nothing has run here.
        GenXAIError: What stopped the run.
    """
    run = session.run(request.run)
    started = session.started.get(run.run_id)
    if started is None:
        raise RunError(
            f"Run {run.run_id} does not go on here; it is {run.status}.",
            hint=f"%genxai resume {run.run_id}",
            run_id=run.run_id,
        )
    return _joined(session, started, request)


def resume_run(session: Session, request: Request) -> Wait | None:
    """Go on with a run that stands still; of a finished one, give its result again.

    Raises:
        RunNotFound: There is no such run.
        DefinitionError: The cells that define it have to be run first.
        GenXAIError: What stopped the run.
    """
    if not request.run and session.latest is None and (rows := resumable(session)):
        names = ", ".join(f"{row.run} of {row.graph}" for row in rows[:5])
        raise RunError(
            f"Nothing has run in this notebook yet. Unfinished: {names}.",
            hint=f"%genxai resume {rows[0].run}",
        )
    run = session.run(request.run)
    started = session.started.get(run.run_id)
    if started is not None and started.alive:
        return _joined(session, started, request)
    read = started.read if started else None
    if agent := None if read else agent_asked(session, run):
        read = _answer_of(agent)
    run = _as_defined_now(session, run, asked=read is not None)
    variable = session.check_bindable(
        request.text("as") or (started.variable if started else RESULT), result=True
    )
    return _drive(session, request, run, variable, read, read_answers(request))


def _answer_of(agent: Agent) -> Callable[[Run, Result], Answer]:
    return lambda run, result: answered(agent, run, result)


def _as_defined_now(session: Session, run: Run, *, asked: bool) -> Run:
    """A run with its graph as the notebook defines it now; a question keeps its own."""
    if run.graph is not None and (asked or run.status == "done"):
        return run
    graph = require_graph(session, run)
    graph = session.notebook.only("graph").get(graph.name, graph)
    if graph is run.graph:
        return run
    options = run.options
    run = Run.load(run.run_id, graph, options.store)
    run.options = replace(run.options, answers=options.answers)
    return run


def park(session: Session, request: Request) -> None:
    """Stop the run that this same cell had started and that still goes on; it can be resumed."""
    old = session.of_cell(request.cell)
    if old is None:
        return
    stop(old.run, old.future)
    run_id = old.run.run_id
    show_text(f"‖ Run {run_id}, which this cell had started, is parked. %genxai resume {run_id}")


def _start(
    session: Session,
    request: Request,
    make: Callable[[], Run],
    read: Callable[[Run, Result], Any] | None = None,
) -> Wait | None:
    variable = session.check_bindable(request.text("as") or RESULT, result=True)
    park(session, request)
    return _drive(session, request, make(), variable, read, {})


def _drive(
    session: Session,
    request: Request,
    run: Run,
    variable: str,
    read: Callable[[Run, Result], Any] | None,
    answers: dict[str, Any],
) -> Wait | None:
    future = run.begin(answers=answers)
    session.bind(variable, Pending(run, future))
    started = Started(run, request.cell, future, variable, read)
    session.took(started)
    if request.has("detach"):
        name = run.graph.name if run.graph else ""
        show_text(f"▶ Run {run.run_id} of {name} goes on beside. %genxai wait joins it.")
        return None
    return _joined(session, started, request)


def _joined(session: Session, started: Started, request: Request) -> Wait:
    session.touch(started.run)
    if name := request.text("as"):
        started.variable = session.check_bindable(name, result=True)

    def ended(result: Result | None) -> Any:
        if result is not None and started.value is None:
            started.value = started.read(started.run, result) if started.read else result
        if started.value is not None:
            session.bind(started.variable, started.value)
        show_outcome(started)
        return started.value

    return Wait(started.run, started.future, ended, session.functions_of)
