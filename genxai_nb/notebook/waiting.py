"""Joining a run from a cell: a wait that buttons and Interrupt can reach."""

from __future__ import annotations

import asyncio
import sys
import threading
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from typing import TYPE_CHECKING, Any

from genxai_nb.errors import RunCancelled, RunPaused
from genxai_nb.journal.summary import summarize
from genxai_nb.loop import run_in_worker, submit

from .stand import standing_place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import CodeType, FrameType

    from genxai_nb.graph.result import Result
    from genxai_nb.graph.run import Run

POLL = 0.1  # seconds: the kernel sees an interrupt of an awaiting cell only when its loop wakes up
GRACE = 0.25  # seconds that an interrupted run is given to write down where it stands


class Inquiry:
    """Work that calls no node: a cell waits for its value and shows it.

    Args:
        work: Does it, in a worker thread.

    Example:
        >>> Inquiry(lambda: 7).join()
        7
    """

    shown = True

    def __init__(self, work: Callable[[], Any]) -> None:
        self._future = submit(run_in_worker(work))

    async def joined(self) -> Any:
        """Wait and leave the kernel's loop free; an interrupt leaves the work to itself.

        Raises:
            GenXAIError: What the work raised.
        """
        waiter = asyncio.wrap_future(self._future)
        while not waiter.done():
            await asyncio.wait((waiter,), timeout=POLL)
        return waiter.result()

    def join(self) -> Any:
        """Wait and block, where nothing can be awaited.

        Raises:
            GenXAIError: What the work raised.
        """
        while not self._future.done():
            wait_for((self._future,), timeout=POLL)
        return self._future.result()


class Wait:
    """A run that has started and that a cell joins.

    Args:
        run: The run.
        future: Its end, or its next stand.
        ended: Called once, on the cell's thread, before the wait is over, with the result or None; returns
            what the wait gives.
        functions: Gives the plain functions behind a node, to tell which of them still run.
        meant: Tells whether a stand is what the cell waited for; else it ends the cell with `RunPaused`.
        looked: Called now and then while the cell waits; may ask a person.

    Example:
        >>> from genxai_nb.graph.build import Graph
        >>> run = Graph("g").node("a", lambda state: {"n": 1}).edge("START", "a").start(store=":memory:")
        >>> Wait(run, run.begin(), lambda result: result.state, lambda run, node: ()).join()
        {'n': 1}
    """

    shown = False  # the record shows what came of it

    def __init__(
        self,
        run: Run,
        future: Future[Result],
        ended: Callable[[Result | None], Any],
        functions: Callable[[Run, str], Iterable[Any]],
        meant: Callable[[Run], bool] = lambda _: False,
        looked: Callable[[], object] = lambda: None,
    ) -> None:
        self.run = run
        self.future = future
        self._ended = ended
        self._functions = functions
        self._meant = meant
        self._looked = looked

    async def joined(self) -> Any:
        """Wait and leave the kernel's loop free.

        Raises:
            GenXAIError: What stopped the run.
        """
        waiter = asyncio.wrap_future(self.future)
        try:
            while not waiter.done():
                await asyncio.wait((waiter,), timeout=POLL)
                self._looked()
        except (
            asyncio.CancelledError,
            KeyboardInterrupt,
        ):  # the first is how ipykernel tells an awaiting cell
            pass
        waiter.cancel()
        return self._close()

    def join(self) -> Any:
        """Wait and block, where nothing can be awaited.

        Raises:
            GenXAIError: What stopped the run.
        """
        try:
            while not self.future.done():
                wait_for((self.future,), timeout=POLL)
                self._looked()
        except KeyboardInterrupt:
            pass
        return self._close()

    def _close(self) -> Any:
        interrupted = stop(self.run, self.future)
        error = self._interruption() if interrupted else self.future.exception()
        result = None if error else self.future.result()
        if result is not None and result.status == "paused" and not self._meant(self.run):
            error = self._pause()
        value = self._ended(None if error else result)
        if error is None:
            return value
        # an exception group among the contexts would make IPython print the whole traceback
        error.__context__ = None
        raise error

    def _pause(self) -> RunPaused:
        run = self.run
        return RunPaused(
            f"Run {run.run_id} is paused {standing_place(run)}.",
            hint="%genxai continue goes on from there, %genxai next takes one step.",
            run_id=run.run_id,
        )

    def _interruption(self) -> RunCancelled:
        run = self.run
        steps = summarize(run.events()).steps
        what = f"Run {run.run_id} was interrupted after step {steps}."
        if busy := self._still_running():
            what += f" {busy} cannot be stopped and still runs in its thread."
        return RunCancelled(what, hint=f"%genxai resume {run.run_id} goes on from there.", run_id=run.run_id)

    def _still_running(self) -> str:
        """Name the nodes whose plain functions are at work in a worker thread right now."""
        stacks = set(_codes_at_work())
        nodes = summarize(self.run.events()).nodes
        busy = [
            name
            for name in nodes
            if any(
                getattr(function, "__code__", None) in stacks for function in self._functions(self.run, name)
            )
        ]
        return f"Node {', '.join(map(repr, busy))}" if busy else ""


def stop(run: Run, future: Future[Result]) -> bool:
    """Cancel a run that has not ended and give it a moment to write down where it stands.

    Returns:
        Whether there was something to stop.
    """
    if future.done():
        return False
    run.cancel()
    if not wait_for((future,), timeout=GRACE).done:
        future.cancel()  # it had not begun to be driven
    return True


def _codes_at_work() -> Iterator[CodeType]:
    here = threading.get_ident()
    for thread, frame in sys._current_frames().items():
        place: FrameType | None = None if thread == here else frame
        while place is not None:
            yield place.f_code
            place = place.f_back
