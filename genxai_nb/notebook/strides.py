"""The verbs that drive a run on: next, step, out, until, continue; and pause."""

from __future__ import annotations

from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from functools import partial
from typing import TYPE_CHECKING, Any

from genxai_nb.errors import RunError
from genxai_nb.graph.conditions import condition_over
from genxai_nb.loop import run_in_worker, submit

from .answering import given_to_question
from .display import show_text
from .editing import adopt
from .running import let_ask
from .stand import show_stand
from .taken import following, joined, taken

if TYPE_CHECKING:
    from genxai_nb.graph.pace import Stride
    from genxai_nb.graph.result import Result
    from genxai_nb.graph.run import Run

    from .session import Session, Started
    from .verb import Request
    from .waiting import Wait

MOMENT = 0.3  # seconds in which most pauses have come to rest


def stride_next(session: Session, request: Request) -> Wait:
    """Run one visit, and stand again."""
    return _stride(session, request, "next")


def stride_step(session: Session, request: Request) -> Wait:
    """Go on to the next call or visit."""
    return _stride(session, request, "step")


def stride_out(session: Session, request: Request) -> Wait:
    """Go on until the visit, or the subgraph, around has ended."""
    return _stride(session, request, "out")


def _stride(session: Session, request: Request, stride: Stride) -> Wait:
    started = _ready(session, request)
    future = started.begin(stride)
    return joined(session, started, request, future, meant=lambda _: True, brief=True)


def go_until(session: Session, request: Request) -> Wait:
    """Go on until a condition holds behind a visit, or until a node is about to start.

    Raises:
        LineInvalid: It is neither a node nor an expression.
        UnknownName: It names a key that the state cannot have.
        GenXAIError: What stopped the run.
    """
    started = _ready(session, request)
    run, goal = started.run, request.name
    if run.graph is not None and goal in run.graph.all_nodes():
        work = partial(run.until_node, goal)
    else:
        if run.graph is not None:
            condition_over(run.graph, goal)
        work = partial(run.until, goal)
    future = started.place.copy().run(lambda: submit(run_in_worker(work)))
    started.settled, started.inside = False, []
    return joined(session, started, request, future, meant=_is_arrival, brief=True)


def _is_arrival(run: Run) -> bool:
    return run.reason.startswith("breakpoint 0 ") or " holds after " in run.reason


def go_on(session: Session, request: Request) -> Wait | None:
    """Go on to the end, a breakpoint or a pause; with ``--answer`` answer what is asked first.

    Raises:
        ResumeRefused: The graph has other nodes or edges now, and ``--rebase`` was not given.
        RunError: Nothing is asked, or the answer is none of its choices.
        GenXAIError: What stopped the run.
    """
    started = taken(session, request)
    answers: dict[str, Any] = {}
    if "answer" in request.options:
        answers = given_to_question(started, request.text("node"), request.text("answer"))
    if started.alive:
        future: Future[Result] = following(started)
    else:
        adopt(session, started, rebase=request.has("rebase"))
        let_ask(session, request, started)
        future = started.begin(answers=answers)
    if request.has("detach"):
        show_text(f"▶ Run {started.run.run_id} goes on beside. %genxai wait joins it.")
        return None
    return joined(session, started, request, future, brief=True)


def pause(session: Session, request: Request) -> None:
    """Let a run that goes on beside come to rest.

    Raises:
        RunError: It does not go on.
    """
    started = taken(session, request)
    run = started.run
    if not started.alive:
        raise RunError(
            f"Run {run.run_id} does not go on; its status is {run.status}.",
            hint="%genxai state",
            run_id=run.run_id,
        )
    future = following(started)
    while not (run.under_way or future.done()):  # it was told to go on, and is about to
        wait_for((future,), timeout=0.005)
    run.pause()
    wait_for((future,), timeout=MOMENT)
    if not future.done():
        show_text(f"‖ Run {run.run_id} will stand at its next call or visit. %genxai wait joins it.")
    else:
        show_stand(started)


def _ready(session: Session, request: Request) -> Started:
    """The run that a stride is for; it must stand.

    Raises:
        RunError: It goes on already.
    """
    started = taken(session, request)
    run = started.run
    if started.alive:
        raise RunError(
            f"Run {run.run_id} goes on already.",
            hint="%genxai pause lets it stand, %genxai wait joins it.",
            run_id=run.run_id,
        )
    adopt(session, started)
    let_ask(session, request, started)
    return started
