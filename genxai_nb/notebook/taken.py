"""The run that a verb acts on, and driving it from a cell."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from genxai_nb.agents.answer import Answer, answered
from genxai_nb.graph.run import Run

from .display import show_text
from .earlier import agent_asked, require_graph
from .live import settle
from .names import RESULT
from .outcome import show_outcome
from .pending import Pending
from .session import Started
from .stand import show_stand
from .typing_in import Asker
from .waiting import Wait

if TYPE_CHECKING:
    from genxai_nb.agents.agent import Agent
    from genxai_nb.graph.result import Result

    from .session import Session
    from .verb import Request


def answer_of(agent: Agent) -> Callable[[Run, Result], Answer]:
    """What reads an agent's answer out of its run; the agent remembers it once, whoever reads it first."""
    lock = threading.Lock()
    found: dict[str, Answer] = {}

    def read(run: Run, result: Result) -> Answer:
        with lock:  # the cell's thread and a panel's may both see the end
            if run.run_id not in found:
                found[run.run_id] = answered(agent, run, result)
            return found[run.run_id]

    return read


def taken(session: Session, request: Request) -> Started:
    """The run that a verb acts on; it is the latest one from now on. Its id is shown when it was not.

    Raises:
        RunError: Nothing has run here yet.
        RunNotFound: No run of that id is in the store.
        DefinitionError: The cells that define it have to be run first.
    """
    run = session.run(request.run)
    if not session.is_latest(run):
        show_text(f"Run {run.run_id}")
    started = session.started.get(run.run_id)
    if started is None:
        agent = agent_asked(session, run)
        graph = require_graph(session, run)
        run = Run.load(run.run_id, graph)
        started = Started(run, request.cell, None, RESULT, answer_of(agent) if agent else None)
    session.took(started)
    return started


def joined(
    session: Session,
    started: Started,
    request: Request,
    future: Future[Result],
    *,
    meant: Callable[[Run], bool] = lambda _: False,
    brief: bool = False,
) -> Wait:
    """Wait for a run that is driven.

    Args:
        session: The notebook.
        started: The run.
        request: What asked for it; ``--as`` names what takes the result.
        future: The run's end, or its next stand.
        meant: Tells whether a stand is what was asked for.
        brief: Where it stands is told in lines instead of by its record; its panel stands at another cell.
    """
    session.touch(started.run)
    started.future = future
    if name := request.text("as"):
        started.variable = session.check_bindable(name, result=True)
    if started.value is None:
        session.bind(started.variable, Pending(started.run, lambda: started.alive))
    asker = Asker(session, started, elsewhere=brief)

    def ended(result: Result | None) -> Any:
        asker.close()
        if result is not None and result.status == "done" and started.value is None:
            started.value = started.read(started.run, result) if started.read else result
        if started.value is not None:
            session.bind(started.variable, started.value)
        if brief and started.run.status == "paused":
            show_stand(started)
        elif started.panel is not None or started.settled:
            settle(session, started)
        else:
            show_outcome(started)
        return started.value

    return Wait(started.run, future, ended, session.functions_of, meant=meant, looked=asker.look)


def following(started: Started) -> Future[Result]:
    """The end or next stand of a run that somebody else in this process drives, such as its panel."""
    if started.future is not None and not started.future.done():
        return started.future
    import time

    future: Future[Result] = Future()

    def follow() -> None:
        while started.run.under_way:
            time.sleep(0.02)
        future.set_result(started.run.result())

    threading.Thread(target=follow, name="genxai-following", daemon=True).start()
    return future
