"""A panel without its page: it follows a run, tells what to show, and carries out what was pressed.

One thread does all of it, in order, so that neither the kernel's loop nor the engine's ever waits for a panel.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Any

from .exhibit import Exhibit
from .orders import carry_out
from .standing import sign_of

if TYPE_CHECKING:
    from genxai_nb.graph.run import Run

__all__ = ["Desk"]

MOVING, RESTING = 0.05, 0.3  # seconds between updates while a run goes on, of what is quick and slow to read
WATCH = 0.2  # seconds after which it is noticed that somebody else moved the run
_SHARE = 12  # updates take at most one part of so many of the time

_CLOSE, _LOOK = object(), object()
_log = logging.getLogger("genxai_nb")


class Desk:
    """Follows one run and drives it.

    Args:
        run: The run; it has its graph.
        put: Takes what has changed of what is shown, by name; called on the desk's own thread.
        begin: Starts to drive the run as `Run.begin` does; by default that.
        where: Says which cell defines a name, such as ``cell [14]``.
        rested: Told each time that the run has come to rest.
        forked: Told of a run that was forked from this one.
        watches: Gives the expressions whose values are shown with the state.
        adopt: Lets the run go on in its graph as it is defined now, or refuses; told whether to rebase it.

    Attributes:
        run: The run.
        exhibit: What is shown of it.

    Example:
        >>> from genxai_nb.graph.build import Graph
        >>> graph = Graph("g").node("a", lambda state: {"n": 1}).edge("START", "a")
        >>> shown = {}
        >>> desk = Desk(graph.start(store=":memory:"), shown.update)
        >>> desk.open()
        >>> shown["run"]["words"], shown["status"]["cards"]["a"][0]
        ('Ready to start', 'idle')
        >>> desk.close()
    """

    def __init__(
        self,
        run: Run,
        put: Callable[[dict[str, Any]], object],
        *,
        begin: Callable[[Any], Future[Any]] | None = None,
        where: Callable[[str], str] = lambda _: "",
        rested: Callable[[Run], object] = lambda _: None,
        forked: Callable[[Run], object] = lambda _: None,
        watches: Callable[[], Sequence[str]] = tuple,
        adopt: Callable[[bool], object] = lambda _: None,
    ) -> None:
        self.run = run
        self.exhibit = Exhibit(run, where, watches)
        self.adopt = adopt
        self.begin: Callable[[Any], Future[Any]] = begin or run.begin
        self.forked = forked
        self._put = put
        self._rested = rested
        self._box: SimpleQueue[Any] = SimpleQueue()
        self._shown: dict[str, Any] = {}
        self._told: dict[str, Any] = {}
        self._sign: tuple[Any, ...] = ()
        self._stands = run.stands
        self._cost = 0.0
        self._unsubscribe: Callable[[], None] = lambda: None
        self._thread: threading.Thread | None = None
        self._hands: ThreadPoolExecutor | None = None

    def open(self) -> None:
        """Read the run as it is, show it, and follow it from now on."""
        self._unsubscribe = self.run.subscribe(self._box.put)
        for event in self.exhibit.history.load(self.run, self._drained()):
            self.exhibit.history.take(event)
        self._update(all_of_it=True)
        name = f"genxai-panel-{self.run.run_id}"
        self._thread = threading.Thread(target=self._live, name=name, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop following the run."""
        self._unsubscribe()
        if self._hands is not None:
            self._hands.shutdown(wait=False)
        if self._thread is not None and self._thread.is_alive():
            self._box.put(_CLOSE)
            if self._thread is not threading.current_thread():
                self._thread.join(timeout=2.0)

    def press(self, message: Mapping[str, Any]) -> None:
        """Take what was pressed and return at once."""
        self._box.put(dict(message))

    def refresh(self) -> None:
        """Look again: something has changed of which no fact tells."""
        self._box.put(_LOOK)

    def in_time(self, work: Callable[[], Any]) -> Future[Any]:
        """Do what takes as long as the run takes, beside this thread."""
        if self._hands is None:
            self._hands = ThreadPoolExecutor(1, f"genxai-panel-{self.run.run_id}-drive")
        return self._hands.submit(work)

    def tell(self, view: str, number: int, error: Exception, offer: str = "") -> None:
        """Say in one view that what was pressed there could not be done, why, and what can be pressed instead."""
        text = getattr(error, "what", "") or str(error)
        hint = getattr(error, "hint", "") or ""
        self._told = {"view": view, "id": number, "text": text, "hint": hint, "offer": offer}
        self.refresh()

    # ── the thread ───────────────────────────────────────────────────────────────────────────

    def _live(self) -> None:
        due: float | None = None
        asked = False
        moved = rested = monotonic()
        while True:
            try:
                item = self._box.get(timeout=WATCH if due is None else max(0.0, due - monotonic()))
            except Empty:
                if due is None and not self._has_moved():
                    continue
            else:
                if item is _CLOSE:
                    return
                asked = self._take(item) or asked
                interval = 0.0 if asked else max(MOVING, self._cost * _SHARE)
                due = moved + interval if due is None else min(due, moved + interval)
                if due > monotonic():
                    continue
            stands = self.run.status != "running"
            all_of_it = stands or asked or monotonic() - rested >= max(RESTING, self._cost * _SHARE)
            self._guard(partial(self._update, all_of_it=all_of_it))
            moved = monotonic()
            rested, asked = moved if all_of_it else rested, False
            if self._is_ending():
                due = moved + MOVING / 5
            else:  # what is slow to read follows, also when nothing more happens
                due = None if all_of_it else rested + max(RESTING, self._cost * _SHARE)

    def _take(self, item: Any) -> bool:
        """Take a fact, a hint, a message or a request to look; tells whether to show it at once."""
        if isinstance(item, dict):
            self._guard(carry_out, self, item)
        elif item is not _LOOK:
            self._guard(self.exhibit.history.take, item)
            return False
        return True

    def _has_moved(self) -> bool:
        """Whether somebody else has moved the run."""
        try:
            return sign_of(self.run) != self._sign
        except (AttributeError, RuntimeError):  # it is moving at this very moment
            return True

    def _is_ending(self) -> bool:
        """Whether the last fact is here and the run is about to say that it stands."""
        return self.run.status == "running" and self.exhibit.history.story.status not in {"running", "ready"}

    def _update(self, *, all_of_it: bool) -> None:
        began = perf_counter()
        self.exhibit.catch_up()
        self._sign = sign_of(self.run)
        self._show({**self.exhibit.moving(), "told": self._told})
        if all_of_it:
            self._show(self.exhibit.resting())
        self._cost = (self._cost + perf_counter() - began) / 2
        status, stands = self._sign[:2]
        if stands != self._stands and status != "running":
            self._stands = stands
            self._rested(self.run)

    def _show(self, shown: dict[str, Any]) -> None:
        new = {name: value for name, value in shown.items() if self._shown.get(name) != value}
        self._shown |= new
        if new:
            self._put(new)

    def _guard(self, act: Callable[..., object], *arguments: Any) -> None:
        try:
            act(*arguments)
        except Exception as exc:  # noqa: BLE001 - a panel that cannot show one thing must go on showing the rest
            _log.error("The panel of run %s could not be brought up to date.", self.run.run_id, exc_info=exc)

    def _drained(self) -> list[Any]:
        """What has come in and was not taken yet."""
        items = []
        with suppress(Empty):
            while True:
                items.append(self._box.get_nowait())
        return items
