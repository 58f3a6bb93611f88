"""A run's facts as they are looked at, and its state at any step without folding all of them."""

from __future__ import annotations

import threading
import warnings
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import TYPE_CHECKING

from genxai_nb.errors import RunError, StoreDamaged
from genxai_nb.journal.events import (
    Event,
    LoopLimitReached,
    NodeFinished,
    RunRebased,
    RunStarted,
    TokenAbsorbed,
)
from genxai_nb.journal.heads import first_of

from .fold import Folded

if TYPE_CHECKING:
    from genxai_nb.journal.store import Store

    from .plan import Plan
    from .workflow import Workflow

__all__ = ["BETWEEN", "History"]

BETWEEN = 256  # facts from one kept fold to the next
FOLLOWING = (LoopLimitReached, TokenAbsorbed)  # facts of what the end of a visit led to


class History:
    """What is known of a run's current line of history; may be asked from any thread.

    Facts are read once, and a fold is kept after each few hundred of them, so that whatever step is asked
    for, not many are folded.

    Args:
        store: Where the run is kept.
        run_id: The run.
        between: Facts from one kept fold to the next.
    """

    def __init__(self, store: Store, run_id: str, between: int = BETWEEN) -> None:
        self._store = store
        self._run = run_id
        self._between = between
        self._lock = threading.RLock()
        self._plan: Plan | None = None
        self._forget("")

    def _forget(self, head: str) -> None:
        self._head = head
        self._events: list[Event] = []
        self._begun: list[int] = []  # places of the facts with which a graph's own part begins
        self._ends: list[int] = []  # by finished visit, how many facts there are up to its end
        self._folds: list[tuple[int, Folded]] = []  # by how many facts they hold
        self._last: tuple[int, Folded] | None = None
        self._damage: StoreDamaged | None = None

    @property
    def damage(self) -> StoreDamaged | None:
        """What keeps the facts behind the known ones from being read, if anything does."""
        with self._lock:
            self._read()
            return self._damage

    def leave_damage(self) -> None:
        """Let the run go on in a new head that ends before what is damaged, if anything is.

        Raises:
            RunBusy: It is being driven.
        """
        with self._lock:
            self._read()
            if self._damage is not None:
                cut = len(self._events)
                self.go_back(cut, self._store.branch(self._run, cut, f"event {cut + 1} is damaged"))

    def events(self) -> list[Event]:
        """All facts so far.

        Raises:
            RunNotFound: The run is in the store no more.
            StoreDamaged: A fact cannot be read back.
        """
        with self._lock:
            self._read()
            return self._events.copy()

    @property
    def steps(self) -> int:
        """How many visits have finished."""
        with self._lock:
            self._read()
            return len(self._ends)

    def cut(self, step: int) -> int:
        """How many facts make up the first so many steps.

        Raises:
            RunError: The run has fewer steps.
        """
        with self._lock:
            self._read()
            steps = len(self._ends)
            if not 0 <= step <= steps:
                raise RunError(
                    f"Run {self._run} has {steps} steps, not {step}.",
                    hint=f"Give 0 to {steps}.",
                    run_id=self._run,
                )
            return self._ends[step - 1] if step else 1

    def later(self, cut: int) -> list[Event]:
        """The known facts behind the first ``cut``."""
        with self._lock:
            return self._events[cut:]

    def go_back(self, cut: int, head: str) -> None:
        """Follow the run to a new head, which has the first ``cut`` facts of the line that was left."""
        with self._lock:
            events, folds = self._events[:cut], self._folds
            self._forget(head)
            self._note(events)
            self._folds = [fold for fold in folds if fold[0] <= cut]

    def fork(self, run_id: str, parent: str, cut: int, head: str) -> History:
        """The history of a run that was just forked from this one after its first ``cut`` facts."""
        made = History(self._store, run_id, self._between)
        with self._lock:
            made._forget(head)
            made._note([first_of(self._events[0], run_id, parent), *self._events[1:cut]])
            made._folds = [fold for fold in self._folds if fold[0] <= cut]
            made._plan = self._plan
        return made

    # ── folds ────────────────────────────────────────────────────────────────────────────────

    def folded(self, graph: Workflow, cut: int | None = None) -> Folded:
        """What the first ``cut`` facts had come to, by default all; to be looked at, not to be changed.

        Raises:
            StoreDamaged: They do not begin with RunStarted, or one cannot follow those before it.
        """
        with self._lock:
            self._read()
            cut = len(self._events) if cut is None else cut
            if self._last is None or self._last[0] != cut or not self._last[1].is_current(graph):
                self._last = cut, self._fold(graph, cut)
            return self._last[1]

    def _fold(self, graph: Workflow, cut: int) -> Folded:
        if (plan := graph.build()) is not self._plan:
            self._folds, self._plan = [], plan
        begun = bisect_left(self._begun, cut)
        if not begun or self._begun[0]:
            raise StoreDamaged(
                "The run's first event is not RunStarted.", hint="The journal is damaged before this run."
            )
        place, folded = self._near(graph, self._begun[begun - 1], cut)
        kept = max(place, self._folds[-1][0] if self._folds else 0)
        for number in range(place, cut):
            folded.take(self._events[number])
            fresh = number + 1 - kept
            if fresh >= self._between and fresh >= folded.breadth >> 3:
                kept = number + 1
                self._folds.append((kept, folded.copy()))
        return folded

    def _near(self, graph: Workflow, begun: int, cut: int) -> tuple[int, Folded]:
        """A fold of no more than ``cut`` facts to go on from, and how many facts it holds."""
        last = bisect_right(self._folds, cut, key=lambda fold: fold[0])
        while last and self._folds[last - 1][0] > begun:
            place, fold = self._folds[last - 1]
            if fold.is_current(graph):
                return place, fold.copy()
            del self._folds[last - 1]
            last -= 1
        return begun + 1, Folded.begin(graph, self._events[0], self._events[begun])

    # ── reading ──────────────────────────────────────────────────────────────────────────────

    def _read(self) -> None:
        head = next((row.name for row in self._store.heads(self._run) if row.current), None)
        if head is None:
            raise StoreDamaged(f"Run {self._run!r} has no head to go on with.", hint="Fork it from another.")
        if head != self._head:
            self._forget(head)
        if self._damage is not None:
            return
        try:
            self._note(self._store.read(self._run, head, len(self._events)))
        except StoreDamaged as exc:
            if not self._events:
                raise
            self._damage = exc
            stands = f"Run {self._run!r} stands at event {len(self._events)} and can go on from there."
            warnings.warn(f"{exc.what} {stands}", stacklevel=3)
        if not self._events or type(self._events[0]) is not RunStarted:
            self._forget("")
            raise StoreDamaged(f"The first event of run {self._run!r} is not RunStarted.", hint="It is lost.")

    def _note(self, events: Iterable[Event]) -> None:
        known, ends = self._events, self._ends
        for event in events:
            kind = type(event)
            if kind is NodeFinished:
                ends.append(len(known) + 1)
            elif kind in FOLLOWING and ends and ends[-1] == len(known):
                ends[-1] += 1
            elif kind is RunStarted or kind is RunRebased:
                self._begun.append(len(known))
            known.append(event)
