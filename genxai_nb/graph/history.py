"""A run's facts as they are looked at, and its state at any step without folding all of them."""

from __future__ import annotations

import threading
import warnings
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable
from contextlib import suppress
from copy import copy
from typing import TYPE_CHECKING, TypeVar, cast

from genxai_nb.errors import ConditionFailed, RunError, StateInvalid, StoreDamaged
from genxai_nb.journal.events import (
    Event,
    LoopLimitReached,
    NodeFinished,
    RunRebased,
    RunResumed,
    RunStarted,
    TokenAbsorbed,
)
from genxai_nb.journal.heads import first_of

from .fold import Folded

if TYPE_CHECKING:
    from genxai_nb.journal.snapshot import Snapshot
    from genxai_nb.journal.store import Outline, Store

    from .plan import Plan
    from .workflow import Workflow

__all__ = ["BETWEEN", "History"]

BETWEEN = 256  # facts from one kept fold to the next
FOLLOWING = (LoopLimitReached, TokenAbsorbed)  # facts of what the end of a visit led to
TURNING = (RunStarted, RunResumed, RunRebased)

T = TypeVar("T")


class History:
    """What is known of a run's current line of history; may be asked from any thread.

    Facts are read once, and a fold is kept after each few hundred of them, so that whatever step is asked
    for, not many are folded. Where the store has snapshots, those before the last one are read only if
    somebody asks for them.

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
        self._snapshot: Callable[[int], Snapshot]
        self._forget("")

    def _forget(self, head: str) -> None:
        self._head = head
        self._events: list[Event | None] = []  # None for those that are not read yet
        self._unread = 0
        self._begun: list[int] = []  # places of the facts with which a graph's own part begins
        self._turning: list[int] = []  # and of those that say with what the run goes on
        self._ends: list[int] = []  # by finished visit, how many facts there are up to its end
        self._folds: list[tuple[int, Folded]] = []  # by how many facts they hold
        self._snapshots: list[int] = []  # how many facts those hold from which one may go on
        self._sound: list[int] = []  # and those from which one has
        self._last: tuple[int, Folded] | None = None
        self._damage: StoreDamaged | None = None

    def __len__(self) -> int:
        """How many facts there are."""
        with self._lock:
            self._read()
            return len(self._events)

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

    def settle(self, graph: Workflow) -> None:
        """Find from where the run would go on, so that what keeps it from that is known."""

        def find() -> None:
            if self._snapshots:
                place, _ = self._near(graph, self._begun[-1], len(self._events))
                self._part(place)

        with suppress(StateInvalid, ConditionFailed):  # which is told when it matters
            self._intact(find)

    def events(self) -> list[Event]:
        """All facts so far; where the run stands behind a damaged one all the same, those before that, with a warning.

        Raises:
            RunNotFound: The run is in the store no more.
            StoreDamaged: Not even the first fact can be read back.
        """

        def find() -> list[Event]:
            try:
                return self._part(0)
            except StoreDamaged as exc:
                if not self._is_settled():
                    raise
                known = self._events.index(None)
                warnings.warn(
                    f"{exc.what} The events of run {self._run!r} are shown up to {known}.", stacklevel=4
                )
                return self._part(0, known)

        return self._intact(find)

    def turning(self) -> list[Event]:
        """The facts that say in what graph the run goes on, with which versions, policy and budget."""
        return self._intact(
            lambda: [event for place in self._turning for event in self._part(place, place + 1)]
        )

    def recent(self, graph: Workflow) -> list[Event]:
        """The facts that can concern visits which are under way or still to come, from RunStarted on.

        Where a snapshot is taken, nobody has called anything for the visit that has just begun, and no other is
        under way: of what was before, only that counts with which the run goes on.
        """

        def find() -> list[Event]:
            self._find_fold(graph, len(self._events))
            start = self._sound[-1] if self._sound else 0
            turning = self._turning[: bisect_left(self._turning, start)]
            return [*(self._part(place, place + 1)[0] for place in turning), *self._part(start)]

        return self._intact(find)

    def later(self, cut: int) -> list[Event]:
        """The facts behind the first ``cut``."""
        return self._intact(lambda: self._part(cut))

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

    def go_back(self, cut: int, head: str) -> None:
        """Follow the run to a new head, which has the first ``cut`` facts of the line that was left."""
        with self._lock:
            self._branch(self, cut, head)

    def fork(self, run_id: str, parent: str, cut: int, head: str) -> History:
        """The history of a run that was just forked from this one after its first ``cut`` facts."""
        made = History(self._store, run_id, self._between)
        with self._lock:
            self._branch(made, cut, head)
            made._plan = self._plan
            made._events[:1] = [first_of(event, run_id, parent) for event in self._part(0, 1)]
        return made

    def _branch(self, other: History, cut: int, head: str) -> None:
        """Let a history begin with what is known of the first ``cut`` facts of this one."""
        known = copy(self)
        other._forget(head)
        other._events = known._events[:cut]
        other._unread = other._events.count(None)
        other._begun, other._turning = (
            places[: bisect_left(places, cut)] for places in (known._begun, known._turning)
        )
        other._ends, other._snapshots, other._sound = (
            counts[: bisect_right(counts, cut)] for counts in (known._ends, known._snapshots, known._sound)
        )
        other._folds = known._folds[: bisect_right(known._folds, cut, key=_place_of)]
        if known._snapshots:
            other._snapshot = known._snapshot

    # ── folds ────────────────────────────────────────────────────────────────────────────────

    def folded(self, graph: Workflow, cut: int | None = None) -> Folded:
        """What the first ``cut`` facts had come to, by default all; to be looked at, not to be changed.

        Raises:
            StoreDamaged: They do not begin with RunStarted, or one cannot follow those before it.
        """

        def find() -> Folded:
            known = len(self._events)
            return self._find_fold(graph, known if cut is None else min(cut, known))

        return self._intact(find)

    def _find_fold(self, graph: Workflow, cut: int) -> Folded:
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
        kept = place
        for number, event in enumerate(self._part(place, cut), place + 1):
            folded.take(event)
            fresh = number - kept
            if fresh >= self._between and fresh >= folded.breadth >> 3:
                kept = number
                self._keep(kept, folded.copy())
        return folded

    def _keep(self, place: int, folded: Folded) -> None:
        insort(self._folds, (place, folded), key=_place_of)

    def _near(self, graph: Workflow, begun: int, cut: int) -> tuple[int, Folded]:
        """A fold of no more than ``cut`` facts to go on from, and how many facts it holds."""
        last = bisect_right(self._folds, cut, key=_place_of)
        while last and self._folds[last - 1][0] > begun and not self._folds[last - 1][1].is_current(graph):
            del self._folds[last - 1]
            last -= 1
        place, kept = self._folds[last - 1] if last else (0, None)
        first, beginning = self._part(0, 1)[0], self._part(begun, begun + 1)[0]
        after = bisect_right(self._snapshots, max(place, begun))
        for number in reversed(self._snapshots[after : bisect_right(self._snapshots, cut)]):
            folded = Folded.begin(graph, first, beginning)
            if self._go_to(folded, number):
                self._keep(number, folded.copy())
                return number, folded
        if kept is not None and place > begun:
            return place, kept.copy()
        return begun + 1, Folded.begin(graph, first, beginning)

    def _go_to(self, folded: Folded, number: int) -> bool:
        """Go to where a snapshot was taken; one of another graph, or that is no good, is passed over."""
        try:
            snapshot = self._snapshot(number)
            if snapshot.structure != folded.graph.structure:
                return False
            folded.go_to(snapshot)
        except (StoreDamaged, StateInvalid) as exc:
            self._snapshots.remove(number)
            warnings.warn(
                f"The snapshot at event {number} of run {self._run!r} is passed over. {exc.what}",
                stacklevel=3,
            )
            return False
        insort(self._sound, number)
        return True

    # ── reading ──────────────────────────────────────────────────────────────────────────────

    def _intact(self, find: Callable[[], T]) -> T:
        """What is found; if a fact is damaged and no snapshot behind it serves, in what there is before that fact."""
        with self._lock:
            self._read()
            try:
                return find()
            except StoreDamaged:
                if not self._unread or self._is_settled():
                    raise
            self._forget(self._head)
            self._read_on()
            return find()

    def _is_settled(self) -> bool:
        """Whether all is known behind a snapshot that serves."""
        return bool(self._sound) and None not in self._events[self._sound[-1] :]

    def _part(self, start: int, stop: int | None = None) -> list[Event]:
        """Some of the facts, which are read now if they are not known."""
        stop = len(self._events) if stop is None else stop
        place = start
        while self._unread and place < stop:
            if self._events[place] is not None:
                place += 1
                continue
            before = self._unread
            for event in self._store.read(self._run, self._head, place):
                if place >= stop or self._events[place] is not None:
                    break
                self._events[place] = event
                self._unread -= 1
                place += 1
            if before == self._unread:
                raise StoreDamaged(f"Event {place + 1} of run {self._run!r} is missing.", hint="It is lost.")
        return cast("list[Event]", self._events[start:stop])

    def _read(self) -> None:
        head = next((row.name for row in self._store.heads(self._run) if row.current), None)
        if head is None:
            raise StoreDamaged(f"Run {self._run!r} has no head to go on with.", hint="Fork it from another.")
        if head != self._head:
            self._forget(head)
        if self._damage is not None:
            return
        if not self._events and (outline := self._store.outline(self._run, head)) is not None:
            self._take(outline)
        self._read_on()

    def _take(self, outline: Outline) -> None:
        """Know what is before the last snapshot by its outline; its facts are read when they are asked for."""
        self._snapshot, self._snapshots = outline.snapshot, outline.snapshots.copy()
        self._unread = outline.snapshots[-1]
        self._events = [None] * self._unread
        for number, kind in outline.telling:
            self._mark(number - 1, kind)
        try:
            sound = type(self._part(0, 1)[0]) is RunStarted and self._begun[:1] == [0]
        except StoreDamaged:
            sound = False
        if not sound:
            self._forget(self._head)  # what is wrong is told where all is read

    def _read_on(self) -> None:
        try:
            for event in self._store.read(self._run, self._head, len(self._events)):
                self._mark(len(self._events), type(event))
                self._events.append(event)
        except StoreDamaged as exc:
            if not self._events:
                raise
            self._damage = exc
            stands = f"Run {self._run!r} stands at event {len(self._events)} and can go on from there."
            warnings.warn(f"{exc.what} {stands}", stacklevel=3)
        if not self._events or type(self._events[0]) is not RunStarted:
            self._forget("")
            raise StoreDamaged(f"The first event of run {self._run!r} is not RunStarted.", hint="It is lost.")

    def _mark(self, place: int, kind: type[Event]) -> None:
        """Take note of what a fact of that kind says by being there."""
        ends = self._ends
        if kind is NodeFinished:
            ends.append(place + 1)
        elif kind in FOLLOWING:
            if ends and ends[-1] == place:
                ends[-1] += 1
        elif kind in TURNING:
            self._turning.append(place)
            if kind is not RunResumed:
                self._begun.append(place)


def _place_of(fold: tuple[int, Folded]) -> int:
    return fold[0]
