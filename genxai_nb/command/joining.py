"""Driving a run to its end while a person looks on, answers, or interrupts."""

from __future__ import annotations

from concurrent.futures import Future, wait
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from genxai_nb.errors import RunCancelled

if TYPE_CHECKING:
    from genxai_nb.graph.result import Result
    from genxai_nb.graph.run import Run
    from genxai_nb.journal.events import Event, Hint

    from .person import Person
    from .progress import Progress

__all__ = ["drive"]

POLL = 0.05  # seconds between looks at what is asked
CLEANUP = 2.0  # seconds that an interrupted run is given to write down where it stands


def drive(run: Run, progress: Progress | None, person: Person | None) -> Result:
    """Drive a run on the engine thread; show what it does and answer what it asks from this one.

    Returns:
        The result, of status ``done``, or ``paused`` when the person left a question open.

    Raises:
        RunCancelled: It was interrupted.
        GenXAIError: What stopped it.
    """
    arrived: SimpleQueue[Event | Hint | None] = SimpleQueue()
    unsubscribe = run.subscribe(arrived.put)
    driving = run.begin()
    driving.add_done_callback(lambda _: arrived.put(None))
    try:
        _watch(run, arrived, progress, person)
    except KeyboardInterrupt:
        return _interrupted(run, driving)
    finally:
        unsubscribe()
    return driving.result()


def _watch(
    run: Run,
    arrived: SimpleQueue[Event | Hint | None],
    progress: Progress | None,
    person: Person | None,
) -> None:
    while True:
        try:
            event = arrived.get(timeout=POLL)
        except Empty:
            if person is not None and not _answered(run, person):
                person = None
                run.pause()
            continue
        if event is None:
            return
        if progress is not None:
            progress.take(event)


def _answered(run: Run, person: Person) -> bool:
    """Answer what is asked; False if the person has gone."""
    for question in run.questions:
        answer = person.answer(question)
        if answer is None:
            return False
        run.answer(question.slot, answer)
    return True


def _interrupted(run: Run, driving: Future[Result]) -> Result:
    run.cancel()
    wait((driving,), CLEANUP)
    if driving.done() and not driving.cancelled() and driving.exception() is None:
        return driving.result()  # it had come to its end meanwhile
    raise RunCancelled(f"Run {run.run_id} was interrupted after step {run.steps}.", run_id=run.run_id)
