"""The verbs that run something: run, ask, wait, resume."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from genxai_nb.agents.answer import question
from genxai_nb.errors import RunError
from genxai_nb.graph.build import Graph

from .display import show_text
from .editing import adopt
from .inputs import read_answers, read_input, read_prompt
from .live import open_panel
from .names import RESULT
from .pending import Pending
from .people import is_interactive
from .session import Started
from .stops import arm
from .taken import answer_of, following, joined, taken
from .waiting import Wait, stop

if TYPE_CHECKING:
    from genxai_nb.agents.agent import Agent
    from genxai_nb.graph.result import Result
    from genxai_nb.graph.run import Run

    from .session import Session
    from .verb import Request


def run_graph(session: Session, request: Request) -> Wait | None:
    """Run a graph with the input of the cell's body.

    Raises:
        GenXAIError: There is no such graph, the input does not fit, or the run failed.
    """
    graph = session.graph(request.name)
    started = started_new(session, request, made_from(session, request, graph))
    return drive(session, request, started)


def ask_agent(session: Session, request: Request) -> Wait | None:
    """Ask an agent what stands in the body.

    Raises:
        GenXAIError: There is no such agent, the prompt is empty, or no answer came.
    """
    agent = session.agent(request.name)
    prompt = read_prompt(session, request)
    chat = session.chats.get(agent.name)
    if chat is None or not chat.takes(agent):
        return drive(session, request, started_question(session, request, agent, prompt))
    started = started_question(session, request, agent, prompt, chat.runs)
    chat.took(started)
    return drive(session, request, started)


def started_question(
    session: Session, request: Request, agent: Agent, prompt: str, chat: Sequence[str] | None = None
) -> Started:
    """Make the run that answers a prompt; with the runs of a chat so far it belongs to that.

    Raises:
        GenXAIError: The prompt is empty, or an option does not hold what it should.
    """
    model, budget, cassette = (request.options.get(name) or None for name in ("model", "budget", "cassette"))

    def make() -> Run:
        return question(agent, prompt, chat=chat, model=model, budget=budget, cassette=cassette)

    return started_new(session, request, make, answer_of(agent))


def wait_for_run(session: Session, request: Request) -> Wait | None:
    """Join a run that goes on beside.

    Raises:
        RunError: The run stands still, or nothing has run here.
        GenXAIError: What stopped the run.
    """
    run = session.run(request.run)
    started = session.started.get(run.run_id)
    if started is None or (started.future is None and not started.alive):
        raise RunError(
            f"Run {run.run_id} does not go on here; its status is {run.status}.",
            hint=f"%genxai resume {run.run_id}",
            run_id=run.run_id,
        )
    future = following(started) if started.alive or started.future is None else started.future
    return joined(session, started, request, future)


def resume_run(session: Session, request: Request) -> Wait | None:
    """Go on with a run that stands still; of a finished one, give its result again.

    Raises:
        RunNotFound: There is no such run.
        DefinitionError: The cells that define it have to be run first.
        GenXAIError: What stopped the run.
    """
    started = taken(session, request)
    if started.alive:
        return joined(session, started, request, following(started))
    adopt(session, started)
    let_ask(session, request, started)
    if policy := request.text("policy"):
        started.run.set_policy(policy)
    if budget := request.text("budget"):
        started.run.set_budget(budget)
    return drive(session, request, started, read_answers(request))


def park(session: Session, request: Request) -> None:
    """Stop the run that this same cell had started and that has not ended; it can be resumed."""
    old = session.of_cell(request.cell)
    if old is None:
        return
    if old.future is None or not stop(old.run, old.future):
        old.run.cancel()
    run_id = old.run.run_id
    show_text(f"‖ Run {run_id}, which this cell had started, is parked. %genxai resume {run_id}")


def made_from(session: Session, request: Request, graph: Graph) -> Callable[[], Run]:
    """What makes a run of a graph with the input of a cell or line.

    Raises:
        GenXAIError: The input cannot be read.
    """
    given, answers = read_input(session, request, graph)
    model, store = request.text("model") or None, request.text("store") or None
    policy, budget = request.text("policy") or None, request.text("budget") or None
    cassette = request.text("cassette") or None
    return lambda: graph.start(
        given,
        model=model,
        store=store,
        answers=answers,
        policy=policy,
        budget=budget,
        cassette=cassette,
    )


def started_new(
    session: Session,
    request: Request,
    make: Callable[[], Run],
    read: Callable[[Run, Result], Any] | None = None,
) -> Started:
    """Make a run that stands before its first node; the one that this cell had started is parked."""
    variable = session.check_bindable(request.text("as") or RESULT, result=True)
    park(session, request)
    started = Started(make(), request.cell, None, variable, read)
    let_ask(session, request, started)
    arm(session, request, started)
    session.took(started)
    session.bind(variable, Pending(started.run, lambda: started.alive))
    return started


def let_ask(session: Session, request: Request, started: Started) -> None:
    """Let a run that is about to be driven ask people, if somebody is there to answer."""
    run = started.run
    if run.status != "paused":
        run.options = replace(run.options, interactive=is_interactive(session, request))


def drive(
    session: Session, request: Request, started: Started, answers: dict[str, Any] | None = None
) -> Wait | None:
    """Drive a run to its end; with ``--detach`` it goes on beside."""
    future = started.begin(answers=answers)
    wait = joined(session, started, request, future)
    if isinstance(started.run.graph, Graph) and started.read is None:
        open_panel(session, started)
    if request.has("detach"):
        name = started.run.graph.name if started.run.graph else ""
        show_text(f"▶ Run {started.run.run_id} of {name} goes on beside. %genxai wait joins it.")
        return None
    return wait
